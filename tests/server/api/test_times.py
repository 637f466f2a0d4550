"""What of the time to the first byte is the gateway's own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import orjson
import pytest

from ccproxy.api import attempt, exchange, forward, relay
from ccproxy.api.middleware import lifecycle
from ccproxy.errors import UpstreamConnectError
from ccproxy.hooks.events import (
    RequestCompleted,
    RequestEnded,
    RequestFailed,
    RequestStarted,
)
from ccproxy.sdk import (
    Contributions,
    Endpoint,
    Manifest,
    Plugin,
    PluginConfig,
    Provider,
    UpstreamRequest,
)
from ccproxy.testing import RunningGateway, gateway

pytestmark = pytest.mark.integration

REST, FIRST, HEAD, SHAPING, BODY = 1, 2, 4, 8, 16
"""Seconds that something takes; each sum of them is made in one way."""
CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
ROUTES = {
    "moved": ["slow/down", "slow/m"],
    "kept": ["slow/ill", "slow/m"],
    "hopeless": ["slow/ill", "slow/down"],
}

ANSWER = b'{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}'
EVENTS: tuple[bytes, ...] = (b'data: {"choices":[]}\n\n', b"data: [DONE]\n\n")


@dataclass
class Clock:
    """The gateway's, which goes on when something takes its time."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class SlowAnswer:
    """Comes piece by piece."""

    clock: Clock
    status: int
    headers: Sequence[tuple[bytes, bytes]]
    pieces: list[bytes]
    seconds: list[int] = field(default_factory=lambda: [FIRST])

    async def chunk(self) -> bytes:
        self.clock.now += self.seconds.pop() if self.seconds else REST
        return self.pieces.pop(0) if self.pieces else b""

    def close(self) -> None: ...


@dataclass
class SlowUpstream:
    """Answers in Chat, but for the models ``ill`` and ``down``."""

    clock: Clock

    async def send(self, request: UpstreamRequest) -> SlowAnswer:
        self.clock.now += HEAD
        if request.model == "down":
            raise UpstreamConnectError("It is down.")
        streams = request.stream and request.model != "ill"
        return SlowAnswer(
            self.clock,
            503 if request.model == "ill" else 200,
            [
                (
                    b"content-type",
                    b"text/event-stream" if streams else b"application/json",
                )
            ],
            [*EVENTS] if streams else [ANSWER],
        )


class SlowProvider(Provider):
    """Takes its time to shape a request."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(
            name="slow",
            base_url="http://slow.invalid/v1",
            endpoints=[Endpoint.CHAT],
            upstream=SlowUpstream(clock),
        )
        self._clock = clock

    async def prepare(self, request: UpstreamRequest) -> None:
        del request
        self._clock.now += SHAPING


@dataclass
class World:
    """A gateway with such a provider, and what it tells."""

    clock: Clock
    running: RunningGateway
    started: asyncio.Event
    ended: list[RequestEnded]

    async def ask(
        self, model: str = "slow/m", path: str = CHAT, *, stream: bool = False
    ) -> tuple[float | None, float | None, float | None]:
        """Ask; the body is sent a while after the head."""
        messages = [{"role": "user", "content": "x"}]
        told = {"model": model, "messages": messages, "stream": stream}
        body = orjson.dumps({**told, "max_tokens": 9})

        async def late() -> AsyncIterator[bytes]:
            await self.started.wait()
            self.clock.now += BODY
            yield body

        self.started.clear()
        headers = {"content-length": str(len(body))}
        await self.running.client.post(path, content=late(), headers=headers)
        event = self.ended[-1]
        return event.ttfb, event.overhead, event.upstream_ttfb


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    clock, started, ended = Clock(), asyncio.Event(), list[RequestEnded]()
    for module in (attempt, exchange, forward, relay, lifecycle):
        monkeypatch.setattr(module, "monotonic", clock)

    class Slow(Plugin[PluginConfig]):
        manifest = Manifest("slow", "1")

        def setup(self, add: Contributions) -> None:
            add.provider(SlowProvider(clock))
            add.hook(RequestStarted, lambda event: started.set())
            add.hook(RequestCompleted, ended.append)
            add.hook(RequestFailed, ended.append)

    routes = [{"match": name, "to": to} for name, to in ROUTES.items()]
    routing = {"routes": routes, "circuit_failures": 0}
    async with gateway(Slow, settings={"routing": routing}) as running:
        yield World(clock, running, started, ended)


@pytest.mark.parametrize("stream", [False, True])
async def test_neither_client_nor_upstream_is_the_gateways_own_time(
    world: World, *, stream: bool
) -> None:
    upstream = HEAD + FIRST
    told = await world.ask("m", "/slow/v1/chat/completions", stream=stream)
    assert told == (BODY + SHAPING + upstream, SHAPING, upstream)


@pytest.mark.parametrize("path", [MESSAGES, CHAT])
async def test_an_answer_that_is_read_whole_first_is_awaited_to_its_end(
    world: World, path: str
) -> None:
    """Since it is translated, or names the model as the client does."""
    upstream = HEAD + FIRST
    told = await world.ask(path=path)
    assert told == (BODY + SHAPING + upstream + REST, SHAPING, upstream)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("model", "lost"), [("moved", 0), ("kept", FIRST + REST)])
async def test_those_asked_in_vain_are_waited_for_too(
    world: World, model: str, lost: int, *, stream: bool
) -> None:
    upstream, end = HEAD + FIRST, 0 if stream else REST
    told = await world.ask(model, stream=stream)
    waited = BODY + HEAD + lost + upstream + end
    assert told == (waited + 2 * SHAPING, 2 * SHAPING, upstream)


async def test_where_nobody_answers_all_time_is_told_but_no_upstreams(
    world: World,
) -> None:
    assert await world.ask("slow/down") == (BODY + SHAPING + HEAD, SHAPING, None)
    _, overhead, upstream = await world.ask("hopeless")
    assert (overhead, upstream) == (2 * SHAPING, None)
    assert await world.ask("") == (BODY, 0, None)
