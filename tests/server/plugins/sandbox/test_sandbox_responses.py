"""The official OpenAI SDK understands the sandbox's Responses."""

import openai
import pytest
from openai.types.responses import (
    FunctionToolParam,
    Response,
    ResponseCompletedEvent,
    ResponseInputParam,
    ResponseStreamEvent,
)
from pydantic import TypeAdapter

pytestmark = pytest.mark.integration

EVENT: TypeAdapter[ResponseStreamEvent] = TypeAdapter(ResponseStreamEvent)
WEATHER: FunctionToolParam = {
    "type": "function",
    "name": "weather",
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}


async def events(
    sdk: openai.AsyncOpenAI, model: str, asked: str
) -> list[ResponseStreamEvent]:
    return [
        EVENT.validate_python(event.model_dump(warnings=False))
        async for event in await sdk.responses.create(
            model=model, input=asked, stream=True, tools=[WEATHER]
        )
    ]


async def test_the_echo_lives_the_whole_life_of_a_response(
    openai_sdk: openai.AsyncOpenAI,
) -> None:
    seen = await events(openai_sdk, "sandbox-echo", "one two")
    assert [event.type for event in seen] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in seen] == list(range(len(seen)))


@pytest.mark.parametrize(
    "model", ["sandbox-echo", "sandbox-reasoning", "sandbox-tools"]
)
async def test_an_item_keeps_its_id_from_added_to_completed(
    openai_sdk: openai.AsyncOpenAI, model: str
) -> None:
    seen = await events(openai_sdk, model, "hello")
    (completed,) = (e for e in seen if isinstance(e, ResponseCompletedEvent))
    final = [item.id for item in completed.response.output]
    added = [e.item.id for e in seen if e.type == "response.output_item.added"]
    done = [e.item.id for e in seen if e.type == "response.output_item.done"]
    assert final == added == done
    deltas = {getattr(event, "item_id", None) for event in seen} - {None}
    assert deltas == set(final)


async def test_the_accumulated_stream_is_the_whole_answer_but_for_its_id(
    openai_sdk: openai.AsyncOpenAI,
) -> None:
    whole = await openai_sdk.responses.create(model="sandbox-echo", input="a b")
    async with openai_sdk.responses.stream(model="sandbox-echo", input="a b") as stream:
        streamed: Response = await stream.get_final_response()
    assert whole.output_text == streamed.output_text == "a b"
    assert whole.usage is not None
    assert streamed.usage is not None
    assert whole.usage.total_tokens == streamed.usage.total_tokens == 4
    assert whole.status == streamed.status == "completed"


async def test_a_tool_is_called_and_its_result_quoted(
    openai_sdk: openai.AsyncOpenAI,
) -> None:
    called = await openai_sdk.responses.create(
        model="sandbox-tools", input="the weather", tools=[WEATHER]
    )
    (call,) = called.output
    assert call.type == "function_call"
    assert (call.name, call.arguments) == ("weather", '{"city":"sandbox"}')
    history: ResponseInputParam = [
        {"role": "user", "content": "the weather"},
        {
            "type": "function_call",
            "call_id": call.call_id,
            "name": call.name,
            "arguments": call.arguments,
        },
        {"type": "function_call_output", "call_id": call.call_id, "output": "sun"},
    ]
    said = await openai_sdk.responses.create(
        model="sandbox-tools", input=history, tools=[WEATHER]
    )
    assert said.output_text == "The tool returned: sun"


@pytest.mark.parametrize("encrypted", [False, True])
async def test_encrypted_reasoning_comes_only_when_included(
    openai_sdk: openai.AsyncOpenAI, encrypted: bool
) -> None:
    answer = await openai_sdk.responses.create(
        model="sandbox-reasoning",
        input="why",
        include=["reasoning.encrypted_content"] if encrypted else [],
    )
    item = answer.output[0]
    assert item.type == "reasoning"
    assert item.summary[0].text == "The user said: why"
    assert bool(item.encrypted_content) == encrypted
    assert answer.usage is not None
    assert answer.usage.output_tokens_details.reasoning_tokens == 4


async def test_images_are_counted_with_their_media_types(
    openai_sdk: openai.AsyncOpenAI,
) -> None:
    answer = await openai_sdk.responses.create(
        model="sandbox-image",
        input=[
            {
                "role": "user",
                "content": [
                    {
                        "type": "input_image",
                        "detail": "auto",
                        "image_url": "data:image/jpeg;base64,AAAA",
                    },
                ],
            }
        ],
    )
    assert answer.output_text == "1 image: image/jpeg"


async def test_a_conversation_is_compacted_to_what_the_user_said_and_a_seal(
    openai_sdk: openai.AsyncOpenAI,
) -> None:
    compacted = await openai_sdk.responses.compact(
        model="sandbox-echo",
        input=[
            {"role": "user", "content": "one"},
            {"role": "assistant", "content": "two"},
            {"role": "user", "content": "three"},
        ],
    )
    assert compacted.object == "response.compaction"
    kinds = [each.type for each in compacted.output]
    assert kinds == ["message", "message", "compaction"]
