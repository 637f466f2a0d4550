"""The openai plugin keeps the contract of all plugins, in a real gateway."""

import pytest

from ccproxy.plugins.openai import OpenAIPlugin
from ccproxy.testing import PluginContract

pytestmark = pytest.mark.integration


class TestOpenAIPlugin(PluginContract):
    plugin = OpenAIPlugin
