"""The official Anthropic SDK understands the sandbox's Messages."""

import anthropic
import pytest
from anthropic.types import Message, MessageParam, ToolParam

pytestmark = pytest.mark.integration

WEATHER: ToolParam = {
    "name": "weather",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"],
    },
}
CLOCK: ToolParam = {"name": "clock", "input_schema": {"type": "object"}}


def user(text: str) -> list[MessageParam]:
    return [{"role": "user", "content": text}]


async def whole_and_streamed(
    sdk: anthropic.AsyncAnthropic,
    model: str,
    text: str,
    tools: list[ToolParam] | None = None,
) -> tuple[Message, Message]:
    offered = tools or []
    whole = await sdk.messages.create(
        model=model, max_tokens=99, messages=user(text), tools=offered
    )
    async with sdk.messages.stream(
        model=model, max_tokens=99, messages=user(text), tools=offered
    ) as stream:
        streamed = await stream.get_final_message()
    return whole, Message.model_validate(streamed.model_dump(), strict=False)


@pytest.mark.parametrize(
    ("model", "types"),
    [
        ("sandbox-echo", ["text"]),
        ("sandbox-reasoning", ["thinking", "text"]),
        ("sandbox-tools", ["tool_use", "tool_use"]),
    ],
)
async def test_the_stream_accumulates_to_the_whole_answer(
    anthropic_sdk: anthropic.AsyncAnthropic, model: str, types: list[str]
) -> None:
    whole, streamed = await whole_and_streamed(
        anthropic_sdk, model, "use both", [WEATHER, CLOCK]
    )
    assert [block.type for block in whole.content] == types

    def contents(message: Message) -> list[dict[str, object]]:
        kept = [block.model_dump(exclude_none=True) for block in message.content]
        for block in kept:
            for unstable in ("id", "signature", "parsed_output"):
                block.pop(unstable, None)
        return kept

    assert contents(whole) == contents(streamed)
    assert whole.stop_reason == streamed.stop_reason
    assert whole.usage.output_tokens == streamed.usage.output_tokens
    assert whole.usage.input_tokens == streamed.usage.input_tokens == 2


async def test_tool_input_fits_its_schema_and_the_result_is_quoted(
    anthropic_sdk: anthropic.AsyncAnthropic,
) -> None:
    called = await anthropic_sdk.messages.create(
        model="sandbox-tools", max_tokens=9, messages=user("go"), tools=[WEATHER, CLOCK]
    )
    (call,) = called.content
    assert call.type == "tool_use"
    assert call.input == {"city": "sandbox", "days": 1}
    assert called.stop_reason == "tool_use"
    result: MessageParam = {
        "role": "user",
        "content": [
            {
                "type": "tool_result",
                "tool_use_id": call.id,
                "content": [{"type": "text", "text": "rain"}],
            }
        ],
    }
    said = await anthropic_sdk.messages.create(
        model="sandbox-tools",
        max_tokens=9,
        messages=[
            *user("go"),
            {"role": "assistant", "content": called.content},
            result,
        ],
        tools=[WEATHER],
    )
    assert said.content[0].type == "text"
    assert said.content[0].text == "The tool returned: rain"
    assert said.stop_reason == "end_turn"


async def test_the_count_is_the_input_of_the_answer(
    anthropic_sdk: anthropic.AsyncAnthropic,
) -> None:
    counted = await anthropic_sdk.messages.count_tokens(
        model="sandbox-echo", system="be kind", messages=user("hello there")
    )
    answer = await anthropic_sdk.messages.create(
        model="sandbox-echo",
        max_tokens=9,
        system="be kind",
        messages=user("hello there"),
    )
    assert counted.input_tokens == answer.usage.input_tokens == 4


async def test_a_stream_has_a_ping_and_no_done(
    anthropic_sdk: anthropic.AsyncAnthropic,
) -> None:
    async with anthropic_sdk.messages.with_streaming_response.create(
        model="sandbox-echo", max_tokens=9, messages=user("hi"), stream=True
    ) as response:
        raw = await response.text()
    assert "event: ping\n" in raw
    assert raw.rstrip().endswith('data: {"type":"message_stop"}')
    assert "[DONE]" not in raw


async def test_images_in_messages_and_in_tool_results_are_counted(
    anthropic_sdk: anthropic.AsyncAnthropic,
) -> None:
    answer = await anthropic_sdk.messages.create(
        model="sandbox-image",
        max_tokens=9,
        messages=[
            {
                "role": "user",
                "content": [
                    {
                        "type": "image",
                        "source": {
                            "type": "base64",
                            "media_type": "image/webp",
                            "data": "AAAA",
                        },
                    },
                    {
                        "type": "tool_result",
                        "tool_use_id": "t1",
                        "content": [
                            {
                                "type": "image",
                                "source": {"type": "url", "url": "https://example.com"},
                            }
                        ],
                    },
                ],
            }
        ],
    )
    assert answer.content[0].type == "text"
    assert answer.content[0].text == "2 images: image/webp, url"


async def test_a_system_message_after_the_user_is_not_what_is_echoed(
    anthropic_sdk: anthropic.AsyncAnthropic,
) -> None:
    late: MessageParam = {"role": "system", "content": "note"}
    answer = await anthropic_sdk.messages.create(
        model="claude-example", max_tokens=9, messages=[*user("hello"), late]
    )
    assert answer.content[0].type == "text"
    assert answer.content[0].text == "hello"
    assert answer.model == "claude-example"


async def test_an_overload_becomes_the_sdks_own_exception(
    anthropic_sdk: anthropic.AsyncAnthropic,
) -> None:
    with pytest.raises(anthropic.APIStatusError) as caught:
        await anthropic_sdk.messages.create(
            model="sandbox-error-529", max_tokens=9, messages=user("hi")
        )
    assert caught.value.status_code == 529
    assert caught.value.response.headers["retry-after"] == "1"
    assert caught.value.request_id is not None
