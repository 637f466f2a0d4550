"""Metrics for Prometheus at ``/metrics``."""

import importlib.metadata

from pydantic import Field

from ccproxy.sdk import (
    Contributions,
    Manifest,
    Plugin,
    PluginConfig,
    PluginContext,
    Route,
)
from ccproxy.sdk.events import (
    CircuitChanged,
    GuardTripped,
    PluginFailed,
    PluginStarted,
    RequestCompleted,
    RequestFailed,
    RequestsPriced,
    RequestStarted,
    StreamChunk,
)
from ccproxy.sdk.vitals import Vitals

PATH = "/metrics"


class MetricsConfig(PluginConfig):
    """The section ``[plugins.metrics]``."""

    max_models: int = Field(default=100, ge=1)
    """How many models are told apart; all others are ``other``, as callers may name
    models as they like."""
    chunk_gaps: bool = False
    """Whether the time between two pieces of a stream is measured, which costs some
    time for each piece."""


class MetricsPlugin(Plugin[MetricsConfig]):
    """Add ``/metrics``: requests, tokens, costs, limits, the gateway and the build."""

    manifest = Manifest(
        name="metrics",
        version=importlib.metadata.version("ccproxy-plugin-metrics"),
        config=MetricsConfig,
    )

    def setup(self, add: Contributions) -> None:
        """Add the route, and follow what it tells of.

        The Prometheus library is imported here, not above: it takes longer than all
        else in this module, and listing plugins doesn't need it.
        """
        from ccproxy.plugins.metrics.scrape import Scrape  # noqa: PLC0415

        self._scrape = scrape = Scrape(self.manifest.version, self.config.max_models)
        add.routes(Route(PATH, scrape))
        add.hook(CircuitChanged, scrape.circuit_changed)
        add.hook(GuardTripped, scrape.guard_tripped)
        add.hook(RequestStarted, scrape.requests.started)
        add.hook(RequestCompleted, scrape.requests.ended)
        add.hook(RequestFailed, scrape.requests.ended)
        add.hook(RequestsPriced, scrape.requests.priced)
        add.hook(PluginStarted, scrape.plugin_started)
        add.hook(PluginFailed, scrape.plugin_failed)
        add.command(
            "metrics",
            "ccproxy.plugins.metrics.command:main",
            "Print the Grafana dashboard, or the alert rules of Prometheus.",
        )
        if self.config.chunk_gaps:
            gaps = scrape.follow_gaps()
            add.hook(StreamChunk, gaps.passed)
            add.hook(RequestCompleted, gaps.ended)
            add.hook(RequestFailed, gaps.ended)

    async def start(self, ctx: PluginContext) -> None:
        """Watch the gateway itself."""
        self._scrape.watch(ctx.get(Vitals).read)
