"""Reads OpenAI Responses requests.

Sources: https://platform.openai.com/docs/api-reference/responses/create; that Codex CLI
sends its tools as an item ``additional_tools`` to some models, and nothing in
``instructions``, was measured with 0.169.0.
"""

from collections.abc import Iterator
from dataclasses import replace

from ccproxy.dialects.conversation import (
    Block,
    Citation,
    Conversation,
    Document,
    Effort,
    Format,
    Image,
    Opaque,
    Reasoning,
    Refusal,
    Role,
    Setting,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from ccproxy.dialects.feature import Feature, Notes
from ccproxy.dialects.json import (
    Json,
    JsonObject,
    an_object,
    number,
    objects,
    strings,
    text,
)
from ccproxy.dialects.openai import (
    VENDOR,
    read_choice,
    read_file,
    read_function,
    read_image,
    read_schema,
    read_search,
)
from ccproxy.dialects.parameters import leave_out, leave_out_inner, read_settings
from ccproxy.dialects.responses import search
from ccproxy.dialects.seal import disclose, disclose_id
from ccproxy.errors import BadRequestError

SETTINGS = {
    "max_output_tokens": Setting.MAX_TOKENS,
    "metadata": Setting.METADATA,
    "prompt_cache_key": Setting.CACHE_KEY,
    "prompt_cache_retention": Setting.CACHE_RETENTION,
    "safety_identifier": Setting.SAFETY_ID,
    "service_tier": Setting.SERVICE_TIER,
    "temperature": Setting.TEMPERATURE,
    "top_p": Setting.TOP_P,
    "user": Setting.USER,
}
_READ = {
    *SETTINGS,
    *("background", "conversation", "include", "input", "instructions", "model"),
    *("parallel_tool_calls", "previous_response_id", "prompt", "reasoning", "store"),
    *("stream", "stream_options", "text", "tool_choice", "tools", "top_logprobs"),
}
_INNER = {
    "reasoning": frozenset({"effort", "summary", "generate_summary"}),
    "text": frozenset({"format", "verbosity"}),
}
"""What is read of the objects among the parameters."""
_ITEM = frozenset(
    {
        *("type", "id", "status", "role", "content", "call_id", "name", "namespace"),
        *("arguments", "input", "output", "summary", "encrypted_content", "action"),
    }
)
_PART = frozenset(
    {
        *("type", "text", "annotations", "logprobs", "refusal", "input_audio"),
        *("detail", "image_url", "file_id", "file_data", "file_url", "filename"),
    }
)
_MEANINGLESS: JsonObject = {"truncation": "disabled"}
"""What says nothing when it has this value."""

LOGPROBS = "message.output_text.logprobs"
"""What ``include`` has to name for them to be told."""

_COMPACTED = {"compaction", "compaction_trigger", "compaction_summary"}


def parse_request(payload: JsonObject, notes: Notes) -> Conversation:
    """Read a request.

    Raises:
        BadRequestError: It has no input.
        UntranslatableError: It builds on what only its own vendor keeps.
    """
    asked = Conversation(text(payload.get("model")))
    _refuse(payload, notes)
    if instructions := text(payload.get("instructions")):
        asked.system.append(Text(instructions))
    tools = [*objects(payload.get("tools"))]
    given = payload.get("input")
    if isinstance(given, str):
        asked.say(Role.USER, Text(given))
    elif isinstance(given, list):
        for item in objects(given):
            if item.get("type") == "additional_tools":
                tools += objects(item.get("tools"))
            else:
                _read_item(asked, item, notes)
    else:
        msg = "input: a text or a list is required."
        raise BadRequestError(msg)
    for each in tools:
        if search.searches(each):
            asked.search = read_search(each, each.get("user_location"))
        else:
            asked.tools += _tools(each, notes)
    asked.choice = read_choice(payload.get("tool_choice"), notes)
    parallel = payload.get("parallel_tool_calls")
    asked.parallel = parallel if isinstance(parallel, bool) else None
    asked.stream = payload.get("stream") is True
    if LOGPROBS in strings(payload.get("include")):
        asked.logprobs = number(payload.get("top_logprobs"))
    _read_settings(asked, payload)
    leave_out(asked, payload, _READ, _MEANINGLESS)
    leave_out_inner(asked, payload, _INNER)
    return asked


def _read_settings(asked: Conversation, payload: JsonObject) -> None:
    read_settings(asked, payload, SETTINGS)
    wanted = an_object(payload.get("text"))
    if verbosity := text(wanted.get("verbosity")):
        asked.settings[Setting.VERBOSITY] = verbosity
    asked.format = _format(an_object(wanted.get("format")))
    reasoning = payload.get("reasoning")
    if isinstance(reasoning, dict):
        shown = bool(reasoning.get("summary") or reasoning.get("generate_summary"))
        asked.effort = Effort(text(reasoning.get("effort")), shown=shown)


def _refuse(payload: JsonObject, notes: Notes) -> None:
    for name in ("conversation", "prompt", "previous_response_id"):
        if payload.get(name) is not None:
            notes.lose(Feature.STORED, name)
    if payload.get("background") is True:
        notes.lose(Feature.BACKGROUND)


def _read_item(asked: Conversation, item: JsonObject, notes: Notes) -> None:
    kind = text(item.get("type"))
    notes.unread(item, _ITEM)
    match kind:
        case "" | "message":
            _read_message(asked, item, notes)
        case "function_call" | "custom_tool_call":
            asked.say(Role.ASSISTANT, read_call(item))
        case "function_call_output" | "custom_tool_call_output":
            output = tuple(
                each
                for each in _parts(item.get("output"), notes)
                if isinstance(each, Text | Image | Document | Opaque)
            )
            asked.say(Role.USER, ToolResult(text(item.get("call_id")), output))
        case "reasoning":
            asked.say(Role.ASSISTANT, read_reasoning(item))
        case "web_search_call":
            maker, name = disclose_id(text(item.get("id")))
            asked.say(Role.ASSISTANT, replace(search.read_search(item, maker), id=name))
        case "item_reference":
            notes.lose(Feature.STORED, kind)
        case _ if kind in _COMPACTED:
            notes.lose(Feature.COMPACTED)
        case _:
            whose = Role.USER if kind.endswith("_output") else Role.ASSISTANT
            asked.say(whose, Opaque(kind))


def _read_message(asked: Conversation, item: JsonObject, notes: Notes) -> None:
    role = text(item.get("role"))
    for block in _parts(item.get("content"), notes):
        if isinstance(block, Opaque) and block.kind == "input_audio":
            notes.lose(Feature.AUDIO)
        if role not in {"system", "developer"}:
            asked.say(Role.ASSISTANT if role == "assistant" else Role.USER, block)
        elif isinstance(block, Text) and not asked.turns:
            asked.system.append(block)
        else:
            asked.say(Role.SYSTEM, block)


def _parts(content: Json, notes: Notes) -> Iterator[Block]:
    if isinstance(content, str):
        if content:
            yield Text(content)
        return
    for part in objects(content):
        notes.unread(part, _PART)
        yield _part(part)


def _part(part: JsonObject) -> Block:
    kind = text(part.get("type"))
    match kind:
        case "input_text" | "output_text" | "text":
            return Text(text(part.get("text")), read_citations(part))
        case "refusal":
            return Refusal(text(part.get("refusal")))
        case "input_image":
            detail = text(part.get("detail")).replace("auto", "")
            if name := text(part.get("file_id")):
                return Image(file_id=name, vendor=VENDOR, detail=detail)
            return read_image(text(part.get("image_url")), detail)
        case "input_file":
            return read_file(part)
    return Opaque(kind)


def read_citations(part: JsonObject) -> tuple[Citation, ...]:
    """Read what a text cites."""
    return tuple(
        Citation(text(each.get("url")), text(each.get("title") or each.get("filename")))
        for each in objects(part.get("annotations"))
    )


def read_call(item: JsonObject) -> ToolCall:
    """Read a tool call, of a request or of an answer."""
    custom = item.get("type") == "custom_tool_call"
    return ToolCall(
        text(item.get("call_id")),
        text(item.get("name")),
        text(item.get("input" if custom else "arguments")),
        custom,
        text(item.get("namespace")),
    )


def read_reasoning(item: JsonObject) -> Reasoning:
    """Read reasoning, which an envelope may hold."""
    known = disclose(text(item.get("encrypted_content")), thought_of(item))
    if known.maker:
        return known
    return Reasoning(known.text, known.seal, id=text(item.get("id")))


def thought_of(item: JsonObject) -> str:
    """Read the words of reasoning: the thoughts, or else their summary."""
    told = objects(item.get("summary")) or objects(item.get("content"))
    return "\n\n".join(text(each.get("text")) for each in told)


def _tools(tool: JsonObject, notes: Notes, namespace: str = "") -> Iterator[Tool]:
    kind = text(tool.get("type"))
    match kind:
        case "function":
            yield read_function(tool, notes, namespace)
        case "custom":
            form = an_object(tool.get("format"))
            yield Tool(
                text(tool.get("name")),
                text(tool.get("description")),
                custom=True,
                grammar=form if form.get("type") == "grammar" else {},
                namespace=namespace,
            )
        case "namespace" if not namespace:
            for each in objects(tool.get("tools")):
                yield from _tools(each, notes, text(tool.get("name")))
        case _:
            notes.lose(Feature.SERVER_TOOL, kind)


def _format(wanted: JsonObject) -> Format | None:
    if wanted.get("type") == "json_object":
        return Format()
    return read_schema(wanted) if wanted.get("type") == "json_schema" else None
