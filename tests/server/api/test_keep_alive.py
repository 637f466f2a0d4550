"""Clients hear something while an upstream is silent, and nothing else changes."""

import asyncio
from collections.abc import Sequence

import pytest

from ccproxy.api.attention import Attention, Lookout
from ccproxy.api.exchange import Exchange
from ccproxy.api.relay import Relay
from ccproxy.api.routing import PathTable
from ccproxy.api.streams import OpenStreams
from ccproxy.dialects import Dialect
from ccproxy.errors import UpstreamDiedError
from ccproxy.hooks.bus import HookBus
from ccproxy.hooks.events import Failure
from ccproxy.sdk import Message

pytestmark = pytest.mark.unit

PING = b'event: ping\ndata: {"type": "ping"}\n\n'
EVENT = b'data: {"type":"message_start","message":{}}\n\n'


class _Silent:
    """A stream that is silent for ever."""

    def __init__(self, *, reads: bool) -> None:
        self.pings = 0
        self.enough = asyncio.Event()
        self._reads = reads

    def silent_since(self) -> float | None:
        return 0.0

    async def keep_alive(self) -> None:
        self.pings += 1
        if self.pings == 3:
            self.enough.set()
        if not self._reads:
            await asyncio.Event().wait()

    def interrupt(self, failure: Failure) -> None:
        raise NotImplementedError(failure)


class _Upstream:
    """Answers with what the test says, when it says so; ``None`` breaks it off."""

    status = 200
    headers: Sequence[tuple[bytes, bytes]] = ()

    def __init__(self) -> None:
        self.says: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.asked = asyncio.Event()

    async def chunk(self) -> bytes:
        self.asked.set()
        said = await self.says.get()
        if said is None:
            raise UpstreamDiedError("It broke off.")
        return said

    def close(self) -> None: ...


class _Client:
    """Hears what is sent, and reads no further than it ``may``."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.may = asyncio.Event()
        self.may.set()
        self.waits = asyncio.Event()

    async def send(self, message: Message) -> None:
        if not self.may.is_set():
            self.waits.set()
            await self.may.wait()
        if message.get("body"):
            self.heard.append(message["body"])


async def silence() -> Message:
    raise AssertionError


def relay_to(client: _Client) -> Relay:
    match = PathTable((), ()).match("/v1/messages")
    exchange = Exchange(id="r", match=match, method="POST", headers={}, began=0)
    attention = Attention(silence, Lookout())
    return Relay(exchange, Dialect.MESSAGES, client.send, attention, HookBus())


async def test_a_client_that_does_not_read_holds_up_no_other_ones_pings() -> None:
    streams = OpenStreams(keepalive=0.03)
    stuck, other = _Silent(reads=False), _Silent(reads=True)
    streams.add(stuck)
    streams.add(other)
    streams.start()
    async with asyncio.timeout(5):
        await other.enough.wait()
    streams.discard(stuck)
    streams.discard(other)
    await streams.stop()
    assert stuck.pings == 1


async def test_no_ping_goes_into_an_event_that_began_while_it_was_on_its_way() -> None:
    client, upstream = _Client(), _Upstream()
    relay = relay_to(client)
    answering = asyncio.create_task(relay.stream(upstream))
    await upstream.asked.wait()
    upstream.says.put_nowait(EVENT[:20])
    await asyncio.create_task(relay.keep_alive())  # begins when that has been passed on
    upstream.asked.clear()
    upstream.says.put_nowait(EVENT[20:])
    await upstream.asked.wait()
    await relay.keep_alive()
    upstream.says.put_nowait(b"")
    await answering
    assert b"".join(client.heard).startswith(EVENT + PING + b"event: error\n")


async def test_no_ping_follows_the_event_that_ends_a_stream() -> None:
    client, upstream = _Client(), _Upstream()
    relay = relay_to(client)
    answering = asyncio.create_task(relay.stream(upstream))
    await upstream.asked.wait()
    client.may.clear()
    upstream.says.put_nowait(None)
    await client.waits.wait()
    pinging = asyncio.create_task(relay.keep_alive())
    client.may.set()
    await asyncio.gather(answering, pinging)
    assert [each.partition(b"\n")[0] for each in client.heard] == [b"event: error"]
