"""The settings and plugins as a command sees them: read, checked, nothing started."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ccproxy.config import Launch, Layers, Settings, load
from ccproxy.config.launch import parse_sets
from ccproxy.loader.discovery import discover
from ccproxy.loader.manager import PluginManager
from ccproxy.logging.pipeline import configure


@dataclass(frozen=True, slots=True)
class Opened:
    """The effective settings.

    Attributes:
        layers: What they were read from.
        settings: What that adds up to.
    """

    layers: Layers
    settings: Settings


def open_settings(config: Path | None, sets: Sequence[str]) -> Opened:
    """Read the settings, and log as they say.

    Args:
        config: From ``--config``.
        sets: From ``--set``.

    Raises:
        ConfigError: Something in them is wrong.
    """
    quiet_log()
    layers = read(config, sets)
    settings = load(layers)
    if settings.logging.level == "debug":
        configure("debug", settings.logging.format)
    return Opened(layers, settings)


def read(config: Path | None, sets: Sequence[str]) -> Layers:
    """Read the layers of the settings, unchecked.

    Raises:
        ConfigError: The file can't be read, or an option is no ``KEY=VALUE``.
    """
    return Launch(config, parse_sets(sets)).layers(os.environ)


def load_plugins(opened: Opened) -> PluginManager:
    """Find the plugins and set them up; none is started.

    Raises:
        ConfigError: A plugin's section is wrong.
        PluginError: The plugins directory can't be used.
    """
    found = discover(opened.settings.plugins.directory)
    plugins = PluginManager(found, opened.settings, opened.layers)
    plugins.load()
    return plugins


def quiet_log() -> None:
    """Log errors alone: what a command has to say is its answer."""
    configure("error")
