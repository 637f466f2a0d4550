"""The gateway as one ASGI app: how it begins, serves and ends."""

import asyncio
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import structlog

from ccproxy.api.choices import Choices
from ccproxy.api.circuit import Key
from ccproxy.api.routing import ModelTable
from ccproxy.api.stack import Stack, build_stack
from ccproxy.api.stopping import on_stop_signal
from ccproxy.api.streams import OpenStreams
from ccproxy.config import Layers, Settings, load
from ccproxy.config.address import client_tokens, is_loopback
from ccproxy.errors import CCProxyError, ExposedError
from ccproxy.hooks.bus import HookBus
from ccproxy.hooks.events import CircuitChanged, CircuitState, RequestsPriced
from ccproxy.http.pool import HTTPPoolManager
from ccproxy.loader.capture_check import check_capture
from ccproxy.loader.discovery import Found, discover
from ccproxy.loader.manager import PluginManager
from ccproxy.loader.routing_check import check_routing
from ccproxy.sdk import Receive, Scope, Send, Upstream
from ccproxy.services.bootstrap import build_container, plugin_context
from ccproxy.services.client_keys import ClientKeys
from ccproxy.services.container import ServiceContainer
from ccproxy.services.request_log import RequestLog
from ccproxy.services.spending import Spending
from ccproxy.storage.database import Database

_log = structlog.get_logger(__name__)


class Gateway:
    """The ASGI app.

    Making one reads the settings and sets up the plugins, so that mistakes show before
    anything listens; the lifespan opens the network and starts the plugins.

    Args:
        layers: Where the settings come from.
        settings: What the layers say, if somebody has read them already.
        found: The plugins there are; by default those that are installed.
        upstream: Stands in for the network below the relay, in tests.
        upgrade: Whether the database is brought up to date at the start, and not only
            when it is first used.
        data_dir: Where plugins keep files; by default the gateway's own folder.

    Attributes:
        settings: The effective settings.
        plugins: The plugins there are.
        start_error: What kept the lifespan from starting, if something did.

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
        upgrade: bool = True,
        data_dir: Path | None = None,
    ) -> None:
        self.settings = settings or load(layers)
        self.start_error: CCProxyError | None = None
        self._tokens = client_tokens(self.settings.security)
        self._refuse_to_be_exposed()
        if found is None:
            found = discover(self.settings.plugins.directory)
        self.plugins = PluginManager(found, self.settings, layers)
        self.plugins.load()
        check_routing(layers, self.settings, self.plugins)
        check_capture(layers, self.settings, self.plugins)
        self._upstream = upstream
        self._upgrade = upgrade
        self._data_dir = data_dir
        self._stopping = False
        self._container: ServiceContainer | None = None
        self._stack: Stack | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one scope: a request, or the whole life."""
        if scope["type"] == "http" and self._stack is not None:
            await self._stack.http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._stack is not None:
            await self._stack.websocket(scope, receive, send)

    @property
    def asks_for_a_token(self) -> bool:
        """Whether callers must show a client token."""
        return bool(self._tokens) or self.settings.security.keys

    @property
    def container(self) -> ServiceContainer:
        """The services of the running gateway.

        Raises:
            RuntimeError: It is not running.
        """
        if self._container is None:
            msg = "The gateway is not running."
            raise RuntimeError(msg)
        return self._container

    async def start(self) -> None:
        """Open the network, start the plugins, build the stack.

        Raises:
            ConfigError: The network can't be opened as the settings say.
        """
        self._container = build_container(
            self.settings,
            adapters=lambda: self.plugins.profile_adapters,
            migrations=lambda: self.plugins.migrations,
            providers=lambda: self.plugins.providers,
            upstream=self._upstream,
        )
        pool = self._container.get(HTTPPoolManager)
        await pool.open()
        if self._upgrade:
            self._container.get(Database).start_upgrade()
        if self.settings.security.keys:
            await self._container.get(ClientKeys).start()
        if self.settings.keeps_spending:
            await self._container.get(Spending).start()
        await self._start_plugins(self._container)
        routing = self.settings.routing
        self._container.provide(
            ModelTable,
            ModelTable(
                self.plugins.providers,
                [(route.match, route.targets) for route in routing.routes],
                routing.default_provider,
            ),
        )
        self._container.provide(
            Choices,
            Choices(
                routing.circuit_failures,
                routing.circuit_seconds,
                routing.affinity_seconds,
                told=partial(_tell_change, self._container.get(HookBus)),
            ),
        )
        streams = OpenStreams(self.settings.server.keepalive_seconds)
        self._container.provide(OpenStreams, streams, close=streams.stop)
        self._stack = build_stack(self._container, self._tokens)
        streams.start()
        self._tell_what_is_off()

    async def stop(self) -> None:
        """Deliver what is queued, stop the plugins, close the network."""
        container, self._container, self._stack = self._container, None, None
        if container is not None:
            await container.close()

    def not_started(self, error: CCProxyError) -> None:
        """Note why it can't start, for whoever runs it."""
        self.start_error = error

    def _tell_what_is_off(self) -> None:
        for section in self.settings.forgotten:
            hint = f"Nothing of it holds before {section}.enabled is true."
            _log.warning("section_is_off", section=section, hint=hint)

    async def _start_plugins(self, container: ServiceContainer) -> None:
        bus, log = container.get(HookBus), container.get(RequestLog)

        async def stop_plugins() -> None:
            if bus.wanted(RequestsPriced):
                await log.flush()  # costs are told by now
            await bus.stop()  # what is queued reaches plugins that still run
            await self.plugins.stop()

        container.provide(PluginManager, self.plugins, close=stop_plugins)
        bus.start()
        context = plugin_context(container, self._data_dir)
        await self.plugins.start(context, bus)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()  # lifespan.startup
        try:
            await self.start()
        except CCProxyError as error:
            self.not_started(error)
            await self.stop()
            await send({"type": "lifespan.startup.failed"})
            return
        except BaseException:
            await self.stop()
            raise
        on_stop_signal(self._begin_to_stop)
        await send({"type": "lifespan.startup.complete"})
        try:
            await receive()  # lifespan.shutdown: all connections are closed by now
        finally:
            await self.stop()
        await send({"type": "lifespan.shutdown.complete"})

    def _begin_to_stop(self) -> None:
        """Let open answers finish within the grace period, then end them.

        A second signal ends them at once.
        """
        if self._container is None:
            return
        self._container.get(RequestLog).hang_up()
        streams = self._container.get(OpenStreams)
        if self._stopping:
            streams.interrupt_all()
            return
        self._stopping = True
        grace = self.settings.server.grace_seconds
        if len(streams):
            hint = f"They have {grace:g} s; another signal (Ctrl-C) ends them now."
            _log.warning("waiting_for_answers", open=len(streams), hint=hint)
        asyncio.get_running_loop().call_later(grace, streams.interrupt_all)

    def _refuse_to_be_exposed(self) -> None:
        host = self.settings.server.host
        if not is_loopback(host) and not self.asks_for_a_token:
            msg = f"Listening on {host} would let anybody on the network ask."
            hint = (
                "Set security.client_tokens (a long random word), or security.keys, "
                "or listen on 127.0.0.1."
            )
            raise ExposedError(msg, hint=hint)


def _tell_change(
    bus: HookBus, key: Key, before: CircuitState, state: CircuitState
) -> None:
    provider, model = key
    bus.publish(
        CircuitChanged(
            at=datetime.now(UTC),
            provider=provider,
            model=model,
            before=before,
            state=state,
        )
    )
