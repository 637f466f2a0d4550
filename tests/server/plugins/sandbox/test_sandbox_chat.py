"""The official OpenAI SDK understands the sandbox's Chat Completions."""

import openai
import pytest
from openai.types.chat import (
    ChatCompletionChunk,
    ChatCompletionFunctionToolParam,
    ChatCompletionMessageParam,
)

pytestmark = pytest.mark.integration

WEATHER: ChatCompletionFunctionToolParam = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
CLOCK: ChatCompletionFunctionToolParam = {
    "type": "function",
    "function": {"name": "clock", "parameters": {"type": "object", "properties": {}}},
}


def user(text: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "user", "content": text}]


async def test_the_echo_comes_whole_with_its_usage(
    openai_sdk: openai.AsyncOpenAI,
) -> None:
    answer = await openai_sdk.chat.completions.create(
        model="sandbox-echo", messages=user("good morning to you")
    )
    assert answer.choices[0].message.content == "good morning to you"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (4, 4)


@pytest.mark.parametrize("with_usage", [False, True])
async def test_usage_is_streamed_only_when_asked_for(
    openai_sdk: openai.AsyncOpenAI, with_usage: bool
) -> None:
    chunks: list[ChatCompletionChunk] = [
        ChatCompletionChunk.model_validate(chunk.model_dump(), strict=True)
        async for chunk in await openai_sdk.chat.completions.create(
            model="sandbox-echo",
            messages=user("a b c"),
            stream=True,
            stream_options={"include_usage": with_usage},
        )
    ]
    body = [chunk for chunk in chunks if chunk.choices]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in body) == "a b c"
    reasons = [chunk.choices[0].finish_reason for chunk in body]
    assert reasons == [None] * (len(body) - 1) + ["stop"]
    assert [chunk.usage.total_tokens for chunk in chunks if chunk.usage] == (
        [6] if with_usage else []
    )


async def test_the_stream_accumulates_to_parallel_tool_calls(
    openai_sdk: openai.AsyncOpenAI,
) -> None:
    async with openai_sdk.chat.completions.stream(
        model="sandbox-tools", messages=user("call both"), tools=[WEATHER, CLOCK]
    ) as stream:
        completion = await stream.get_final_completion()
    calls = completion.choices[0].message.tool_calls
    assert calls is not None
    assert [(call.function.name, call.function.arguments) for call in calls] == [
        ("weather", '{"city":"sandbox"}'),
        ("clock", "{}"),
    ]
    assert len({call.id for call in calls}) == 2
    assert completion.choices[0].finish_reason == "tool_calls"


async def test_a_streamed_tool_call_has_the_id_of_the_whole_one(
    openai_sdk: openai.AsyncOpenAI,
) -> None:
    whole = await openai_sdk.chat.completions.create(
        model="sandbox-tools", messages=user("the weather"), tools=[WEATHER, CLOCK]
    )
    (call,) = whole.choices[0].message.tool_calls or []
    again = await openai_sdk.chat.completions.create(
        model="sandbox-tools",
        messages=[
            *user("the weather"),
            whole.choices[0].message.model_dump(exclude_none=True),  # type: ignore[list-item]
            {"role": "tool", "tool_call_id": call.id, "content": "18 degrees"},
        ],
        tools=[WEATHER, CLOCK],
    )
    assert again.choices[0].message.content == "The tool returned: 18 degrees"


async def test_reasoning_has_its_own_field(openai_sdk: openai.AsyncOpenAI) -> None:
    thought, said = "", ""
    async for chunk in await openai_sdk.chat.completions.create(
        model="sandbox-reasoning", messages=user("why"), stream=True
    ):
        delta = chunk.choices[0].delta
        thought += getattr(delta, "reasoning_content", "")
        said += delta.content or ""
    assert (thought, said) == ("The user said: why", "why")


async def test_images_are_counted_with_their_media_types(
    openai_sdk: openai.AsyncOpenAI,
) -> None:
    answer = await openai_sdk.chat.completions.create(
        model="sandbox-image",
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "look"},
                    {
                        "type": "image_url",
                        "image_url": {"url": "data:image/png;base64,AAAA"},
                    },
                    {"type": "image_url", "image_url": {"url": "https://example.com/"}},
                ],
            }
        ],
    )
    assert answer.choices[0].message.content == "2 images: image/png, url"


async def test_an_error_becomes_the_sdks_own_exception(
    openai_sdk: openai.AsyncOpenAI,
) -> None:
    with pytest.raises(openai.RateLimitError) as caught:
        await openai_sdk.chat.completions.create(
            model="sandbox-error-429", messages=user("hi")
        )
    assert caught.value.type == "rate_limit_error"
