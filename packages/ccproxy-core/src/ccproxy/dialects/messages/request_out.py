"""Writes Anthropic Messages requests.

Source: https://docs.claude.com/en/api/messages
"""

from collections.abc import Iterable

import orjson

from ccproxy.dialects.citations import lose_citations
from ccproxy.dialects.conversation import (
    Block,
    Choice,
    Conversation,
    Document,
    Image,
    Opaque,
    Reasoning,
    Refusal,
    Role,
    Search,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    Turn,
)
from ccproxy.dialects.feature import Feature
from ccproxy.dialects.json import Json, JsonObject, an_object
from ccproxy.dialects.media import words_of
from ccproxy.dialects.messages.cache import mark
from ccproxy.dialects.messages.search import WEB_SEARCH, write_tool
from ccproxy.dialects.messages.settings import max_tokens, write_settings
from ccproxy.dialects.messages.thinking import write_thinking
from ccproxy.dialects.schemas import closed
from ccproxy.dialects.speaker import Writing
from ccproxy.dialects.tools import wrapped_arguments, wrapped_schema

_OPENING: JsonObject = {"type": "text", "text": "(The conversation begins.)"}
"""Said by the user where the assistant spoke first; Anthropic does not take that."""

_CLOSING: JsonObject = {"type": "text", "text": "(The conversation goes on.)"}
"""Said by the user where the assistant spoke last: Anthropic's models take that for the
beginning of their answer, or refuse it."""

_CHOICES = {Choice.AUTO: "auto", Choice.REQUIRED: "any", Choice.NONE: "none"}


def render_request(asked: Conversation, writing: Writing) -> JsonObject:
    """Write a request.

    Raises:
        UntranslatableError: It holds what has to be told, and can't be.
    """
    body: JsonObject = {"model": asked.model, "max_tokens": max_tokens(asked, writing)}
    turns, system = asked.turns, asked.system
    if not turns:  # there has to be a message
        turns, system = [Turn(Role.USER, [*system])], []
    if told := [_text(each) for each in system if each.text.strip()]:
        body["system"] = [*told]
    body["messages"] = _messages(turns, writing)
    _write_tools(body, asked, writing)
    if asked.format is not None:
        if asked.format.schema:
            schema = _closed(asked.format.schema, Feature.JSON_SCHEMA, writing)
            wanted: JsonObject = {"type": "json_schema", "schema": schema}
            body["output_config"] = {"format": wanted}
        else:
            writing.notes.lose(Feature.JSON_OBJECT)
    write_thinking(body, asked, writing)
    write_settings(body, asked, writing)
    if asked.stream:
        body["stream"] = True
    if asked.tools or any(turn.role is Role.ASSISTANT for turn in turns):
        mark(body)
    return body


def _messages(turns: Iterable[Turn], writing: Writing) -> list[Json]:
    """Write the turns, those of one side next to each other as one message."""
    said: list[tuple[str, list[Json]]] = []
    for turn in turns:
        later = turn.role is Role.SYSTEM
        role = "assistant" if turn.role is Role.ASSISTANT else "user"
        if later:
            writing.notes.lose(Feature.LATER_SYSTEM)
        blocks = [
            each
            for block in turn.blocks
            for each in _block(block, writing, system=later)
        ]
        if said and said[-1][0] == role:
            said[-1][1].extend(blocks)
        elif blocks:
            said.append((role, blocks))
    if said and said[0][0] == "assistant":
        writing.notes.lose(Feature.OPENING)
        said.insert(0, ("user", [dict(_OPENING)]))
    if said and said[-1][0] == "assistant":
        writing.notes.lose(Feature.CLOSING)
        said.append(("user", [dict(_CLOSING)]))
    return [
        # Results come before all else, where the API wants them.
        {"role": role, "content": sorted(blocks, key=lambda each: not _is_result(each))}
        for role, blocks in said
    ]


def _is_result(block: Json) -> bool:
    return an_object(block).get("type") == "tool_result"


def _block(block: Block, writing: Writing, *, system: bool) -> list[Json]:
    match block:
        case Text(text=words) if system:
            return [{"type": "text", "text": f"<system>\n{words}\n</system>"}]
        case ToolCall():
            return [_call(block, writing)]
        case ToolResult():
            content: list[Json] = []
            for each in block.content:
                content += _piece(each, writing)
            result: JsonObject = {
                "type": "tool_result",
                "tool_use_id": writing.names.call(block.call_id),
                "content": content,
            }
            if block.failed:
                result["is_error"] = True
            return [result]
        case Reasoning():
            return _reasoning(block, writing)
        case Refusal(text=words):
            writing.notes.lose(Feature.REFUSAL)
            return [{"type": "text", "text": words}] if words.strip() else []
    return _piece(block, writing)


def _call(call: ToolCall, writing: Writing) -> JsonObject:
    name = writing.names.tool(call.name, call.namespace, wrapped=call.custom)
    arguments = call.arguments or "{}"
    given: Json = None
    if not call.custom:
        try:
            given = orjson.loads(arguments)
        except orjson.JSONDecodeError:
            given = None
    if not isinstance(given, dict):
        given = wrapped_arguments(call.arguments)
    identity = writing.names.call(call.id)
    return {"type": "tool_use", "id": identity, "name": name, "input": given}


def _reasoning(block: Reasoning, writing: Writing) -> list[Json]:
    if block.maker != writing.maker or not block.seal:
        writing.notes.lose(Feature.FOREIGN_REASONING)
        return []
    if block.hidden:
        return [{"type": "redacted_thinking", "data": block.seal}]
    return [{"type": "thinking", "thinking": block.text, "signature": block.seal}]


def _piece(block: Block, writing: Writing) -> list[Json]:
    """Write a block that may stand in a tool's result, too."""
    match block:
        case Text():
            lose_citations(block.citations, writing.notes)
            return [_text(block)] if block.text.strip() else []
        case Image():
            if block.file_id:
                writing.notes.lose(Feature.IMAGE_FILE)
            if block.detail:
                writing.notes.lose(Feature.IMAGE_DETAIL)
            return [{"type": "image", "source": _source(block)}]
        case Document():
            return [_document(block, writing)]
        case Search():
            writing.notes.lose(Feature.SEARCHED)
        case Opaque(kind=kind):
            writing.notes.lose(Feature.UNKNOWN_BLOCK, kind)
    return []


def _text(block: Text) -> JsonObject:
    return {"type": "text", "text": block.text}


def _source(block: Image | Document) -> JsonObject:
    if block.url:
        return {"type": "url", "url": block.url}
    return {"type": "base64", "media_type": block.media_type, "data": block.data}


def _document(block: Document, writing: Writing) -> JsonObject:
    if block.file_id:
        writing.notes.lose(Feature.DOCUMENT_FILE)
    source = _source(block)
    if words := block.text or words_of(block.media_type, block.data):
        source = {"type": "text", "media_type": "text/plain", "data": words}
    written: JsonObject = {"type": "document", "source": source}
    if block.title:
        written["title"] = block.title
    return written


def _write_tools(body: JsonObject, asked: Conversation, writing: Writing) -> None:
    choice = asked.choice
    tools = asked.tools
    if choice is not None and choice.allowed:
        writing.notes.lose(Feature.ALLOWED_TOOLS)
        tools = [tool for tool in tools if tool.name in choice.allowed]
    written: list[Json] = [_tool(tool, writing) for tool in tools]
    if asked.search is not None:
        written.append(write_tool(asked.search, writing))
    if not written:
        return
    body["tools"] = written
    _write_choice(body, asked, tools, writing)


def _write_choice(
    body: JsonObject, asked: Conversation, tools: Iterable[Tool], writing: Writing
) -> None:
    choice = asked.choice
    if choice is None and asked.parallel is not False:
        return
    kind = choice.choice if choice is not None else Choice.AUTO
    written: JsonObject = {"type": _CHOICES.get(kind, "tool")}
    if choice is not None and choice.search:
        written["name"] = WEB_SEARCH
    elif choice is not None and kind is Choice.ONE:
        chosen = next((each for each in tools if each.name == choice.name), None)
        space = chosen.namespace if chosen else ""
        custom = chosen.custom if chosen else False
        written["name"] = writing.names.tool(choice.name, space, wrapped=custom)
    if asked.parallel is False and kind is not Choice.NONE:
        written["disable_parallel_tool_use"] = True
    body["tool_choice"] = written


def _tool(tool: Tool, writing: Writing) -> JsonObject:
    if tool.namespace:
        writing.notes.lose(Feature.NAMESPACE)
    if tool.custom:
        writing.notes.lose(Feature.CUSTOM_TOOL)
    written: JsonObject = {
        "name": writing.names.tool(tool.name, tool.namespace, wrapped=tool.custom),
        "input_schema": wrapped_schema(tool) if tool.custom else _schema(tool),
    }
    if tool.description:
        written["description"] = tool.description
    if tool.strict and not tool.custom:
        written["input_schema"] = _closed(_schema(tool), Feature.STRICT, writing)
        written["strict"] = True
    return written


def _closed(schema: JsonObject, feature: Feature, writing: Writing) -> JsonObject:
    written = closed(schema)
    if written is not schema:
        writing.notes.lose(feature)
    return written


def _schema(tool: Tool) -> JsonObject:
    """Add what Anthropic wants of each schema."""
    return tool.schema if "type" in tool.schema else {"type": "object", **tool.schema}
