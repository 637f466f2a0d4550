"""Sections of the settings that belong to no plugin: slips, or a wheel that is gone."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches

import structlog

from ccproxy.errors import ConfigError
from ccproxy.loader.catalogue import by_plugin

_log = structlog.get_logger(__name__)


def check_sections(sections: Iterable[str], plugins: Collection[str]) -> None:
    """Refuse a section that is nearly a plugin's, warn of one that is nobody's.

    A wheel may have been removed and its section left behind, so a name that is like
    no other is not an error (ADR 0008).

    Args:
        sections: Names of the sections below ``[plugins]``.
        plugins: Names of the plugins that were found.

    Raises:
        ConfigError: A section's name is a slip of the pen.
    """
    for name in sections:
        if name in plugins:
            continue
        piece = by_plugin(name)
        near = get_close_matches(name, plugins, n=1)
        if near and piece is None:
            msg = f"plugins.{name}: there is no plugin {name!r}."
            raise ConfigError(msg, hint=f"Did you mean plugins.{near[0]}?")
        hint = f"pip install {piece.wheel}" if piece else "remove it, or install it"
        _log.warning("section_of_no_plugin", section=f"plugins.{name}", hint=hint)
