"""The upstream's manners: determinism, delays, errors, breaking off."""

import orjson
import pytest

from ccproxy.plugins.sandbox import SandboxPlugin
from ccproxy.plugins.sandbox.upstream import SandboxUpstream
from ccproxy.sdk import (
    Contributions,
    Dialect,
    Endpoint,
    JsonObject,
    PluginConfig,
    UpstreamRequest,
    read_all,
)
from ccproxy.sdk.errors import UpstreamDiedError

pytestmark = pytest.mark.unit

ENDPOINTS = [Endpoint.MESSAGES, Endpoint.CHAT, Endpoint.RESPONSES]


def ask(
    endpoint: Endpoint, model: str, text: str = "one two three", *, stream: bool = False
) -> UpstreamRequest:
    turn: JsonObject = {"role": "user", "content": text}
    field = "input" if endpoint is Endpoint.RESPONSES else "messages"
    payload: JsonObject = {"model": model, field: [turn], "stream": stream}
    return UpstreamRequest(
        url="http://sandbox.invalid/v1/x",
        endpoint=endpoint,
        model=model,
        stream=stream,
        headers={},
        body=orjson.dumps(payload),
        payload=payload,
        request_id="r1",
    )


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("stream", [False, True])
async def test_the_same_request_gets_the_same_bytes(
    endpoint: Endpoint, stream: bool
) -> None:
    first, second, other = [
        await read_all(
            await SandboxUpstream().send(
                ask(endpoint, "sandbox-echo", text, stream=stream)
            )
        )
        for text in ("hi", "hi", "ho")
    ]
    assert first == second != other


@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_a_streamed_chunk_is_one_event(endpoint: Endpoint) -> None:
    answer = await SandboxUpstream().send(ask(endpoint, "sandbox-echo", stream=True))
    while chunk := await answer.chunk():
        assert chunk.endswith(b"\n\n")
        assert chunk.count(b"\n\n") == 1


@pytest.mark.parametrize(
    ("model", "seconds"), [("sandbox-slow", 0.1), ("sandbox-slow-250", 0.25)]
)
async def test_a_slow_model_waits_between_its_chunks(
    model: str, seconds: float
) -> None:
    waits: list[float] = []

    async def note(delay: float) -> None:
        waits.append(delay)

    answer = await SandboxUpstream(sleep=note).send(
        ask(Endpoint.CHAT, model, stream=True)
    )
    chunks = 0
    while await answer.chunk():
        chunks += 1
    assert waits == [seconds] * (chunks - 1)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_dying_model_breaks_off_after_its_first_half(
    endpoint: Endpoint, stream: bool
) -> None:
    answer = await SandboxUpstream().send(ask(endpoint, "sandbox-die", stream=stream))
    assert answer.status == 200
    seen = await answer.chunk()
    with pytest.raises(UpstreamDiedError):
        await read_all(answer)
    assert seen
    assert b"message_stop" not in seen


async def test_a_closed_answer_says_nothing_more() -> None:
    answer = await SandboxUpstream().send(
        ask(Endpoint.CHAT, "sandbox-die", stream=True)
    )
    await answer.chunk()
    answer.close()
    assert await answer.chunk() == b""


@pytest.mark.parametrize(
    ("endpoint", "status", "kind"),
    [
        (Endpoint.MESSAGES, 400, "invalid_request_error"),
        (Endpoint.MESSAGES, 429, "rate_limit_error"),
        (Endpoint.MESSAGES, 500, "api_error"),
        (Endpoint.MESSAGES, 529, "overloaded_error"),
        (Endpoint.COUNT_TOKENS, 529, "overloaded_error"),
        (Endpoint.CHAT, 401, "authentication_error"),
        (Endpoint.CHAT, 500, "server_error"),
        (Endpoint.RESPONSES, 429, "rate_limit_error"),
    ],
)
async def test_an_error_model_answers_its_status_in_the_dialect(
    endpoint: Endpoint, status: int, kind: str
) -> None:
    answer = await SandboxUpstream().send(ask(endpoint, f"sandbox-error-{status}"))
    body = orjson.loads(await read_all(answer))
    assert answer.status == status
    assert body["error"]["type"] == kind
    assert (body.get("type") == "error") == (endpoint.dialect is Dialect.MESSAGES)
    retry = (b"retry-after", b"1") in answer.headers
    assert retry == (status in {429, 529})


@pytest.mark.parametrize("model", ["sandbox-ecko", "sandbox-error-200"])
async def test_a_mistyped_sandbox_model_is_a_404_that_names_the_others(
    model: str,
) -> None:
    answer = await SandboxUpstream().send(ask(Endpoint.CHAT, model))
    assert answer.status == 404
    assert b"sandbox-echo" in await read_all(answer)


async def test_a_request_without_a_conversation_is_a_400() -> None:
    request = ask(Endpoint.RESPONSES, "sandbox-echo")
    request.rewrite({"model": "sandbox-echo"})
    answer = await SandboxUpstream().send(request)
    assert answer.status == 400
    assert b"input: field required" in await read_all(answer)


async def test_the_plugin_adds_one_provider_that_needs_no_login() -> None:
    add = Contributions()
    SandboxPlugin(PluginConfig()).setup(add)
    (provider,) = add.providers
    assert provider.name == "sandbox"
    assert set(provider.urls) == set(Endpoint)
    assert provider.login().usable
