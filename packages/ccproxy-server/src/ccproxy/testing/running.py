"""A real gateway on a loopback port, for the length of a test."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import uvicorn

from ccproxy.api.connection import Connection
from ccproxy.api.gateway import Gateway
from ccproxy.api.listener import bound
from ccproxy.config import Layer, Layers
from ccproxy.config.address import base_url
from ccproxy.loader.discovery import Found, PluginClass, discover
from ccproxy.sdk import Upstream


@dataclass(frozen=True, slots=True)
class RunningGateway:
    """A gateway that answers.

    Attributes:
        url: Where it is.
        client: A client with that base URL.
        app: The gateway itself.
    """

    url: str
    client: httpx.AsyncClient
    app: Gateway


@asynccontextmanager
async def gateway(
    *plugins: PluginClass,
    settings: Mapping[str, object] | None = None,
    upstream: Upstream | None = None,
) -> AsyncIterator[RunningGateway]:
    """Run a gateway with these plugins, and the built-in sandbox, on a free port.

    It keeps its database and other files for that time alone, and no request log unless
    ``storage.request_log`` is set.

    Args:
        plugins: Plugin classes, as if their wheels were installed.
        settings: What a settings file would say, as nested tables, such as
            ``{"plugins": {"hello": {"greeting": "hi"}}}``.
        upstream: Stands in for the network below the relay.
    """
    with TemporaryDirectory(prefix="ccproxy-") as folder:
        url = f"duckdb:///{folder}/ccproxy.duckdb"
        storage = {"storage": {"url": url, "request_log": False}}
        layers = (
            Layer("test storage", storage, strict=True),
            Layer("test settings", settings or {}, strict=True),
        )
        async with _gateway(
            plugins, Layers(None, layers), upstream, Path(folder)
        ) as running:
            yield running


@asynccontextmanager
async def _gateway(
    plugins: Sequence[PluginClass],
    layers: Layers,
    upstream: Upstream | None,
    data_dir: Path,
) -> AsyncIterator[RunningGateway]:
    found = [*_sandbox(), *map(_found, plugins)]
    app = Gateway(
        layers, found=found, upstream=upstream, upgrade=False, data_dir=data_dir
    )
    listener = bound(app.settings.server.host, 0)
    async with _served(app, listener):
        url = base_url(*listener.getsockname()[:2])
        # The gateway is asked in plain HTTP: reading whom to trust is spared.
        nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        async with httpx.AsyncClient(
            base_url=url, trust_env=False, verify=nobody
        ) as client:
            yield RunningGateway(url, client, app)


@asynccontextmanager
async def _served(app: Gateway, listener: socket.socket) -> AsyncIterator[None]:
    config = uvicorn.Config(
        app,
        http=Connection,
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ws_max_size=app.settings.server.max_body_bytes,
        timeout_graceful_shutdown=int(app.settings.server.grace_seconds) + 3,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    ready = asyncio.create_task(server.ready.wait())
    await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
    if not server.ready.is_set():
        ready.cancel()
        await task  # raises why it could not start
    try:
        yield
    finally:
        server.leave.set()
        await task


class _Server(uvicorn.Server):
    """Uvicorn, that stops when it is told to, where it would look every 0.1 s."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self.leave = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        await self.on_tick(0)  # for the date in its headers
        await self.leave.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop without a pause, where no connection is left to wait for."""
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0)  # they close in the loop's next round
        await asyncio.sleep(0)
        if self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets)
            return
        for server in self.servers:
            server.close()
            await server.wait_closed()
        await self.lifespan.shutdown()


@cache
def _sandbox() -> tuple[Found, ...]:
    """Look for it once: all that is installed is read for it."""
    return tuple(each for each in discover() if each.name == "sandbox")


def _found(plugin: PluginClass) -> Found:
    name = plugin.manifest.name
    return Found(name, "entry-point", f"{plugin.__module__} (test)", lambda: plugin)
