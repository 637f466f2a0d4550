"""The server as a plugin: how ``ccproxy serve`` finds it."""

from importlib.metadata import version

from ccproxy.sdk import Contributions, Manifest, Plugin, PluginConfig


class ServerPlugin(Plugin[PluginConfig]):
    """Adds the command ``serve``."""

    manifest = Manifest(name="server", version=version("ccproxy-server"))

    def setup(self, add: Contributions) -> None:
        """Point to the command; nothing heavy is imported."""
        add.command("serve", "ccproxy.api.serve:main", "Start the gateway.")
