"""Writes OpenAI Responses requests.

Nothing is stored, so the reasoning has to come along encrypted in order to go back.

Source: https://platform.openai.com/docs/api-reference/responses/create
"""

from collections.abc import Iterable, Iterator

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
from ccproxy.dialects.json import Json, JsonObject
from ccproxy.dialects.media import data_url
from ccproxy.dialects.openai import (
    VENDOR,
    WEB_SEARCH,
    chosen,
    write_strict,
    written_out,
)
from ccproxy.dialects.responses import search
from ccproxy.dialects.responses.request_in import LOGPROBS
from ccproxy.dialects.responses.settings import (
    write_reasoning,
    write_settings,
    write_text,
)
from ccproxy.dialects.session import cache_key
from ccproxy.dialects.speaker import Writing

_ROLES = {Role.USER: "user", Role.ASSISTANT: "assistant", Role.SYSTEM: "developer"}


def render_request(asked: Conversation, writing: Writing) -> JsonObject:
    """Write a request.

    Raises:
        UntranslatableError: It holds what has to be told, and can't be.
    """
    body: JsonObject = {"model": asked.model}
    if asked.system:
        body["instructions"] = "\n\n".join(each.text for each in asked.system)
    custom = {
        call.id
        for turn in asked.turns
        for call in turn.blocks
        if isinstance(call, ToolCall) and call.custom
    }
    items: list[Json] = []
    for turn in asked.turns:
        items += _items(turn, custom, writing)
    body["input"] = items
    tools: list[Json] = [_tool(tool, writing) for tool in asked.tools]
    if asked.search is not None:
        tools.append(search.write_tool(asked.search, writing))
    if tools:
        body["tools"] = tools
        _write_choice(body, asked, writing)
    write_reasoning(body, asked, writing)
    write_text(body, asked, writing)
    write_settings(body, asked, writing)
    body["store"] = False
    include: list[Json] = ["reasoning.encrypted_content"]
    if asked.logprobs is not None:
        include.append(LOGPROBS)
        body["top_logprobs"] = asked.logprobs
    body["include"] = include
    body.setdefault("prompt_cache_key", cache_key(asked))
    if asked.stream:
        body["stream"] = True
    return body


def _items(turn: Turn, custom: set[str], writing: Writing) -> Iterator[JsonObject]:
    """Write a turn; texts and images next to each other are one message."""
    parts: list[Json] = []
    for block in turn.blocks:
        item = _item(block, custom, writing)
        if item is None:
            parts += _part(block, turn.role, writing)
            continue
        yield from _message(turn.role, parts)
        parts = []
        if item:
            yield item
    yield from _message(turn.role, parts)


def _message(role: Role, parts: list[Json]) -> Iterator[JsonObject]:
    if parts:
        yield {"type": "message", "role": _ROLES[role], "content": parts}


def _item(block: Block, custom: set[str], writing: Writing) -> JsonObject | None:
    """Write a block that is an item of its own; ``None`` if it is none."""
    match block:
        case ToolCall():
            return _call(block, writing)
        case ToolResult(call_id=call_id):
            kind = "custom_tool_call" if call_id in custom else "function_call"
            return {
                "type": f"{kind}_output",
                "call_id": writing.names.call(call_id),
                "output": _output(block, writing),
            }
        case Reasoning():
            return _reasoning(block, writing)
        case Search():
            return _search(block, writing)
    return None


def _call(call: ToolCall, writing: Writing) -> JsonObject:
    written: JsonObject = {
        "type": "custom_tool_call" if call.custom else "function_call",
        "call_id": writing.names.call(call.id),
        "name": writing.names.tool(call.name, call.namespace),
    }
    if call.custom:
        return {**written, "input": call.arguments}
    return {**written, "arguments": call.arguments or "{}"}


def _output(result: ToolResult, writing: Writing) -> Json:
    """Write what came of a call: a text, if it is nothing else."""
    parts: list[Json] = []
    if result.failed:
        writing.notes.lose(Feature.TOOL_ERROR)
        parts.append({"type": "input_text", "text": "The tool failed:"})
    for block in result.content:
        parts += _part(block, Role.USER, writing)
    words = [
        part["text"] for part in parts if isinstance(part, dict) and "text" in part
    ]
    if len(words) == len(parts):
        return "\n".join(map(str, words))
    return parts


def _reasoning(block: Reasoning, writing: Writing) -> JsonObject:
    if block.maker != writing.maker or not block.seal:
        writing.notes.lose(Feature.FOREIGN_REASONING)
        return {}
    summary: list[Json] = []
    if block.text:
        summary.append({"type": "summary_text", "text": block.text})
    written: JsonObject = {"type": "reasoning", "summary": summary}
    if block.id:
        written["id"] = block.id
    return {**written, "encrypted_content": block.seal}


def _search(block: Search, writing: Writing) -> JsonObject:
    if block.maker != writing.maker:
        writing.notes.lose(Feature.SEARCHED)
        return {}
    return search.write_search(block, block.id)


def _part(block: Block, role: Role, writing: Writing) -> list[Json]:
    assistant = role is Role.ASSISTANT
    match block:
        case Text(text=words) if assistant:
            lose_citations(block.citations, writing.notes)
            said: JsonObject = {"type": "output_text", "text": words, "annotations": []}
            return [said] if words else []
        case Text(text=words):
            return [{"type": "input_text", "text": words}] if words else []
        case Refusal(text=words):
            return [{"type": "refusal", "refusal": words}]
        case Image():
            return [_image(block, writing)]
        case Document():
            return [_document(block, writing)]
        case Opaque(kind=kind):
            writing.notes.lose(Feature.UNKNOWN_BLOCK, kind)
    return []


def _image(image: Image, writing: Writing) -> JsonObject:
    written: JsonObject = {"type": "input_image", "detail": image.detail or "auto"}
    if image.file_id:
        if image.vendor != VENDOR:
            writing.notes.lose(Feature.ANTHROPIC_FILE)
        return {**written, "file_id": image.file_id}
    url = image.url or data_url(image.media_type, image.data)
    return {**written, "image_url": url}


def _document(document: Document, writing: Writing) -> JsonObject:
    if document.text:
        return {"type": "input_text", "text": written_out(document, writing)}
    written: JsonObject = {"type": "input_file"}
    if document.url:
        return {**written, "file_url": document.url}
    if document.file_id:
        if document.vendor != VENDOR:
            writing.notes.lose(Feature.ANTHROPIC_FILE)
        return {**written, "file_id": document.file_id}
    written["filename"] = document.title or "document.pdf"
    return {**written, "file_data": data_url(document.media_type, document.data)}


def _tool(tool: Tool, writing: Writing) -> JsonObject:
    if tool.namespace:
        writing.notes.lose(Feature.NAMESPACE)
    written: JsonObject = {
        "type": "custom" if tool.custom else "function",
        "name": writing.names.tool(tool.name, tool.namespace),
    }
    if tool.description:
        written["description"] = tool.description
    if tool.custom:
        if tool.grammar:
            written["format"] = {"type": "grammar", **tool.grammar}
        return written
    written["parameters"] = tool.schema or {"type": "object", "properties": {}}
    strict = bool(tool.strict)  # unsaid would mean yes
    written["strict"] = write_strict(tool.schema, writing, strict=strict)
    return written


def _write_choice(body: JsonObject, asked: Conversation, writing: Writing) -> None:
    if asked.parallel is not None:
        body["parallel_tool_calls"] = asked.parallel
    choice = asked.choice
    if choice is None:
        return
    if choice.search:
        body["tool_choice"] = {"type": WEB_SEARCH}
    elif choice.choice is Choice.ONE:
        body["tool_choice"] = _named([choice.name], asked.tools, writing)[0]
    elif choice.allowed:
        body["tool_choice"] = {
            "type": "allowed_tools",
            "mode": choice.choice.value,
            "tools": _named(choice.allowed, asked.tools, writing),
        }
    else:
        body["tool_choice"] = choice.choice.value


def _named(names: Iterable[str], tools: list[Tool], writing: Writing) -> list[Json]:
    found = [chosen(name, tools) for name in names]
    return [
        {
            "type": "custom" if tool.custom else "function",
            "name": writing.names.tool(tool.name, tool.namespace),
        }
        for tool in found
    ]
