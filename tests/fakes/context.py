"""What a plugin under test is handed when it starts."""

from typing import TypeVar

import httpx

from ccproxy.hooks.bus import HookBus
from ccproxy.sdk import PluginContext
from ccproxy.services.profile import ProfileService
from ccproxy.storage.database import Database

T = TypeVar("T")


def context(http: httpx.AsyncClient) -> PluginContext:
    """A context with this client alone: no services, no database, no listeners."""
    nowhere = Database("duckdb:////dev/null/nowhere.duckdb")
    return PluginContext(
        http=http,
        publish=lambda event: None,
        profiles=ProfileService(nowhere, HookBus(), dict),
        get=_nothing,
    )


def _nothing(kind: type[T], /) -> T:
    raise KeyError(kind)
