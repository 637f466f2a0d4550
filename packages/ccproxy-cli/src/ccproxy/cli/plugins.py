"""``ccproxy plugins``: shows what there is, and begins a new one."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ccproxy.cli.client import Target, connected
from ccproxy.cli.console import show, show_json, show_table
from ccproxy.cli.lazy import new_app
from ccproxy.cli.opened import load_plugins, open_settings
from ccproxy.cli.options import ConfigOption, JsonOption, SetOption, UrlOption
from ccproxy.cli.scaffold import create
from ccproxy.cli.steps import remark, steps
from ccproxy.config import Settings
from ccproxy.errors import UpstreamConnectError
from ccproxy.errors.exit_codes import ExitCode
from ccproxy.loader.status import (
    ContributionsStatus,
    PluginsStatus,
    PluginState,
    PluginStatus,
)

app = new_app("Show plugins, and begin a new one.")


@app.command("list")
def list_installed(
    *, config: ConfigOption = None, sets: SetOption = None, as_json: JsonOption = False
) -> None:
    """Show the plugins that are installed, and what they add; asks no gateway."""
    plugins = load_plugins(open_settings(config, sets or ())).status()
    if as_json:
        show_json(plugins.model_dump(mode="json"))
        return
    columns = ("NAME", "VERSION", "STATE", "SOURCE", "PROVIDES", "ADDS")
    rows = [
        (*_facts(each), _origin(each), ", ".join(each.provides), _adds(each))
        for each in plugins.plugins
    ]
    show_table(columns, rows, spare="SOURCE")
    _tell_reasons(plugins.plugins)


@app.command()
def status(
    *,
    config: ConfigOption = None,
    sets: SetOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell how far each plugin came; exit code 4 if one failed.

    The running gateway is asked; if none answers, the plugins are set up here without
    starting them.
    """
    opened = open_settings(config, sets or ())
    target = Target.of(opened.settings, url)
    try:
        plugins = asyncio.run(_ask(target, opened.settings))
        told_by = f"the gateway at {target.url}"
    except UpstreamConnectError:
        if url is not None:
            raise
        plugins = load_plugins(opened).status()
        told_by = "this command, as no gateway answers"
    if as_json:
        show_json({"told_by": told_by, **plugins.model_dump(mode="json")})
    else:
        show(f"Told by {told_by}.\n")
        show_table(
            ("NAME", "VERSION", "STATE"), [_facts(each) for each in plugins.plugins]
        )
        _tell_reasons(plugins.plugins)
    if any(each.state is PluginState.FAILED for each in plugins.plugins):
        raise typer.Exit(ExitCode.PLUGIN)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of the plugin, such as weather.")],
    *,
    directory: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder to make the project in.")
    ] = Path(),
    as_json: JsonOption = False,
) -> None:
    """Begin a plugin: a project that works, with its tests."""
    project = create(name, directory)
    if as_json:
        show_json({"path": str(project)})
        return
    show(f"Wrote {project}. Next:\n")
    for step in steps(project):
        show(f"  {step}")
    show(f"\n{remark()}")


async def _ask(target: Target, settings: Settings) -> PluginsStatus:
    async with connected(target, settings) as gateway:
        await gateway.summary()
        return await gateway.plugins()


def _facts(plugin: PluginStatus) -> tuple[str, str, str]:
    return plugin.name, plugin.version or "?", plugin.state.value


def _origin(plugin: PluginStatus) -> str:
    return plugin.origin + (f" (hides {plugin.shadows})" if plugin.shadows else "")


def _adds(plugin: PluginStatus) -> str:
    adds: ContributionsStatus = plugin.contributions
    kinds = {
        "provider": adds.providers,
        "route": adds.routes,
        "hook": adds.hooks,
        "command": adds.commands,
    }
    told = [f"{kind} {name}" for kind, names in kinds.items() for name in names]
    return ", ".join([*told, *(["middleware"] if adds.middleware else [])])


def _tell_reasons(plugins: Sequence[PluginStatus]) -> None:
    told = [each for each in plugins if each.reason]
    if told:
        show("")
    for plugin in told:
        show(f"{plugin.name} is {plugin.state.value}: {plugin.reason}")
