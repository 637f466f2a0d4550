"""What is counted of requests to models.

Labels come from closed sets, but for the model's: callers name models as they like, so
only those are told apart that a provider has not refused, and of them only so many.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from time import monotonic

from prometheus_client import CollectorRegistry, Counter, Gauge

from ccproxy.plugins.metrics.histogram import Histogram
from ccproxy.sdk import Endpoint, mask_text
from ccproxy.sdk.events import (
    RequestEnded,
    RequestFailed,
    RequestsPriced,
    RequestStarted,
)

PREFIX = "ccproxy"
"""What the names of all our own metrics begin with."""
NONE = "none"
"""The label of what a request has not come to, such as a provider."""
OTHER = "other"
"""The label of models that nobody knows, or beyond those that are told apart."""

SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
"""Bounds of the histograms: an agent's answer may take minutes."""

OVERHEAD = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
"""Bounds for what the gateway itself takes, which is little if all is well."""

_LONGEST_EXEMPLAR = 128
_LONG = 1.0
"""Seconds; requests that take as long are all named by exemplars, of shorter ones one
in that time, as naming them all costs more than counting them."""

_REQUESTS = (
    (
        "requests",
        "Requests to models that have ended.",
        ("provider", "model", "dialect_in", "dialect_out", "status", "streaming"),
    ),
    (
        "request_failures",
        "Requests without a whole answer of an upstream, by why.",
        ("provider", "failure"),
    ),
    (
        "request_fallbacks",
        "Attempts in vain before another provider or model was asked.",
        ("provider",),
    ),
)
"""Counters of requests: name, meaning, labels."""
_AMOUNTS = (
    (
        "tool_calls",
        "Tools that answers asked their clients to call.",
        ("provider", "model"),
    ),
    (
        "cost_usd",
        "What requests have cost in US dollars, as far as that is known.",
        ("provider", "model"),
    ),
    (
        "tokens",
        "Tokens that upstreams told of; reasoning is a part of the output.",
        ("provider", "model", "kind"),
    ),
)
"""Counters of what they use."""
_TIMES = (
    ("request_duration_seconds", "From arrival to the last byte.", SECONDS),
    ("request_ttfb_seconds", "From arrival to the answer's first byte.", SECONDS),
    (
        "upstream_ttfb_seconds",
        "From asking the provider to the first byte of its answer.",
        SECONDS,
    ),
    (
        "request_overhead_seconds",
        "What the gateway itself took before the answer's first byte.",
        OVERHEAD,
    ),
)
"""Histograms: name, meaning, bounds."""
_TOKENS = {
    "input": "input_tokens",
    "cache_read": "cache_read_tokens",
    "cache_write": "cache_write_tokens",
    "output": "output_tokens",
    "reasoning": "reasoning_tokens",
}
"""Kinds of tokens by the event's names; reasoning is a part of the output."""


class RequestMetrics:
    """Follows requests from their start to their end.

    Args:
        registry: Where the metrics are.
        max_models: How many models are told apart.
        clock: Monotonic time, in seconds.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        max_models: int,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._max_models = max_models
        self._clock = clock
        self._named_at = -_LONG
        self._models: dict[str, str] = {}
        count = partial(Counter, namespace=PREFIX, registry=registry)
        self._in_flight = Gauge(
            "requests_in_flight",
            "Requests to models that have not ended.",
            namespace=PREFIX,
            registry=registry,
        )
        self._requests, self._failures, self._fallbacks = (
            count(name, text, labels) for name, text, labels in _REQUESTS
        )
        self._tool_calls, self._cost, self._tokens = (
            count(name, text, labels) for name, text, labels in _AMOUNTS
        )
        self._duration, self._ttfb, self._upstream, self._overhead = (
            Histogram(f"{PREFIX}_{name}", text, ("provider", "streaming"), bounds)
            for name, text, bounds in _TIMES
        )
        for each in (self._duration, self._ttfb, self._upstream, self._overhead):
            registry.register(each)

    def started(self, event: RequestStarted) -> None:
        """Count a request that begins."""
        if asks_a_model(event.route):
            self._in_flight.inc()

    def ended(self, event: RequestEnded) -> None:
        """Count a request that has ended, one way or the other."""
        if not asks_a_model(event.route):
            return
        self._in_flight.dec()
        provider, model = event.provider or NONE, self._model_of(event)
        streaming = "true" if event.streaming else "false"
        status = f"{event.status // 100}xx" if event.status else NONE
        dialects = event.dialect_in or NONE, event.dialect_out or NONE
        _child(self._requests, provider, model, *dialects, status, streaming).inc()
        if isinstance(event, RequestFailed):
            _child(self._failures, provider, event.failure.value).inc()
        for tried in event.fallbacks:
            _child(self._fallbacks, tried.partition("/")[0]).inc()
        self._took(event, (provider, streaming))
        if event.tool_calls:
            _child(self._tool_calls, provider, model).inc(event.tool_calls)
        for kind, name in _TOKENS.items():
            if count := getattr(event, name):
                _child(self._tokens, provider, model, kind).inc(count)

    def _took(self, event: RequestEnded, labels: tuple[str, str]) -> None:
        """Count how long it took, and what of that took how long."""
        exemplar = self._exemplar(event)
        self._duration.observe(labels, event.duration, exemplar)
        if event.ttfb is not None:
            self._ttfb.observe(labels, event.ttfb, exemplar)
        if event.upstream_ttfb is not None:
            self._upstream.observe(labels, event.upstream_ttfb)
        if event.overhead is not None:
            self._overhead.observe(labels, event.overhead)

    def priced(self, event: RequestsPriced) -> None:
        """Add up what requests cost."""
        for each in event.costs:
            model = self._model(each.model, is_known=True)
            _child(self._cost, each.provider, model).inc(each.usd)

    def _exemplar(self, event: RequestEnded) -> dict[str, str] | None:
        """Name the request, if its turn has come and OpenMetrics takes its name.

        A caller may have chosen it. 128 characters are the most for names and values of
        an exemplar's labels (OpenMetrics 1.0, "Exemplars").
        """
        if event.duration < _LONG:
            now = self._clock()
            if now - self._named_at < _LONG:
                return None
            self._named_at = now
        fits = len("request_id" + event.request_id) <= _LONGEST_EXEMPLAR
        return {"request_id": event.request_id} if fits else None

    def _model_of(self, event: RequestEnded) -> str:
        """Name the model; a made-up one takes no known one's place among the labels."""
        if event.model is None:
            return NONE
        is_refused = event.status is not None and 400 <= event.status < 500
        return self._model(
            event.model, is_known=bool(event.provider) and not is_refused
        )

    def _model(self, name: str, *, is_known: bool) -> str:
        label = self._models.get(name)
        if label is None:
            if not is_known or len(self._models) >= self._max_models:
                return OTHER
            label = self._models[name] = mask_text(name)  # a key may be pasted there
        return label


@lru_cache(4096)
def _child(metric: Counter, *labels: str) -> Counter:
    """Find the series of these labels; the library takes a microsecond each time."""
    return metric.labels(*labels)


def asks_a_model(route: str) -> bool:
    """Tell the routes that ask a model from those of the gateway itself."""
    return route.rpartition("/v1/")[2] in _ENDPOINTS


_ENDPOINTS = frozenset(endpoint.value for endpoint in Endpoint)
