"""What is said is kept where the settings ask for that, and nowhere else."""

import gzip
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import connect

from ccproxy.api.capture import Capture
from ccproxy.errors import ConfigError
from ccproxy.models.captured import MARGIN
from ccproxy.security.sanitizer import mask_token
from ccproxy.storage.bodies import BodyStorage
from ccproxy.storage.duckdb import SimpleDuckDBStorage
from ccproxy.testing import RunningGateway, gateway
from fakes.vendor import Vendor
from fakes.world import Start

pytestmark = pytest.mark.integration

KEY = "sk-ant-api03-" + "a1B2" * 12
LOG = {"storage": {"request_log": True}}
CHAT = "/v1/chat/completions"


def on(*providers: str, **more: object) -> dict[str, object]:
    """Settings that have what is said to these kept."""
    return {**LOG, "capture": {"providers": list(providers), **more}}


def body(model: str = "openai/m", **more: object) -> dict[str, object]:
    said = f"My key is {KEY}."
    return {"model": model, "messages": [{"role": "user", "content": said}], **more}


async def ask(
    running: RunningGateway, asked: object, path: str = CHAT, **headers: str
) -> tuple[str, bytes]:
    """Ask a model; return the request's id and the answer."""
    content = asked if isinstance(asked, bytes) else orjson.dumps(asked)
    answer = await running.client.post(path, content=content, headers=headers)
    return answer.headers["x-ccproxy-request-id"], answer.content


async def kept(running: RunningGateway, key: str) -> Mapping[str, Any]:
    answer = await running.client.get(f"/api/requests/{key}/bodies")
    assert answer.status_code == 200, answer.text
    told: Mapping[str, Any] = answer.json()
    return told


async def refusal(running: RunningGateway, key: str) -> Mapping[str, Any]:
    answer = await running.client.get(f"/api/requests/{key}/bodies")
    told: Mapping[str, Any] = answer.json()
    assert (answer.status_code, told["title"]) == (404, "unknown request")
    return told


async def test_what_was_said_is_told_masked(start: Start) -> None:
    running = await start(on("openai"))
    key, answer = await ask(running, body(), **{"content-type": "application/json; a"})
    told = await kept(running, key)
    text = orjson.dumps(body()).decode().replace(KEY, mask_token(KEY))
    assert told["request"] == {
        "media_type": "application/json",
        "size": len(orjson.dumps(body())),
        "truncated": False,
        "text": text,
    }
    assert told["answer"]["text"].encode() == answer
    assert told["answer"]["size"] == len(answer)
    record = (await running.client.get(f"/api/requests/{key}")).json()
    by_record = await kept(running, record["id"])
    assert by_record == told


@pytest.mark.parametrize("path", [CHAT, "/v1/messages", "/v1/responses"])
async def test_a_stream_is_kept_as_the_client_was_given_it(
    start: Start, path: str
) -> None:
    """Also where it was translated."""
    running = await start(on("openai"))
    asked = body(stream=True, max_tokens=9)
    if path == "/v1/responses":
        asked = {"model": "openai/m", "input": "hi", "stream": True}
    key, answer = await ask(running, asked, path)
    told = (await kept(running, key))["answer"]
    assert told["media_type"] == "text/event-stream"
    assert told["text"].encode() == answer


async def test_a_request_is_kept_decoded(start: Start) -> None:
    running = await start(on("*"))
    zipped = gzip.compress(orjson.dumps(body()))
    key, _ = await ask(running, zipped, **{"content-encoding": "gzip"})
    told = await kept(running, key)
    assert orjson.loads(told["request"]["text"])["model"] == "openai/m"


async def test_a_compressed_answer_is_told_by_its_size_alone(
    start: Start, fake: Vendor
) -> None:
    running = await start(on("openai"))
    key, _ = await ask(running, body("openai/zipped"))
    told = (await kept(running, key))["answer"]
    assert fake.seen
    assert told["text"] is None
    assert told["size"] > 0


async def test_long_bodies_are_cut(start: Start) -> None:
    running = await start(on("openai", max_bytes=100))
    key, answer = await ask(running, body(user="x" * (2 * MARGIN)))
    told = await kept(running, key)
    assert told["request"]["size"] > 2 * MARGIN
    for each in (told["request"], told["answer"]):
        assert each["truncated"]
        assert len(each["text"]) <= 100
    assert answer.startswith(told["answer"]["text"].encode())


@pytest.mark.parametrize(
    ("model", "said"), [("openai/503", "not now"), ("openai/gone", "upstream")]
)
async def test_errors_are_kept_as_the_client_was_told_them(
    start: Start, model: str, said: str
) -> None:
    running = await start(on("openai"))
    key, answer = await ask(running, body(model))
    told = (await kept(running, key))["answer"]
    assert told["text"].encode() == answer
    assert said in told["text"]


async def test_frames_of_a_websocket_are_kept_as_requests(start: Start) -> None:
    running = await start(on("openai"))
    url = running.url.replace("http", "ws") + "/v1/responses"
    async with connect(url) as socket:
        frame = {"type": "response.create", "model": "openai/m", "input": "Hello?"}
        await socket.send(orjson.dumps(frame).decode())
        while orjson.loads(await socket.recv())["type"] != "response.completed":
            pass
    page = (await running.client.get("/api/requests")).json()
    told = await kept(running, page["requests"][0]["id"])
    assert "Hello?" in told["request"]["text"]
    assert "response.completed" in told["answer"]["text"]


async def test_only_what_is_said_to_those_providers_is_kept(start: Start) -> None:
    running = await start(on("anthr*"))
    key, _ = await ask(running, body())
    told = await refusal(running, key)
    assert told["detail"] == f"What was said in the request {key!r} is not kept."
    assert "capture.providers" in told["hint"]
    key, _ = await ask(running, body("anthropic/m"))
    await kept(running, key)
    key, _ = await ask(running, b"no JSON")  # nobody was asked
    await refusal(running, key)
    await refusal(running, "nobody")
    storage = running.app.container.get(BodyStorage)
    assert (storage.written, storage.dropped) == (1, 0)


async def test_of_several_providers_the_last_that_was_asked_decides(
    start: Start,
) -> None:
    routes = [
        {"match": "to-wanted", "to": ["openai/503", "anthropic/m"]},
        {"match": "to-other", "to": ["anthropic/503", "openai/m"]},
    ]
    running = await start({**on("anthropic"), "routing": {"routes": routes}})
    key, answer = await ask(running, body("to-wanted", max_tokens=9))
    assert (await kept(running, key))["answer"]["text"].encode() == answer
    key, _ = await ask(running, body("to-other", max_tokens=9))
    await refusal(running, key)


async def test_nothing_is_copied_unless_it_is_asked_for(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Capture, "begin", None)
    running = await start(LOG)
    key, _ = await ask(running, body())
    await refusal(running, key)
    with pytest.raises(KeyError):
        running.app.container.get(BodyStorage)


async def test_whoever_shows_no_token_reads_nothing_that_was_said(start: Start) -> None:
    running = await start({**on("openai"), "security": {"client_tokens": ["owner"]}})
    key, _ = await ask(running, body(), authorization="Bearer owner")
    path = f"/api/requests/{key}/bodies"
    assert (await running.client.get(path)).status_code == 401
    opened = await running.client.get(path, headers={"x-api-key": "owner"})
    assert opened.status_code == 200


async def test_a_request_is_recorded_even_if_its_bodies_are_too_much(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = await start(on("openai"))
    monkeypatch.setattr(running.app.container.get(BodyStorage), "_most", 1)
    key, _ = await ask(running, body())
    assert (await running.client.get(f"/api/requests/{key}")).status_code == 200
    await refusal(running, key)
    container = running.app.container
    assert container.get(BodyStorage).dropped == 1
    assert container.get(SimpleDuckDBStorage).dropped == 0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"capture": {"providers": ["sandbox"]}}, "needs storage.request_log"),
        (on("sandbox", "sandbax"), "'sandbax', which no provider is named like"),
    ],
)
async def test_a_wish_that_can_not_be_granted_stops_the_gateway(
    settings: Mapping[str, object], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        async with gateway(settings=settings):
            pass
