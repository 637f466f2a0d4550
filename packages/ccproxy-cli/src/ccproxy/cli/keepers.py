"""Finds who keeps the logins of a provider, and asks while its plugin runs."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from ccproxy.cli.client import Target, connected
from ccproxy.cli.console import note
from ccproxy.cli.local import started
from ccproxy.cli.opened import Opened, load_plugins
from ccproxy.errors import CCProxyError, PluginError, UnknownProviderError
from ccproxy.loader.catalogue import by_plugin
from ccproxy.loader.isolation import ask
from ccproxy.loader.manager import PluginManager
from ccproxy.sdk import AccountLogin, Logins
from ccproxy.services.profile import ProfileService

T = TypeVar("T")


async def with_logins(
    opened: Opened, provider: str, act: Callable[[Logins], Awaitable[T]]
) -> T:
    """Change the logins of a provider, and bring its profile up to date.

    A gateway that runs would notice by itself, a moment later; it is asked, so that it
    has noticed when this returns.

    Raises:
        UnknownProviderError: Nobody keeps logins of this provider.
        CCProxyError: As ``act`` does; a ``PluginError`` for all else it raises.
    """
    plugins = load_plugins(opened)
    async with started(opened, plugins) as container:
        logins = _find(plugins, provider)
        result = await ask(provider, "login", lambda: act(logins))
        profiles = container.get(ProfileService)
        if provider in profiles.providers:
            with _noted(f"The profile of {provider} is not up to date"):
                await profiles.refresh_profile(provider)
        with suppress(CCProxyError):  # none runs, or it is none of ours
            await _ask_gateway(opened, provider)
        return result


async def _ask_gateway(opened: Opened, provider: str) -> None:
    target = Target.of(opened.settings)
    async with connected(target, opened.settings) as gateway:
        await gateway.profile(provider, refresh=True)


async def all_logins(
    opened: Opened, provider: str | None
) -> list[tuple[str, AccountLogin]]:
    """Describe the logins of a provider, or of all, with the provider's name.

    Raises:
        UnknownProviderError: Nobody keeps logins of this provider.
    """
    plugins = load_plugins(opened)
    async with started(opened, plugins):
        names = [provider] if provider else sorted(plugins.logins)
        keepers = [(name, _find(plugins, name)) for name in names]
        return [
            (name, login)
            for name, keeper in keepers
            for login in await ask(name, "login", keeper.accounts)
        ]


def _find(plugins: PluginManager, provider: str) -> Logins:
    keepers = plugins.logins
    if provider in keepers:
        return keepers[provider]
    known = ", ".join(sorted(keepers)) or "none"
    hint = f"There are logins for: {known}."
    found = plugins.providers.get(provider)
    if found is not None:
        hint += f" {found.login().hint or ''}"
        msg = f"The provider {provider} has no logins of its own."
        raise UnknownProviderError(msg, hint=hint.strip())
    for plugin in plugins.status().plugins:
        if plugin.name == provider and plugin.reason:
            reason = plugin.reason.rstrip(".")
            raise PluginError(f"The plugin {provider} is off: {reason}.")
    if piece := by_plugin(provider):
        hint += f" For this one: pip install {piece.wheel}"
    raise UnknownProviderError(f"There is no provider {provider!r}.", hint=hint)


@contextmanager
def _noted(what: str) -> Iterator[None]:
    """Say what went wrong beside what went well."""
    try:
        yield
    except CCProxyError as error:
        note(f"{what}: {error}")
