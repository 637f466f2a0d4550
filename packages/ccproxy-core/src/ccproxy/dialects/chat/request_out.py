"""Writes OpenAI Chat Completions requests.

Most servers that are asked so are not OpenAI's, and some refuse what they don't know.
So only what the caller asked for is written.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

import re
from collections.abc import Iterable, Iterator

import orjson

from ccproxy.dialects.chat.request_in import SETTINGS
from ccproxy.dialects.chat.search import write_search
from ccproxy.dialects.citations import lose_citations
from ccproxy.dialects.conversation import (
    Block,
    Choice,
    Conversation,
    Document,
    Format,
    Image,
    Opaque,
    Reasoning,
    Refusal,
    Role,
    Search,
    Setting,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    Turn,
)
from ccproxy.dialects.feature import Feature
from ccproxy.dialects.json import Json, JsonObject, strings
from ccproxy.dialects.media import data_url
from ccproxy.dialects.openai import (
    VENDOR,
    chosen,
    write_level,
    write_schema,
    write_strict,
    written_out,
)
from ccproxy.dialects.session import short_user
from ccproxy.dialects.speaker import Writing
from ccproxy.dialects.tools import wrapped_arguments, wrapped_schema

MOST_STOPS = 4
"""The API takes no more stop sequences."""

_FIELDS = {setting: name for name, setting in SETTINGS.items()}
_NEWER = re.compile(r"(o\d|gpt-[5-9])")
"""How the names of models begin that refuse ``max_tokens``, wherever they are served.

Other servers know that name alone: Mistral's refuses ``max_completion_tokens``, and
Ollama passes over it (https://github.com/ollama/ollama/issues/7125).
"""


def render_request(asked: Conversation, writing: Writing) -> JsonObject:
    """Write a request.

    Raises:
        UntranslatableError: It holds what has to be told, and can't be.
    """
    messages: list[Json] = []
    if asked.system:
        words = "\n\n".join(each.text for each in asked.system)
        messages.append({"role": "system", "content": words})
    for turn in asked.turns:
        messages += _turn(turn, writing)
    body: JsonObject = {"model": asked.model, "messages": messages}
    if asked.tools:
        body["tools"] = [_tool(tool, writing) for tool in asked.tools]
        _write_choice(body, asked, writing)
    if asked.search is not None:
        write_search(body, asked.search, writing)
    if asked.effort is not None and (level := write_level(asked.effort, writing)):
        body["reasoning_effort"] = level
    if asked.format is not None:
        body["response_format"] = _format(asked.format, writing)
    if asked.logprobs is not None:
        body["logprobs"] = True
        if asked.logprobs:
            body["top_logprobs"] = asked.logprobs
    _write_settings(body, asked, writing)
    if asked.stream:
        body["stream"] = True
        body["stream_options"] = {"include_usage": True}
    return body


def _turn(turn: Turn, writing: Writing) -> Iterator[JsonObject]:
    if turn.role is Role.ASSISTANT:
        yield from _answer(turn.blocks, writing)
        return
    role = "system" if turn.role is Role.SYSTEM else "user"
    behind: list[Json] = []
    rest: list[Block] = []
    for block in turn.blocks:
        if isinstance(block, ToolResult):
            yield _result(block, behind, writing)
        else:
            rest.append(block)
    parts = behind + [part for block in rest for part in _part(block, writing)]
    if parts:
        yield {"role": role, "content": _content(parts)}


def _content(parts: list[Json]) -> Json:
    """Write a text alone as a string, which every server takes."""
    if len(parts) == 1 and isinstance(parts[0], dict) and parts[0]["type"] == "text":
        return parts[0]["text"]
    return parts


def _result(result: ToolResult, behind: list[Json], writing: Writing) -> JsonObject:
    """Write a tool's result, which holds text alone; all else goes behind it."""
    call_id = writing.names.call(result.call_id)
    words: list[str] = []
    if result.failed:
        writing.notes.lose(Feature.TOOL_ERROR)
        words.append("The tool failed:")
    for block in result.content:
        if isinstance(block, Text):
            words.append(block.text)
            continue
        parts = _part(block, writing)
        if parts and not isinstance(block, Opaque):
            writing.notes.lose(Feature.TOOL_IMAGE)
            pointer = f"[What follows belongs to the result of {call_id}.]"
            behind += [{"type": "text", "text": pointer}, *parts]
            words.append("[See the user's next message.]")
    return {"role": "tool", "tool_call_id": call_id, "content": "\n".join(words)}


def _answer(blocks: Iterable[Block], writing: Writing) -> Iterator[JsonObject]:
    words: list[str] = []
    thoughts: list[str] = []
    refusals: list[str] = []
    calls: list[Json] = []
    for block in blocks:
        match block:
            case Text():
                words.append(_words(block, writing, late=bool(calls)))
            case Refusal(text=said):
                refusals.append(said)
            case ToolCall():
                calls.append(_call(block, writing))
            case Reasoning(text=thought) if thought and block.maker == writing.maker:
                writing.notes.lose(Feature.REASONING)
                thoughts.append(thought)
            case Reasoning():
                writing.notes.lose(Feature.FOREIGN_REASONING)
            case Search():
                writing.notes.lose(Feature.SEARCHED)
            case _:
                _part(block, writing)
    said = "".join(words)
    if not (said or refusals or calls):
        return
    message: JsonObject = {"role": "assistant", "content": said or None}
    if thoughts:
        message["reasoning_content"] = "\n\n".join(thoughts)
    if refusals:
        message["refusal"] = "".join(refusals)
    if calls:
        message["tool_calls"] = calls
    yield message


def _words(block: Text, writing: Writing, *, late: bool) -> str:
    lose_citations(block.citations, writing.notes)
    if late:
        writing.notes.lose(Feature.TOOL_ORDER)
    return block.text


def _call(call: ToolCall, writing: Writing) -> JsonObject:
    arguments = call.arguments or "{}"
    if call.custom:
        arguments = orjson.dumps(wrapped_arguments(call.arguments)).decode()
    name = writing.names.tool(call.name, call.namespace, wrapped=call.custom)
    return {
        "id": writing.names.call(call.id),
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def _part(block: Block, writing: Writing) -> list[Json]:
    match block:
        case Text(text=words):
            return [{"type": "text", "text": words}] if words else []
        case Image():
            return [_image(block, writing)]
        case Document():
            return [_document(block, writing)]
        case Opaque(kind=kind):
            writing.notes.lose(Feature.UNKNOWN_BLOCK, kind)
    return []


def _image(image: Image, writing: Writing) -> JsonObject:
    if image.file_id:
        own = image.vendor == VENDOR
        writing.notes.lose(Feature.IMAGE_FILE if own else Feature.ANTHROPIC_FILE)
    url = image.url or data_url(image.media_type, image.data)
    written: JsonObject = {"url": url}
    if image.detail:
        written["detail"] = image.detail
    return {"type": "image_url", "image_url": written}


def _document(document: Document, writing: Writing) -> JsonObject:
    if document.text:
        return {"type": "text", "text": written_out(document, writing)}
    if document.url:
        writing.notes.lose(Feature.DOCUMENT_URL)
    if document.file_id:
        if document.vendor != VENDOR:
            writing.notes.lose(Feature.ANTHROPIC_FILE)
        return {"type": "file", "file": {"file_id": document.file_id}}
    file: JsonObject = {
        "filename": document.title or "document.pdf",
        "file_data": data_url(document.media_type, document.data),
    }
    return {"type": "file", "file": file}


def _tool(tool: Tool, writing: Writing) -> JsonObject:
    if tool.namespace:
        writing.notes.lose(Feature.NAMESPACE)
    if tool.custom:
        writing.notes.lose(Feature.CUSTOM_TOOL)
    name = writing.names.tool(tool.name, tool.namespace, wrapped=tool.custom)
    function: JsonObject = {"name": name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = wrapped_schema(tool) if tool.custom else tool.schema
    if tool.strict is not None:
        strict = write_strict(tool.schema, writing, strict=tool.strict)
        function["strict"] = strict
    return {"type": "function", "function": function}


def _write_choice(body: JsonObject, asked: Conversation, writing: Writing) -> None:
    if asked.parallel is not None:
        body["parallel_tool_calls"] = asked.parallel
    choice = asked.choice
    if choice is None or choice.search:
        return
    spoken = choice.choice.value
    if choice.choice is Choice.ONE:
        body["tool_choice"] = _named(choice.name, asked.tools, writing)
    elif choice.allowed:
        tools: list[Json] = [
            _named(name, asked.tools, writing) for name in choice.allowed
        ]
        allowed: JsonObject = {"mode": spoken, "tools": tools}
        body["tool_choice"] = {"type": "allowed_tools", "allowed_tools": allowed}
    else:
        body["tool_choice"] = spoken


def _named(name: str, tools: list[Tool], writing: Writing) -> JsonObject:
    tool = chosen(name, tools)
    known = writing.names.tool(name, tool.namespace, wrapped=tool.custom)
    return {"type": "function", "function": {"name": known}}


def _format(wanted: Format, writing: Writing) -> JsonObject:
    if not wanted.schema:
        return {"type": "json_object"}
    return {"type": "json_schema", "json_schema": write_schema(wanted, writing)}


def _write_settings(body: JsonObject, asked: Conversation, writing: Writing) -> None:
    for setting, value in asked.settings.items():
        if setting is Setting.USER and isinstance(value, str):
            body["user"] = short_user(value)
        elif setting is Setting.STOP:
            sequences = strings(value)
            body["stop"] = [*sequences[:MOST_STOPS]]
            writing.heed(sequences[MOST_STOPS:])
        elif setting is Setting.MAX_TOKENS:
            newer = _NEWER.match(asked.model.rpartition("/")[2])
            body["max_completion_tokens" if newer else "max_tokens"] = value
        elif setting in _FIELDS:
            body[_FIELDS[setting]] = value
        else:
            writing.notes.lose(Feature(setting.value))
