"""Metrics for Prometheus at ``/metrics``."""

import importlib.metadata

from ccproxy.sdk import Contributions, Manifest, Plugin, PluginConfig, Route
from ccproxy.sdk.events import CircuitChanged

PATH = "/metrics"


class MetricsPlugin(Plugin[PluginConfig]):
    """Add ``/metrics``, with facts of the build, the process and the circuits."""

    manifest = Manifest(
        name="metrics", version=importlib.metadata.version("ccproxy-plugin-metrics")
    )

    def setup(self, add: Contributions) -> None:
        """Add the route.

        The Prometheus library is imported here, not above: it takes longer than all
        else in this module, and listing plugins doesn't need it.
        """
        from ccproxy.plugins.metrics.scrape import Scrape  # noqa: PLC0415

        scrape = Scrape(self.manifest.version)
        add.routes(Route(PATH, scrape))
        add.hook(CircuitChanged, scrape.circuit_changed)
