"""The OpenTelemetry plugin keeps the contract of all plugins, in a real gateway."""

from typing import ClassVar

import pytest

from ccproxy.plugins.otel import OtelPlugin
from ccproxy.testing import PluginContract

pytestmark = pytest.mark.integration


class TestOtelPlugin(PluginContract):
    plugin = OtelPlugin
    config: ClassVar = {"enabled": True, "endpoint": "http://127.0.0.1:9"}
