"""Reads Anthropic Messages requests.

Source: https://docs.claude.com/en/api/messages
"""

from collections.abc import Iterator

import orjson

from ccproxy.dialects.conversation import (
    Block,
    Choice,
    Citation,
    Conversation,
    Document,
    Format,
    Image,
    Opaque,
    Role,
    Search,
    Setting,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from ccproxy.dialects.feature import Feature, Notes
from ccproxy.dialects.json import (
    Json,
    JsonObject,
    an_object,
    objects,
    text,
)
from ccproxy.dialects.messages.files import (
    read_document,
    read_image,
    read_result,
    unfolded,
)
from ccproxy.dialects.messages.search import FOUND, WEB_SEARCH, read_tool
from ccproxy.dialects.messages.thinking import read_effort
from ccproxy.dialects.parameters import leave_out, leave_out_inner, read_settings
from ccproxy.dialects.seal import disclose, disclose_id
from ccproxy.dialects.session import session_of
from ccproxy.errors import BadRequestError

SETTINGS = {
    "max_tokens": Setting.MAX_TOKENS,
    "temperature": Setting.TEMPERATURE,
    "top_p": Setting.TOP_P,
    "top_k": Setting.TOP_K,
    "stop_sequences": Setting.STOP,
}
_READ = {
    *SETTINGS,
    *("cache_control", "messages", "metadata", "model", "output_config"),
    *("output_format", "service_tier", "stream", "system", "thinking"),
    *("tool_choice", "tools"),
}
_MESSAGE = frozenset({"role", "content"})
_TOOL = frozenset(
    {"type", "name", "description", "input_schema", "strict", "cache_control"}
)
_BLOCK = frozenset(
    [
        "type",
        "text",
        "citations",
        "cache_control",
        "source",
        "title",
        "id",
        "name",
        "input",
        "tool_use_id",
        "content",
        "is_error",
        "thinking",
        "signature",
        "data",
    ]
)
_DOCUMENT = frozenset({"type", "source", "title", "cache_control"})
_INNER = {
    "output_config": frozenset({"effort", "format"}),
    "thinking": frozenset({"type", "budget_tokens", "display"}),
    "metadata": frozenset({"user_id"}),
}
"""What is read of the objects among the parameters."""

BILLING = "x-anthropic-billing-header:"
"""Begins a block that Claude Code puts before its system prompt. It differs in every
request, so any other provider would find nothing of the prompt in its cache (measured
with 2.1.197)."""

_ROLES = {role.value: role for role in Role}
_CHOICES = {"auto": Choice.AUTO, "any": Choice.REQUIRED, "none": Choice.NONE}
_TIERS = {"standard_only": "default"}


def parse_request(payload: JsonObject, notes: Notes) -> Conversation:
    """Read a request.

    Raises:
        BadRequestError: It has no messages.
    """
    asked = Conversation(text(payload.get("model")))
    asked.system = list(_system(payload.get("system"), notes))
    messages = payload.get("messages")
    if not isinstance(messages, list):
        msg = "messages: a list is required."
        raise BadRequestError(msg)
    for message in objects(messages):
        role = _ROLES.get(text(message.get("role")), Role.USER)
        notes.unread(message, _MESSAGE)
        for block in _content(message.get("content"), notes):
            asked.say(role, block)
    if asked.turns and asked.turns[-1].role is Role.ASSISTANT:
        notes.lose(Feature.PREFILL)
    _read_tools(asked, payload, notes)
    asked.effort = read_effort(payload)
    config = an_object(payload.get("output_config"))
    # The beta of 2025-11-13 had the format at the top.
    asked.format = _format(config.get("format") or payload.get("output_format"))
    asked.stream = payload.get("stream") is True
    _read_settings(asked, payload)
    _lose_mark(payload, notes)
    leave_out(asked, payload, _READ, {})
    leave_out_inner(asked, payload, _INNER)
    return asked


def _read_settings(asked: Conversation, payload: JsonObject) -> None:
    read_settings(asked, payload, SETTINGS)
    if tier := text(payload.get("service_tier")):
        asked.settings[Setting.SERVICE_TIER] = _TIERS.get(tier, tier)
    if user := text(an_object(payload.get("metadata")).get("user_id")):
        asked.settings[Setting.USER] = user
        asked.session = session_of(user)


def _system(system: Json, notes: Notes) -> Iterator[Text]:
    parts: list[JsonObject] = objects(system)
    if isinstance(system, str):
        parts = [{"text": system}]
    for part in parts:
        words = text(part.get("text"))
        if words.startswith(BILLING):
            notes.lose(Feature.BILLING)
        elif words:
            _lose_mark(part, notes)
            yield Text(words)


def _content(content: Json, notes: Notes) -> Iterator[Block]:
    if isinstance(content, str):
        if content:
            yield Text(content)
        return
    for part in unfolded(content):
        if part.get("type") != FOUND:  # told of by the search before it
            yield _block(part, notes)


def _lose_mark(part: JsonObject, notes: Notes) -> None:
    if part.get("cache_control"):
        notes.lose(Feature.CACHE_MARK)


def _block(part: JsonObject, notes: Notes) -> Block:
    _lose_mark(part, notes)
    notes.unread(part, _BLOCK)
    match part.get("type"):
        case "tool_use":
            arguments = orjson.dumps(part.get("input") or {}).decode()
            return ToolCall(text(part.get("id")), text(part.get("name")), arguments)
        case "tool_result":
            return ToolResult(
                text(part.get("tool_use_id")),
                tuple(_pieces(part.get("content"), notes)),
                failed=part.get("is_error") is True,
            )
        case "thinking" | "redacted_thinking":
            seal = text(part.get("signature")) or text(part.get("data"))
            return disclose(seal, text(part.get("thinking")))
        case "compaction" if content := text(part.get("content")):
            return Text(content)  # what was said before, in short
        case "server_tool_use" if part.get("name") == WEB_SEARCH:
            maker, name = disclose_id(text(part.get("id")))
            return Search(name, an_object(part.get("input")), maker=maker)
    return _piece(part, notes)


def _pieces(content: Json, notes: Notes) -> Iterator[Text | Image | Document | Opaque]:
    if isinstance(content, str):
        yield Text(content)
    for part in unfolded(content):
        _lose_mark(part, notes)
        yield _piece(part, notes)


def _piece(part: JsonObject, notes: Notes) -> Text | Image | Document | Opaque:
    """Read a block that may stand in a tool's result, too."""
    kind = text(part.get("type"))
    match kind:
        case "text":
            return Text(text(part.get("text")), read_citations(part))
        case "image":
            return read_image(an_object(part.get("source")))
        case "document":
            notes.unread(part, _DOCUMENT)
            return read_document(part)
        case "search_result":
            return read_result(part)
    return Opaque(kind)


def read_citations(part: JsonObject) -> tuple[Citation, ...]:
    """Read what a text cites."""
    return tuple(map(read_citation, objects(part.get("citations"))))


def read_citation(citation: JsonObject) -> Citation:
    """Read a citation; the source of a caller's own search may be a page, too."""
    url, source = text(citation.get("url")), text(citation.get("source"))
    if not url and source.startswith("http"):
        url = source
    title = text(citation.get("title")) or text(citation.get("document_title"))
    return Citation(url, title, text(citation.get("cited_text")))


def _read_tools(asked: Conversation, payload: JsonObject, notes: Notes) -> None:
    for tool in objects(payload.get("tools")):
        _lose_mark(tool, notes)
        what = text(tool.get("type"))
        if what.startswith(WEB_SEARCH):
            asked.search = read_tool(tool)
            continue
        if what not in ("", "custom"):
            notes.lose(Feature.SERVER_TOOL, what)
            continue
        notes.unread(tool, _TOOL)
        strict = tool.get("strict")
        asked.tools.append(
            Tool(
                text(tool.get("name")),
                text(tool.get("description")),
                an_object(tool.get("input_schema")),
                strict if isinstance(strict, bool) else None,
            )
        )
    choice = an_object(payload.get("tool_choice"))
    if choice.get("type") == "tool":
        name = text(choice.get("name"))
        searches = asked.search is not None and name == WEB_SEARCH
        asked.choice = ToolChoice(Choice.ONE, name, search=searches)
    elif kind := _CHOICES.get(text(choice.get("type"))):
        asked.choice = ToolChoice(kind)
    if isinstance(choice.get("disable_parallel_tool_use"), bool):
        asked.parallel = not choice["disable_parallel_tool_use"]


def _format(wanted: Json) -> Format | None:
    schema = an_object(wanted).get("schema")
    if not isinstance(schema, dict):
        return None
    return Format(schema, "answer", strict=True)
