"""What is told of the gateway itself, and of the pieces of streams."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from ccproxy.plugins.metrics import MetricsPlugin
from ccproxy.plugins.metrics.gaps import GapMetrics
from ccproxy.plugins.metrics.vitals import MOST_WINDOWS, VitalsCollector
from ccproxy.plugins.openai import OpenAIPlugin
from ccproxy.sdk import (
    AccountProfile,
    Contributions,
    LimitWindow,
    Manifest,
    Plugin,
    PluginConfig,
)
from ccproxy.sdk.events import RequestCompleted, StreamChunk
from ccproxy.sdk.vitals import ConnectionsReading, QueueReading, Reading
from ccproxy.testing import RunningGateway, gateway
from fakes.vendor import KEY, vendor

NOW = datetime(2026, 1, 1, tzinfo=UTC)
READING = Reading(
    queues=(QueueReading("request records", depth=7, lag=1.5, dropped=2),),
    hook_failures=3,
    connections=ConnectionsReading(in_use=4, idle=5, opened=6),
    profiles=(
        AccountProfile(
            account="a",
            provider="codex",
            updated_at=NOW,
            limits=(
                LimitWindow(
                    name="5 hours",
                    used_percent=41.5,
                    resets_at=NOW + timedelta(minutes=2),
                ),
                LimitWindow(name="7 days", used_percent=9),
            ),
        ),
    ),
)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("ccproxy_queue_depth", {"queue": "request records"}, 7),
        ("ccproxy_queue_lag_seconds", {"queue": "request records"}, 1.5),
        ("ccproxy_queue_dropped_total", {"queue": "request records"}, 2),
        ("ccproxy_hook_failures_total", {}, 3),
        ("ccproxy_upstream_connections", {"state": "in_use"}, 4),
        ("ccproxy_upstream_connections", {"state": "idle"}, 5),
        ("ccproxy_upstream_connections_opened_total", {}, 6),
        (
            "ccproxy_limit_used_percent",
            {"provider": "codex", "window": "5 hours"},
            41.5,
        ),
        (
            "ccproxy_limit_reset_seconds",
            {"provider": "codex", "window": "5 hours"},
            120,
        ),
        ("ccproxy_limit_used_percent", {"provider": "codex", "window": "7 days"}, 9),
        (
            "ccproxy_limit_reset_seconds",
            {"provider": "codex", "window": "7 days"},
            None,
        ),
    ],
)
def test_a_reading_is_told_as_it_is(
    name: str, labels: dict[str, str], value: float | None
) -> None:
    registry = CollectorRegistry()
    registry.register(VitalsCollector(lambda: READING, lambda: NOW))
    assert registry.get_sample_value(name, labels) == value


@pytest.mark.unit
def test_a_window_that_is_over_begins_anew_now_with_nothing_used() -> None:
    registry = CollectorRegistry()
    late = NOW + timedelta(hours=1)
    registry.register(VitalsCollector(lambda: READING, lambda: late))
    labels = {"provider": "codex", "window": "5 hours"}
    assert registry.get_sample_value("ccproxy_limit_reset_seconds", labels) == 0
    assert registry.get_sample_value("ccproxy_limit_used_percent", labels) == 0
    labels["window"] = "7 days"  # nobody knows when that one is over
    assert registry.get_sample_value("ccproxy_limit_used_percent", labels) == 9


@pytest.mark.unit
def test_of_limits_those_are_told_of_which_most_is_used_and_each_once() -> None:
    """A provider names them as it likes, and may name two alike."""
    used = [5, *range(40), 90, 3]
    names = ["same", *map(str, range(40)), "same", "same"]
    windows = tuple(
        LimitWindow(name=name, used_percent=percent)
        for name, percent in zip(names, used, strict=True)
    )
    profile = AccountProfile(
        account="a", provider="codex", updated_at=NOW, limits=windows
    )
    registry = CollectorRegistry()
    reading = replace(READING, profiles=(profile,))
    registry.register(VitalsCollector(lambda: reading, lambda: NOW))
    told = {
        each.labels["window"]: each.value
        for family in registry.collect()
        for each in family.samples
        if each.name == "ccproxy_limit_used_percent"
    }
    assert told == {
        "same": 90,
        **{str(each): each for each in range(41 - MOST_WINDOWS, 40)},
    }
    assert generate_latest(registry).count(b"limit_used_percent{") == MOST_WINDOWS


@pytest.mark.unit
def test_the_time_between_two_pieces_of_one_stream_is_measured() -> None:
    now = 10.0
    registry = CollectorRegistry()
    gaps = GapMetrics(registry, lambda: now)
    for request_id, seconds in (("a", 0), ("b", 1), ("a", 1), ("b", 0.5)):
        now += seconds
        gaps.passed(StreamChunk(at=NOW, request_id=request_id, data=b"x"))
    assert registry.get_sample_value("ccproxy_stream_gap_seconds_count") == 2
    assert registry.get_sample_value("ccproxy_stream_gap_seconds_sum") == 3.5
    gaps.ended(_ended("a"))
    gaps.passed(StreamChunk(at=NOW, request_id="a", data=b"x"))
    assert registry.get_sample_value("ccproxy_stream_gap_seconds_count") == 2


def _ended(request_id: str) -> RequestCompleted:
    return RequestCompleted(
        at=NOW,
        request_id=request_id,
        method="POST",
        route="/v1/messages",
        status=200,
        duration=1,
    )


@pytest.fixture
async def running() -> AsyncIterator[RunningGateway]:
    settings = {"plugins": {"metrics": {"chunk_gaps": True}}}
    async with gateway(MetricsPlugin, settings=settings) as running:
        yield running


class Listener(Plugin[PluginConfig]):
    """A plugin with a queue for its events."""

    manifest = Manifest("listener", "1")

    def setup(self, add: Contributions) -> None:
        add.hook(RequestCompleted, self.ended)

    async def ended(self, event: RequestCompleted) -> None:
        """Listen, and fail."""
        raise OSError


@pytest.mark.integration
async def test_every_queue_of_a_running_gateway_is_told() -> None:
    settings = {
        "storage": {"request_log": True, "flush_seconds": 3600},
        "capture": {"providers": ["sandbox"]},
        "security": {"keys": True, "client_tokens": ["t"]},
    }
    async with gateway(MetricsPlugin, Listener, settings=settings) as running:
        running.client.headers["x-api-key"] = "t"
        said = [{"role": "user", "content": "hi"}]
        body = {"model": "sandbox-echo", "messages": said}
        await running.client.post("/v1/chat/completions", json=body)
        told = (await running.client.get("/metrics")).text.splitlines()
    queues = "request records", "request bodies", "spending", "hooks listener"
    for name in ("depth", "lag_seconds", "dropped_total"):
        of_each = {f'ccproxy_queue_{name}{{queue="{queue}"}}' for queue in queues}
        assert of_each == {
            line.rpartition(" ")[0] for line in told if f"queue_{name}{{" in line
        }
    assert 'ccproxy_queue_depth{queue="request records"} 1.0' in told
    assert "ccproxy_hook_failures_total 1.0" in told


@pytest.mark.integration
async def test_connections_to_upstreams_are_told() -> None:
    async with vendor() as fake:
        openai = {"base_url": f"{fake.url}/v1", "api_key": KEY}
        settings = {"plugins": {"openai": openai}}
        async with gateway(MetricsPlugin, OpenAIPlugin, settings=settings) as running:
            said = [{"role": "user", "content": "hi"}]
            body = {"model": "openai/silent", "messages": said}
            url = "/v1/chat/completions"
            asking = asyncio.create_task(running.client.post(url, json=body))
            await fake.waiting.wait()
            while_asking = await connections(running)
            fake.go.set()
            await asking
            assert while_asking == {"in_use": 1, "idle": 0, "opened": 1}
            assert await connections(running) == {"in_use": 0, "idle": 1, "opened": 1}


async def connections(running: RunningGateway) -> dict[str, float]:
    """Read what is told of connections, by state."""
    text = (await running.client.get("/metrics")).text
    return {
        each.labels.get("state", "opened"): each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
        if each.name.startswith("ccproxy_upstream_connections")
    }


@pytest.mark.integration
async def test_a_running_gateway_tells_how_it_is(running: RunningGateway) -> None:
    body = {
        "model": "sandbox-echo",
        "messages": [{"role": "user", "content": "one two three"}],
        "stream": True,
    }
    await running.client.post("/v1/chat/completions", json=body)
    told = (await running.client.get("/metrics")).text.splitlines()
    assert 'ccproxy_plugins{plugin="metrics",state="running"} 1.0' in told
    assert "ccproxy_hook_failures_total 0.0" in told
    assert 'ccproxy_upstream_connections{state="in_use"} 0.0' in told
    (gaps,) = (line for line in told if "gap_seconds_count" in line)
    assert float(gaps.split()[1]) > 2
    labels = 'provider="sandbox",streaming="true"'
    assert f"ccproxy_request_overhead_seconds_count{{{labels}}} 1.0" in told
    assert f"ccproxy_upstream_ttfb_seconds_count{{{labels}}} 1.0" in told
