"""OpenAI Responses: reading requests, writing answers.

Source: https://platform.openai.com/docs/api-reference/responses-streaming
"""

from collections.abc import Iterator
from itertools import count

from ccproxy.plugins.sandbox import sse
from ccproxy.plugins.sandbox.chat import CREATED, error
from ccproxy.plugins.sandbox.fields import an_object, media_type, objects, text
from ccproxy.plugins.sandbox.script import Answer, Ask, Part, Reasoning, Text, ToolCall
from ccproxy.sdk import Json, JsonObject

__all__ = ["CONVERSATION", "error", "read", "stream", "whole"]

CONVERSATION = "input"
"""The field that can't be missing."""

REPEATED: JsonObject = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "reasoning": {"effort": None, "summary": None},
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
}
"""What an answer repeats of its request, and the API's defaults."""


def read(payload: JsonObject) -> Ask:
    """Gather what a request says."""
    ask = Ask()
    ask.system(text(payload.get("instructions")))
    asked = payload.get("input")
    if isinstance(asked, str):
        ask.user(asked)
    for item in objects(asked):
        _read_item(ask, item)
    for tool in objects(payload.get("tools")):
        if tool.get("type") == "function":
            parameters = an_object(tool.get("parameters"))
            ask.tools.append((text(tool.get("name")), parameters))
    return ask


def _read_item(ask: Ask, item: JsonObject) -> None:
    match item.get("type", "message"):
        case "message":
            role = text(item.get("role"))
            _read_message(ask, role, item.get("content"))
        case "function_call":
            ask.model(text(item.get("arguments")))
        case "function_call_output":
            output = item.get("output")
            if isinstance(output, str):
                ask.result(output)
                return
            parts = objects(output)
            ask.result(" ".join(text(part.get("text")) for part in parts))
            for part in parts:
                _read_image(ask, part)


def _read_message(ask: Ask, role: str, content: Json) -> None:
    hear = {"user": ask.user, "assistant": ask.model}.get(role, ask.system)
    if isinstance(content, str):
        hear(content)
    for part in objects(content):
        if part.get("type") in {"input_text", "output_text"}:
            hear(text(part.get("text")))
        _read_image(ask, part)


def _read_image(ask: Ask, part: JsonObject) -> None:
    if part.get("type") == "input_image":
        ask.images.append(media_type(text(part.get("image_url"))))


def compacted(seed: str, payload: JsonObject, ask: Ask) -> JsonObject:
    """Write the answer of ``compact``: what the user said, and a sealed summary.

    Source: https://platform.openai.com/docs/api-reference/responses/compact
    """
    asked = payload.get("input")
    said = [item for item in objects(asked) if item.get("role") == "user"]
    if isinstance(asked, str):
        said = [{"type": "message", "role": "user", "content": asked}]
    kept: list[Json] = [
        _user_item(seed, place, item) for place, item in enumerate(said)
    ]
    summary: JsonObject = {
        "type": "compaction",
        "id": f"cmp_{seed}",
        "encrypted_content": f"sandbox-{seed}",
    }
    return {
        "id": f"resp_{seed}",
        "object": "response.compaction",
        "created_at": CREATED,
        "output": [*kept, summary],
        "usage": _usage(max(1, ask.words), 1, 0),
    }


def _user_item(seed: str, place: int, item: JsonObject) -> JsonObject:
    content = item.get("content")
    if isinstance(content, str):
        content = [{"type": "input_text", "text": content}]
    status = {"id": f"msg_{seed}_{place}", "status": "completed"}
    return {**status, **item, "type": "message", "content": content}


def whole(answer: Answer) -> JsonObject:
    """Write an answer that is not streamed."""
    response = _response(answer, "completed")
    response["output"] = [
        _item(answer, part, index) for index, part in enumerate(answer.parts)
    ]
    response["usage"] = _usage(
        answer.input_tokens, answer.output_tokens, answer.reasoning_tokens
    )
    return response


def _usage(asked: int, answered: int, reasoned: int) -> JsonObject:
    return {
        "input_tokens": asked,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": answered,
        "output_tokens_details": {"reasoning_tokens": reasoned},
        "total_tokens": asked + answered,
    }


def stream(answer: Answer) -> Iterator[bytes]:
    """Write an answer as events, numbered from zero."""
    for number, event in zip(count(), _events(answer), strict=False):
        yield sse.named({**event, "sequence_number": number})


def _events(answer: Answer) -> Iterator[JsonObject]:
    yield {"type": "response.created", "response": _response(answer, "in_progress")}
    yield {"type": "response.in_progress", "response": _response(answer, "in_progress")}
    for index, part in enumerate(answer.parts):
        item = _item(answer, part, index)
        begun = {**item, "status": "in_progress", **_nothing_yet(part)}
        yield {
            "type": "response.output_item.added",
            "output_index": index,
            "item": begun,
        }
        place: JsonObject = {"item_id": item["id"], "output_index": index}
        for event in _part_events(part):
            yield {**event, **place}
        yield {
            "type": "response.output_item.done",
            "output_index": index,
            "item": item,
        }
    yield {"type": "response.completed", "response": whole(answer)}


def _part_events(part: Part) -> Iterator[JsonObject]:
    match part:
        case Text(said):
            yield from _text_events(said)
        case Reasoning(thought):
            yield from _summary_events(thought)
        case ToolCall(name, arguments):
            kind = "response.function_call_arguments"
            for piece in sse.slices(arguments):
                yield {"type": f"{kind}.delta", "delta": piece}
            yield {"type": f"{kind}.done", "name": name, "arguments": arguments}


def _text_events(said: str) -> Iterator[JsonObject]:
    place: JsonObject = {"content_index": 0}
    yield {"type": "response.content_part.added", **place, "part": _text("")}
    for piece in sse.words(said):
        yield {
            "type": "response.output_text.delta",
            **place,
            "delta": piece,
            "logprobs": [],
        }
    yield {"type": "response.output_text.done", **place, "text": said, "logprobs": []}
    yield {"type": "response.content_part.done", **place, "part": _text(said)}


def _summary_events(thought: str) -> Iterator[JsonObject]:
    kind = "response.reasoning_summary"
    place: JsonObject = {"summary_index": 0}
    yield {"type": f"{kind}_part.added", **place, "part": _summary("")}
    for piece in sse.words(thought):
        yield {"type": f"{kind}_text.delta", **place, "delta": piece}
    yield {"type": f"{kind}_text.done", **place, "text": thought}
    yield {"type": f"{kind}_part.done", **place, "part": _summary(thought)}


def _response(answer: Answer, status: str) -> JsonObject:
    repeated = {name: answer.asked.get(name, usual) for name, usual in REPEATED.items()}
    return {
        "id": f"resp_{answer.seed}",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "model": answer.model,
        "output": [],
        "usage": None,
        **repeated,
    }


def _item(answer: Answer, part: Part, index: int) -> JsonObject:
    match part:
        case Text(said):
            return {
                "id": f"msg_{answer.seed}{index}",
                "type": "message",
                "status": "completed",
                "role": "assistant",
                "content": [_text(said)],
            }
        case Reasoning(thought):
            item: JsonObject = {
                "id": f"rs_{answer.seed}{index}",
                "type": "reasoning",
                "summary": [_summary(thought)],
            }
            include = answer.asked.get("include")
            if isinstance(include, list) and "reasoning.encrypted_content" in include:
                item["encrypted_content"] = f"sandbox-{answer.seed}"
            return item
        case ToolCall(name, arguments):
            return {
                "id": f"fc_{answer.seed}{index}",
                "type": "function_call",
                "status": "completed",
                "call_id": f"call_{answer.seed}{index}",
                "name": name,
                "arguments": arguments,
            }


def _nothing_yet(part: Part) -> JsonObject:
    match part:
        case Text():
            return {"content": []}
        case Reasoning():
            return {"summary": []}
        case ToolCall():
            return {"arguments": ""}


def _text(said: str) -> JsonObject:
    return {"type": "output_text", "text": said, "annotations": [], "logprobs": []}


def _summary(thought: str) -> JsonObject:
    return {"type": "summary_text", "text": thought}
