"""What is counted of requests, read back from a gateway that was asked."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text

from ccproxy.plugins.metrics import MetricsPlugin
from ccproxy.plugins.metrics.requests import RequestMetrics, asks_a_model
from ccproxy.sdk.events import (
    Failure,
    ModelCost,
    RequestCompleted,
    RequestFailed,
    RequestsPriced,
)
from ccproxy.testing import RunningGateway, gateway
from fakes.strict import StrictUpstream, strict_plugin

pytestmark = pytest.mark.integration

Samples = dict[str, dict[frozenset[tuple[str, str]], float]]


@pytest.fixture
async def running() -> AsyncIterator[RunningGateway]:
    async with gateway(MetricsPlugin) as running:
        yield running


async def scraped(running: RunningGateway) -> Samples:
    answer = await running.client.get("/metrics")
    found: Samples = {}
    for family in parse_text(answer.text):
        for sample in family.samples:
            labels = frozenset(sample.labels.items())
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def total(samples: Samples, name: str, **labels: str) -> float:
    wanted = labels.items()
    return sum(
        value
        for key, value in samples.get(name, {}).items()
        if wanted <= dict(key).items()
    )


def chat(model: str, *, stream: bool = False) -> dict[str, object]:
    asked = {"role": "user", "content": "hi"}
    return {"model": model, "messages": [asked], "stream": stream}


async def test_tokens_are_counted_by_model_and_kind(running: RunningGateway) -> None:
    answer = await running.client.post(
        "/v1/chat/completions", json=chat("sandbox-echo")
    )
    usage = answer.json()["usage"]
    samples = await scraped(running)
    for kind, count in (
        ("input", usage["prompt_tokens"]),
        ("output", usage["completion_tokens"]),
    ):
        labels = {"provider": "sandbox", "model": "sandbox-echo", "kind": kind}
        assert total(samples, "ccproxy_tokens_total", **labels) == count


def test_tokens_of_every_kind_are_counted() -> None:
    registry = CollectorRegistry()
    counts = {"input": 1, "cache_read": 2, "cache_write": 3, "output": 5}
    counts["reasoning"] = 4
    used = {f"{kind}_tokens": count for kind, count in counts.items()}
    RequestMetrics(registry, 9).ended(completed(provider="p", model="m", **used))
    told = {
        kind: registry.get_sample_value(
            "ccproxy_tokens_total", {"provider": "p", "model": "m", "kind": kind}
        )
        for kind in counts
    }
    assert told == counts


def test_each_time_goes_into_its_own_histogram() -> None:
    registry = CollectorRegistry()
    times = {"duration": 8.0, "ttfb": 4.0, "upstream_ttfb": 2.0, "overhead": 1.0}
    RequestMetrics(registry, 9).ended(completed(provider="p", streaming=True, **times))
    labels = {"provider": "p", "streaming": "true"}
    told = {
        name: registry.get_sample_value(f"ccproxy_{name}_seconds_sum", labels)
        for name in (
            *("request_duration", "request_ttfb"),
            *("upstream_ttfb", "request_overhead"),
        )
    }
    assert [*told.values()] == [8, 4, 2, 1]


def test_times_that_are_not_known_are_not_measured() -> None:
    registry = CollectorRegistry()
    RequestMetrics(registry, 9).ended(completed(provider="p"))
    labels = {"provider": "p", "streaming": "false"}
    count = "ccproxy_request_{}_seconds_count"
    assert registry.get_sample_value(count.format("duration"), labels) == 1
    for name in ("ttfb", "overhead"):
        assert registry.get_sample_value(count.format(name), labels) is None


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_request_is_counted_by_both_dialects_and_whether_it_streams(
    streaming: bool,
) -> None:
    body = chat("sandbox-echo", stream=streaming) | {"max_tokens": 9}
    async with gateway(MetricsPlugin, strict_plugin(StrictUpstream())) as running:
        await running.client.post("/only-chat/v1/messages", json=body)
        found = (await scraped(running))["ccproxy_requests_total"]
    labels = {
        "provider": "only-chat",
        "model": "sandbox-echo",
        "dialect_in": "anthropic-messages",
        "dialect_out": "openai-chat",
        "status": "2xx",
        "streaming": str(streaming).lower(),
    }
    assert found == {frozenset(labels.items()): 1}


async def test_a_slow_request_can_be_found_by_its_exemplar(
    running: RunningGateway,
) -> None:
    answer = await running.client.post(
        "/v1/chat/completions", json=chat("sandbox-echo")
    )
    told = await running.client.get(
        "/metrics", headers={"accept": "application/openmetrics-text"}
    )
    parsed = parse_openmetrics(told.text)  # type: ignore[no-untyped-call]
    ids = {
        sample.exemplar.labels["request_id"]
        for family in parsed
        for sample in family.samples
        if sample.exemplar
    }
    assert ids == {answer.headers["x-ccproxy-request-id"]}


@pytest.mark.parametrize(
    ("route", "asks"),
    [
        ("/v1/messages", True),
        ("/v1/messages/count_tokens", True),
        ("/{provider}/v1/chat/completions", True),
        ("/{provider}/v1/responses/compact", True),
        ("/v1/models", False),
        ("/api/status", False),
        ("/metrics", False),
        ("other", False),
    ],
)
def test_routes_that_ask_a_model_are_told_from_the_others(
    route: str, asks: bool
) -> None:
    assert asks_a_model(route) is asks


def completed(**facts: object) -> RequestCompleted:
    known: dict[str, object] = {
        "at": datetime.now(UTC),
        "request_id": "r",
        "method": "POST",
        "route": "/v1/messages",
        "status": 200,
        "duration": 1.0,
    }
    return RequestCompleted(**{**known, **facts})  # type: ignore[arg-type]  # by name


def test_models_beyond_the_limit_are_one() -> None:
    registry = CollectorRegistry()
    metrics = RequestMetrics(registry, 2)
    for model in ("a", "b", "c", "d", "a"):
        metrics.ended(completed(model=model, provider="p"))
    labels = {"provider": "p", "dialect_in": "none", "dialect_out": "none"}
    told = {
        model: registry.get_sample_value(
            "ccproxy_requests_total",
            {**labels, "model": model, "status": "2xx", "streaming": "false"},
        )
        for model in ("a", "b", "c", "other")
    }
    assert told == {"a": 2, "b": 1, "c": None, "other": 2}


def test_a_key_that_was_pasted_for_a_model_is_masked() -> None:
    registry = CollectorRegistry()
    key = "sk-proj-" + "a1B2c3D4" * 5
    RequestMetrics(registry, 9).ended(completed(model=key, provider="p"))
    told = generate_latest(registry)
    assert key.encode() not in told
    assert b'model="other"' not in told


@pytest.mark.parametrize(
    ("facts", "label"),
    [
        ({"provider": "p"}, "m"),
        ({"provider": "p", "status": 503}, "m"),
        ({"provider": "p", "status": None}, "m"),
        ({"provider": "p", "status": 404}, "other"),
        ({"provider": "p", "status": 429}, "other"),
        ({"status": 502}, "other"),
    ],
)
def test_a_made_up_model_takes_no_place_among_the_known_ones(
    facts: dict[str, object], label: str
) -> None:
    registry = CollectorRegistry()
    metrics = RequestMetrics(registry, max_models=1)
    metrics.ended(completed(model="m", **facts))
    assert models_told(registry) == {label}
    metrics.ended(completed(model="n", provider="p"))
    assert ("n" in models_told(registry)) is (label == "other")


def test_a_known_model_keeps_its_name_where_it_is_refused() -> None:
    registry = CollectorRegistry()
    metrics = RequestMetrics(registry, max_models=1)
    for status in (200, 429):
        metrics.ended(completed(model="m", provider="p", status=status))
    assert models_told(registry) == {"m"}


def models_told(registry: CollectorRegistry) -> set[str]:
    """Name the models that requests were counted of."""
    return {
        sample.labels["model"]
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "ccproxy_requests_total"
    }


def test_attempts_in_vain_are_counted_by_whose_they_were() -> None:
    registry = CollectorRegistry()
    RequestMetrics(registry, 9).ended(
        completed(fallbacks=("codex/m", "codex/n", "openai/m"))
    )
    name = "ccproxy_request_fallbacks_total"
    assert registry.get_sample_value(name, {"provider": "codex"}) == 2
    assert registry.get_sample_value(name, {"provider": "openai"}) == 1


def test_a_bound_belongs_to_its_bucket_and_the_longest_have_one_of_their_own() -> None:
    registry = CollectorRegistry()
    metrics = RequestMetrics(registry, 9)
    for seconds in (0.005, 600, 600.1):
        metrics.ended(completed(duration=seconds))
    name = "ccproxy_request_duration_seconds"
    labels = {"provider": "none", "streaming": "false"}
    buckets = (
        registry.get_sample_value(f"{name}_bucket", {**labels, "le": le})
        for le in ("0.005", "300.0", "600.0", "+Inf")
    )
    assert [*buckets] == [1, 1, 2, 3]
    assert registry.get_sample_value(f"{name}_count", labels) == 3
    assert registry.get_sample_value(f"{name}_sum", labels) == pytest.approx(1200.105)


def test_a_request_nobody_was_asked_for_is_counted_as_such() -> None:
    registry = CollectorRegistry()
    known = {
        name: getattr(completed(status=None), name)
        for name in ("at", "request_id", "method", "route", "status", "duration")
    }
    failed = RequestFailed(failure=Failure.CLIENT_LEFT, reason="It left.", **known)
    RequestMetrics(registry, 9).ended(failed)
    labels = {"provider": "none", "failure": "client_left"}
    assert registry.get_sample_value("ccproxy_request_failures_total", labels) == 1


def test_a_request_whose_name_is_too_long_for_an_exemplar_is_counted() -> None:
    registry = CollectorRegistry()
    RequestMetrics(registry, 9).ended(completed(request_id="r" * 128))
    labels = {"provider": "none", "streaming": "false"}
    name = "ccproxy_request_duration_seconds_count"
    assert registry.get_sample_value(name, labels) == 1


def test_long_requests_are_all_named_and_of_short_ones_one_a_second() -> None:
    now = 100.0
    registry = CollectorRegistry()
    metrics = RequestMetrics(registry, 9, clock=lambda: now)

    def named_after(request_id: str, duration: float) -> set[str]:
        metrics.ended(completed(request_id=request_id, duration=duration))
        return {
            sample.exemplar.labels["request_id"]
            for family in registry.collect()
            for sample in family.samples
            if sample.exemplar
        }

    assert named_after("first", 0.2) == {"first"}
    assert named_after("soon", 0.2) == {"first"}
    assert named_after("long", 9) == {"first", "long"}
    now += 1
    assert named_after("later", 0.2) == {"later", "long"}


def test_costs_and_calls_of_tools_are_added_up_by_model() -> None:
    registry = CollectorRegistry()
    metrics = RequestMetrics(registry, max_models=1)
    metrics.ended(completed(provider="p", model="m", tool_calls=3))
    costs = [
        ModelCost(provider="p", model=model, requests=2, usd=0.25)
        for model in ("m", "another", "m")
    ]
    metrics.priced(RequestsPriced(at=datetime.now(UTC), costs=tuple(costs)))
    for name, model, value in (
        ("ccproxy_tool_calls_total", "m", 3),
        ("ccproxy_cost_usd_total", "m", 0.5),
        ("ccproxy_cost_usd_total", "other", 0.25),
    ):
        labels = {"provider": "p", "model": model}
        assert registry.get_sample_value(name, labels) == value


async def test_the_readme_names_every_metric() -> None:
    readme = Path(__file__).parents[2] / "packages/ccproxy-plugin-metrics/README.md"
    named = {*re.findall(r"\| `(ccproxy_\w+)` \|", readme.read_text())}
    settings = {"plugins": {"metrics": {"chunk_gaps": True}}}
    async with gateway(MetricsPlugin, settings=settings) as running:
        answer = await running.client.get("/metrics")
    told = {*re.findall(r"# TYPE (ccproxy_\w+) ", answer.text)}
    assert named == {name for name in told if not name.endswith("_created")}
