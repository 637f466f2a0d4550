"""Reads what an answer has used, without reading the answer.

Chat tells it in its last chunk, and only if the client asked for that with
``stream_options.include_usage``; what the client asks is not changed, so otherwise it
is unknown. Responses tells it in the terminal event, Messages in ``message_start`` and,
as totals that replace the earlier ones, in ``message_delta``.
"""

from collections.abc import Callable

import orjson

from ccproxy.dialects.answer import Usage
from ccproxy.dialects.chat.answer import read_usage as read_chat
from ccproxy.dialects.endpoint import Dialect
from ccproxy.dialects.json import Json, JsonObject, an_object
from ccproxy.dialects.messages.answer import read_usage as read_messages
from ccproxy.dialects.messages.answer import update_usage
from ccproxy.dialects.responses.answer import read_usage as read_responses
from ccproxy.dialects.sse import parse_event

_READ: dict[Dialect, Callable[[JsonObject], Usage]] = {
    Dialect.CHAT: read_chat,
    Dialect.MESSAGES: read_messages,
    Dialect.RESPONSES: read_responses,
}
SIGN = b'_tokens"'
"""What each count's name ends with. Within a text its quote would be escaped."""


class Meter:
    """Parses the events of a stream that may tell of tokens, which are few.

    Args:
        dialect: The stream's.

    Attributes:
        usage: What was told last; ``None`` if nothing was.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.usage: Usage | None = None
        self._dialect = dialect

    def see(self, event: bytes) -> None:
        """Take an event that has the sign in it; of Responses, only the terminal one.

        Its first events repeat the request, which may be large.
        """
        payload = _decoded(parse_event(event).data)
        if self._dialect is Dialect.MESSAGES:
            self._see_message(payload)
            return
        inner = an_object(payload.get("response"))
        usage = inner.get("usage") if inner else payload.get("usage")
        if isinstance(usage, dict):
            self.usage = _READ[self._dialect](usage)

    def _see_message(self, payload: JsonObject) -> None:
        kind = payload.get("type")
        if kind == "message_start":
            usage = an_object(payload.get("message")).get("usage")
        elif kind == "message_delta":
            usage = payload.get("usage")
        else:
            return
        if isinstance(usage, dict):
            self.usage = update_usage(self.usage or Usage(), usage)


def usage_of(dialect: Dialect, body: bytes) -> Usage | None:
    """Read what a whole answer has used, if it tells."""
    if SIGN not in body:
        return None
    usage = _decoded(body).get("usage")
    return _READ[dialect](usage) if isinstance(usage, dict) else None


def _decoded(data: bytes) -> JsonObject:
    try:
        payload: Json = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return an_object(payload)
