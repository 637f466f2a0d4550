"""Reads and writes whole answers of OpenAI Chat Completions.

Source: https://platform.openai.com/docs/api-reference/chat/object
"""

from collections.abc import Sequence
from dataclasses import replace

from ccproxy.dialects import openai
from ccproxy.dialects.answer import (
    Answer,
    AnswerBlock,
    Problem,
    Stop,
    StopReason,
    Usage,
)
from ccproxy.dialects.chat.request_in import read_call
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
from ccproxy.dialects.json import Json, JsonObject, an_object, objects, text
from ccproxy.dialects.problem import no_answer
from ccproxy.dialects.speaker import Frame

_READ = {
    "stop": StopReason.END,
    "length": StopReason.LENGTH,
    "tool_calls": StopReason.TOOLS,
    "function_call": StopReason.TOOLS,
    "content_filter": StopReason.FILTER,
}
FAILED = ("error", "insufficient_system_resource")
"""What OpenRouter and DeepSeek say of an answer that they could not finish."""

_WRITTEN = {
    StopReason.END: "stop",
    StopReason.LENGTH: "length",
    StopReason.CONTEXT: "length",
    StopReason.TOOLS: "tool_calls",
    StopReason.SEQUENCE: "stop",
    StopReason.REFUSAL: "content_filter",
    StopReason.FILTER: "content_filter",
    StopReason.PAUSE: "stop",
}


def parse_answer(payload: JsonObject, maker: str) -> Answer | Problem:
    """Read an answer; of several choices, the first."""
    choice = next(iter(objects(payload.get("choices"))), None)
    if choice is None or choice.get("finish_reason") in FAILED:
        return no_answer(payload)
    message = an_object(choice.get("message"))
    blocks: list[AnswerBlock] = []
    said, inner = words_of(message.get("content"))
    if thought := thought_of(message) or inner:
        blocks.append(Reasoning(thought, maker=maker))
    if said:
        blocks.append(Text(said, citations_of(message), logprobs_of(choice)))
    if refusal := text(message.get("refusal")):
        blocks.append(Refusal(refusal))
    blocks += map(Opaque, shown_of(message))
    name = text(payload.get("id"))
    calls = [
        call if call.id else replace(call, id=call_id(name, place))
        for place, call in enumerate(map(read_call, objects(message.get("tool_calls"))))
    ]
    usage = payload.get("usage")
    return Answer(
        id=name,
        blocks=[*blocks, *calls],
        stop=read_stop(text(choice.get("finish_reason")), bool(calls), bool(refusal)),
        usage=read_usage(usage) if isinstance(usage, dict) else None,
        model=text(payload.get("model")),
    )


def call_id(answer: str, place: int) -> str:
    """Name a tool call that its server left without a name."""
    return f"call_{answer.removeprefix('chatcmpl-')}_{place}"


def thought_of(message: JsonObject) -> str:
    """Read the reasoning, which servers call by one of two names."""
    return text(message.get("reasoning_content")) or text(message.get("reasoning"))


def words_of(content: Json) -> tuple[str, str]:
    """Read what is said, and what is thought, of a text or a list of parts.

    Mistral's models that think answer in parts. Source:
    https://docs.mistral.ai/capabilities/reasoning/
    """
    if isinstance(content, str) or not content:
        return text(content), ""
    parts = objects(content)
    thoughts = [each for part in parts for each in objects(part.get("thinking"))]
    return (
        "".join(text(part.get("text")) for part in parts),
        "".join(text(each.get("text")) for each in thoughts),
    )


def shown_of(message: JsonObject) -> list[str]:
    """Name what is said without words: spoken answers, and images that some make."""
    return [kind for kind in ("audio", "images") if message.get(kind)]


def citations_of(message: JsonObject) -> tuple[Citation, ...]:
    """Read the pages that a text cites."""
    found = []
    for annotation in objects(message.get("annotations")):
        cited = an_object(annotation.get("url_citation"))
        if url := text(cited.get("url")):
            found.append(Citation(url, text(cited.get("title"))))
    return tuple(found)


def logprobs_of(choice: JsonObject) -> tuple[JsonObject, ...]:
    """Read how likely the tokens of a choice were, or of a piece of it."""
    told = choice.get("logprobs")
    return openai.read_logprobs(told.get("content")) if isinstance(told, dict) else ()


def write_logprobs(tokens: Sequence[JsonObject]) -> JsonObject | None:
    """Write how likely tokens were; nothing if nobody asked."""
    return {"content": [*tokens], "refusal": None} if tokens else None


def read_stop(finish: str, called: bool, refused: bool) -> StopReason:
    """Read why an answer ended; some servers say ``stop`` after tool calls."""
    reason = _READ.get(finish, StopReason.END)
    if reason is StopReason.END:
        if called:
            return StopReason.TOOLS
        if refused:
            return StopReason.REFUSAL
    return reason


def read_usage(usage: JsonObject) -> Usage:
    """Read what was used."""
    return openai.read_usage(usage, "prompt", "completion")


def render_answer(answer: Answer, frame: Frame) -> JsonObject:
    """Write an answer."""
    message: JsonObject = {"role": "assistant", "content": None, "refusal": None}
    words: list[str] = []
    tokens: list[JsonObject] = []
    thoughts: list[str] = []
    for block in answer.blocks:
        match block:
            case Text(text=said):
                words.append(said)
                tokens += block.logprobs
                cited = of_pages(block.citations, frame.notes)
                _annotate(message, cited, "".join(words))
            case Refusal(text=said):
                message["refusal"] = text(message["refusal"]) + said
            case Reasoning(text=thought):
                lose_seal(block, frame)
                thoughts.append(thought)
            case ToolCall():
                calls = objects(message.get("tool_calls"))
                message["tool_calls"] = [*calls, write_call(block, frame)]
            case Search():
                frame.notes.lose(Feature.SEARCHED)
            case Opaque(kind=kind):
                frame.notes.lose(Feature.UNKNOWN_BLOCK, kind)
    if words:
        message["content"] = "".join(words)
    if thought := "\n\n".join(each for each in thoughts if each):
        message["reasoning_content"] = thought
    stop = Stop(answer.stop, answer.sequence)
    choice: JsonObject = {
        "index": 0,
        "message": message,
        "logprobs": write_logprobs(tokens),
        "finish_reason": write_stop(stop, frame, refused=bool(message["refusal"])),
    }
    return {
        "id": answer_id(answer.id),
        "object": "chat.completion",
        "created": frame.created,
        "model": frame.model,
        "choices": [choice],
        "usage": write_usage(answer.usage or Usage()),
    }


def answer_id(name: str) -> str:
    """Write an upstream's id so that it looks like one of this dialect."""
    return name if name.startswith("chatcmpl-") else f"chatcmpl-{name}"


def lose_seal(block: Reasoning, frame: Frame) -> None:
    """Note that what has no place in this dialect is lost."""
    if block.seal:
        frame.notes.lose(Feature.REASONING)


def write_call(call: ToolCall, frame: Frame) -> JsonObject:
    """Write a tool call."""
    if call.namespace:
        frame.notes.lose(Feature.NAMESPACE)
    if call.custom:
        custom: JsonObject = {"name": call.name, "input": call.arguments}
        return {"id": call.id, "type": "custom", "custom": custom}
    arguments = call.arguments or "{}"
    function: JsonObject = {"name": call.name, "arguments": arguments}
    return {"id": call.id, "type": "function", "function": function}


def _annotate(message: JsonObject, cited: Sequence[Citation], said: str) -> None:
    if cited:
        written = [write_citation(each, len(said)) for each in cited]
        message["annotations"] = [*objects(message.get("annotations")), *written]


def write_citation(citation: Citation, end: int) -> JsonObject:
    """Write a citation of what was said up to here."""
    cited: JsonObject = {
        "url": citation.url,
        "title": citation.title,
        "start_index": 0,
        "end_index": end,
    }
    return {"type": "url_citation", "url_citation": cited}


def write_stop(stop: Stop, frame: Frame, *, refused: bool) -> str:
    """Write why an answer ended; a refusal in words is told by its words."""
    if stop.reason is StopReason.PAUSE:
        frame.notes.lose(Feature.PAUSE)
    if stop.sequence:
        frame.notes.lose(Feature.STOP_SEQUENCE)
    if stop.reason is StopReason.REFUSAL and refused:
        return "stop"
    return _WRITTEN[stop.reason]


def write_usage(usage: Usage) -> JsonObject:
    """Write what was used."""
    return openai.write_usage(usage, "prompt", "completion")
