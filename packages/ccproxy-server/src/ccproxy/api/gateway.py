"""The gateway as one ASGI app: what it is made of, and how it begins and ends."""

import asyncio
from contextlib import suppress

from ccproxy.api.api import api_paths, build_api
from ccproxy.api.forward import Forward
from ccproxy.api.middleware.access import Access
from ccproxy.api.middleware.lifecycle import Lifecycle
from ccproxy.api.models import Models
from ccproxy.api.router import Router
from ccproxy.api.routing import ModelTable, PathTable
from ccproxy.api.stopping import on_stop_signal
from ccproxy.api.streams import OpenStreams
from ccproxy.api.tokens import client_tokens, is_loopback
from ccproxy.config import Layers, Settings, load
from ccproxy.errors import ConfigError, ExposedError
from ccproxy.hooks.bus import HookBus
from ccproxy.http.pool import HTTPPoolManager
from ccproxy.loader.catalogue import by_plugin
from ccproxy.loader.discovery import Found, discover
from ccproxy.loader.manager import PluginManager
from ccproxy.sdk import ASGIApp, PluginContext, Receive, Scope, Send, Upstream
from ccproxy.services.bootstrap import build_container


class Gateway:
    """The ASGI app.

    Making one reads the settings and sets up the plugins, so that mistakes show before
    anything listens; the lifespan opens the network and starts the plugins.

    Args:
        layers: Where the settings come from.
        settings: What the layers say, if somebody has read them already.
        found: The plugins there are; by default those that are installed.
        upstream: Stands in for the network below the relay, in tests.

    Raises:
        ConfigError: A setting is wrong.
        ExposedError: It would listen beyond loopback without a client token.
    """

    def __init__(
        self,
        layers: Layers,
        settings: Settings | None = None,
        *,
        found: list[Found] | None = None,
        upstream: Upstream | None = None,
    ) -> None:
        self.settings = settings or load(layers)
        self._tokens = client_tokens(self.settings.security)
        self._refuse_to_be_exposed()
        self.container = build_container(self.settings, upstream=upstream)
        self._bus = self.container.get(HookBus)
        if found is None:
            found = discover(self.settings.plugins.directory)
        self.plugins = self.container.provide(
            PluginManager, PluginManager(found, self.settings, layers, self._bus)
        )
        self.plugins.load()
        self.streams = OpenStreams(self.settings.server.keepalive_seconds)
        self.paths = PathTable((), ())
        self._stack: ASGIApp | None = None
        self._heartbeat: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one scope: a request, or the whole life."""
        if scope["type"] == "http" and self._stack is not None:
            await self._stack(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # HTTP 403

    @property
    def asks_for_a_token(self) -> bool:
        """Whether callers must show a client token."""
        return bool(self._tokens)

    # -- begin and end

    async def start(self) -> None:
        """Open the network, start the plugins, build the stack.

        Raises:
            ConfigError: The default provider does not exist.
        """
        pool = self.container.get(HTTPPoolManager)
        await pool.open()
        self._bus.start()
        await self.plugins.start(
            PluginContext(
                http=pool.client, publish=self._bus.publish, get=self.container.get
            )
        )
        models = self.container.provide(ModelTable, self._models())
        self._stack = self._build(models, pool)
        self._heartbeat = asyncio.create_task(self.streams.heartbeat())

    async def stop(self) -> None:
        """Deliver what is queued, stop the plugins, close the network."""
        if self._heartbeat is not None:
            self._heartbeat.cancel()
            with suppress(asyncio.CancelledError):
                await self._heartbeat
        await self._bus.stop()
        await self.plugins.stop()
        await self.container.close()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()  # lifespan.startup
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        on_stop_signal(self._begin_to_stop)
        await send({"type": "lifespan.startup.complete"})
        await receive()  # lifespan.shutdown: all connections are closed by now
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})

    def _begin_to_stop(self) -> None:
        """Let open streams finish within the grace period, then end them."""
        asyncio.get_running_loop().call_later(
            self.settings.server.grace_seconds, self.streams.interrupt_all
        )

    # -- parts

    def _build(self, models: ModelTable, pool: HTTPPoolManager) -> ASGIApp:
        """Stack the layers; the first named is the innermost."""
        settings = self.settings
        api = build_api(self.container)
        forward = Forward(
            models,
            pool.upstream,
            self.streams,
            self._bus,
            settings.server.max_body_bytes,
        )
        app: ASGIApp = Router(forward, Models(models, pool.client), api)
        for middleware in reversed(self.plugins.middlewares):
            app = middleware(app)
        if settings.limits.enabled:
            # Imported here: the library costs a tenth of a second at start.
            from ccproxy.api.middleware.limiter import Limiter  # noqa: PLC0415

            app = Limiter(app, settings.limits.requests)
        app = Access(
            app,
            tokens=self._tokens,
            hosts=settings.security.allowed_hosts,
            origins=settings.security.allowed_origins,
            exposed=not is_loopback(settings.server.host),
        )
        self.paths = PathTable(self.plugins.routes, api_paths(api))
        return Lifecycle(app, self.paths, self._bus)

    def _models(self) -> ModelTable:
        routing = self.settings.routing
        models = ModelTable(
            self.plugins.providers,
            [(route.match, route.to) for route in routing.routes],
            routing.default_provider,
        )
        wanted = [("routing.default_provider", routing.default_provider)]
        wanted += [("routing.routes", route.to) for route in routing.routes]
        for key, to in wanted:
            if to is not None:
                self._check_provider(key, to.partition("/")[0], models)
        return models

    def _check_provider(self, key: str, name: str, models: ModelTable) -> None:
        if name in models.providers:
            return
        known = ", ".join(sorted(models.providers)) or "none"
        hint = f"There are: {known}."
        piece = by_plugin(name)
        status = {each.name: each for each in self.plugins.status().plugins}
        if name in status:
            hint += f" The plugin {name} is off: {status[name].reason}."
        elif piece is not None:
            hint += f" For this one: pip install {piece.wheel}"
        msg = f"{key} names the provider {name!r}, which does not exist."
        raise ConfigError(msg, hint=hint)

    def _refuse_to_be_exposed(self) -> None:
        host = self.settings.server.host
        if not is_loopback(host) and not self._tokens:
            msg = f"Listening on {host} would let anybody on the network ask."
            hint = (
                "Set security.client_tokens (a long random word), or listen on "
                "127.0.0.1."
            )
            raise ExposedError(msg, hint=hint)
