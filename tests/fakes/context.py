"""What a plugin under test is handed when it starts."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import httpx

from ccproxy.hooks.bus import HookBus
from ccproxy.sdk import PluginContext
from ccproxy.sdk.events import Event
from ccproxy.services.profile import ProfileService
from ccproxy.storage.database import Database

T = TypeVar("T")


def context(
    http: httpx.AsyncClient,
    data_dir: Path = Path("/dev/null/nowhere"),
    publish: Callable[[Event], None] = lambda event: None,
) -> PluginContext:
    """A context with these alone: no services, no database."""
    nowhere = Database("duckdb:////dev/null/nowhere.duckdb")
    return PluginContext(
        http=http,
        publish=publish,
        profiles=ProfileService(nowhere, HookBus(), dict),
        database=nowhere,
        get=_nothing,
        data_dir=data_dir,
    )


def _nothing(kind: type[T], /) -> T:
    raise KeyError(kind)
