"""What both of OpenAI's dialects say alike.

Sources: https://platform.openai.com/docs/api-reference/chat/create,
https://platform.openai.com/docs/api-reference/responses/create,
https://platform.openai.com/docs/guides/error-codes
"""

from ccproxy.dialects.answer import Usage
from ccproxy.dialects.conversation import (
    Choice,
    Document,
    Effort,
    Format,
    Image,
    Tool,
    ToolCall,
    ToolChoice,
    WebSearch,
)
from ccproxy.dialects.feature import Feature, Notes
from ccproxy.dialects.json import (
    Json,
    JsonObject,
    an_object,
    count,
    objects,
    strings,
    text,
)
from ccproxy.dialects.media import from_data_url, media_type_of
from ccproxy.dialects.schemas import leaves_nothing_open
from ccproxy.dialects.speaker import Writing

VENDOR = "openai"
WEB_SEARCH = "web_search"
"""What the types of the tool begin with; some name a date."""
LOCATION = ("city", "country", "region", "timezone")

_FUNCTION = frozenset({"type", "name", "description", "parameters", "strict"})
_CHOICES = {
    "auto": Choice.AUTO,
    "required": Choice.REQUIRED,
    "none": Choice.NONE,
}
_ERRORS = {429: "rate_limit_error"}


def error_type(status: int) -> str:
    """Name an HTTP status."""
    default = "invalid_request_error" if status < 500 else "server_error"
    return _ERRORS.get(status, default)


def error_body(status: int, message: str, code: str) -> JsonObject:
    """Write an error."""
    kind = error_type(status)
    error: JsonObject = {"message": message, "type": kind, "param": None}
    return {"error": {**error, "code": code or None}}


def read_image(url: str, detail: str = "") -> Image:
    """Read an image's URL, which may hold the image itself."""
    media_type, data = from_data_url(url)
    if data:
        return Image(media_type=media_type, data=data, detail=detail)
    return Image(url, detail=detail)


def read_file(told: JsonObject) -> Document:
    """Read a file; of its content some callers send the base64 alone."""
    sent, title = text(told.get("file_data")), text(told.get("filename"))
    media_type, data = from_data_url(sent)
    if sent and not data:
        media_type, data = media_type_of(title), sent
    url, name = text(told.get("file_url")), text(told.get("file_id"))
    return Document(url, media_type, data, name, VENDOR if name else "", title=title)


def read_function(function: JsonObject, notes: Notes, namespace: str = "") -> Tool:
    """Read a function tool."""
    notes.unread(function, _FUNCTION)
    strict = function.get("strict")
    return Tool(
        text(function.get("name")),
        text(function.get("description")),
        an_object(function.get("parameters")),
        strict if isinstance(strict, bool) else None,
        namespace=namespace,
    )


def read_choice(choice: Json, notes: Notes) -> ToolChoice | None:
    """Read ``tool_choice``: a word, one tool, or a list of those allowed."""
    if isinstance(choice, str):
        kind = _CHOICES.get(choice)
        return ToolChoice(kind) if kind else None
    wanted = an_object(choice)
    if wanted.get("type") == "allowed_tools":
        allowed = an_object(wanted.get("allowed_tools")) or wanted
        names = (_name(each) for each in objects(allowed.get("tools")))
        mode = _CHOICES.get(text(allowed.get("mode")), Choice.AUTO)
        return ToolChoice(mode, allowed=tuple(name for name in names if name))
    if name := _name(wanted):
        return ToolChoice(Choice.ONE, name)
    what = text(wanted.get("type"))
    if what.startswith(WEB_SEARCH):
        return ToolChoice(Choice.ONE, search=True)
    if what:
        notes.lose(Feature.SERVER_TOOL, what)
    return None


def read_search(told: JsonObject, location: Json) -> WebSearch:
    """Read how the web is to be searched."""
    place = an_object(location)
    return WebSearch(
        strings(an_object(told.get("filters")).get("allowed_domains")),
        location={name: place[name] for name in LOCATION if place.get(name)},
        size=text(told.get("search_context_size")),
    )


def _name(named: JsonObject) -> str:
    inner = an_object(named.get("function")) or an_object(named.get("custom"))
    return text(inner.get("name")) or text(named.get("name"))


def read_schema(wanted: JsonObject) -> Format:
    """Read a JSON schema with its name."""
    strict = wanted.get("strict")
    return Format(
        an_object(wanted.get("schema")),
        text(wanted.get("name")),
        strict if isinstance(strict, bool) else None,
        text(wanted.get("description")),
    )


def write_schema(wanted: Format, writing: Writing) -> JsonObject:
    """Write a JSON schema with its name, which OpenAI wants."""
    schema: JsonObject = {"name": wanted.name or "answer", "schema": wanted.schema}
    if wanted.description:
        schema["description"] = wanted.description
    if wanted.strict is not None:
        schema["strict"] = write_strict(wanted.schema, writing, strict=wanted.strict)
    return schema


def write_strict(schema: JsonObject, writing: Writing, *, strict: bool) -> bool:
    """Tell whether to ask for a schema as strict."""
    if strict and not leaves_nothing_open(schema):
        writing.notes.lose(Feature.LOOSE)
        return False
    return strict


def write_level(effort: Effort, writing: Writing) -> str:
    """Write an effort; what was told in tokens is told in words."""
    if effort.budget:
        writing.notes.lose(Feature.BUDGET)
    return effort.level


def chosen(name: str, tools: list[Tool]) -> Tool:
    """Find the tool that a choice names."""
    return next((each for each in tools if each.name == name), Tool(name))


def custom_call(call_id: str, custom: JsonObject) -> ToolCall:
    """Read a call of a custom tool."""
    free = text(custom.get("input"))
    return ToolCall(call_id, text(custom.get("name")), free, custom=True)


def read_usage(usage: JsonObject, read: str, written: str) -> Usage:
    """Read what was used; OpenAI counts cached tokens among those it read.

    Args:
        usage: As it came.
        read: What the dialect calls the tokens that were read.
        written: What it calls those that were written.
    """
    details = an_object(usage.get(f"{read}_tokens_details"))
    cached = count(details.get("cached_tokens"))
    stored = count(details.get("cache_write_tokens"))
    spent = an_object(usage.get(f"{written}_tokens_details"))
    return Usage(
        input=max(0, count(usage.get(f"{read}_tokens")) - cached - stored),
        cache_read=cached,
        cache_write=stored,
        output=count(usage.get(f"{written}_tokens")),
        reasoning=count(spent.get("reasoning_tokens")),
    )


def write_usage(usage: Usage, read: str, written: str) -> JsonObject:
    """Write what was used, in the words of the dialect."""
    return {
        f"{read}_tokens": usage.all_input,
        f"{read}_tokens_details": {
            "cached_tokens": usage.cache_read,
            "cache_write_tokens": usage.cache_write,
        },
        f"{written}_tokens": usage.output,
        f"{written}_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.all_input + usage.output,
    }


def written_out(document: Document, writing: Writing) -> str:
    """Write a document of plain text as words, its title before them."""
    writing.notes.lose(Feature.DOCUMENT_TEXT)
    title = f"{document.title}:\n" if document.title else ""
    return title + document.text


def read_logprobs(told: Json) -> tuple[JsonObject, ...]:
    """Read how likely tokens were; some events leave out what their bytes are."""
    found = []
    for each in objects(told):
        others: list[Json] = [*map(_token, objects(each.get("top_logprobs")))]
        found.append({**_token(each), "top_logprobs": others})
    return tuple(found)


def _token(told: JsonObject) -> JsonObject:
    token, data = text(told.get("token")), told.get("bytes")
    written: list[Json] = [*token.encode(errors="replace")]
    return {
        "token": token,
        "logprob": told.get("logprob"),
        "bytes": data if isinstance(data, list) else written,
    }
