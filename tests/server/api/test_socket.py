"""The Responses API over a WebSocket, through the whole gateway."""

import asyncio

import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from ccproxy.sdk import JsonObject
from ccproxy.testing import RunningGateway
from fakes.vendor import WORDS, Vendor
from fakes.world import Start, Witness

pytestmark = pytest.mark.integration

ASK: JsonObject = {"type": "message", "role": "user", "content": "Count to three."}


def url(running: RunningGateway, path: str = "/v1/responses") -> str:
    return running.url.replace("http", "ws") + path


async def tell(socket: ClientConnection, **frame: object) -> None:
    body = {"type": "response.create", "model": "m", "input": [ASK], **frame}
    await socket.send(orjson.dumps(body).decode())


async def answer(socket: ClientConnection) -> list[JsonObject]:
    """Read frames up to the last one of an answer."""
    frames: list[JsonObject] = []
    ends = {"response.completed", "response.failed", "error"}
    while not frames or frames[-1]["type"] not in ends:
        frames.append(orjson.loads(await asyncio.wait_for(socket.recv(), 10)))
    return frames


def text(frames: list[JsonObject]) -> str:
    deltas = (each for each in frames if each["type"] == "response.output_text.delta")
    return "".join(str(each["delta"]) for each in deltas)


async def test_turns_are_answered_with_all_that_was_said(
    running: RunningGateway, fake: Vendor, witness: Witness
) -> None:
    async with connect(url(running)) as socket:
        await tell(socket)
        first = await answer(socket)
        await tell(socket, input=[ASK], previous_response_id="resp_1")
        second = await answer(socket)
    assert [text(first), text(second)] == ["".join(WORDS)] * 2
    asked = fake.last.json["input"]
    assert isinstance(asked, list)
    assert [each["role"] for each in asked] == ["user", "assistant", "user"]
    assert fake.last.json["stream"] is True
    assert "previous_response_id" not in fake.last.json
    assert {"upgrade", "connection", "sec-websocket-key"}.isdisjoint(
        fake.last.headers.keys() - {"connection"}
    )
    assert [(each.route, each.status) for each in witness.ended] == [
        ("/v1/responses", 200)
    ] * 2
    assert len({each.request_id for each in witness.ended}) == 2


async def test_the_path_may_name_the_provider(
    running: RunningGateway, fake: Vendor, witness: Witness
) -> None:
    async with connect(url(running, "/openai/v1/responses")) as socket:
        await tell(socket)
        assert text(await answer(socket)) == "".join(WORDS)
    assert witness.ended[0].provider == "openai"


async def test_a_warm_up_asks_nobody(running: RunningGateway, fake: Vendor) -> None:
    async with connect(url(running)) as socket:
        await tell(socket, generate=False)
        created, completed = await answer(socket)
        assert fake.seen == []
        response = completed["response"]
        assert isinstance(response, dict)
        await tell(socket, input=[], previous_response_id=response["id"])
        assert text(await answer(socket)) == "".join(WORDS)
    assert created["type"] == "response.created"
    assert fake.last.json["input"] == [ASK]


@pytest.mark.parametrize(
    ("frame", "status", "message"),
    [
        ('{"type":"response.create","model":"busy","input":[]}', 429, "slow down"),
        ('{"type":"response.create","input":[]}', 400, "names no model"),
        ("{", 400, "not JSON"),
        ("[]", 400, "not a JSON object"),
        ('{"type":"x"}', 400, "unknown"),
        (
            '{"type":"response.create","input":[],"previous_response_id":"x"}',
            400,
            "not the last one",
        ),
    ],
)
async def test_errors_are_frames_and_the_socket_lives_on(
    running: RunningGateway, fake: Vendor, frame: str, status: int, message: str
) -> None:
    async with connect(url(running)) as socket:
        await socket.send(frame)
        (error,) = await answer(socket)
        await tell(socket)
        assert text(await answer(socket)) == "".join(WORDS)
    assert (error["type"], error["status"]) == ("error", status)
    assert message in orjson.dumps(error["error"]).decode()


async def test_odd_frames_are_errors_and_the_socket_lives_on(
    running: RunningGateway, fake: Vendor
) -> None:
    deep = b'{"type":"response.create","model":"m","input":' + b"[" * 300 + b"]" * 300
    async with connect(url(running)) as socket:
        for frame in (b"", deep + b"}"):
            await socket.send(frame)
            (error,) = await answer(socket)
            assert error["status"] == 400
        await tell(socket)
        assert text(await answer(socket)) == "".join(WORDS)


async def test_an_unknown_previous_answer_is_told_in_the_word_that_clients_act_on(
    running: RunningGateway, fake: Vendor
) -> None:
    """Codex CLI then sends the whole conversation."""
    async with connect(url(running)) as socket:
        await tell(socket, previous_response_id="resp_other")
        (error,) = await answer(socket)
    told = error["error"]
    assert isinstance(told, dict)
    assert told["code"] == "previous_response_not_found"


async def test_an_upstream_that_dies_is_an_error_with_a_status(
    running: RunningGateway, fake: Vendor
) -> None:
    async with connect(url(running)) as socket:
        await tell(socket, model="die")
        frames = await answer(socket)
    assert (frames[-1]["type"], frames[-1]["status"]) == ("error", 502)


async def test_a_client_that_leaves_ends_the_upstreams_answer(
    running: RunningGateway, fake: Vendor, witness: Witness
) -> None:
    async with connect(url(running)) as socket:
        await tell(socket, model="silent")
        await asyncio.wait_for(fake.waiting.wait(), 10)
    await asyncio.wait_for(fake.aborted.wait(), 10)
    fake.go.set()


async def test_frames_that_come_while_one_is_answered_wait(
    running: RunningGateway, fake: Vendor
) -> None:
    async with connect(url(running)) as socket:
        await tell(socket, model="silent")
        await asyncio.wait_for(fake.waiting.wait(), 10)
        await tell(socket)
        fake.go.set()
        assert text(await answer(socket)) == text(await answer(socket))
    assert len(fake.seen) == 2


async def test_too_many_frames_that_wait_close_the_socket(
    running: RunningGateway, fake: Vendor
) -> None:
    async with connect(url(running)) as socket:
        await tell(socket, model="silent")
        await asyncio.wait_for(fake.waiting.wait(), 10)
        for _ in range(17):
            await tell(socket)
        await asyncio.wait_for(socket.wait_closed(), 10)
    assert socket.close_code == 1008
    fake.go.set()


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1/responses", {}, 401),
        ("/v1/responses", {"authorization": "Bearer wrong"}, 401),
        ("/v1/responses", {"x-api-key": "secret", "origin": "http://evil"}, 403),
        ("/v1/messages", {"x-api-key": "secret"}, 400),
        ("/api/status", {"x-api-key": "secret"}, 400),
        ("/nowhere", {"x-api-key": "secret"}, 400),
    ],
)
async def test_who_may_not_ask_is_turned_away_before_a_socket_is_open(
    start: Start, path: str, headers: dict[str, str], status: int
) -> None:
    running = await start({"security": {"client_tokens": ["secret"]}})
    with pytest.raises(InvalidStatus) as refused:
        async with connect(url(running, path), additional_headers=headers):
            pass
    assert refused.value.response.status_code == status
    assert b"error" in refused.value.response.body


async def test_the_gateways_own_token_opens_a_socket_and_goes_no_further(
    start: Start, fake: Vendor
) -> None:
    running = await start({"security": {"client_tokens": ["secret"]}})
    shown = {"authorization": "Bearer secret"}
    async with connect(url(running), additional_headers=shown) as socket:
        await tell(socket)
        assert text(await answer(socket)) == "".join(WORDS)
    assert fake.last.headers["authorization"] == f"Bearer {fake.key}"
