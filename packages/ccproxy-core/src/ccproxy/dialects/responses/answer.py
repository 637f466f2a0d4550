"""Reads and writes whole answers of OpenAI Responses.

Source: https://platform.openai.com/docs/api-reference/responses/object
"""

from collections.abc import Iterator

from ccproxy.dialects import openai
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
from ccproxy.dialects.json import JsonObject, an_object, objects, text
from ccproxy.dialects.problem import no_answer, problem_of
from ccproxy.dialects.responses.request_in import (
    read_call,
    read_citations,
    thought_of,
)
from ccproxy.dialects.responses.search import read_search, search_item
from ccproxy.dialects.seal import enclose
from ccproxy.dialects.speaker import Frame

ECHOED: JsonObject = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "previous_response_id": None,
    "reasoning": {"effort": None, "summary": None},
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": None,
    "truncation": "disabled",
}
"""What an answer repeats of its request, and what it says where nothing was asked."""

_INCOMPLETE = {
    StopReason.LENGTH: "max_output_tokens",
    StopReason.CONTEXT: "max_output_tokens",
    StopReason.FILTER: "content_filter",
    StopReason.REFUSAL: "content_filter",
}
_REASONS = {
    "max_output_tokens": StopReason.LENGTH,
    "content_filter": StopReason.FILTER,
}


def parse_answer(payload: JsonObject, maker: str) -> Answer | Problem:
    """Read an answer, or why there is none."""
    if payload.get("status") == "failed":
        return problem_of(payload)
    if not isinstance(payload.get("output"), list):
        return no_answer(payload)
    blocks = [
        block
        for item in objects(payload.get("output"))
        for block in read_item(item, maker)
    ]
    usage = payload.get("usage")
    return Answer(
        id=text(payload.get("id")),
        blocks=blocks,
        stop=read_stop(payload, blocks),
        usage=read_usage(usage) if isinstance(usage, dict) else None,
        model=text(payload.get("model")),
    )


def read_item(item: JsonObject, maker: str) -> Iterator[AnswerBlock]:
    """Read an item of an answer; a message may hold several blocks."""
    kind = text(item.get("type"))
    match kind:
        case "message":
            for part in objects(item.get("content")):
                if part.get("type") == "refusal":
                    yield Refusal(text(part.get("refusal")))
                else:
                    tokens = openai.read_logprobs(part.get("logprobs"))
                    yield Text(text(part.get("text")), read_citations(part), tokens)
        case "reasoning":
            seal, name = text(item.get("encrypted_content")), text(item.get("id"))
            yield Reasoning(thought_of(item), seal, maker, name)
        case "function_call" | "custom_tool_call":
            yield read_call(item)
        case "web_search_call":
            yield read_search(item, maker)
        case _:
            yield Opaque(kind)


def read_stop(payload: JsonObject, blocks: list[AnswerBlock]) -> StopReason:
    """Read why an answer ended; calls and refusals are told by their blocks alone."""
    details = an_object(payload.get("incomplete_details"))
    if payload.get("status") == "incomplete":
        return _REASONS.get(text(details.get("reason")), StopReason.LENGTH)
    kinds = {type(block) for block in blocks}
    if ToolCall in kinds:
        return StopReason.TOOLS
    return StopReason.REFUSAL if Refusal in kinds else StopReason.END


def read_usage(usage: JsonObject) -> Usage:
    """Read what was used."""
    return openai.read_usage(usage, "input", "output")


def render_answer(answer: Answer, frame: Frame) -> JsonObject:
    """Write an answer."""
    output: list[JsonObject] = []
    for block in answer.blocks:
        item = write_item(block, answer.id, len(output), frame)
        if item is not None:
            output.append(item)
    return finished(answer, output, frame)


def finished(answer: Answer, output: list[JsonObject], frame: Frame) -> JsonObject:
    """Write the object of an answer that is complete or was cut short."""
    reason = _INCOMPLETE.get(answer.stop)
    if answer.stop is StopReason.REFUSAL and _refuses(output):
        reason = None
    if answer.stop is StopReason.PAUSE:
        frame.notes.lose(Feature.PAUSE)
    if answer.sequence:
        frame.notes.lose(Feature.STOP_SEQUENCE)
    body = response(answer.id, "incomplete" if reason else "completed", frame)
    if reason:
        body["incomplete_details"] = {"reason": reason}
    body["output"] = [*output]
    body["usage"] = write_usage(answer.usage or Usage())
    return body


def _refuses(output: list[JsonObject]) -> bool:
    parts = (part for item in output for part in objects(item.get("content")))
    return any(part.get("type") == "refusal" for part in parts)


def response(name: str, status: str, frame: Frame) -> JsonObject:
    """Write what all response objects have, without output."""
    asked = frame.asked
    return {
        "id": answer_id(name),
        "object": "response",
        "created_at": frame.created,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "model": frame.model,
        "output": [],
        "usage": None,
        "store": asked.get("store") is not False,
        **{
            key: usual if asked.get(key) is None else asked[key]
            for key, usual in ECHOED.items()
        },
        "parallel_tool_calls": asked.get("parallel_tool_calls") is not False,
    }


def answer_id(name: str) -> str:
    """Write an upstream's id so that it looks like one of this dialect."""
    return name if name.startswith("resp_") else f"resp_{name}"


def write_item(
    block: AnswerBlock, answer: str, index: int, frame: Frame
) -> JsonObject | None:
    """Write a whole block as an item; ``None`` if there is nothing to tell."""
    match block:
        case Text(text=words):
            pages = of_pages(block.citations, frame.notes)
            written = [write_citation(each, len(words)) for each in pages]
            if words or written:
                part = text_part(words, written, block.logprobs)
                return message_item(item_id("msg", answer, index), part)
        case Refusal(text=words) if words:
            part = {"type": "refusal", "refusal": words}
            return message_item(item_id("msg", answer, index), part)
        case Reasoning(text=words) if words or block.seal:
            return reasoning_item(block, item_id("rs", answer, index))
        case ToolCall(arguments=arguments):
            begun = call_item(block, item_id("fc", answer, index))
            field = "input" if block.custom else "arguments"
            said = arguments if block.custom else arguments or "{}"
            return {**begun, field: said, **_status(block, "completed")}
        case Search():
            return search_item(block, frame)
        case Opaque(kind=kind):
            frame.notes.lose(Feature.UNKNOWN_BLOCK, kind)
    return None


def item_id(kind: str, answer: str, index: int) -> str:
    """Name an item, always the same."""
    return f"{kind}_{answer.removeprefix('resp_')}_{index}"


def message_item(name: str, *parts: JsonObject) -> JsonObject:
    """Write a whole message."""
    return {
        "type": "message",
        "id": name,
        "role": "assistant",
        "status": "completed",
        "content": [*parts],
    }


def text_part(
    words: str, annotations: list[JsonObject], tokens: tuple[JsonObject, ...] = ()
) -> JsonObject:
    """Write words within a message."""
    return {
        "type": "output_text",
        "text": words,
        "annotations": [*annotations],
        "logprobs": [*tokens],
    }


def reasoning_item(block: Reasoning, name: str) -> JsonObject:
    """Write reasoning; the words are its summary."""
    summary: list[JsonObject] = []
    if block.text:
        summary.append({"type": "summary_text", "text": block.text})
    item: JsonObject = {"type": "reasoning", "id": name, "summary": [*summary]}
    return {**item, "encrypted_content": enclose(block)}


def call_item(call: ToolCall, name: str) -> JsonObject:
    """Write a tool call as it begins."""
    item: JsonObject = {
        "type": "custom_tool_call" if call.custom else "function_call",
        "id": f"ctc{name[2:]}" if call.custom else name,
        "call_id": call.id,
        "name": call.name,
        ("input" if call.custom else "arguments"): "",
        **_status(call, "in_progress"),
    }
    if call.namespace:
        item["namespace"] = call.namespace
    return item


def _status(call: ToolCall, status: str) -> JsonObject:
    return {} if call.custom else {"status": status}


def write_citation(citation: Citation, end: int) -> JsonObject:
    """Write a citation of what was said up to here."""
    return {
        "type": "url_citation",
        "url": citation.url,
        "title": citation.title,
        "start_index": 0,
        "end_index": end,
    }


def write_usage(usage: Usage) -> JsonObject:
    """Write what was used."""
    return openai.write_usage(usage, "input", "output")
