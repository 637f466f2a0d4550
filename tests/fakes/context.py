"""What a plugin under test is handed when it starts."""

from typing import TypeVar

import httpx

from ccproxy.sdk import PluginContext

T = TypeVar("T")


def context(http: httpx.AsyncClient) -> PluginContext:
    """A context with this client, whose events go nowhere and that has no services."""
    return PluginContext(http=http, publish=lambda event: None, get=_nothing)


def _nothing(kind: type[T], /) -> T:
    raise KeyError(kind)
