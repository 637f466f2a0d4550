"""Clients of other dialects on a strict Codex backend."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anthropic
import openai
import orjson
import pytest

from ccproxy.plugins.codex import CodexPlugin
from ccproxy.testing import RunningGateway, gateway
from plugin_codex.test_codex_gateway import AuthJson, Backend, StrictBackend

pytestmark = pytest.mark.integration

USER: Any = [{"role": "user", "content": "hi"}]


@asynccontextmanager
async def serving(
    auth_json: AuthJson, backend: StrictBackend
) -> AsyncIterator[RunningGateway]:
    home = auth_json({"access_token": "t", "account_id": "acct-1"}).parent
    settings = {"plugins": {"codex": {"codex_home": str(home)}}}
    async with gateway(CodexPlugin, settings=settings, upstream=backend) as running:
        yield running


async def test_anthropics_sdk_gets_its_answer_streamed_and_whole(
    auth_json: AuthJson, backend: Backend
) -> None:
    upstream = StrictBackend(backend, "t")
    asked: dict[str, Any] = {
        "model": "gpt-5.5",
        "max_tokens": 999,
        "metadata": {"user_id": "me"},
        "messages": [*USER, {"role": "system", "content": "Obey."}],
    }
    async with serving(auth_json, upstream) as running:
        url = f"{running.url}/codex"
        async with anthropic.AsyncAnthropic(
            base_url=url, api_key="k", max_retries=0
        ) as client:
            async with client.messages.stream(**asked) as stream:
                streamed = await stream.get_final_message()
            whole = await client.messages.with_raw_response.create(**asked)
    for message in (streamed, await whole.parse()):
        assert [block.to_dict() for block in message.content] == [
            {"type": "text", "text": "hello"}
        ]
        assert message.model == "gpt-5.5"
        assert message.stop_reason == "end_turn"
    first, second = (orjson.loads(request.body) for request in upstream.seen)
    assert first == second
    assert first["input"][1]["role"] == "developer"
    assert first["prompt_cache_key"]
    assert "Dropped max_output_tokens" in whole.headers["x-ccproxy-notes"]


async def test_openais_chat_gets_its_answer_streamed_and_whole(
    auth_json: AuthJson, backend: Backend
) -> None:
    upstream = StrictBackend(backend, "t")
    async with serving(auth_json, upstream) as running:
        url = f"{running.url}/codex/v1"
        async with openai.AsyncOpenAI(
            base_url=url, api_key="k", max_retries=0
        ) as client:
            chat = client.chat.completions
            async with chat.stream(model="gpt-5.5", messages=USER) as stream:
                streamed = await stream.get_final_completion()
            whole = await chat.create(model="gpt-5.5", messages=USER)
    assert streamed.choices[0].message.content == "hello"
    assert whole.choices[0].message.content == "hello"


async def test_the_backends_refusal_is_told_in_the_callers_words(
    auth_json: AuthJson,
) -> None:
    upstream = StrictBackend(lambda _: "The 'x' model is not supported.", "t")
    async with (
        serving(auth_json, upstream) as running,
        anthropic.AsyncAnthropic(
            base_url=f"{running.url}/codex", api_key="k", max_retries=0
        ) as client,
    ):
        with pytest.raises(anthropic.BadRequestError, match="not supported"):
            await client.messages.create(model="x", max_tokens=99, messages=USER)
