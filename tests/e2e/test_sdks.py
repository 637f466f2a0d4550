"""The official SDKs against a gateway of its own process and a strict vendor."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import anthropic
import openai
import pytest

from fakes.process import TOKEN, Running, answering
from fakes.vendor import KEY, WORDS, Vendor

pytestmark = pytest.mark.e2e

TEXT = "".join(WORDS)
USER = "Count to three."


@pytest.fixture
async def server(settings_file: Path, tmp_path: Path) -> AsyncIterator[Running]:
    async with answering(tmp_path, "--config", str(settings_file)) as running:
        yield running


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Running]:
    """A gateway nobody has configured."""
    async with answering(tmp_path) as running:
        yield running


def openai_client(server: Running, token: str = TOKEN) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key=token, max_retries=0)


def openai_async(server: Running) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key=TOKEN, max_retries=0)


def anthropic_client(server: Running, token: str = TOKEN) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=server.url, api_key=token, max_retries=0)


def anthropic_async(server: Running) -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(base_url=server.url, api_key=TOKEN, max_retries=0)


async def test_openai_chat(server: Running, fake: Vendor) -> None:
    def sync() -> tuple[str | None, str]:
        with openai_client(server) as client:
            whole = client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": USER}]
            )
            with client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": USER}], stream=True
            ) as stream:
                pieces = [chunk.choices[0].delta.content or "" for chunk in stream]
        return whole.choices[0].message.content, "".join(pieces)

    assert await asyncio.to_thread(sync) == (TEXT, TEXT)
    assert fake.last.headers["authorization"] == f"Bearer {KEY}"
    async with openai_async(server) as client:
        whole = await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": USER}]
        )
        stream = await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": USER}], stream=True
        )
        pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]
    assert (whole.choices[0].message.content, "".join(pieces)) == (TEXT, TEXT)


async def test_openai_responses(server: Running) -> None:
    def sync() -> tuple[str, str]:
        with openai_client(server) as client:
            whole = client.responses.create(model="m", input=USER)
            with client.responses.stream(model="m", input=USER) as stream:
                for _ in stream:
                    pass
                final = stream.get_final_response()
        return whole.output_text, final.output_text

    assert await asyncio.to_thread(sync) == (TEXT, TEXT)
    async with openai_async(server) as client:
        whole = await client.responses.create(model="m", input=USER)
        async with client.responses.stream(model="m", input=USER) as stream:
            final = await stream.get_final_response()
    assert (whole.output_text, final.output_text) == (TEXT, TEXT)


async def test_anthropic_messages(server: Running, fake: Vendor) -> None:
    def sync() -> tuple[str, str, int]:
        with anthropic_client(server) as client:
            whole = client.messages.create(
                model="m", max_tokens=9, messages=[{"role": "user", "content": USER}]
            )
            with client.messages.stream(
                model="m", max_tokens=9, messages=[{"role": "user", "content": USER}]
            ) as stream:
                text = "".join(stream.text_stream)
            count = client.messages.count_tokens(
                model="m", messages=[{"role": "user", "content": USER}]
            )
        block = whole.content[0]
        assert block.type == "text"
        return block.text, text, count.input_tokens

    assert await asyncio.to_thread(sync) == (TEXT, TEXT, 17)
    assert fake.last.headers["x-api-key"] == KEY
    async with (
        anthropic_async(server) as client,
        client.messages.stream(
            model="m", max_tokens=9, messages=[{"role": "user", "content": USER}]
        ) as stream,
    ):
        final = await stream.get_final_message()
    assert final.stop_reason == "end_turn"


async def test_a_wrong_token_is_what_the_sdks_call_it(server: Running) -> None:
    def sync() -> None:
        with openai_client(server, "wrong") as client:
            with pytest.raises(openai.AuthenticationError, match="token is wrong"):
                client.models.list()
            with pytest.raises(openai.AuthenticationError, match="token is wrong"):
                client.responses.create(model="m", input=USER)
        with (
            anthropic_client(server, "wrong") as client,
            pytest.raises(anthropic.AuthenticationError, match="token is wrong"),
        ):
            client.messages.count_tokens(
                model="m", messages=[{"role": "user", "content": USER}]
            )

    await asyncio.to_thread(sync)


async def test_errors_are_what_the_sdks_call_them(server: Running) -> None:
    async with openai_async(server) as client:
        with pytest.raises(openai.RateLimitError, match="slow down") as limited:
            await client.responses.create(model="busy", input=USER)
        assert limited.value.response.headers["retry-after"] == "7"
        with pytest.raises(openai.InternalServerError, match="without an answer"):
            await client.responses.create(model="gone", input=USER)
        stream = await client.chat.completions.create(
            model="cut", messages=[{"role": "user", "content": USER}], stream=True
        )
        with pytest.raises(openai.APIError, match="before the answer was complete"):
            async for _ in stream:
                pass
    async with anthropic_async(server) as anthropic_sdk:
        with pytest.raises(anthropic.APIStatusError, match="before the answer"):
            async with anthropic_sdk.messages.stream(
                model="cut", max_tokens=9, messages=[{"role": "user", "content": USER}]
            ) as messages:
                await messages.get_final_message()


async def test_models_in_both_shapes(server: Running) -> None:
    async with openai_async(server) as client:
        assert "vendor-large" in [model.id async for model in client.models.list()]
        assert (await client.models.retrieve("sandbox-echo")).id == "sandbox-echo"
    async with anthropic_async(server) as anthropic_sdk:
        listed = [model.id async for model in anthropic_sdk.models.list()]
        assert "sandbox-echo" in listed


WEATHER: dict[str, object] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}


async def test_tools_over_two_turns_with_openai_chat(sandbox: Running) -> None:
    """With no settings and no credentials at all, as on a fresh machine."""
    async with openai_async(sandbox) as client:
        asked = await client.chat.completions.create(
            model="sandbox-tools",
            messages=[{"role": "user", "content": "Weather in Oslo?"}],
            tools=[
                {
                    "type": "function",
                    "function": {"name": "weather", "parameters": WEATHER},
                }
            ],
        )
        message = asked.choices[0].message
        assert asked.choices[0].finish_reason == "tool_calls"
        assert message.tool_calls is not None
        call = message.tool_calls[0]
        assert call.type == "function"
        told = await client.chat.completions.create(
            model="sandbox-tools",
            messages=[
                {"role": "user", "content": "Weather in Oslo?"},
                {
                    "role": "assistant",
                    "tool_calls": [
                        {
                            "id": call.id,
                            "type": "function",
                            "function": {
                                "name": call.function.name,
                                "arguments": call.function.arguments,
                            },
                        }
                    ],
                },
                {"role": "tool", "tool_call_id": call.id, "content": "snow, -3"},
            ],
        )
    assert "snow, -3" in (told.choices[0].message.content or "")


async def test_tools_over_two_turns_with_anthropic_messages(sandbox: Running) -> None:
    tool: anthropic.types.ToolParam = {"name": "weather", "input_schema": WEATHER}
    question: anthropic.types.MessageParam = {"role": "user", "content": "Weather?"}
    async with anthropic_async(sandbox) as client:
        async with client.messages.stream(
            model="sandbox-tools", max_tokens=99, messages=[question], tools=[tool]
        ) as stream:
            asked = await stream.get_final_message()
        assert asked.stop_reason == "tool_use"
        call = next(block for block in asked.content if block.type == "tool_use")
        assert isinstance(call.input, dict)
        told = await client.messages.create(
            model="sandbox-tools",
            max_tokens=99,
            tools=[tool],
            messages=[
                question,
                {
                    "role": "assistant",
                    "content": [
                        {
                            "type": "tool_use",
                            "id": call.id,
                            "name": call.name,
                            "input": call.input,
                        }
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "tool_result",
                            "tool_use_id": call.id,
                            "content": "snow, -3",
                        }
                    ],
                },
            ],
        )
    block = told.content[0]
    assert block.type == "text"
    assert "snow, -3" in block.text


async def test_openai_responses_over_a_websocket(server: Running, fake: Vendor) -> None:
    async with openai_async(server) as client, client.responses.connect() as socket:
        answers = []
        for previous in (None, "resp_1"):
            await socket.response.create(
                model="m", input=USER, previous_response_id=previous or openai.omit
            )
            async for event in socket:
                if event.type == "response.completed":
                    answers.append(event.response.output_text)
                    break
    assert answers == [TEXT, TEXT]
    asked = fake.last.json["input"]
    assert isinstance(asked, list)
    assert [each["role"] for each in asked] == ["user", "assistant", "user"]
