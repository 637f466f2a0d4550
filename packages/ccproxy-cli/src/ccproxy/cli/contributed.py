"""The commands that plugins add."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ccproxy.cli.opened import open_settings, quiet_log
from ccproxy.config.sections import Plugins
from ccproxy.errors import ConfigError
from ccproxy.loader.commands import find_commands, run_command
from ccproxy.sdk import Command


def commands() -> Mapping[str, Command]:
    """Find all of them, by name."""
    quiet_log()
    return find_commands(_plugins(None, ()))


def run(
    name: str,
    arguments: Sequence[str],
    *,
    config: Path | None = None,
    sets: Sequence[str] = (),
) -> int:
    """Run one of them, and return its exit code.

    Args:
        name: What was typed after ``ccproxy``.
        arguments: The rest of the line.
        config: From ``--config``, where the command has that option.
        sets: From ``--set``, likewise.

    Raises:
        NotInstalledError: No plugin adds it.
        PluginError: It can't be loaded.
    """
    quiet_log()
    return run_command(name, arguments, _plugins(config, sets))


def _plugins(config: Path | None, sets: Sequence[str]) -> Plugins | None:
    """Tell which plugins are in use; settings that are wrong are told by others."""
    try:
        return open_settings(config, sets).settings.plugins
    except ConfigError:
        return None
