"""Reads what an answer has used and asks for, without reading the answer.

Chat tells it in its last chunk, and only if the client asked for that with
``stream_options.include_usage``; what the client asks is not changed, so otherwise it
is unknown. Responses tells it in the terminal event, Messages in ``message_start`` and,
as totals that replace the earlier ones, in ``message_delta``. There they name the model
that answers, too; Chat does so in each chunk. ``calls`` tells of calls.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

import orjson

from ccproxy.dialects.answer import Usage
from ccproxy.dialects.calls import CallCounter, calls_of
from ccproxy.dialects.chat.answer import read_usage as read_chat
from ccproxy.dialects.endpoint import Dialect
from ccproxy.dialects.json import Json, JsonObject, an_object, text
from ccproxy.dialects.messages.answer import read_usage as read_messages
from ccproxy.dialects.messages.answer import update_usage
from ccproxy.dialects.responses.answer import read_usage as read_responses
from ccproxy.dialects.sse import parse_event

_READ: dict[Dialect, Callable[[JsonObject], Usage]] = {
    Dialect.CHAT: read_chat,
    Dialect.MESSAGES: read_messages,
    Dialect.RESPONSES: read_responses,
}
SIGNS: dict[Dialect, re.Pattern[bytes]] = {
    Dialect.CHAT: re.compile(rb'_(?:calls|tokens)"'),
    Dialect.MESSAGES: re.compile(rb'_(?:use|tokens)"'),
    Dialect.RESPONSES: re.compile(rb'_call"'),
}
"""How a name or type ends that tells of tokens or calls, before the terminal event.

Within a text its quote would be escaped. One search for both takes less than two.
"""
_TOKENS = b'_tokens"'


class Meter:
    """Parses the events of a stream that may tell of tokens or calls, which are few.

    Args:
        dialect: The stream's.

    Attributes:
        usage: What was told last; ``None`` if nothing was.
        model: The model that answers, if it is named.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.usage: Usage | None = None
        self.model = ""
        self._dialect = dialect
        self._calls = CallCounter(dialect)

    @property
    def tool_calls(self) -> int:
        """How many tools the client was asked to call so far."""
        return self._calls.count

    def begin(self, event: bytes) -> bool:
        """Take the first event, or comments before it, and tell if it was that.

        Only Chat names the model there, and maybe nowhere else that is read.
        """
        if self._dialect is not Dialect.CHAT:
            return True
        data = parse_event(event).data
        if data:
            self.model = _model(_decoded(data))
        return bool(data)

    def see(self, event: bytes) -> None:
        """Take an event that has the sign of its dialect in it, or is the last one.

        The first events of Responses have none: they repeat the request, and are large.
        """
        if self._dialect is Dialect.CHAT and not _tells_chat(event):
            return
        payload = _decoded(parse_event(event).data)
        self._calls.see(payload)
        if self._dialect is Dialect.MESSAGES:
            self._see_message(payload)
            return
        inner = an_object(payload.get("response"))
        self.model = _model(inner) or self.model
        usage = inner.get("usage") if inner else payload.get("usage")
        if isinstance(usage, dict):
            self.usage = _READ[self._dialect](usage)

    def _see_message(self, payload: JsonObject) -> None:
        kind = payload.get("type")
        if kind == "message_start":
            message = an_object(payload.get("message"))
            self.model, usage = _model(message), message.get("usage")
        elif kind == "message_delta":
            usage = payload.get("usage")
        else:
            return
        if isinstance(usage, dict):
            self.usage = update_usage(self.usage or Usage(), usage)


def _tells_chat(event: bytes) -> bool:
    """Tell what begins a call or counts tokens from more of a call's arguments."""
    return b'"name"' in event or _TOKENS in event


class Told(NamedTuple):
    """What a whole answer tells beside its words.

    Attributes:
        usage: What it has used, if that is known.
        tool_calls: How many tools it asks to call, if that is known.
        model: The model that gave it, if it is named.
    """

    usage: Usage | None = None
    tool_calls: int | None = None
    model: str = ""


def told_by(dialect: Dialect, body: bytes) -> Told:
    """Read what a whole answer tells; one without any sign of it is not read."""
    tells_tokens = _TOKENS in body
    if not tells_tokens and not SIGNS[dialect].search(body):
        return Told()
    answer = _decoded(body)
    if not answer:
        return Told()
    usage, used = answer.get("usage"), None
    if tells_tokens and isinstance(usage, dict):
        used = _READ[dialect](usage)
    return Told(used, calls_of(dialect, answer), _model(answer))


def _model(payload: JsonObject) -> str:
    return text(payload.get("model"))


def _decoded(data: bytes) -> JsonObject:
    try:
        payload: Json = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return an_object(payload)
