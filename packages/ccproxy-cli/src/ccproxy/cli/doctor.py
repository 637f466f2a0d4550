"""``ccproxy doctor``: checks everything, and says what to do."""

import asyncio
from collections.abc import Sequence
from time import perf_counter

import typer

from ccproxy.cli import checks
from ccproxy.cli.checks import Check, State
from ccproxy.cli.client import GatewayClient, Target, connected
from ccproxy.cli.console import coloured, show, show_json
from ccproxy.cli.lazy import new_app
from ccproxy.cli.local import logins
from ccproxy.cli.opened import Opened, load_plugins, open_settings
from ccproxy.cli.options import ConfigOption, JsonOption, SetOption
from ccproxy.cli.summaries import ProviderSummary
from ccproxy.errors import (
    CCProxyError,
    ConfigError,
    PluginError,
    UpstreamConnectError,
)
from ccproxy.errors.exit_codes import ExitCode
from ccproxy.loader.capture_check import check_capture
from ccproxy.loader.manager import PluginManager
from ccproxy.loader.routing_check import check_routing
from ccproxy.loader.status import PluginsStatus, PluginState

app = new_app()

_STATES = {"missing": State.WARN, "expired": State.FAIL, "broken": State.FAIL}
_ECHO = "/sandbox/v1/chat/completions"


@app.command()
def doctor(
    *, config: ConfigOption = None, sets: SetOption = None, as_json: JsonOption = False
) -> None:
    """Check everything, and say what to do; exit code 1 if something is broken."""
    found = [checks.python(), checks.data_folder()]
    try:
        opened = open_settings(config, sets or ())
        plugins = load_plugins(opened)
        check_routing(opened.layers, opened.settings, plugins)
        check_capture(opened.layers, opened.settings, plugins)
    except (ConfigError, PluginError) as error:
        found.append(Check("settings", State.FAIL, error.message, error.hint))
    else:
        file = opened.layers.file
        detail = str(file or "no settings file, the defaults hold")
        found.append(Check("settings", State.OK, detail))
        found += asyncio.run(_examine(opened, plugins))
    if as_json:
        show_json({"checks": [_as_json(check) for check in found]})
    else:
        _show(found)
    if any(check.state is State.FAIL for check in found):
        raise typer.Exit(ExitCode.FAILED)


async def _examine(opened: Opened, plugins: PluginManager) -> list[Check]:
    settings = opened.settings
    found = [
        *checks.files(opened, plugins.configs),
        checks.storage(settings),
        checks.access(settings),
        *checks.forgotten(settings),
    ]
    try:
        target = Target.of(settings)
    except ConfigError:  # told by the check of access
        return found
    async with connected(target, settings) as gateway:
        try:
            await gateway.summary()
            return [*found, *await _ask(gateway, target)]
        except UpstreamConnectError:
            found.append(checks.port(settings))
        except CCProxyError as error:
            return [*found, Check("gateway", State.FAIL, error.message, error.hint)]
    providers = await logins(opened, plugins)
    return [
        *found,
        _plugins(plugins.status()),
        *map(_login, providers),
        Check(
            "round trip",
            State.WARN,
            "not tried, as no gateway runs",
            "Start one, then ask again: ccproxy serve",
        ),
    ]


async def _ask(gateway: GatewayClient, target: Target) -> list[Check]:
    providers = (await gateway.providers()).providers
    return [
        Check("port", State.OK, f"a gateway answers at {target.url}"),
        _plugins(await gateway.plugins()),
        *map(_login, providers),
        await _round_trip(gateway),
    ]


async def _round_trip(gateway: GatewayClient) -> Check:
    """Send a request through the whole gateway, to the provider that needs nobody."""
    word = "ccproxy-doctor"
    began = perf_counter()
    try:
        answer = await gateway.ask(
            _ECHO,
            {
                "model": "sandbox-echo",
                "messages": [{"role": "user", "content": word}],
            },
        )
    except CCProxyError as error:
        hint = error.hint or "Is the plugin sandbox turned off?"
        return Check("round trip", State.WARN, error.message, hint)
    if word not in answer:
        return Check("round trip", State.FAIL, "The sandbox answered something else.")
    took = (perf_counter() - began) * 1000
    return Check("round trip", State.OK, f"the sandbox answered in {took:.0f} ms")


def _plugins(status: PluginsStatus) -> Check:
    failed = [each for each in status.plugins if each.state is PluginState.FAILED]
    if failed:
        reasons = "; ".join(f"{each.name}: {each.reason}" for each in failed)
        names = ", ".join(each.name for each in failed)
        hint = f"Mend or remove them, or list them in plugins.disable: {names}"
        return Check("plugins", State.FAIL, reasons, hint)
    if not any(each.contributions.providers for each in status.plugins):
        hint = "Install one, such as the sandbox: pip install ccproxy-server"
        if any(each.state is PluginState.DISABLED for each in status.plugins):
            hint = "Some are switched off: 'ccproxy plugins list' tells by what."
        return Check("plugins", State.WARN, "none of them adds a provider", hint)
    return Check("plugins", State.OK, f"{len(status.plugins)} found, none failed")


def _login(provider: ProviderSummary) -> Check:
    state = _STATES.get(provider.login, State.OK)
    return Check(f"login {provider.name}", state, provider.detail, provider.hint)


def _show(found: Sequence[Check]) -> None:
    width = max(len(check.name) for check in found)
    for check in found:
        state = coloured(f"{check.state.value:<4}")
        show(f"{state}  {check.name:<{width}}  {check.detail}")
        if check.hint and check.state is not State.OK:
            show(f"{'':<{width + 8}}{check.hint}")


def _as_json(check: Check) -> dict[str, str | None]:
    return {
        "name": check.name,
        "state": check.state.value,
        "detail": check.detail,
        "hint": check.hint,
    }
