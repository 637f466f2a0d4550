"""Brings plugins to life and back, in order, each one's failures its own."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

import structlog

from ccproxy.config import Layers, Settings, section
from ccproxy.hooks.bus import HookBus
from ccproxy.hooks.events import PluginFailed, PluginStarted
from ccproxy.loader.discovery import Found
from ccproxy.loader.entry import Entry
from ccproxy.loader.isolation import ask, isolated
from ccproxy.loader.resolution import CORE_PROVIDES, resolve
from ccproxy.loader.sections import check_names, check_sections
from ccproxy.loader.status import PluginsStatus, PluginState
from ccproxy.sdk import (
    ASGIApp,
    Command,
    Contributions,
    Logins,
    Plugin,
    PluginConfig,
    PluginContext,
    ProfileAdapter,
    Provider,
    Route,
)
from ccproxy.storage.words import CORE

_log = structlog.get_logger(__name__)

T = TypeVar("T")

START_TIMEOUT = 30.0
"""Seconds a plugin may take to start."""

RESERVED = frozenset({"api", "dashboard", "health", "metrics", "v1"})
"""Names that are first segments of the gateway's own paths."""

_OWN_PATHS = frozenset({"", "api", "health", "v1"})

STOP_TIMEOUT = 5.0
"""Seconds a plugin may take to stop."""


class PluginManager:
    """Knows every plugin that was found, and what the living ones contribute.

    Args:
        found: From ``discover``.
        settings: Whose allow and deny lists hold.
        layers: Where each plugin's section is read from.
    """

    def __init__(self, found: list[Found], settings: Settings, layers: Layers) -> None:
        self._entries = {each.name: Entry(each) for each in found}
        self._settings = settings
        self._layers = layers

    # -- before the gateway starts

    def load(self) -> None:
        """Import, configure, order and set up; nothing is running after it.

        Raises:
            ConfigError: A plugin's section in the settings is wrong.
        """
        plugins = self._settings.plugins
        layers, entries = self._layers, self._entries
        check_sections(layers, entries)
        check_names(layers, "enable", plugins.enable or (), entries)
        check_names(layers, "disable", plugins.disable, entries)
        for entry in self._entries.values():
            self._select(entry)
            if entry.alive:
                self._import(entry)
        manifests = {
            entry.name: entry.manifest
            for entry in self._entries.values()
            if entry.alive and entry.manifest
        }
        resolution = resolve(manifests)
        for name, reason in resolution.refused.items():
            self._fail(self._entries[name], reason)
        for order, name in enumerate(resolution.order):
            self._entries[name].order = order
        for entry in self._in_order():
            self._set_up(entry)

    def _select(self, entry: Entry) -> None:
        plugins = self._settings.plugins
        if entry.name in plugins.disable:
            entry.disable("listed in plugins.disable")
        elif plugins.enable is not None and entry.name not in plugins.enable:
            entry.disable("not listed in plugins.enable")
        elif entry.name == "dashboard" and not self._settings.dashboard.enabled:
            entry.disable("dashboard.enabled is false")

    def _import(self, entry: Entry) -> None:
        with isolated(entry.name, "import", partial(self._fail, entry)):
            plugin_class = entry.found.load()
            manifest = plugin_class.manifest
            if manifest.name != entry.name:
                self._fail(entry, f"its manifest calls it {manifest.name!r}")
                return
            if manifest.name == CORE:
                self._fail(entry, f"no plugin may be called {CORE!r}: so is the core")
                return
            entry.manifest = manifest
            config = section(self._layers, entry.name, manifest.config)
            if config.enabled:
                entry.plugin = plugin_class(config)
            else:
                entry.disable(f"plugins.{entry.name}.enabled is false")

    def _set_up(self, entry: Entry) -> None:
        if entry.plugin is None or not self._has_what_it_requires(entry):
            return
        adds = Contributions()
        with isolated(entry.name, "setup", partial(self._fail, entry)):
            entry.plugin.setup(adds)
            if (clash := self._clash(adds)) is not None:
                self._fail(entry, clash)
            else:
                entry.adds = adds

    def _clash(self, adds: Contributions) -> str | None:
        """Say what of this is taken already, if anything."""
        taken = {
            what: entry.name
            for entry in self._in_order()
            for what in _named(entry.adds)
        }
        for what in _named(adds):
            kind, name = what
            if kind == "provider" and name in RESERVED:
                return (
                    f"no provider may be called {name!r}: it is a path of the gateway"
                )
            if kind == "route" and name.split("/")[1] in _OWN_PATHS:
                return f"the route {name!r} is a path of the gateway"
            if what in taken:
                return f"{taken[what]} already adds the {kind} {name!r}"
            taken[what] = "it itself"
        return None

    def _has_what_it_requires(self, entry: Entry) -> bool:
        """Fail it if nobody who is alive provides what it requires."""
        alive = [other for other in self._entries.values() if other.alive]
        provided = CORE_PROVIDES.union(*(other.provides for other in alive))
        for need in entry.manifest.requires if entry.manifest else ():
            if need not in provided:
                self._fail(entry, f"requires {need!r}, but who provides it failed")
                return False
        return True

    # -- while it runs

    async def start(self, context: PluginContext, bus: HookBus) -> None:
        """Start the plugins in order, and subscribe the hooks of those that run.

        Args:
            context: What they may use.
            bus: Where their hooks listen; told what became of each plugin, also of
                those that failed before anybody could listen.
        """
        for entry in self._in_order():
            if entry.plugin is not None and self._has_what_it_requires(entry):
                await self._start(entry, entry.plugin, context, bus)
        for entry in self._entries.values():
            now = datetime.now(UTC)
            if entry.state is PluginState.RUNNING:
                bus.publish(PluginStarted(at=now, plugin=entry.name))
            elif entry.state is PluginState.FAILED:
                reason = entry.reason or ""
                bus.publish(PluginFailed(at=now, plugin=entry.name, reason=reason))

    async def _start(
        self,
        entry: Entry,
        plugin: Plugin[PluginConfig],
        context: PluginContext,
        bus: HookBus,
    ) -> None:
        with isolated(entry.name, "start", partial(self._fail, entry)):
            async with asyncio.timeout(START_TIMEOUT):
                await plugin.start(context)
            for event, hook in entry.adds.hooks:
                bus.subscribe(entry.name, event, hook)
            entry.state = PluginState.RUNNING

    async def stop(self) -> None:
        """Stop what runs, in reverse order."""
        for entry in reversed(list(self._in_order())):
            if entry.state is PluginState.RUNNING and entry.plugin is not None:
                entry.state = PluginState.STOPPED
                with isolated(entry.name, "stop", partial(self._fail, entry)):
                    async with asyncio.timeout(STOP_TIMEOUT):
                        await entry.plugin.stop()

    # -- what there is

    @property
    def providers(self) -> dict[str, Provider]:
        """Providers by name, in plugin order."""
        return {
            provider.name: provider for provider in self._each(lambda c: c.providers)
        }

    @property
    def routes(self) -> list[Route]:
        """Routes, in plugin order."""
        return self._each(lambda c: c.routing)

    def wrap(self, app: ASGIApp) -> ASGIApp:
        """Put the middlewares around an app; the first plugin's is the outermost."""
        for entry in reversed(list(self._in_order())):
            for middleware in reversed(entry.adds.middlewares):
                with isolated(entry.name, "middleware", partial(self._fail, entry)):
                    app = middleware(app)
        return app

    @property
    def commands(self) -> dict[str, Command]:
        """Commands by name."""
        return {command.name: command for command in self._each(lambda c: c.commands)}

    @property
    def profile_adapters(self) -> dict[str, ProfileAdapter]:
        """Profile adapters by provider; whatever else they raise is a PluginError."""
        return {
            provider: partial(ask, entry.name, "profile", adapter)
            for entry in self._in_order()
            for provider, adapter in entry.adds.profile_adapters.items()
        }

    @property
    def logins(self) -> dict[str, Logins]:
        """Who keeps logins, by provider; meant for ``isolation.ask``."""
        return {
            provider: logins
            for entry in self._in_order()
            for provider, logins in entry.adds.login_keepers.items()
        }

    @property
    def migrations(self) -> dict[str, str]:
        """Locations of migrations by the plugin's name."""
        return {
            entry.name: location
            for entry in self._in_order()
            for location in entry.adds.migration_scripts
        }

    @property
    def configs(self) -> dict[str, PluginConfig]:
        """The configuration of every plugin that was imported and not turned off."""
        return {
            entry.name: entry.plugin.config
            for entry in self._entries.values()
            if entry.plugin is not None
        }

    def status(self) -> PluginsStatus:
        """Describe every plugin that was found."""
        return PluginsStatus(
            plugins=tuple(entry.status() for entry in self._entries.values())
        )

    def _fail(self, entry: Entry, reason: str) -> None:
        entry.fail(reason)
        _log.warning("plugin_off", plugin=entry.name, reason=reason)

    def _in_order(self) -> Iterator[Entry]:
        alive = [each for each in self._entries.values() if each.alive]
        ordered = [each for each in alive if each.order is not None]
        return iter(sorted(ordered, key=lambda each: each.order or 0))

    def _each(self, what: Callable[[Contributions], list[T]]) -> list[T]:
        return [item for entry in self._in_order() for item in what(entry.adds)]


def _named(adds: Contributions) -> list[tuple[str, str]]:
    """What must be unique among all plugins, as kind and name."""
    return [
        *(("provider", provider.name) for provider in adds.providers),
        *(("route", route.path) for route in adds.routing),
        *(("command", command.name) for command in adds.commands),
        *(("profile adapter", provider) for provider in adds.profile_adapters),
        *(("keeper of logins", provider) for provider in adds.login_keepers),
    ]
