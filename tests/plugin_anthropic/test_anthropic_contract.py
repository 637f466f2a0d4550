"""The anthropic plugin keeps the contract of all plugins, in a real gateway."""

import pytest

from ccproxy.plugins.anthropic import AnthropicPlugin
from ccproxy.testing import PluginContract

pytestmark = pytest.mark.integration


class TestAnthropicPlugin(PluginContract):
    plugin = AnthropicPlugin
