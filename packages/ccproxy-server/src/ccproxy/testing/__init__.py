"""For plugin authors: run a plugin in a real gateway, and check its contract."""

from ccproxy.testing.contract import PluginContract
from ccproxy.testing.running import RunningGateway, gateway

__all__ = ["PluginContract", "RunningGateway", "gateway"]
