"""How long clients wait between two pieces of a stream; measured only if asked for."""

from collections.abc import Callable
from time import monotonic

from prometheus_client import CollectorRegistry, Histogram

from ccproxy.plugins.metrics.requests import PREFIX
from ccproxy.sdk.events import RequestEnded, StreamChunk

GAPS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
"""Bounds in seconds: a model may think for minutes."""


class GapMetrics:
    """Follows the pieces of streams.

    Args:
        registry: Where the metric is.
        clock: Monotonic time, in seconds.
    """

    def __init__(
        self, registry: CollectorRegistry, clock: Callable[[], float] = monotonic
    ) -> None:
        self._clock = clock
        self._last: dict[str, float] = {}
        self._gaps = Histogram(
            "stream_gap_seconds",
            "Between two pieces of a stream.",
            namespace=PREFIX,
            registry=registry,
            buckets=GAPS,
        )

    def passed(self, event: StreamChunk) -> None:
        """Measure the time since the piece before."""
        now = self._clock()
        before = self._last.get(event.request_id)
        if before is not None:
            self._gaps.observe(now - before)
        self._last[event.request_id] = now

    def ended(self, event: RequestEnded) -> None:
        """Forget a stream."""
        self._last.pop(event.request_id, None)
