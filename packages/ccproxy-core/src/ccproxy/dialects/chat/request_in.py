"""Reads OpenAI Chat Completions requests.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

from collections.abc import Iterator

from ccproxy.dialects.chat.search import read_options
from ccproxy.dialects.conversation import (
    Block,
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
    custom_call,
    read_choice,
    read_file,
    read_function,
    read_image,
    read_schema,
)
from ccproxy.dialects.parameters import leave_out, read_settings
from ccproxy.errors import BadRequestError

SETTINGS = {
    "frequency_penalty": Setting.FREQUENCY_PENALTY,
    "logit_bias": Setting.LOGIT_BIAS,
    "max_tokens": Setting.MAX_TOKENS,
    "max_completion_tokens": Setting.MAX_TOKENS,  # the later one counts
    "metadata": Setting.METADATA,
    "presence_penalty": Setting.PRESENCE_PENALTY,
    "prompt_cache_key": Setting.CACHE_KEY,
    "prompt_cache_retention": Setting.CACHE_RETENTION,
    "safety_identifier": Setting.SAFETY_ID,
    "seed": Setting.SEED,
    "service_tier": Setting.SERVICE_TIER,
    "temperature": Setting.TEMPERATURE,
    "top_p": Setting.TOP_P,
    "user": Setting.USER,
    "verbosity": Setting.VERBOSITY,
}
_OFTEN_NOTHING = (
    Setting.FREQUENCY_PENALTY,
    Setting.PRESENCE_PENALTY,
    Setting.LOGIT_BIAS,
)
"""What many clients send as 0, which is what it is anyway."""

_READ = {
    *SETTINGS,
    *("logprobs", "messages", "modalities", "model", "n", "parallel_tool_calls"),
    *("reasoning_effort", "response_format", "stop", "stream", "stream_options"),
    *("tool_choice", "tools", "top_logprobs", "web_search_options"),
}
_MESSAGE = frozenset(
    [
        "role",
        "content",
        "tool_calls",
        "tool_call_id",
        "refusal",
        "reasoning",
        "reasoning_content",
        "annotations",
    ]
)
_PART = frozenset({"type", "text", "refusal", "image_url", "file", "input_audio"})
_MEANINGLESS: JsonObject = {"store": False}
"""What says nothing when it has this value."""


def parse_request(payload: JsonObject, notes: Notes) -> Conversation:
    """Read a request.

    Raises:
        BadRequestError: It has no messages.
        UntranslatableError: It asks for what no other dialect can give.
    """
    asked = Conversation(text(payload.get("model")))
    messages = payload.get("messages")
    if not isinstance(messages, list):
        msg = "messages: a list is required."
        raise BadRequestError(msg)
    for message in objects(messages):
        _read_message(asked, message, notes)
    asked.tools = [
        tool for each in objects(payload.get("tools")) if (tool := _tool(each, notes))
    ]
    asked.choice = read_choice(payload.get("tool_choice"), notes)
    asked.search = read_options(payload.get("web_search_options"))
    parallel = payload.get("parallel_tool_calls")
    asked.parallel = parallel if isinstance(parallel, bool) else None
    if effort := text(payload.get("reasoning_effort")):
        asked.effort = Effort(effort)
    asked.format = _format(an_object(payload.get("response_format")))
    asked.stream = payload.get("stream") is True
    if payload.get("logprobs") is True:
        asked.logprobs = number(payload.get("top_logprobs"))
    _read_settings(asked, payload)
    _refuse(payload, notes)
    leave_out(asked, payload, _READ, _MEANINGLESS)
    return asked


def _read_settings(asked: Conversation, payload: JsonObject) -> None:
    read_settings(asked, payload, SETTINGS)
    for setting in _OFTEN_NOTHING:
        if not asked.settings.get(setting, True):
            del asked.settings[setting]
    if stop := strings(payload.get("stop")):
        asked.settings[Setting.STOP] = [*stop]


def _refuse(payload: JsonObject, notes: Notes) -> None:
    several = payload.get("n")
    if isinstance(several, int) and several > 1:
        notes.lose(Feature.SEVERAL)
    if "audio" in strings(payload.get("modalities")):
        notes.lose(Feature.AUDIO_ANSWER)
    if payload.get("functions"):
        notes.lose(Feature.FUNCTIONS)


def _read_message(asked: Conversation, message: JsonObject, notes: Notes) -> None:
    notes.unread(message, _MESSAGE)
    content = message.get("content")
    match message.get("role"):
        case "system" | "developer":
            for block in _parts(content, notes):
                if isinstance(block, Text) and not asked.turns:
                    asked.system.append(block)
                else:
                    asked.say(Role.SYSTEM, block)
        case "assistant":
            for block in _answer(message, notes):
                asked.say(Role.ASSISTANT, block)
        case "tool":
            result = tuple(
                each
                for each in _parts(content, notes)
                if isinstance(each, Text | Image | Document | Opaque)
            )
            name = text(message.get("tool_call_id"))
            asked.say(Role.USER, ToolResult(name, result))
        case "function":
            notes.lose(Feature.FUNCTIONS)
        case _:
            for block in _parts(content, notes):
                if isinstance(block, Opaque) and block.kind == "input_audio":
                    notes.lose(Feature.AUDIO)
                asked.say(Role.USER, block)


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
        case "text":
            return Text(text(part.get("text")))
        case "refusal":
            return Refusal(text(part.get("refusal")))
        case "image_url":
            image = an_object(part.get("image_url"))
            return read_image(text(image.get("url")), text(image.get("detail")))
        case "file":
            return read_file(an_object(part.get("file")))
    return Opaque(kind)


def _answer(message: JsonObject, notes: Notes) -> Iterator[Block]:
    thought = text(message.get("reasoning_content")) or text(message.get("reasoning"))
    if thought:
        yield Reasoning(thought)
    yield from _parts(message.get("content"), notes)
    if refusal := text(message.get("refusal")):
        yield Refusal(refusal)
    for call in objects(message.get("tool_calls")):
        yield read_call(call)


def read_call(call: JsonObject) -> ToolCall:
    """Read a tool call, of a request or of a whole answer."""
    name = text(call.get("id"))
    if call.get("type") == "custom":
        return custom_call(name, an_object(call.get("custom")))
    called = an_object(call.get("function"))
    return ToolCall(name, text(called.get("name")), text(called.get("arguments")))


def _tool(tool: JsonObject, notes: Notes) -> Tool | None:
    match tool.get("type"):
        case "function":
            return read_function(an_object(tool.get("function")), notes)
        case "custom":
            custom = an_object(tool.get("custom"))
            form = an_object(custom.get("format"))
            return Tool(
                text(custom.get("name")),
                text(custom.get("description")),
                custom=True,
                grammar=an_object(form.get("grammar")),
            )
    notes.lose(Feature.SERVER_TOOL, text(tool.get("type")))
    return None


def _format(wanted: JsonObject) -> Format | None:
    if wanted.get("type") == "json_object":
        return Format()
    if wanted.get("type") == "json_schema":
        return read_schema(an_object(wanted.get("json_schema")))
    return None


def without_seals(payload: JsonObject) -> JsonObject:
    """Return the payload: this dialect has no place for a seal."""
    return payload
