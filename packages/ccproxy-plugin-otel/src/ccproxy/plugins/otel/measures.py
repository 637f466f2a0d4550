"""Durations and tokens, as the GenAI semantic conventions measure them.

Names, units and bounds of the buckets are those of
https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/
"""

from opentelemetry.metrics import Meter

from ccproxy.plugins.otel.facts import Attributes, common, tokens
from ccproxy.sdk.events import RequestEnded

MOST_MODELS = 100
"""Models that metrics tell apart."""

_SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48]
_SECONDS += [40.96, 81.92, 163.84, 327.68, 655.36]  # an agent may take minutes
_TOKENS = [4**power for power in range(14)]


class Measures:
    """Follows requests.

    Args:
        meter: Makes the instruments.
    """

    def __init__(self, meter: Meter) -> None:
        self._models: set[str] = set()
        self._duration = meter.create_histogram(
            "gen_ai.client.operation.duration",
            unit="s",
            description="GenAI operation duration.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._first = meter.create_histogram(
            "gen_ai.client.operation.time_to_first_chunk",
            unit="s",
            description="Time to the first chunk of a streamed answer.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage",
            unit="{token}",
            description="Number of input and output tokens used.",
            explicit_bucket_boundaries_advisory=_TOKENS,
        )

    def ended(self, event: RequestEnded) -> None:
        """Measure a request."""
        told = self._told(event)
        self._duration.record(event.duration, told)
        if event.streaming and event.upstream_ttfb is not None:
            self._first.record(event.upstream_ttfb, told)
        for kind, count in zip(("input", "output"), tokens(event), strict=True):
            if count is not None:
                self._tokens.record(count, {**told, "gen_ai.token.type": kind})

    def _told(self, event: RequestEnded) -> Attributes:
        """Tell apart so many models and no more: callers name them as they like.

        One that a provider refuses may be made up, and takes no known one's place.
        """
        told = common(event)
        model = told.get("gen_ai.request.model")
        if isinstance(model, str) and model not in self._models:
            is_refused = event.status is not None and 400 <= event.status < 500
            if event.provider and not is_refused and len(self._models) < MOST_MODELS:
                self._models.add(model)
            else:
                told["gen_ai.request.model"] = "other"
        return told
