"""OpenAI Chat Completions: reading requests, writing answers.

``reasoning_content`` is not in OpenAI's own schema; it is where compatible servers put
what a model thought.
Source: https://platform.openai.com/docs/api-reference/chat/streaming
"""

from collections.abc import Iterator

from ccproxy.plugins.sandbox import sse
from ccproxy.plugins.sandbox.fields import an_object, media_type, objects, text
from ccproxy.plugins.sandbox.script import Answer, Ask, Reasoning, Text, ToolCall
from ccproxy.sdk import Json, JsonObject

CONVERSATION = "messages"
"""The field that can't be missing."""

CREATED = 1_767_225_600
"""When every answer was made: always the same moment, so that answers are too."""


def read(payload: JsonObject) -> Ask:
    """Gather what a request says."""
    ask = Ask()
    for message in objects(payload.get("messages")):
        _read_message(ask, message)
    for tool in objects(payload.get("tools")):
        function = an_object(tool.get("function"))
        if name := text(function.get("name")):
            ask.tools.append((name, an_object(function.get("parameters"))))
    return ask


def _read_message(ask: Ask, message: JsonObject) -> None:
    parts = _parts(message.get("content"))
    match message.get("role"):
        case "tool":
            ask.result(" ".join(text(part.get("text")) for part in parts))
            return
        case "user":
            hear = ask.user
        case "assistant":
            hear = ask.model
            for call in objects(message.get("tool_calls")):
                ask.model(text(an_object(call.get("function")).get("arguments")))
        case _:
            hear = ask.system
    for part in parts:
        if part.get("type") == "text":
            hear(text(part.get("text")))
        elif part.get("type") == "image_url":
            url = text(an_object(part.get("image_url")).get("url"))
            ask.images.append(media_type(url))


def _parts(content: Json) -> list[JsonObject]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return objects(content)


def whole(answer: Answer) -> JsonObject:
    """Write an answer that is not streamed."""
    message: JsonObject = {"role": "assistant", "content": None, "refusal": None}
    calls: list[Json] = []
    for index, part in enumerate(answer.parts):
        match part:
            case Text(said):
                message["content"] = said
            case Reasoning(thought):
                message["reasoning_content"] = thought
            case ToolCall(name, arguments):
                calls.append(_call(answer, index, name, arguments))
    if calls:
        message["tool_calls"] = calls
    return {
        "id": f"chatcmpl-{answer.seed}",
        "object": "chat.completion",
        "created": CREATED,
        "model": answer.model,
        "choices": [
            {
                "index": 0,
                "message": message,
                "logprobs": None,
                "finish_reason": _finish_reason(answer),
            }
        ],
        "usage": _usage(answer),
    }


def stream(answer: Answer) -> Iterator[bytes]:
    """Write an answer as events."""
    options = an_object(answer.asked.get("stream_options"))
    with_usage = options.get("include_usage") is True
    for delta in _deltas(answer):
        yield sse.data(_chunk(answer, delta, None, with_usage=with_usage))
    end = _finish_reason(answer)
    yield sse.data(_chunk(answer, {}, end, with_usage=with_usage))
    if with_usage:
        last = _chunk(answer, {}, None, with_usage=True)
        yield sse.data({**last, "choices": [], "usage": _usage(answer)})
    yield sse.DONE


def error(status: int, message: str) -> JsonObject:
    """Write an error."""
    kinds = {401: "authentication_error", 429: "rate_limit_error"}
    usual = "server_error" if status >= 500 else "invalid_request_error"
    kind = kinds.get(status, usual)
    code = "model_not_found" if status == 404 else None
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _deltas(answer: Answer) -> Iterator[JsonObject]:
    yield {"role": "assistant", "content": None if answer.calls else ""}
    for index, part in enumerate(answer.parts):
        match part:
            case Text(said):
                for piece in sse.words(said):
                    yield {"content": piece}
            case Reasoning(thought):
                for piece in sse.words(thought):
                    yield {"reasoning_content": piece}
            case ToolCall(name, arguments):
                yield {
                    "tool_calls": [{"index": index, **_call(answer, index, name, "")}]
                }
                for piece in sse.slices(arguments):
                    function: JsonObject = {"arguments": piece}
                    yield {"tool_calls": [{"index": index, "function": function}]}


def _chunk(
    answer: Answer, delta: JsonObject, finish_reason: str | None, *, with_usage: bool
) -> JsonObject:
    chunk: JsonObject = {
        "id": f"chatcmpl-{answer.seed}",
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": answer.model,
        "choices": [
            {
                "index": 0,
                "delta": delta,
                "logprobs": None,
                "finish_reason": finish_reason,
            }
        ],
    }
    if with_usage:
        chunk["usage"] = None
    return chunk


def _call(answer: Answer, index: int, name: str, arguments: str) -> JsonObject:
    return {
        "id": f"call_{answer.seed}{index}",
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def _finish_reason(answer: Answer) -> str:
    return "tool_calls" if answer.calls else "stop"


def _usage(answer: Answer) -> JsonObject:
    return {
        "prompt_tokens": answer.input_tokens,
        "completion_tokens": answer.output_tokens,
        "total_tokens": answer.input_tokens + answer.output_tokens,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": answer.reasoning_tokens},
    }
