"""Settings: layers of sources, strictly checked, merged into one frozen model."""

from ccproxy.config.load import load, plugin_sections, section
from ccproxy.config.settings import Settings
from ccproxy.config.sources import Layer, Layers, read_layers

__all__ = [
    "Layer",
    "Layers",
    "Settings",
    "load",
    "plugin_sections",
    "read_layers",
    "section",
]
