"""The official SDKs on providers of every dialect, their own and the others.

Their typed accumulators read the streams; the providers refuse what real ones would.
"""

from collections.abc import AsyncIterator
from typing import Any

import anthropic
import openai
import orjson
import pytest

from ccproxy.dialects import Dialect
from ccproxy.testing import RunningGateway
from fakes.strict import ONLY, StrictUpstream, strict_plugin
from fakes.world import Start

pytestmark = pytest.mark.integration

CHAT, MESSAGES, RESPONSES = Dialect.CHAT, Dialect.MESSAGES, Dialect.RESPONSES
WEATHER: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}
QUESTION = "What is the weather? Ask both."
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwAD"


@pytest.fixture
def upstream() -> StrictUpstream:
    return StrictUpstream()


@pytest.fixture
async def running(start: Start, upstream: StrictUpstream) -> RunningGateway:
    return await start(None, strict_plugin(upstream))


def others(dialect: Dialect) -> pytest.MarkDecorator:
    names = [ONLY[each] for each in Dialect if each is not dialect]
    return pytest.mark.parametrize("provider", names)


EVERY = pytest.mark.parametrize("provider", ONLY.values())


@pytest.fixture
async def messages(
    running: RunningGateway, provider: str
) -> AsyncIterator[anthropic.AsyncAnthropic]:
    url = f"{running.url}/{provider}"
    client = anthropic.AsyncAnthropic(base_url=url, api_key="k", max_retries=0)
    async with client:
        yield client


@pytest.fixture
async def openai_sdk(
    running: RunningGateway, provider: str
) -> AsyncIterator[openai.AsyncOpenAI]:
    url = f"{running.url}/{provider}/v1"
    async with openai.AsyncOpenAI(base_url=url, api_key="k", max_retries=0) as client:
        yield client


@EVERY
@pytest.mark.parametrize("streamed", [True, False])
async def test_anthropics_sdk_calls_tools_over_several_turns(
    messages: anthropic.AsyncAnthropic, upstream: StrictUpstream, *, streamed: bool
) -> None:
    asked: dict[str, Any] = {
        "model": "sandbox-tools",
        "max_tokens": 999,
        "system": "Be brief.",
        "tools": [
            {"name": "weather", "input_schema": WEATHER},
            {"name": "clock", "input_schema": {"type": "object"}},
        ],
    }
    talk: list[Any] = [{"role": "user", "content": QUESTION}]
    for turn in range(3):
        if streamed:
            async with messages.messages.stream(messages=talk, **asked) as stream:
                answer: Any = await stream.get_final_message()
        else:
            answer = await messages.messages.create(messages=talk, **asked)
        calls = [block for block in answer.content if block.type == "tool_use"]
        assert answer.model == "sandbox-tools"
        talk.append({"role": "assistant", "content": answer.content})
        if turn % 2 == 0:
            assert answer.stop_reason == "tool_use"
            assert [call.name for call in calls] == ["weather", "clock"]
            assert isinstance(calls[0].input["city"], str)
            results = [
                {
                    "type": "tool_result",
                    "tool_use_id": call.id,
                    "content": [{"type": "text", "text": f"{call.name}: snow"}],
                }
                for call in calls
            ]
            talk.append({"role": "user", "content": results})
        else:
            assert answer.stop_reason == "end_turn"
            assert "snow" in answer.content[-1].text
            talk.append({"role": "user", "content": QUESTION})
    assert len(upstream.seen) == 3


@EVERY
@pytest.mark.parametrize("streamed", [True, False])
async def test_openais_sdk_calls_tools_over_several_turns_in_responses(
    openai_sdk: openai.AsyncOpenAI, upstream: StrictUpstream, *, streamed: bool
) -> None:
    asked: dict[str, Any] = {
        "model": "sandbox-tools",
        "instructions": "Be brief.",
        "tools": [
            {
                "type": "function",
                "name": "weather",
                "parameters": WEATHER,
                "strict": False,
            },
            {
                "type": "function",
                "name": "clock",
                "parameters": {"type": "object"},
                "strict": False,
            },
        ],
    }
    talk: list[Any] = [{"role": "user", "content": QUESTION}]
    for turn in range(3):
        if streamed:
            async with openai_sdk.responses.stream(input=talk, **asked) as stream:
                async for _ in stream:
                    pass
                answer: Any = await stream.get_final_response()
        else:
            answer = await openai_sdk.responses.create(input=talk, **asked)
        assert answer.status == "completed"
        talk += [item.model_dump(exclude_none=True) for item in answer.output]
        calls = [item for item in answer.output if item.type == "function_call"]
        if turn % 2 == 0:
            assert [call.name for call in calls] == ["weather", "clock"]
            assert "city" in orjson.loads(calls[0].arguments)
            talk += [
                {
                    "type": "function_call_output",
                    "call_id": call.call_id,
                    "output": f"{call.name}: snow",
                }
                for call in calls
            ]
        else:
            assert "snow" in answer.output_text
            talk.append({"role": "user", "content": QUESTION})
    assert len(upstream.seen) == 3


@EVERY
@pytest.mark.parametrize("streamed", [True, False])
async def test_openais_sdk_calls_tools_over_several_turns_in_chat(
    openai_sdk: openai.AsyncOpenAI, upstream: StrictUpstream, *, streamed: bool
) -> None:
    def tool(name: str, schema: dict[str, Any]) -> dict[str, Any]:
        function = {"name": name, "parameters": schema, "strict": False}
        return {"type": "function", "function": function}

    asked: dict[str, Any] = {
        "model": "sandbox-tools",
        "tools": [tool("weather", WEATHER), tool("clock", {"type": "object"})],
    }
    talk: list[Any] = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": QUESTION},
    ]
    chat = openai_sdk.chat.completions
    for turn in range(3):
        if streamed:
            async with chat.stream(messages=talk, **asked) as stream:
                answer: Any = await stream.get_final_completion()
        else:
            answer = await chat.create(messages=talk, **asked)
        (choice,) = answer.choices
        talk.append(choice.message.model_dump(exclude_none=True, exclude={"parsed"}))
        if turn % 2 == 0:
            calls = choice.message.tool_calls
            assert choice.finish_reason == "tool_calls"
            assert [call.function.name for call in calls] == ["weather", "clock"]
            assert "city" in orjson.loads(calls[0].function.arguments)
            talk += [
                {
                    "role": "tool",
                    "tool_call_id": call.id,
                    "content": f"{call.function.name}: snow",
                }
                for call in calls
            ]
        else:
            assert choice.finish_reason == "stop"
            assert "snow" in choice.message.content
            talk.append({"role": "user", "content": QUESTION})
    assert len(upstream.seen) == 3


@others(MESSAGES)
async def test_thinking_goes_back_to_its_maker_as_it_was(
    messages: anthropic.AsyncAnthropic, upstream: StrictUpstream, provider: str
) -> None:
    asked: dict[str, Any] = {
        "model": "sandbox-reasoning",
        "max_tokens": 9999,
        "thinking": {"type": "enabled", "budget_tokens": 4000},
    }
    talk: list[Any] = [{"role": "user", "content": "Think."}]
    async with messages.messages.stream(messages=talk, **asked) as stream:
        answer = await stream.get_final_message()
    assert [block.type for block in answer.content] == ["thinking", "text"]
    talk.append({"role": "assistant", "content": answer.content})
    talk.append({"role": "user", "content": "Again."})
    await messages.messages.create(messages=talk, **asked)
    thought: Any = answer.content[0]
    sent = orjson.loads(upstream.seen[-1].body)
    if provider == ONLY[RESPONSES]:
        items = [item for item in sent["input"] if item["type"] == "reasoning"]
        assert items[0]["summary"][0]["text"] == thought.thinking
        assert items[0]["encrypted_content"].startswith("sandbox-")
    else:
        assert sent["messages"][1]["reasoning_content"] == thought.thinking


@others(RESPONSES)
async def test_reasoning_items_go_back_to_their_maker_as_they_were(
    openai_sdk: openai.AsyncOpenAI, upstream: StrictUpstream, provider: str
) -> None:
    talk: list[Any] = [{"role": "user", "content": "Think."}]
    answer = await openai_sdk.responses.create(model="sandbox-reasoning", input=talk)
    assert [item.type for item in answer.output] == ["reasoning", "message"]
    talk += [item.model_dump(exclude_none=True) for item in answer.output]
    talk.append({"role": "user", "content": "Again."})
    await openai_sdk.responses.create(model="sandbox-reasoning", input=talk)
    sent = orjson.loads(upstream.seen[-1].body)["messages"][1]
    if provider == ONLY[MESSAGES]:
        (thinking, _text) = sent["content"]
        assert thinking["type"] == "thinking"
        assert not thinking["signature"].startswith("ccproxy")
    else:
        assert sent["reasoning_content"]


@others(MESSAGES)
async def test_images_arrive_from_anthropics_sdk(
    messages: anthropic.AsyncAnthropic,
) -> None:
    image: Any = {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": PIXEL},
    }
    answer = await messages.messages.create(
        model="sandbox-image",
        max_tokens=99,
        messages=[{"role": "user", "content": [image, {"type": "text", "text": "?"}]}],
    )
    assert "1 image" in str(answer.content)


@others(CHAT)
async def test_images_arrive_from_openais_sdk(openai_sdk: openai.AsyncOpenAI) -> None:
    image: Any = {
        "type": "image_url",
        "image_url": {"url": f"data:image/png;base64,{PIXEL}"},
    }
    answer = await openai_sdk.chat.completions.create(
        model="sandbox-image", messages=[{"role": "user", "content": [image]}]
    )
    assert "1 image" in str(answer.choices[0].message.content)


@others(CHAT)
async def test_an_upstreams_error_is_what_openais_sdk_calls_it(
    openai_sdk: openai.AsyncOpenAI,
) -> None:
    with pytest.raises(openai.RateLimitError, match="429") as error:
        await openai_sdk.chat.completions.create(
            model="sandbox-error-429", messages=[{"role": "user", "content": "x"}]
        )
    assert error.value.response.headers["retry-after"] == "1"


@others(MESSAGES)
async def test_an_upstreams_error_is_what_anthropics_sdk_calls_it(
    messages: anthropic.AsyncAnthropic,
) -> None:
    with pytest.raises(anthropic.RateLimitError, match="rate_limit_error") as error:
        await messages.messages.create(
            model="sandbox-error-429",
            max_tokens=9,
            messages=[{"role": "user", "content": "x"}],
        )
    assert error.value.response.headers["retry-after"] == "1"


@others(MESSAGES)
async def test_an_upstream_that_dies_is_an_error_to_anthropics_sdk(
    messages: anthropic.AsyncAnthropic,
) -> None:
    with pytest.raises(anthropic.APIStatusError, match="broke off"):
        async with messages.messages.stream(
            model="sandbox-die",
            max_tokens=9,
            messages=[{"role": "user", "content": "some words to say"}],
        ) as stream:
            await stream.get_final_message()
