"""Watches a stream in passing, to know how it ended and what it used.

A terminal event is recognised by parsing it, never by finding its name somewhere: an
answer may well talk about ``response.completed``.
"""

import re
from enum import StrEnum

import orjson

from ccproxy.dialects.answer import Usage
from ccproxy.dialects.endpoint import Dialect
from ccproxy.dialects.failure import error_event
from ccproxy.dialects.json import objects
from ccproxy.dialects.meter import SIGNS, Meter
from ccproxy.dialects.sse import EventSplitter, parse_event


class Outcome(StrEnum):
    """How far a stream has come."""

    OPEN = "open"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


_ENDINGS: dict[Dialect, dict[str, Outcome]] = {
    Dialect.MESSAGES: {"message_stop": Outcome.DONE, "error": Outcome.FAILED},
    Dialect.RESPONSES: {
        "response.completed": Outcome.DONE,
        "response.incomplete": Outcome.DONE,
        "response.failed": Outcome.FAILED,
        "error": Outcome.FAILED,
    },
}
"""Terminal events by type; Chat has its own rule, ``data: [DONE]``."""

_HINTS = {
    dialect: tuple(name.encode() for name in endings)
    for dialect, endings in _ENDINGS.items()
}

_WORDS: dict[Dialect, tuple[bytes, ...]] = {
    Dialect.CHAT: (),
    Dialect.MESSAGES: (b"event: content_block_delta\n",),
    Dialect.RESPONSES: tuple(
        b"event: response.%b.delta\n" % kind
        for kind in (
            b"output_text",
            b"function_call_arguments",
            b"custom_tool_call_input",
            b"reasoning_summary_text",
            b"reasoning_text",
        )
    ),
}
"""How events begin that are nothing but words: most, where the dialect names them."""
_names_an_error = re.compile(rb'"error"').search  # faster than ``in`` by a quarter


LARGEST = 32 * 1024 * 1024
"""Bytes of one event; a stream with a larger one is passed on without being watched."""


class StreamTap:
    """Sees each chunk once, after it has come and before it goes on.

    Attributes:
        outcome: What the events so far say.
        last: The last whole event, raw; where a stream breaks off, it tells how far
            the numbering had come.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.outcome = Outcome.OPEN
        self.last = b""
        self._splitter = EventSplitter()
        self._cut = False
        self._judge = _judge_chat if dialect is Dialect.CHAT else _judge_typed
        self._dialect = dialect
        self._meter = Meter(dialect)
        self._is_first = True
        self._tells = SIGNS[dialect].search
        self._words = _WORDS[dialect]

    @property
    def usage(self) -> Usage | None:
        """What the events so far tell of tokens."""
        return self._meter.usage

    @property
    def model(self) -> str:
        """The model that gives the answer, if that was told."""
        return self._meter.model

    @property
    def tool_calls(self) -> int:
        """How many tools the client was asked to call so far."""
        return self._meter.tool_calls

    @property
    def between_events(self) -> bool:
        """Whether something may be put into the stream here."""
        return not self._cut and self._splitter.between_events

    def feed(self, chunk: bytes) -> bytes:
        """Look at a chunk, and return it."""
        if self.outcome is Outcome.UNKNOWN:
            return chunk
        for event in self._splitter.feed(chunk):
            self._see(event)
        if self._splitter.pending > LARGEST:
            self.outcome = Outcome.UNKNOWN
            self._cut = True
            self._splitter.flush()
        return chunk

    def end(self) -> bytes:
        """Look at what came after the last blank line; the stream has ended.

        Returns:
            Nothing: all has been passed on.
        """
        if tail := self._splitter.flush():
            self._cut = True
            self._see(tail)
        if self.outcome is Outcome.OPEN and self._dialect is Dialect.CHAT:
            self.outcome = _end_of_chat(self.last)
        return b""

    def fail(self, status: int, message: str, code: str) -> bytes:
        """Write the event that ends the stream with an error."""
        event = error_event(self._dialect, status, message, code, self.last)
        return event if self.between_events else b"\n\n" + event

    def _see(self, event: bytes) -> None:
        if event := event.lstrip(b"\r\n"):  # a CRLF cut in two leaves its half here
            self.last = event
            if self._is_first:
                self._is_first = not self._meter.begin(event)
            if self._words and event.startswith(self._words):
                return
            outcome = self._judge(self._dialect, event)
            if outcome is not None or self._tells(event):
                self._meter.see(event)
            if outcome is not None and self.outcome is Outcome.OPEN:
                self.outcome = outcome  # a failure stays one, whatever follows


def _judge_chat(dialect: Dialect, event: bytes) -> Outcome | None:
    del dialect
    if event.startswith((b"data: [DONE]", b"data:[DONE]")):
        return Outcome.DONE
    if _names_an_error(event):
        payload = _json(parse_event(event).data)
        if isinstance(payload, dict) and payload.get("error"):
            return Outcome.FAILED
    return None


def _end_of_chat(last: bytes) -> Outcome:
    """Judge a stream without ``[DONE]`` by its last chunk: not every server sends it.

    The last one tells why the answer ended, or behind that what it used.
    """
    payload = _json(parse_event(last).data)
    if not isinstance(payload, dict):
        return Outcome.OPEN
    choices = payload.get("choices")
    for choice in objects(choices):
        if isinstance(choice.get("finish_reason"), str):
            return Outcome.DONE
    counts = choices == [] and isinstance(payload.get("usage"), dict)
    return Outcome.DONE if counts else Outcome.OPEN


def _judge_typed(dialect: Dialect, event: bytes) -> Outcome | None:
    for hint in _HINTS[dialect]:
        if hint in event:
            break
    else:  # as any() would say, in half the time
        return None
    parsed = parse_event(event)
    name = parsed.name.decode("utf-8", "replace")
    if not name:
        payload = _json(parsed.data)
        name = str(payload.get("type")) if isinstance(payload, dict) else ""
    return _ENDINGS[dialect].get(name)


def _json(data: bytes) -> object:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
