"""The codex plugin keeps the contract of all plugins, in a real gateway."""

import pytest

from ccproxy.plugins.codex import CodexPlugin
from ccproxy.testing import PluginContract

pytestmark = pytest.mark.integration


class TestCodexPlugin(PluginContract):
    plugin = CodexPlugin
