"""The metrics plugin keeps the contract of all plugins, in a real gateway."""

import pytest

from ccproxy.plugins.metrics import MetricsPlugin
from ccproxy.testing import PluginContract

pytestmark = pytest.mark.integration


class TestMetricsPlugin(PluginContract):
    plugin = MetricsPlugin
