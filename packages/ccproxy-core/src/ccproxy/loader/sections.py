"""Names in the settings that belong to no plugin: slips, or a wheel that is gone."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches

import structlog

from ccproxy.config import Layers, plugin_sections
from ccproxy.errors import ConfigError
from ccproxy.loader.catalogue import by_plugin

_log = structlog.get_logger(__name__)


_NEAR = 0.7
"""How like two names are of which one is a slip of the pen: by less, ``nope`` is nearly
``openai``."""


def check_sections(layers: Layers, plugins: Collection[str]) -> None:
    """Check the names of the sections below ``[plugins]``; see ``check_names``."""
    for name in plugin_sections(layers):
        check_names(layers, name, [name], plugins, meant="plugins.{}")


def check_names(
    layers: Layers,
    key: str,
    names: Iterable[str],
    plugins: Collection[str],
    *,
    meant: str = "{}",
) -> None:
    """Refuse a name that is nearly a plugin's, warn of one that is nobody's.

    A wheel may have been removed and its name left behind, so a name that is like no
    other is not an error (ADR 0008).

    Args:
        layers: All that was said about settings.
        key: Where in ``[plugins]`` the names stand.
        names: What stands there.
        plugins: Names of the plugins that were found.
        meant: How the name that was meant is shown.

    Raises:
        ConfigError: A name is a slip of the pen.
    """
    for name in names:
        if name in plugins:
            continue
        piece = by_plugin(name)
        near = get_close_matches(name, plugins, n=1, cutoff=_NEAR)
        if near and piece is None:
            msg = f"plugins.{key}: there is no plugin {name!r}."
            msg = layers.placed(("plugins", key), msg)
            raise ConfigError(msg, hint=f"Did you mean {meant.format(near[0])}?")
        hint = f"pip install {piece.wheel}" if piece else "remove it, or install it"
        setting = f"plugins.{key}"
        _log.warning("no_such_plugin", setting=setting, plugin=name, hint=hint)
