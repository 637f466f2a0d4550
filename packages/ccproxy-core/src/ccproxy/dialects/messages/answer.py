"""Reads and writes whole answers of Anthropic Messages.

Source: https://docs.claude.com/en/api/messages
"""

from collections.abc import Iterator
from dataclasses import replace

import orjson

from ccproxy.dialects.answer import Answer, AnswerBlock, Problem, StopReason, Usage
from ccproxy.dialects.citations import of_pages
from ccproxy.dialects.conversation import (
    Citation,
    Opaque,
    Reasoning,
    Refusal,
    Search,
    Text,
    ToolCall,
)
from ccproxy.dialects.feature import Feature
from ccproxy.dialects.json import JsonObject, an_object, count, objects, text
from ccproxy.dialects.messages.request_in import read_citations
from ccproxy.dialects.messages.search import (
    FOUND,
    WEB_SEARCH,
    with_found,
    write_search,
)
from ccproxy.dialects.problem import no_answer
from ccproxy.dialects.seal import MARK, enclose
from ccproxy.dialects.speaker import Frame
from ccproxy.dialects.tools import wrapped_arguments

_READ = {
    "end_turn": StopReason.END,
    "max_tokens": StopReason.LENGTH,
    "model_context_window_exceeded": StopReason.CONTEXT,
    "stop_sequence": StopReason.SEQUENCE,
    "tool_use": StopReason.TOOLS,
    "pause_turn": StopReason.PAUSE,
    "refusal": StopReason.REFUSAL,
}
_WRITTEN = {reason: name for name, reason in _READ.items()} | {
    StopReason.FILTER: "refusal"
}


def parse_answer(payload: JsonObject, maker: str) -> Answer | Problem:
    """Read an answer, or that it is none."""
    if not isinstance(payload.get("content"), list):
        return no_answer(payload)
    blocks: list[AnswerBlock] = []
    for part in objects(payload.get("content")):
        if part.get("type") == FOUND:
            blocks = [with_found(each, part) for each in blocks]
        else:
            blocks.append(read_block(part, maker))
    usage = payload.get("usage")
    return Answer(
        id=text(payload.get("id")),
        blocks=blocks,
        stop=read_stop(payload),
        sequence=text(payload.get("stop_sequence")),
        usage=read_usage(usage) if isinstance(usage, dict) else None,
        model=text(payload.get("model")),
    )


def read_block(part: JsonObject, maker: str) -> AnswerBlock:
    """Read a block of an answer."""
    kind = text(part.get("type"))
    match kind:
        case "text":
            return Text(text(part.get("text")), read_citations(part))
        case "tool_use":
            arguments = orjson.dumps(part.get("input") or {}).decode()
            return ToolCall(text(part.get("id")), text(part.get("name")), arguments)
        case "thinking":
            seal = text(part.get("signature"))
            return Reasoning(text(part.get("thinking")), seal, maker)
        case "redacted_thinking":
            return Reasoning("", text(part.get("data")), maker, hidden=True)
        case "server_tool_use" if part.get("name") == WEB_SEARCH:
            asked = an_object(part.get("input"))
            return Search(text(part.get("id")), asked, maker=maker)
    return Opaque(kind)


def read_stop(payload: JsonObject) -> StopReason:
    """Read why an answer ended."""
    return _READ.get(text(payload.get("stop_reason")), StopReason.END)


def read_usage(usage: JsonObject) -> Usage:
    """Read what was used; Anthropic's input tokens exclude cached ones."""
    details = an_object(usage.get("output_tokens_details"))
    written = an_object(usage.get("cache_creation"))
    return Usage(
        input=count(usage.get("input_tokens")),
        cache_read=count(usage.get("cache_read_input_tokens")),
        cache_write=count(usage.get("cache_creation_input_tokens")),
        cache_write_1h=count(written.get("ephemeral_1h_input_tokens")),
        output=count(usage.get("output_tokens")),
        reasoning=count(details.get("thinking_tokens")),
    )


def update_usage(before: Usage, usage: JsonObject) -> Usage:
    """Read the totals of a delta; those that it leaves out are as they were."""
    now = read_usage(usage)
    told = {
        field: getattr(now, field)
        for field, name in _COUNTS.items()
        if usage.get(name) is not None
    }
    return replace(before, **told)


_COUNTS = {
    "input": "input_tokens",
    "cache_read": "cache_read_input_tokens",
    "cache_write": "cache_creation_input_tokens",
    "cache_write_1h": "cache_creation",
    "output": "output_tokens",
    "reasoning": "output_tokens_details",
}


def render_answer(answer: Answer, frame: Frame) -> JsonObject:
    """Write an answer."""
    blocks: list[JsonObject] = []
    for block in answer.blocks:
        blocks += _blocks(block, frame)
    return {
        **message(answer.id, frame.model),
        "content": [*blocks],
        **write_stop(answer.stop, answer.sequence),
        "usage": write_usage(answer.usage or Usage()),
    }


def message(name: str, model: str) -> JsonObject:
    """Write what all messages have, without content."""
    return {
        "id": name if name.startswith("msg_") else f"msg_{name}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": write_usage(Usage()),
    }


def _blocks(block: AnswerBlock, frame: Frame) -> Iterator[JsonObject]:
    match block:
        case Text(text=words):
            cited = of_pages(block.citations, frame.notes)
            written: JsonObject = {"type": "text", "text": words}
            if cited:
                written["citations"] = [write_citation(each) for each in cited]
            if words or cited:
                yield written
        case Refusal(text=words) if words:
            frame.notes.lose(Feature.REFUSAL)
            yield {"type": "text", "text": words}
        case Reasoning(text=words) if words:
            yield {"type": "thinking", "thinking": words, "signature": enclose(block)}
        case Reasoning(seal=seal) if seal:
            yield {"type": "redacted_thinking", "data": enclose(block)}
        case ToolCall(arguments=arguments):
            begun = write_block(block, frame)
            if begun is not None:
                yield {**begun, "input": call_input(arguments, custom=block.custom)}
        case Search():
            yield from write_search(block)
        case Opaque():
            write_block(block, frame)


def write_block(block: AnswerBlock, frame: Frame) -> JsonObject | None:
    """Write a block as it begins; ``None`` if it can't be told."""
    match block:
        case Text() | Refusal():
            return {"type": "text", "text": ""}
        case Reasoning():
            return {"type": "thinking", "thinking": "", "signature": ""}
        case ToolCall():
            if block.custom:
                frame.notes.lose(Feature.CUSTOM_TOOL)
            begun: JsonObject = {"type": "tool_use", "id": block.id, "name": block.name}
            return {**begun, "input": {}}
        case Opaque(kind=kind):
            frame.notes.lose(Feature.UNKNOWN_BLOCK, kind)
    return None


def call_input(arguments: str, *, custom: bool = False) -> JsonObject:
    """Write arguments; Anthropic takes an object, whatever the model wrote."""
    if custom:
        return wrapped_arguments(arguments)
    try:
        given = orjson.loads(arguments or "{}")
    except orjson.JSONDecodeError:
        return wrapped_arguments(arguments)
    return given if isinstance(given, dict) else wrapped_arguments(arguments)


def write_citation(citation: Citation) -> JsonObject:
    """Write a citation of a page."""
    return {
        "type": "web_search_result_location",
        "url": citation.url,
        "title": citation.title or None,
        "cited_text": citation.quote,
        "encrypted_index": MARK,
    }


def write_stop(reason: StopReason, sequence: str) -> JsonObject:
    """Write why an answer ended."""
    return {"stop_reason": _WRITTEN[reason], "stop_sequence": sequence or None}


def write_usage(usage: Usage) -> JsonObject:
    """Write what was used."""
    written: JsonObject = {
        "input_tokens": usage.input,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation_input_tokens": usage.cache_write,
        "output_tokens": usage.output,
    }
    if usage.reasoning:
        written["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    return written
