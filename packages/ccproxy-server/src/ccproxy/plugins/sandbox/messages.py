"""Anthropic Messages: reading requests, writing answers.

Source: https://docs.anthropic.com/en/api/messages-streaming
"""

from collections.abc import Iterator

import orjson

from ccproxy.plugins.sandbox import sse
from ccproxy.plugins.sandbox.fields import an_object, objects, text
from ccproxy.plugins.sandbox.script import Answer, Ask, Part, Reasoning, Text, ToolCall
from ccproxy.sdk import Json, JsonObject

CONVERSATION = "messages"
"""The field that can't be missing."""

ERROR_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def read(payload: JsonObject) -> Ask:
    """Gather what a request says."""
    ask = Ask()
    for block in _blocks(payload.get("system")):
        ask.system(text(block.get("text")))
    for message in objects(payload.get("messages")):
        role = text(message.get("role"))
        for block in _blocks(message.get("content")):
            _read_block(ask, role, block)
    for tool in objects(payload.get("tools")):
        if "input_schema" in tool:
            schema = an_object(tool["input_schema"])
            ask.tools.append((text(tool.get("name")), schema))
    return ask


def _blocks(content: Json) -> list[JsonObject]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return objects(content)


def _read_block(ask: Ask, role: str, block: JsonObject) -> None:
    match block.get("type"):
        case "text":
            said = text(block.get("text"))
            {"user": ask.user, "assistant": ask.model}.get(role, ask.system)(said)
        case "tool_use":
            ask.model(orjson.dumps(block.get("input")).decode())
        case "thinking":
            ask.model(text(block.get("thinking")))
        case "image":
            source = an_object(block.get("source"))
            ask.images.append(text(source.get("media_type")) or "url")
        case "tool_result":
            inner = _blocks(block.get("content"))
            texts = (text(part.get("text")) for part in inner)
            ask.result(" ".join(filter(None, texts)))
            for part in inner:
                if part.get("type") == "image":
                    _read_block(ask, role, part)


def count(ask: Ask) -> JsonObject:
    """Write the answer of ``count_tokens``."""
    return {"input_tokens": max(1, ask.words)}


def whole(answer: Answer) -> JsonObject:
    """Write an answer that is not streamed."""
    message = _message(answer)
    message["content"] = [
        _content(answer, part, index) for index, part in enumerate(answer.parts)
    ]
    message["stop_reason"] = _stop_reason(answer)
    message["usage"] = _usage(answer.input_tokens, answer.output_tokens)
    return message


def stream(answer: Answer) -> Iterator[bytes]:
    """Write an answer as events."""
    yield sse.named({"type": "message_start", "message": _message(answer)})
    yield sse.named({"type": "ping"})
    for index, part in enumerate(answer.parts):
        yield from _stream_part(answer, part, index)
    yield sse.named(
        {
            "type": "message_delta",
            "delta": {"stop_reason": _stop_reason(answer), "stop_sequence": None},
            "usage": {"output_tokens": answer.output_tokens},
        }
    )
    yield sse.named({"type": "message_stop"})


def error(status: int, message: str) -> JsonObject:
    """Write an error."""
    usual = "api_error" if status >= 500 else "invalid_request_error"
    return {
        "type": "error",
        "error": {"type": ERROR_TYPES.get(status, usual), "message": message},
    }


def _message(answer: Answer) -> JsonObject:
    return {
        "id": f"msg_{answer.seed}",
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": _usage(answer.input_tokens, 0),
    }


def _usage(input_tokens: int, output_tokens: int) -> JsonObject:
    return {
        "input_tokens": input_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": output_tokens,
    }


def _stop_reason(answer: Answer) -> str:
    return "tool_use" if answer.calls else "end_turn"


def _content(answer: Answer, part: Part, index: int) -> JsonObject:
    match part:
        case Text(said):
            return {"type": "text", "text": said}
        case Reasoning(thought):
            signature = _signature(answer)
            return {"type": "thinking", "thinking": thought, "signature": signature}
        case ToolCall(name, arguments):
            return {
                "type": "tool_use",
                "id": f"toolu_{answer.seed}{index}",
                "name": name,
                "input": orjson.loads(arguments),
            }


def _signature(answer: Answer) -> str:
    return f"sandbox-{answer.seed}"


def _stream_part(answer: Answer, part: Part, index: int) -> Iterator[bytes]:
    start = _content(answer, part, index)
    for name, empty in _EMPTY.items():
        if name in start:
            start[name] = empty
    yield sse.named(
        {"type": "content_block_start", "index": index, "content_block": start}
    )
    for delta in _deltas(answer, part):
        yield sse.named({"type": "content_block_delta", "index": index, "delta": delta})
    yield sse.named({"type": "content_block_stop", "index": index})


_EMPTY: JsonObject = {"text": "", "thinking": "", "signature": "", "input": {}}


def _deltas(answer: Answer, part: Part) -> Iterator[JsonObject]:
    match part:
        case Text(said):
            for piece in sse.words(said):
                yield {"type": "text_delta", "text": piece}
        case Reasoning(thought):
            for piece in sse.words(thought):
                yield {"type": "thinking_delta", "thinking": piece}
            yield {"type": "signature_delta", "signature": _signature(answer)}
        case ToolCall(_, arguments):
            yield {"type": "input_json_delta", "partial_json": ""}
            for piece in sse.slices(arguments):
                yield {"type": "input_json_delta", "partial_json": piece}
