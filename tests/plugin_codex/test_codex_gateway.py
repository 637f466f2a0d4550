"""The official OpenAI SDK gets its answer from a strict backend through the gateway."""

from collections.abc import Callable, Sequence
from pathlib import Path

import openai
import orjson
import pytest

from ccproxy.plugins.codex import CodexPlugin
from ccproxy.sdk import UpstreamRequest
from ccproxy.testing import RunningGateway, gateway

pytestmark = pytest.mark.integration

AuthJson = Callable[..., Path]
Backend = Callable[[bytes], str | None]


class Answer:
    """The backend's real manners: no content type, and nothing in ``output``."""

    def __init__(self, status: int, pieces: Sequence[bytes]) -> None:
        self.status = status
        self.headers: Sequence[tuple[bytes, bytes]] = [(b"x-request-id", b"req_1")]
        self._pieces = iter(pieces)

    async def chunk(self) -> bytes:
        return next(self._pieces, b"")

    def close(self) -> None:
        self._pieces = iter(())


def event(kind: str, **fields: object) -> bytes:
    return b"data: " + orjson.dumps({"type": kind, **fields}) + b"\n\n"


class StrictBackend:
    """Answers logins it knows and bodies it takes, and remembers who asked."""

    def __init__(self, refusal: Backend, token: str) -> None:
        self._refusal = refusal
        self._token = token
        self.seen: list[UpstreamRequest] = []

    async def send(self, request: UpstreamRequest) -> Answer:
        self.seen.append(request)
        if request.headers.get("authorization") != f"Bearer {self._token}":
            return Answer(401, [b'{"error":{"code":"token_expired","message":"x"}}'])
        if detail := self._refusal(request.body):
            return Answer(400, [orjson.dumps({"detail": detail})])
        text = {"type": "output_text", "text": "hello", "annotations": []}
        item = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [text],
        }
        response = {
            "id": "resp_1",
            "object": "response",
            "created_at": 1,
            "model": request.model,
            "output": [],
            "tools": [],
            "tool_choice": "auto",
            "parallel_tool_calls": True,
        }
        return Answer(
            200,
            [
                event("response.created", sequence_number=0, response=response),
                event(
                    "response.output_item.done",
                    sequence_number=1,
                    output_index=0,
                    item=item,
                ),
                event(
                    "response.completed",
                    sequence_number=2,
                    response={**response, "status": "completed"},
                ),
            ],
        )


def sdk(running: RunningGateway) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(
        base_url=f"{running.url}/codex/v1", api_key="any", max_retries=0
    )


async def test_a_plain_question_gets_a_plain_answer(
    auth_json: AuthJson, backend: Backend
) -> None:
    home = auth_json({"access_token": "t", "account_id": "acct-1"}).parent
    upstream = StrictBackend(backend, "t")
    settings = {"plugins": {"codex": {"codex_home": str(home)}}}
    async with (
        gateway(CodexPlugin, settings=settings, upstream=upstream) as running,
        sdk(running) as client,
    ):
        answer = await client.responses.create(
            model="gpt-5.5", input="hi", temperature=0.5, max_output_tokens=9
        )
    assert answer.output_text == "hello"
    (asked,) = upstream.seen
    assert asked.headers["chatgpt-account-id"] == "acct-1"
    assert asked.headers["originator"] == "ccproxy"
    assert asked.headers["user-agent"].startswith("ccproxy/")


async def test_a_stream_passes_as_it_comes(
    auth_json: AuthJson, backend: Backend
) -> None:
    home = auth_json({"access_token": "t"}).parent
    settings = {"plugins": {"codex": {"codex_home": str(home)}}}
    upstream = StrictBackend(backend, "t")
    async with (
        gateway(CodexPlugin, settings=settings, upstream=upstream) as running,
        sdk(running) as client,
    ):
        stream = await client.responses.create(model="m", input="hi", stream=True)
        seen = [each.type async for each in stream]
    assert seen == [
        "response.created",
        "response.output_item.done",
        "response.completed",
    ]


async def test_a_client_goes_on_from_an_answer_that_the_backend_does_not_keep(
    auth_json: AuthJson, backend: Backend
) -> None:
    home = auth_json({"access_token": "t"}).parent
    settings = {"plugins": {"codex": {"codex_home": str(home)}}}
    upstream = StrictBackend(backend, "t")
    async with (
        gateway(CodexPlugin, settings=settings, upstream=upstream) as running,
        sdk(running) as client,
    ):
        first = await client.responses.create(model="m", input="one")
        await client.responses.create(
            model="m", input="two", previous_response_id=first.id
        )
    items = upstream.seen[-1].payload["input"]
    assert isinstance(items, list)
    assert [each["role"] for each in items if isinstance(each, dict)] == [
        "user",
        "assistant",
        "user",
    ]


async def test_a_login_renewed_by_codex_cli_is_used_after_a_401(
    auth_json: AuthJson, backend: Backend
) -> None:
    home = auth_json({"access_token": "old"}).parent
    settings = {"plugins": {"codex": {"codex_home": str(home)}}}
    upstream = StrictBackend(backend, "new")
    async with (
        gateway(CodexPlugin, settings=settings, upstream=upstream) as running,
        sdk(running) as client,
    ):
        with pytest.raises(openai.AuthenticationError):
            await client.responses.create(model="m", input="hi")
        auth_json({"access_token": "new"})
        answer = await client.responses.create(model="m", input="hi")
    assert answer.output_text == "hello"
