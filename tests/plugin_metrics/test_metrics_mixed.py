"""Counters are what whoever asked has counted, and gauges go back to zero."""

import asyncio
from collections import Counter

import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.samples import Sample
from websockets.asyncio.client import connect

from ccproxy.plugins.metrics import MetricsPlugin
from ccproxy.testing import RunningGateway, gateway

pytestmark = pytest.mark.integration


def chat(model: str, *, stream: bool = False) -> dict[str, object]:
    asked = {"role": "user", "content": "hi"}
    return {"model": model, "messages": [asked], "stream": stream}


SAID: dict[str, object] = {"input": "hi"}
LIMITED = chat("sandbox-reasoning")
ONE_OF_THEM = {"match": "sandbox-reasoning", "requests": "1/day"}
SETTINGS: dict[str, object] = {
    "security": {"client_tokens": ["right"]},
    "limits": {"enabled": True, "requests": "9999/second", "models": [ONE_OF_THEM]},
    "storage": {"request_log": True, "flush_seconds": 0.05},
}
MIXED: tuple[tuple[str, str, object, str], ...] = (
    ("2xx", "", chat("sandbox-echo"), "right"),
    ("2xx", "", chat("sandbox-echo", stream=True), "right"),
    ("4xx", "", {"model": "sandbox-echo"}, "right"),
    ("5xx", "", chat("sandbox-error-500"), "right"),
    ("4xx", "bad_request", ["no object"], "right"),
    ("4xx", "refused", chat("sandbox-echo"), "wrong"),
    ("2xx", "upstream_died", chat("sandbox-die", stream=True), "right"),
    ("2xx", "client_left", chat("sandbox-slow", stream=True), "right"),
    ("4xx", "limited", LIMITED, "right"),
    ("101", "", {"type": "response.create", "model": "sandbox-echo", **SAID}, "right"),
)
"""The class of the answer (101 is a frame of a socket), the failure to be counted, the
body, and the token."""
AT_REST = (
    "ccproxy_requests_in_flight",
    "ccproxy_queue_depth",
    "ccproxy_queue_lag_seconds",
)


async def test_a_thousand_mixed_requests_are_counted_as_they_went() -> None:
    """Successes, refusals, failures and callers who leave, many at once.

    Over sockets, too; and their records are those that the request log has.
    """
    answers: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    room = asyncio.Semaphore(50)

    async def ask(asked: RunningGateway, number: int) -> None:
        status, failure, body, token = MIXED[number % len(MIXED)]
        async with room:
            if status == "101":
                got = await over_a_socket(asked, body)
                answers["2xx"] += got
                return
            leave = failure == "client_left"
            got = await status_of(asked, body, token, leave=leave)
        assert f"{got // 100}xx" == status
        answers[status] += 1
        if failure:
            failures[failure] += 1

    async with gateway(MetricsPlugin, settings=SETTINGS) as running:
        running.client.headers["x-api-key"] = "right"
        await status_of(running, LIMITED, "right", leave=False)  # the only one today
        answers["2xx"] += 1
        await asyncio.gather(*(ask(running, number) for number in range(999)))
        await running.client.get("/api/status")
        async with asyncio.timeout(10):  # who leaves is noticed a little later
            while at_work(told := await scraped(running)):
                pass
        answer = await running.client.get("/api/stats", params={"by": "provider"})
    assert answers.total() == 1000
    assert counted(told, "ccproxy_requests_total", "status") == answers
    assert counted(told, "ccproxy_request_failures_total", "failure") == failures
    assert counted(told, "ccproxy_request_duration_seconds_count") == {"": 1000}
    recorded = answer.json()["groups"]
    assert sum(each["requests"] for each in recorded) == 1000
    assert sum(each["failed"] for each in recorded) == failures.total()


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


async def over_a_socket(running: RunningGateway, frame: object) -> int:
    """Ask the same over a socket, and tell how many whole answers came."""
    url = running.url.replace("http", "ws") + "/v1/responses"
    headers = {"x-api-key": "right"}
    async with connect(url, additional_headers=headers) as socket:
        await socket.send(orjson.dumps(frame).decode())
        async for told in socket:
            if orjson.loads(told)["type"] == "response.completed":
                return 1
    return 0


async def scraped(running: RunningGateway) -> list[Sample]:
    answer = await running.client.get("/metrics")
    return [each for family in parse_text(answer.text) for each in family.samples]


def at_work(told: list[Sample]) -> bool:
    """Tell whether a gauge that is zero at rest is not."""
    return any(counted(told, name) for name in AT_REST)


def counted(told: list[Sample], name: str, label: str = "") -> Counter[str]:
    """Add up what is not zero of a metric, by one of its labels or all together."""
    found: Counter[str] = Counter()
    for each in told:
        if each.name == name and each.value:
            found[each.labels.get(label, "")] += int(each.value)
    return found
