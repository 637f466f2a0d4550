"""Finds the commands that plugins add, without starting anything."""

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias, cast

import structlog

from ccproxy.errors import NotInstalledError, PluginError
from ccproxy.loader.catalogue import by_plugin
from ccproxy.loader.discovery import discover
from ccproxy.loader.isolation import isolated
from ccproxy.sdk import Command, Contributions

_log = structlog.get_logger(__name__)

Main: TypeAlias = Callable[[Sequence[str]], int | None]


def find_commands(directory: Path | None = None) -> dict[str, Command]:
    """Collect the commands of all plugins, each set up with its defaults.

    A plugin that fails is passed over; ``ccproxy plugins status`` tells why.
    """
    commands: dict[str, Command] = {}
    for found in discover(directory):
        with isolated(found.name, "setup", lambda _: None):
            plugin_class = found.load()
            adds = Contributions()
            plugin_class(plugin_class.manifest.config()).setup(adds)
            for command in adds.commands:
                commands.setdefault(command.name, command)
    return commands


def run_command(
    name: str, arguments: Sequence[str], directory: Path | None = None
) -> int:
    """Run a plugin's command.

    Args:
        name: What was typed after ``ccproxy``.
        arguments: The rest of the line.
        directory: The settings' ``plugins.directory``.

    Returns:
        Its exit code.

    Raises:
        NotInstalledError: No plugin adds it.
        PluginError: What it points to can't be called.
    """
    command = find_commands(directory).get(name)
    if command is None:
        piece = by_plugin("server" if name == "serve" else name)
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
