"""What a gateway would say, where none runs to be asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ccproxy.cli.opened import Opened
from ccproxy.cli.summaries import ProviderSummary
from ccproxy.hooks.bus import HookBus
from ccproxy.http.pool import HTTPPoolManager
from ccproxy.loader.manager import PluginManager
from ccproxy.sdk import Provider
from ccproxy.services.bootstrap import build_container, plugin_context
from ccproxy.services.container import ServiceContainer


@asynccontextmanager
async def started(
    opened: Opened, plugins: PluginManager
) -> AsyncIterator[ServiceContainer]:
    """Start the plugins for a moment, so that each provider looks for its login.

    Args:
        opened: The settings.
        plugins: Set up, not started.
    """
    container = build_container(
        opened.settings,
        adapters=lambda: plugins.profile_adapters,
        migrations=lambda: plugins.migrations,
    )
    pool = container.get(HTTPPoolManager)
    try:
        await pool.open()
        await plugins.start(plugin_context(container), container.get(HookBus))
        yield container
    finally:
        await plugins.stop()
        await container.close()


async def logins(opened: Opened, plugins: PluginManager) -> list[ProviderSummary]:
    """Tell each provider's login."""
    async with started(opened, plugins):
        providers = plugins.providers
        return [_summary(providers[name]) for name in sorted(providers)]


def _summary(provider: Provider) -> ProviderSummary:
    login = provider.login()
    return ProviderSummary(
        name=provider.name,
        login=login.state.value,
        detail=login.detail,
        hint=login.hint,
        usable=login.usable,
    )
