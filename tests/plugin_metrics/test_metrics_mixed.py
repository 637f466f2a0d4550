"""Counters are what whoever asked has counted, and gauges go back to zero."""

import asyncio
from collections import Counter

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.samples import Sample

from ccproxy.plugins.metrics import MetricsPlugin
from ccproxy.testing import RunningGateway, gateway

pytestmark = pytest.mark.integration


def chat(model: str, *, stream: bool = False) -> dict[str, object]:
    asked = {"role": "user", "content": "hi"}
    return {"model": model, "messages": [asked], "stream": stream}


MIXED: tuple[tuple[str, str, object, str], ...] = (
    ("2xx", "", chat("sandbox-echo"), "right"),
    ("2xx", "", chat("sandbox-echo", stream=True), "right"),
    ("4xx", "", {"model": "sandbox-echo"}, "right"),
    ("5xx", "", chat("sandbox-error-500"), "right"),
    ("4xx", "bad_request", ["no object"], "right"),
    ("4xx", "refused", chat("sandbox-echo"), "wrong"),
    ("2xx", "upstream_died", chat("sandbox-die", stream=True), "right"),
    ("2xx", "client_left", chat("sandbox-slow", stream=True), "right"),
)
"""The class of the answer, the failure to be counted, the body, and the token."""


async def test_a_thousand_mixed_requests_are_counted_as_they_went() -> None:
    """Successes, refusals, failures and callers who leave, many at once."""
    answers: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    room = asyncio.Semaphore(50)

    async def ask(asked: RunningGateway, number: int) -> None:
        status, failure, body, token = MIXED[number % len(MIXED)]
        async with room:
            leave = failure == "client_left"
            got = await status_of(asked, body, token, leave=leave)
        assert f"{got // 100}xx" == status
        answers[status] += 1
        if failure:
            failures[failure] += 1

    settings = {"security": {"client_tokens": ["right"]}}
    async with gateway(MetricsPlugin, settings=settings) as running:
        await asyncio.gather(*(ask(running, number) for number in range(1000)))
        running.client.headers["x-api-key"] = "right"
        await running.client.get("/api/status")
        async with asyncio.timeout(10):  # who leaves is noticed a little later
            while counted(told := await scraped(running), "ccproxy_requests_in_flight"):
                pass
    assert counted(told, "ccproxy_requests_total", "status") == answers
    assert counted(told, "ccproxy_request_failures_total", "failure") == failures
    assert counted(told, "ccproxy_request_duration_seconds_count") == {"": 1000}


async def status_of(
    running: RunningGateway, body: object, token: str, *, leave: bool
) -> int:
    """Ask for a chat, read all of the answer or its beginning, and tell its status."""
    path, headers = "/v1/chat/completions", {"x-api-key": token}
    ask = running.client.stream("POST", path, json=body, headers=headers)
    async with ask as answer:
        async for _ in answer.aiter_raw():
            if leave:
                break
        return answer.status_code


async def scraped(running: RunningGateway) -> list[Sample]:
    answer = await running.client.get("/metrics")
    return [each for family in parse_text(answer.text) for each in family.samples]


def counted(told: list[Sample], name: str, label: str = "") -> Counter[str]:
    """Add up what is not zero of a metric, by one of its labels or all together."""
    found: Counter[str] = Counter()
    for each in told:
        if each.name == name and each.value:
            found[each.labels.get(label, "")] += int(each.value)
    return found
