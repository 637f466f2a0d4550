"""The commands that plugins add."""

from collections.abc import Mapping, Sequence

from ccproxy.cli.opened import quiet_log
from ccproxy.loader.commands import find_commands, run_command
from ccproxy.sdk import Command


def commands() -> Mapping[str, Command]:
    """Find all of them, by name."""
    quiet_log()
    return find_commands()


def run(name: str, arguments: Sequence[str]) -> int:
    """Run one of them, and return its exit code.

    Raises:
        NotInstalledError: No plugin adds it.
        PluginError: It can't be loaded.
    """
    quiet_log()
    return run_command(name, arguments)
