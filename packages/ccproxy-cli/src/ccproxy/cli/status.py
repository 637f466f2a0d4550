"""``ccproxy status``: how the running gateway is."""

import asyncio

from ccproxy.cli.answering import fallback, fallback_in_words
from ccproxy.cli.client import Target, connected
from ccproxy.cli.console import show, show_json, show_table
from ccproxy.cli.lazy import new_app
from ccproxy.cli.opened import open_settings
from ccproxy.cli.options import ConfigOption, JsonOption, SetOption, UrlOption
from ccproxy.cli.summaries import ProvidersSummary, Summary
from ccproxy.config import Settings
from ccproxy.loader.status import PluginState, PluginStatus

app = new_app()


@app.command()
def status(
    *,
    config: ConfigOption = None,
    sets: SetOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell how the running gateway is; exit code 9 if none answers."""
    settings = open_settings(config, sets or ()).settings
    target = Target.of(settings, url)
    summary, providers, failed = asyncio.run(_ask(target, settings))
    if as_json:
        show_json(
            {
                "url": target.url,
                "version": summary.version,
                "providers": [each.model_dump() for each in providers.providers],
                "fallback": list(fallback(providers)),
                "plugins_failed": [
                    {"name": each.name, "reason": each.reason} for each in failed
                ],
            }
        )
        return
    show(f"ccproxy {summary.version} is running on {target.url}")
    show("")
    rows = [
        (each.name, each.login, each.detail, each.hint or "")
        for each in providers.providers
    ]
    show_table(("PROVIDER", "LOGIN", "DETAIL", "WHAT TO DO"), rows)
    if several := accounts(providers):
        show("")
        show_table(("PROVIDER", "ACCOUNT", "LOGIN", "USED", "RESTS FOR"), several)
    for line in circuits(providers):
        show(f"\n{line}")
    show("")
    show(fallback_in_words(providers))
    for plugin in failed:
        show(f"\nThe plugin {plugin.name} is off: {plugin.reason}")


def accounts(told: ProvidersSummary) -> list[tuple[str, ...]]:
    """Tell of providers that have several accounts, a row for each of them."""
    return [
        (
            provider.name,
            each.name,
            each.login,
            "" if each.used_percent is None else f"{each.used_percent:.0f} %",
            f"{each.resting_seconds:.0f} s" if each.resting_seconds else "",
        )
        for provider in told.providers
        for each in provider.accounts
    ]


def circuits(told: ProvidersSummary) -> list[str]:
    """Tell of models that are passed over, a sentence for each of them."""
    return [
        f"{provider.name}/{each.model} has failed of late: "
        + (
            f"it is passed over for {each.seconds:.0f} s."
            if each.seconds
            else "the next request tries it."
        )
        for provider in told.providers
        for each in provider.circuits
    ]


async def _ask(
    target: Target, settings: Settings
) -> tuple[Summary, ProvidersSummary, list[PluginStatus]]:
    async with connected(target, settings) as gateway:
        summary = await gateway.summary()
        providers = await gateway.providers()
        plugins = await gateway.plugins()
    failed = [each for each in plugins.plugins if each.state is PluginState.FAILED]
    return summary, providers, failed
