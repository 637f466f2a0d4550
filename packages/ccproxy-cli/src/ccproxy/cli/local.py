"""What a gateway would say, where none runs to be asked."""

from ccproxy.cli.client import ProviderSummary
from ccproxy.cli.opened import Opened
from ccproxy.hooks.bus import HookBus
from ccproxy.http.pool import HTTPPoolManager
from ccproxy.loader.manager import PluginManager
from ccproxy.sdk import PluginContext, Provider
from ccproxy.security.sanitizer import mask_text
from ccproxy.services.bootstrap import build_container


async def logins(opened: Opened, plugins: PluginManager) -> list[ProviderSummary]:
    """Start the plugins for a moment, so that each provider looks for its login.

    Args:
        opened: The settings.
        plugins: Set up, not started.
    """
    container = build_container(opened.settings)
    pool = container.get(HTTPPoolManager)
    try:
        await pool.open()
        bus = container.get(HookBus)
        context = PluginContext(pool.client, bus.publish, container.get)
        await plugins.start(context, bus)
        providers = plugins.providers
        return [_summary(providers[name]) for name in sorted(providers)]
    finally:
        await plugins.stop()
        await container.close()


def _summary(provider: Provider) -> ProviderSummary:
    login = provider.login()
    return ProviderSummary(
        name=provider.name,
        login=login.state.value,
        detail=mask_text(login.detail),
        hint=login.hint,
        usable=login.usable,
    )
