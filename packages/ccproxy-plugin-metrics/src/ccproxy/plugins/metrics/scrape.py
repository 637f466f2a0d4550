"""Answering a scrape from a registry of our own.

The library's global registry is left alone: whatever else runs in this process keeps
its metrics there.
"""

import asyncio
from collections.abc import Callable

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Info,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.openmetrics import exposition as openmetrics

from ccproxy.plugins.metrics.accept import wants_openmetrics
from ccproxy.plugins.metrics.gaps import GapMetrics
from ccproxy.plugins.metrics.requests import PREFIX, RequestMetrics
from ccproxy.plugins.metrics.vitals import VitalsCollector
from ccproxy.sdk import Request, Response
from ccproxy.sdk.events import (
    CircuitChanged,
    CircuitState,
    GuardTripped,
    PluginFailed,
    PluginStarted,
)
from ccproxy.sdk.vitals import Reading


class Scrape:
    """Answers ``/metrics``.

    Args:
        version: The version of ccproxy, told by ``ccproxy_build_info``.
        max_models: How many models are told apart.

    Attributes:
        requests: What is counted of requests.
    """

    def __init__(self, version: str, max_models: int) -> None:
        self._registry = CollectorRegistry()
        self.requests = RequestMetrics(self._registry, max_models)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        build = Info(
            "build", "The running build.", namespace=PREFIX, registry=self._registry
        )
        build.info({"version": version})
        self._circuits = Gauge(
            "circuits",
            "Models of a provider that are passed over (open) or tried (half-open).",
            ("provider", "state"),
            namespace=PREFIX,
            registry=self._registry,
        )
        self._plugins = Gauge(
            "plugins",
            "Plugins that run, or have failed.",
            ("plugin", "state"),
            namespace=PREFIX,
            registry=self._registry,
        )
        self._guard = Counter(
            "guard_trips",
            "Requests of agents that may have run away; warned of, or refused.",
            ("reason", "refused"),
            namespace=PREFIX,
            registry=self._registry,
        )

    def watch(self, read: Callable[[], Reading]) -> None:
        """Tell how the gateway itself is, too."""
        self._registry.register(VitalsCollector(read))

    def follow_gaps(self) -> GapMetrics:
        """Tell of the time between two pieces of a stream, too."""
        return GapMetrics(self._registry)

    def plugin_started(self, event: PluginStarted) -> None:
        """Note a plugin that runs."""
        self._plugins.labels(event.plugin, "running").set(1)

    def plugin_failed(self, event: PluginFailed) -> None:
        """Note a plugin that does not."""
        self._plugins.labels(event.plugin, "failed").set(1)

    def circuit_changed(self, event: CircuitChanged) -> None:
        """Count a model where it is now."""
        for state, change in ((event.before, -1), (event.state, 1)):
            if state is not CircuitState.CLOSED:
                self._circuits.labels(event.provider, state.value).inc(change)

    def guard_tripped(self, event: GuardTripped) -> None:
        """Count what the guard has found."""
        refused = str(event.refused).lower()
        self._guard.labels(event.reason.value, refused).inc()

    async def __call__(self, request: Request) -> Response:
        """Write all metrics in the format asked for.

        Collecting reads ``/proc`` and takes locks, so it runs in a thread.
        """
        if wants_openmetrics(request.headers.get("accept", "")):
            body = await asyncio.to_thread(openmetrics.generate_latest, self._registry)
            return Response(body, media_type=openmetrics.CONTENT_TYPE_LATEST)
        return Response(await self.text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    async def text(self) -> bytes:
        """Write all metrics in the text format 0.0.4."""
        return await asyncio.to_thread(generate_latest, self._registry)
