"""Metrics for Prometheus at ``/metrics``."""

import importlib.metadata
from typing import TYPE_CHECKING

from pydantic import Field

from ccproxy.sdk import (
    BaseUrl,
    Contributions,
    Manifest,
    Plugin,
    PluginConfig,
    PluginContext,
    Route,
    SecretHeaders,
    revealed,
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

if TYPE_CHECKING:
    from ccproxy.plugins.metrics.push import Pusher
    from ccproxy.plugins.metrics.sharing import Sharing

PATH = "/metrics"


class MetricsConfig(PluginConfig):
    """The section ``[plugins.metrics]``."""

    max_models: int = Field(default=100, ge=1)
    """How many models are told apart that a provider has not refused; all others are
    ``other``, as callers may name models as they like."""
    push_url: BaseUrl | None = None
    """Where metrics are pushed to, beside being there to be scraped: a Pushgateway's
    URL with a job, such as http://127.0.0.1:9091/metrics/job/ccproxy."""
    push_headers: SecretHeaders = Field(default_factory=dict)
    """Headers it asks for, such as authorization."""
    push_seconds: float = Field(default=30.0, ge=1)
    """How often; less often while it fails."""
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

    def __init__(self, config: MetricsConfig) -> None:
        super().__init__(config)
        self._pusher: Pusher | None = None
        self._sharing: Sharing | None = None

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
        """Watch the gateway itself, and push if that is asked for."""
        self._scrape.watch(ctx.get(Vitals).read)
        if ctx.workers > 1:
            from ccproxy.plugins.metrics.sharing import Sharing  # noqa: PLC0415  (so, too)

            self._sharing = Sharing(self._scrape, ctx.data_dir / self.manifest.name)
        if self.config.push_url is not None:
            from ccproxy.plugins.metrics.push import Pusher  # noqa: PLC0415  (as above)

            self._pusher = Pusher(
                self.config.push_url,
                self.config.push_seconds,
                self._scrape.text,
                ctx.http,
                headers=revealed(self.config.push_headers),
            )

    async def stop(self) -> None:
        """Push a last time, and share no more."""
        if self._sharing is not None:
            await self._sharing.stop()
        if self._pusher is not None:
            await self._pusher.stop()
