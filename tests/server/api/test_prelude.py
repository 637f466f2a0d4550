"""First events are held back until it shows whether content comes."""

import asyncio
from collections.abc import Sequence

import orjson
import pytest

from ccproxy.api.held import Held, hold_all
from ccproxy.api.prelude import hold_prelude
from ccproxy.errors import UpstreamDiedError

pytestmark = pytest.mark.unit


class Stream:
    """An answer whose pieces are at hand; after them it ends, or hangs."""

    def __init__(self, *pieces: bytes, hangs: bool = False) -> None:
        self.status = 200
        self.headers: Sequence[tuple[bytes, bytes]] = []
        self.closed = False
        self.pieces = list(pieces)
        self.go = asyncio.Event()
        self._hangs = hangs

    async def chunk(self) -> bytes:
        if not self.pieces and self._hangs:
            await self.go.wait()
        return self.pieces.pop(0) if self.pieces else b""

    def close(self) -> None:
        self.closed = True


def event(payload: object) -> bytes:
    return b"data: " + orjson.dumps(payload) + b"\n\n"


CREATED = event({"type": "response.created", "response": {"id": "r"}})
DELTA = event({"type": "response.output_text.delta", "delta": "a"})
CHAT = event({"choices": [{"index": 0, "delta": {"content": "a"}}]})


def failed(error: object) -> bytes:
    return event({"type": "response.failed", "response": {"error": error}})


async def rest(held: Held) -> list[bytes]:
    pieces = []
    while piece := await held.chunk():
        pieces.append(piece)
    return pieces


@pytest.mark.parametrize(
    "pieces",
    [
        (CREATED, DELTA, DELTA),
        (CREATED[:9], CREATED[9:] + DELTA[:20], DELTA[20:]),
        (b": OPENROUTER PROCESSING\n\n", CHAT, b"data: [DONE]\n\n"),
        (b"data: [DONE]\n\n",),
        (b"data: []\n\n",),
        (CREATED, b"data: no json\n\n"),
        (CHAT.rstrip(),),
    ],
)
async def test_a_stream_passes_piece_by_piece_as_it_came(
    pieces: tuple[bytes, ...],
) -> None:
    held, problem = await hold_prelude(Stream(*pieces))
    assert problem is None
    assert await rest(held) == list(pieces)


async def test_nothing_is_read_beyond_the_first_content() -> None:
    stream = Stream(CREATED, DELTA, DELTA)
    await hold_prelude(stream)
    assert stream.pieces == [DELTA]


@pytest.mark.parametrize(
    ("piece", "status"),
    [
        (failed({"code": "server_is_overloaded", "message": "m"}), 529),
        (failed({"code": "rate_limit_exceeded", "message": "m"}), 429),
        (failed({"code": "server_error", "message": "m"}), 500),
        (event({"type": "error", "error": {"type": "overloaded_error"}}), 529),
        (event({"error": {"code": 502, "message": "m"}}), 502),
        (event({"error": {"code": 429, "message": "m"}}), 429),
        (event({"error": {"code": 503, "message": "m"}}).rstrip(), 503),
    ],
)
async def test_an_overload_or_a_limit_is_told(piece: bytes, status: int) -> None:
    held, problem = await hold_prelude(Stream(CREATED, piece))
    assert problem is not None
    assert problem.status == status
    assert await rest(held) == [CREATED, piece]


@pytest.mark.parametrize(
    "piece",
    [
        failed({"code": "invalid_prompt", "message": "m"}),
        failed({"code": "cyber_policy", "message": "m"}),
        event({"type": "error", "error": {"type": "invalid_request_error"}}),
        event({"error": {"code": 400, "message": "m"}}),
    ],
)
async def test_a_failure_that_others_would_have_too_passes(piece: bytes) -> None:
    _, problem = await hold_prelude(Stream(CREATED, piece))
    assert problem is None


@pytest.mark.parametrize("pieces", [(), (CREATED,), (b": hm\n\n",)])
async def test_a_stream_without_content_has_died(pieces: tuple[bytes, ...]) -> None:
    stream = Stream(*pieces)
    with pytest.raises(UpstreamDiedError, match="ended before it began"):
        await hold_prelude(stream)
    assert stream.closed


async def test_a_slow_prelude_goes_out_before_the_client_gives_up() -> None:
    stream = Stream(CREATED, hangs=True)
    held, problem = await hold_prelude(stream, patience=0)
    assert problem is None
    assert await held.chunk() == CREATED
    stream.pieces.append(DELTA)
    stream.go.set()
    assert await held.chunk() == DELTA


async def test_what_is_given_up_stops_reading() -> None:
    held, _ = await hold_prelude(Stream(CREATED, hangs=True), patience=0)
    held.close()
    held = Held(Stream(), [b"a"])
    held.close()
    waiting = asyncio.create_task(hold_prelude(Stream(CREATED, hangs=True)))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_an_error_without_end_is_not_read_to_its_end() -> None:
    stream = Stream(*[b"x" * 1024] * 1025)
    with pytest.raises(UpstreamDiedError, match="did not end"):
        await hold_all(stream)
    assert stream.closed
