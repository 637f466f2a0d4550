"""Finds the commands that plugins add, without starting anything."""

import importlib
from collections.abc import Callable, Sequence
from typing import TypeAlias, cast

import structlog

from ccproxy.config.sections import Plugins
from ccproxy.errors import NotInstalledError, PluginError
from ccproxy.loader.catalogue import by_plugin
from ccproxy.loader.discovery import discover
from ccproxy.loader.isolation import isolated
from ccproxy.sdk import Command, Contributions

_log = structlog.get_logger(__name__)

Main: TypeAlias = Callable[[Sequence[str]], int | None]


def find_commands(
    plugins: Plugins | None = None, *, only: str | None = None
) -> dict[str, Command]:
    """Collect the commands of the plugins in use, each set up with its defaults.

    A plugin that fails is passed over; ``ccproxy plugins status`` tells why.

    Args:
        plugins: The settings ``[plugins]``; by default all that are installed count.
        only: Look at no other plugin than this.
    """
    plugins = plugins or Plugins()
    commands: dict[str, Command] = {}
    for found in discover(plugins.directory):
        if found.name in plugins.disable or only not in (None, found.name):
            continue
        if only is None and plugins.enable and found.name not in plugins.enable:
            continue
        with isolated(found.name, "setup", lambda _: None):
            plugin_class = found.load()
            adds = Contributions()
            plugin_class(plugin_class.manifest.config()).setup(adds)
            for command in adds.commands:
                commands.setdefault(command.name, command)
    return commands


def run_command(
    name: str, arguments: Sequence[str], plugins: Plugins | None = None
) -> int:
    """Run a plugin's command.

    Args:
        name: What was typed after ``ccproxy``.
        arguments: The rest of the line.
        plugins: The settings ``[plugins]``.

    Returns:
        Its exit code.

    Raises:
        NotInstalledError: No plugin adds it.
        PluginError: What it points to can't be called.
    """
    owner = "server" if name == "serve" else None
    command = find_commands(plugins, only=owner).get(name)
    if command is None:
        piece = by_plugin(owner or name)
        msg = f"No plugin adds the command {name!r}."
        hint = f"Install {piece.wheel}: pip install {piece.wheel}" if piece else None
        raise NotInstalledError(msg, hint=hint)
    return _main(command)(arguments) or 0


def _main(command: Command) -> Main:
    module, _, attribute = command.target.partition(":")
    try:
        target = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        msg = f"The command {command.name!r} can't be loaded: {error}."
        raise PluginError(msg) from error
    return cast("Main", target)
