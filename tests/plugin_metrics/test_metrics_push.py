"""Metrics go to a Pushgateway, and go on going when it was away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from ccproxy.errors import ConfigError
from ccproxy.loader.manager import STOP_TIMEOUT
from ccproxy.plugins.metrics import MetricsPlugin
from ccproxy.plugins.metrics.push import LONGEST_PAUSE, PATIENCE, Pusher
from ccproxy.testing import gateway

pytestmark = pytest.mark.integration


@dataclass
class Pushgateway:
    """Takes what is pushed, or refuses it.

    Attributes:
        url: Where to push to.
        refuses: Whether it answers with an error.
        never: Whether it answers not at all, until the caller leaves.
        taken: The bodies it has got.
        key: What they came with, if they came with a key.
    """

    url: str = ""
    refuses: bool = False
    never: bool = False
    taken: list[bytes] = field(default_factory=list)
    key: str | None = None

    async def take(self, request: web.Request) -> web.Response:
        assert request.method == "PUT"
        assert request.headers["content-type"].startswith("text/plain; version=0.0.4")
        if self.never:
            await asyncio.Event().wait()
        if self.refuses:
            return web.Response(status=503)
        self.taken.append(await request.read())
        self.key = request.headers.get("authorization")
        return web.Response(status=200)


@pytest.fixture
async def pushgateway() -> AsyncIterator[Pushgateway]:
    pushgateway = Pushgateway()
    app = web.Application()
    app.router.add_route("*", "/metrics/job/ccproxy", pushgateway.take)
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    pushgateway.url = f"http://{host}:{port}/metrics/job/ccproxy"
    yield pushgateway
    await runner.cleanup()


@dataclass
class Pauses:
    """Lets a pusher go on when the test says so, and notes how long it would wait."""

    asked: asyncio.Queue[float] = field(default_factory=asyncio.Queue)
    over: asyncio.Queue[None] = field(default_factory=asyncio.Queue)

    async def sleep(self, seconds: float) -> None:
        self.asked.put_nowait(seconds)
        await self.over.get()


@asynccontextmanager
async def pushing(
    url: str, pauses: Pauses, patience: float = PATIENCE
) -> AsyncIterator[Pusher]:
    async def written() -> bytes:
        return b"up 1\n"

    async with httpx.AsyncClient() as http:
        pusher = Pusher(url, 30, written, http, pauses.sleep, patience=patience)
        yield pusher
        await pusher.stop()


async def test_it_pushes_at_intervals_and_a_last_time(pushgateway: Pushgateway) -> None:
    pauses = Pauses()
    async with pushing(pushgateway.url, pauses):
        for number in range(3):
            assert await pauses.asked.get() == 30
            assert len(pushgateway.taken) == number
            pauses.over.put_nowait(None)
        await pauses.asked.get()
    assert pushgateway.taken == [b"up 1\n"] * 4


async def test_an_outage_is_told_once_and_asked_about_less_and_less(
    pushgateway: Pushgateway,
) -> None:
    pauses, waited = Pauses(), []
    pushgateway.refuses = True
    with capture_logs() as logs:
        async with pushing(pushgateway.url, pauses):
            for _ in range(6):
                waited.append(await pauses.asked.get())
                pauses.over.put_nowait(None)
            waited.append(await pauses.asked.get())
            pushgateway.refuses = False
            pauses.over.put_nowait(None)
            waited.append(await pauses.asked.get())
    assert waited == [30, 60, 120, 240, 480, LONGEST_PAUSE, LONGEST_PAUSE, 30]
    told = [line["event"] for line in logs]
    assert told == ["metrics_not_pushed", "metrics_pushed_again"]


async def test_one_that_never_answers_is_an_outage_and_holds_up_no_stop(
    pushgateway: Pushgateway,
) -> None:
    pauses = Pauses()
    pushgateway.never = True
    with capture_logs() as logs:
        async with asyncio.timeout(10):
            async with pushing(pushgateway.url, pauses, patience=0.05):
                assert await pauses.asked.get() == 30
                pauses.over.put_nowait(None)
                assert await pauses.asked.get() == 60
    assert [(line["event"], line["reason"]) for line in logs] == [
        ("metrics_not_pushed", "TimeoutError")
    ]


def test_a_last_push_takes_less_time_than_a_plugin_has_for_its_stop() -> None:
    assert PATIENCE < STOP_TIMEOUT


async def test_a_gateway_pushes_what_it_counted_when_it_stops(
    pushgateway: Pushgateway,
) -> None:
    headers = {"authorization": "Basic bWU6c2VjcmV0"}
    section = {"push_url": pushgateway.url, "push_seconds": 3600}
    section["push_headers"] = headers
    prices = {"models": [{"match": "sandbox-*", "input": 0, "output": 1_000_000}]}
    log = {"storage": {"request_log": True}, "prices": prices}
    settings = {"plugins": {"metrics": section}, **log}
    async with gateway(MetricsPlugin, settings=settings) as running:
        said = [{"role": "user", "content": "hello"}]
        body = {"model": "sandbox-echo", "messages": said}
        await running.client.post("/v1/chat/completions", json=body)
    (pushed,) = pushgateway.taken
    assert b'ccproxy_requests_total{dialect_in="openai-chat"' in pushed
    assert b'ccproxy_cost_usd_total{model="sandbox-echo"' in pushed  # the last ones too
    assert pushgateway.key == headers["authorization"]


async def test_a_header_that_can_not_be_sent_is_refused_and_not_quoted() -> None:
    section = {"push_headers": {"authorization": "gr\u00fcn"}}
    settings = {"plugins": {"metrics": section}}
    with pytest.raises(ConfigError, match="what no header can") as refused:
        async with gateway(MetricsPlugin, settings=settings):
            raise AssertionError
    assert "gr\u00fcn" not in str(refused.value)
