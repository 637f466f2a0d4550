"""Answers of providers that do not speak the caller's dialect."""

import asyncio
from itertools import product
from typing import Any

import httpx
import orjson
import pytest

from ccproxy.dialects import Dialect
from ccproxy.dialects.conversation import Reasoning
from ccproxy.dialects.seal import enclose
from ccproxy.hooks.events import Failure, RequestEnded, RequestFailed
from ccproxy.testing import RunningGateway
from fakes.vendor import KEY, WORDS, Vendor, pieces
from fakes.world import Start, Witness

pytestmark = pytest.mark.integration

TEXT = "".join(WORDS)
USER: list[object] = [{"role": "user", "content": "hi"}]
ASKS: dict[str, dict[str, object]] = {
    "chat/completions": {"messages": USER},
    "messages": {"messages": USER, "max_tokens": 99},
    "responses": {"input": "hi"},
}
PAIRS = [(a, b) for a, b in product(ASKS, ASKS) if a != b]
STREAMS = {
    "messages": b"event: message_stop",
    "chat/completions": b"data: [DONE]",
    "responses": b"event: response.completed",
}


@pytest.fixture
async def running(start: Start, fake: Vendor) -> RunningGateway:
    """A gateway with a provider for each endpoint, each of which knows it alone."""
    return await start(only_one_endpoint(fake))


def only_one_endpoint(fake: Vendor, **settings: object) -> dict[str, object]:
    instances = {
        name(endpoint): {
            "base_url": f"{fake.url}/v1",
            "api_key": KEY,
            "endpoints": [endpoint],
        }
        for endpoint in ASKS
    }
    return {"plugins": {"openai": {"instances": instances}}, **settings}


def name(endpoint: str) -> str:
    return f"only-{endpoint.partition('/')[0]}"


def path(asked: str, spoken: str) -> str:
    return f"/{name(spoken)}/v1/{asked}"


def ask(asked: str, model: str, **more: object) -> dict[str, object]:
    return {"model": model, **ASKS[asked], **more}


def text_of(asked: str, answer: dict[str, Any]) -> str:
    if asked == "messages":
        return str(answer["content"][0]["text"])
    if asked == "responses":
        return str(answer["output"][0]["content"][0]["text"])
    return str(answer["choices"][0]["message"]["content"])


def error_of(payload: dict[str, Any]) -> str:
    """Read an error, as a body or as the last event of a stream."""
    error = payload.get("error") or payload.get("response", {}).get("error") or payload
    return str(error["message"])


def last_event(body: bytes) -> dict[str, Any]:
    event: dict[str, Any] = orjson.loads(body.rstrip().rpartition(b"data: ")[2])
    return event


async def test_a_whole_answer_is_translated(
    running: RunningGateway, fake: Vendor, witness: Witness
) -> None:
    for asked, spoken in PAIRS:
        answer = await running.client.post(path(asked, spoken), json=ask(asked, "m"))
        assert answer.status_code == 200
        assert text_of(asked, answer.json()) == TEXT
        assert answer.json()["model"] == "m"
        assert fake.last.path == f"/v1/{spoken}"
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-request-id"] == "vendor-1"
        assert "set-cookie" not in answer.headers
        assert last(witness).model_served == "m"


async def test_a_stream_is_translated(
    running: RunningGateway, witness: Witness
) -> None:
    for asked, spoken in PAIRS:
        body = ask(asked, "m", stream=True)
        answer = await running.client.post(path(asked, spoken), json=body)
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert STREAMS[asked] in answer.content
        for word in WORDS:
            assert orjson.dumps(word) in answer.content
        await running.client.get("/health/live")
        ended = last(witness)
        assert (ended.dialect_in, ended.dialect_out) == (
            dialect(asked).value,
            dialect(spoken).value,
        )
        assert ended.model_served == "m"


def last(witness: Witness) -> RequestEnded:
    """The end of the last request to a provider."""
    return [event for event in witness.ended if event.provider][-1]


def dialect(endpoint: str) -> Dialect:
    return {
        "messages": Dialect.MESSAGES,
        "chat/completions": Dialect.CHAT,
        "responses": Dialect.RESPONSES,
    }[endpoint]


@pytest.mark.parametrize(("asked", "spoken"), PAIRS)
async def test_every_delta_goes_out_when_it_comes(
    asked: str, spoken: str, running: RunningGateway, fake: Vendor
) -> None:
    body = ask(asked, "slow", stream=True)
    request = running.client.stream("POST", path(asked, spoken), json=body)
    async with request as answer:
        chunks = answer.aiter_raw()
        for piece in pieces(f"/{spoken}", "slow"):
            fake.waiting.clear()
            fake.go.set()
            await fake.waiting.wait()  # for the next one
            if orjson.dumps(WORDS[1]) in piece:
                break
        got = b""
        while orjson.dumps(WORDS[1]) not in got:
            got += await anext(chunks)


async def test_json_in_place_of_a_stream_is_told_as_a_stream(
    running: RunningGateway,
) -> None:
    for asked, spoken in PAIRS:
        body = ask(asked, "json", stream=True)
        answer = await running.client.post(path(asked, spoken), json=body)
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert STREAMS[asked] in answer.content
        assert orjson.dumps(TEXT) in answer.content


@pytest.mark.parametrize("model", ["die", "cut", "torn"])
async def test_a_stream_that_is_not_whole_ends_with_the_clients_own_error(
    model: str, running: RunningGateway, witness: Witness
) -> None:
    for asked, spoken in PAIRS:
        body = ask(asked, model, stream=True)
        answer = await running.client.post(path(asked, spoken), json=body)
        assert STREAMS[asked] not in answer.content
        message = error_of(last_event(answer.content))
        assert "broke off" in message or "before the answer was complete" in message
        await running.client.get("/health/live")
        failed = last(witness)
        assert isinstance(failed, RequestFailed)
        assert failed.failure is Failure.UPSTREAM_DIED


async def test_a_failure_the_upstream_reports_is_told_in_the_clients_words(
    running: RunningGateway, witness: Witness
) -> None:
    for asked, spoken in PAIRS:
        body = ask(asked, "failed", stream=True)
        answer = await running.client.post(path(asked, spoken), json=body)
        assert STREAMS[asked] not in answer.content
        assert error_of(last_event(answer.content))
        await running.client.get("/health/live")
        failed = last(witness)
        assert isinstance(failed, RequestFailed)
        assert failed.failure is Failure.UPSTREAM_FAILED


@pytest.mark.parametrize("stream", [True, False])
async def test_an_upstreams_error_keeps_status_message_and_retry_after(
    running: RunningGateway, *, stream: bool
) -> None:
    for asked, spoken in PAIRS:
        body = ask(asked, "busy", stream=stream)
        answer = await running.client.post(path(asked, spoken), json=body)
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "7"
        assert answer.headers["x-request-id"] == "v1"
        error = answer.json()["error"]
        assert (error["type"], error["message"]) == ("rate_limit_error", "slow down")
        assert (answer.json().get("type") == "error") is (asked == "messages")


async def test_a_page_of_some_proxy_becomes_an_error(running: RunningGateway) -> None:
    for asked, spoken in PAIRS:
        answer = await running.client.post(path(asked, spoken), json=ask(asked, "html"))
        assert answer.status_code == 502
        assert error_of(answer.json()) == "bad gateway"
        assert answer.headers["content-type"] == "application/json"


async def test_a_stream_that_came_compressed_is_refused(
    running: RunningGateway,
) -> None:
    body = ask("messages", "zipped", stream=True)
    answer = await running.client.post(path("messages", "responses"), json=body)
    assert answer.status_code == 502
    assert "compressed" in error_of(answer.json())


async def test_streams_that_are_translated_keep_the_upstreams_connection(
    running: RunningGateway, fake: Vendor
) -> None:
    for asked, spoken in PAIRS:
        body = ask(asked, "m", stream=True)
        await running.client.post(path(asked, spoken), json=body)
    assert len(fake.seen) == len(PAIRS)
    assert fake.connections == 1


@pytest.mark.parametrize(("asked", "spoken"), PAIRS[:3])
async def test_a_client_that_leaves_closes_the_upstream(
    asked: str, spoken: str, running: RunningGateway, fake: Vendor, witness: Witness
) -> None:
    async with httpx.AsyncClient(base_url=running.url) as leaver:
        body = ask(asked, "slow", stream=True)
        asking = asyncio.create_task(leaver.post(path(asked, spoken), json=body))
        await fake.waiting.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    async with asyncio.timeout(1):
        await fake.aborted.wait()
    await running.client.get("/health/live")
    failed = [event for event in witness.ended if isinstance(event, RequestFailed)]
    assert [event.failure for event in failed] == [Failure.CLIENT_LEFT]


@pytest.mark.parametrize("streamed", [True, False])
async def test_an_answer_that_has_said_a_stop_sequence_ends_and_so_does_its_upstream(
    running: RunningGateway, fake: Vendor, witness: Witness, *, streamed: bool
) -> None:
    """The Responses API can't be told of one; nothing more is waited or paid for."""
    body = ask("messages", "m", stream=streamed, stop_sequences=["three"])
    whole = await running.client.post(path("messages", "responses"), json=body)
    if not streamed:
        assert text_of("messages", whole.json()) == "One two "
        assert whole.json()["stop_sequence"] == "three"
        return
    body["model"] = "slow"
    request = running.client.post(path("messages", "responses"), json=body)
    asking = asyncio.create_task(request)
    for piece in pieces("/responses", "slow"):
        fake.waiting.clear()
        fake.go.set()
        await fake.waiting.wait()
        if orjson.dumps(WORDS[2]) in piece:
            break
    async with asyncio.timeout(1):
        told = (await asking).content
        await fake.aborted.wait()
    assert b'"stop_reason":"stop_sequence","stop_sequence":"three"' in told
    assert last_event(told) == {"type": "message_stop"}
    await running.client.get("/health/live")
    assert not isinstance(last(witness), RequestFailed)


async def test_a_silent_stream_is_kept_alive_in_the_clients_way(
    start: Start, fake: Vendor
) -> None:
    settings = only_one_endpoint(fake, server={"keepalive_seconds": 0.05})
    running = await start(settings)
    for asked, spoken, sign in (
        ("messages", "responses", b'event: ping\ndata: {"type": "ping"}\n\n'),
        ("chat/completions", "messages", b": keep-alive\n\n"),
    ):
        body = ask(asked, "slow", stream=True)
        async with running.client.stream(
            "POST", path(asked, spoken), json=body
        ) as answer:
            assert await anext(answer.aiter_raw()) == sign


async def test_of_the_callers_headers_and_query_only_its_name_goes_on(
    running: RunningGateway, fake: Vendor
) -> None:
    await running.client.post(
        path("messages", "responses") + "?beta=true",
        json=ask("messages", "m"),
        headers={
            "anthropic-version": "2023-06-01",
            "anthropic-beta": "new-thing",
            "x-stainless-lang": "python",
            "user-agent": "a-client/1",
        },
    )
    seen = fake.last
    assert seen.query == ""
    assert seen.headers["user-agent"] == "a-client/1"
    own = {"host", "connection", "content-length", "authorization"}
    assert seen.headers.keys() - own == {
        "accept",
        "accept-encoding",
        "content-type",
        "user-agent",
    }


async def test_what_was_lost_is_told_in_a_header_and_in_the_event(
    running: RunningGateway, witness: Witness
) -> None:
    body = ask("messages", "m", top_k=5, secret_plan="words of the caller")
    answer = await running.client.post(path("messages", "responses"), json=body)
    told = answer.headers["x-ccproxy-notes"]
    assert "Dropped top_k" in told
    assert "secret_plan" in told
    assert "words of the caller" not in told
    await running.client.get("/health/live")
    assert any("top_k" in note for note in witness.ended[0].notes)


async def test_the_header_of_notes_is_ascii_and_not_too_long(
    running: RunningGateway,
) -> None:
    odd = {f"parameter_{number:02}_{'x' * 30}": 1 for number in range(60)}
    odd["ключ\r\nx-evil: 1"] = 1
    body = {**ask("messages", "m"), **odd}
    answer = await running.client.post(path("messages", "responses"), json=body)
    told = answer.headers["x-ccproxy-notes"]
    assert told.isascii()
    assert len(told) <= 1000
    assert "x-evil" not in answer.headers


async def test_what_can_not_be_said_and_matters_is_a_400_that_names_it(
    running: RunningGateway, fake: Vendor
) -> None:
    body = ask("responses", "m", conversation="conv_1")
    answer = await running.client.post(path("responses", "messages"), json=body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "untranslatable"
    assert "conversation" in error["message"]
    assert "Send the whole conversation" in error["message"]
    assert fake.seen == []


@pytest.mark.parametrize(("asked", "spoken"), PAIRS[::2])
async def test_a_request_without_sense_is_a_400_in_the_callers_dialect(
    asked: str, spoken: str, running: RunningGateway
) -> None:
    answer = await running.client.post(path(asked, spoken), json={"model": "m"})
    assert answer.status_code == 400
    assert "a list is required" in error_of(answer.json())


async def test_responses_is_preferred_then_chat_then_messages(
    start: Start, fake: Vendor
) -> None:
    def server(*endpoints: str) -> dict[str, object]:
        return {
            "base_url": f"{fake.url}/v1",
            "api_key": KEY,
            "endpoints": [*endpoints],
        }

    instances = {
        "both": server("chat/completions", "responses"),
        "old": server("messages", "chat/completions"),
        "new": server("messages", "responses"),
    }
    running = await start({"plugins": {"openai": {"instances": instances}}})
    for provider, asked, spoken in (
        ("both", "messages", "responses"),
        ("old", "responses", "chat/completions"),
        ("new", "chat/completions", "responses"),
    ):
        await running.client.post(f"/{provider}/v1/{asked}", json=ask(asked, "m"))
        assert fake.last.path == f"/v1/{spoken}"


async def test_same_input_gives_the_same_bytes_upstream(
    running: RunningGateway, fake: Vendor
) -> None:
    for asked, spoken in PAIRS:
        for _ in range(2):
            await running.client.post(path(asked, spoken), json=ask(asked, "m"))
        assert fake.seen[-1].body == fake.seen[-2].body


@pytest.mark.parametrize("asked", ["messages", "responses"])
async def test_reasoning_in_an_envelope_never_reaches_a_provider_of_the_same_dialect(
    asked: str, running: RunningGateway, fake: Vendor, witness: Witness
) -> None:
    """A conversation that began on a translated provider goes on on a native one."""
    seal = enclose(Reasoning("hm", "opaque", "elsewhere", "rs_1"))
    thinking = {"type": "thinking", "thinking": "hm", "signature": seal}
    said = {"type": "text", "text": "so"}
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": seal}
    reply = {"role": "assistant", "content": "so"}
    talk: dict[str, object] = {
        "messages": [*USER, {"role": "assistant", "content": [thinking, said]}, *USER]
    }
    if asked == "responses":
        talk = {"input": [*USER, item, reply, *USER]}
    body = {**ask(asked, "m"), **talk}
    await running.client.post(path(asked, asked), json=body)
    assert b"ccproxy1" not in fake.last.body
    assert b'"so"' in fake.last.body
    await running.client.get("/health/live")
    assert any("reasoning" in note for note in witness.ended[0].notes)


async def test_talk_about_envelopes_is_no_envelope(
    running: RunningGateway, fake: Vendor
) -> None:
    talk = [{"role": "user", "content": "What is ccproxy1:x:y:z:w?"}]
    body = orjson.dumps({"model": "m", "max_tokens": 9, "messages": talk})
    await running.client.post(path("messages", "messages"), content=body)
    assert fake.last.body == body


async def test_tokens_are_counted_by_the_upstream_where_it_can(
    start: Start, fake: Vendor
) -> None:
    running = await start()
    body = ask("messages", "m")
    answer = await running.client.post("/anthropic/v1/messages/count_tokens", json=body)
    assert answer.json() == {"input_tokens": 17}
    assert "x-ccproxy-estimated" not in answer.headers


async def test_elsewhere_they_are_estimated_and_the_answer_says_so(
    running: RunningGateway, fake: Vendor
) -> None:
    words = "The quick brown fox jumps over the lazy dog. " * 100
    body = {
        "model": "m",
        "messages": [
            {"role": "user", "content": words},
            {"role": "user", "content": [{"type": "image", "source": {"data": "x"}}]},
        ],
    }
    answer = await running.client.post(
        "/only-responses/v1/messages/count_tokens", json=body
    )
    assert answer.headers["x-ccproxy-estimated"] == "o200k*1.25"
    assert 1250 + 1600 < answer.json()["input_tokens"] < 1400 + 1600
    assert fake.seen == []


async def test_a_compaction_is_asked_of_nobody_who_does_not_know_it(
    running: RunningGateway, fake: Vendor
) -> None:
    body = {"model": "m", "input": []}
    answer = await running.client.post("/only-chat/v1/responses/compact", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "dialect_not_spoken"
    assert fake.seen == []


async def test_a_whole_answer_that_does_not_end_is_not_kept(
    running: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccproxy.api.relay.LARGEST_READ", 50)
    asked = {"model": "m", **ASKS["messages"]}
    answer = await running.client.post(path("messages", "chat/completions"), json=asked)
    assert answer.status_code == 502
    assert "larger than 50 bytes" in answer.text
