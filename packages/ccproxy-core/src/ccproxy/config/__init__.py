"""Settings: layers of sources, strictly checked, merged into one frozen model."""

from ccproxy.config.launch import Launch
from ccproxy.config.load import load, plugin_sections, section
from ccproxy.config.origins import Origin, origins
from ccproxy.config.settings import Settings
from ccproxy.config.sources import Layer, Layers, read_layers
from ccproxy.config.template import json_schema, template

__all__ = [
    "Launch",
    "Layer",
    "Layers",
    "Origin",
    "Settings",
    "json_schema",
    "load",
    "origins",
    "plugin_sections",
    "read_layers",
    "section",
    "template",
]
