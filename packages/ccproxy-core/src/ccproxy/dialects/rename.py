"""Gives an answer back the name of the model that its client asked for.

Needed where a route, or a provider's name before the model's, has made another name of
it; all else of the answer stays as it came.
"""

import orjson

from ccproxy.dialects.answer import Usage
from ccproxy.dialects.endpoint import Dialect
from ccproxy.dialects.json import Json
from ccproxy.dialects.sse import EventSplitter, parse_event, with_data
from ccproxy.dialects.tap import Outcome, StreamTap

_SIGN = b'"model"'


class Renaming:
    """A stream in which the model gets another name; it is watched as any other.

    Args:
        dialect: The stream's.
        name: What the client called the model.
    """

    def __init__(self, dialect: Dialect, name: str) -> None:
        self._tap = StreamTap(dialect)
        self._name = name
        self._splitter = EventSplitter()

    @property
    def outcome(self) -> Outcome:
        """How far the stream has come."""
        return self._tap.outcome

    @property
    def usage(self) -> Usage | None:
        """What the events so far tell of tokens."""
        return self._tap.usage

    @property
    def model(self) -> str:
        """The model that gives the answer, by the name it has upstream."""
        return self._tap.model

    @property
    def tool_calls(self) -> int:
        """How many tools the client was asked to call so far."""
        return self._tap.tool_calls

    @property
    def between_events(self) -> bool:
        """Whole events go out, unless one has no end."""
        return self._tap.outcome is not Outcome.UNKNOWN

    def feed(self, chunk: bytes) -> bytes:
        """Take a chunk, and return the events that are whole."""
        self._tap.feed(chunk)
        if self._tap.outcome is Outcome.UNKNOWN:  # an event without end
            return self._splitter.flush() + chunk
        events = self._splitter.feed(chunk)
        return b"".join(self._named(event) + b"\n\n" for event in events)

    def end(self) -> bytes:
        """Return what came after the last blank line; the stream has ended."""
        self._tap.end()
        return self._named(self._splitter.flush())

    def fail(self, status: int, message: str, code: str) -> bytes:
        """Write the event that ends the stream with an error."""
        return self._tap.fail(status, message, code)

    def _named(self, event: bytes) -> bytes:
        if _SIGN not in event:
            return event
        data = parse_event(event).data
        named = renamed(data, self._name)
        return event if named is data else with_data(event, named)


def renamed(answer: bytes, name: str) -> bytes:
    """Return an answer, or the data of an event, with the model's other name in it.

    All three dialects name the model at the top, or in the ``message`` or ``response``
    that is there. What names none is returned as it is.
    """
    try:
        payload: Json = orjson.loads(answer)
    except orjson.JSONDecodeError:
        return answer
    if not isinstance(payload, dict):
        return answer
    has_name = False
    for holder in (payload, payload.get("message"), payload.get("response")):
        if isinstance(holder, dict) and isinstance(holder.get("model"), str):
            holder["model"] = name
            has_name = True
    return orjson.dumps(payload) if has_name else answer
