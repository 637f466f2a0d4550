"""The commands that plugins add."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ccproxy.cli.opened import open_settings, quiet_log
from ccproxy.errors import ConfigError
from ccproxy.loader.commands import find_commands, run_command
from ccproxy.sdk import Command


def commands() -> Mapping[str, Command]:
    """Find all of them, by name."""
    quiet_log()
    return find_commands(_directory())


def run(name: str, arguments: Sequence[str]) -> int:
    """Run one of them, and return its exit code.

    Raises:
        NotInstalledError: No plugin adds it.
        PluginError: It can't be loaded.
    """
    quiet_log()
    return run_command(name, arguments, _directory())


def _directory() -> Path | None:
    """The person's own plugins; settings that are wrong are told by other commands."""
    try:
        return open_settings(None, ()).settings.plugins.directory
    except ConfigError:
        return None
