"""Server-sent events, read from bytes as they come.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

import re
from typing import NamedTuple

_BLANK_LINE = re.compile(rb"\r\n(?:\r\n|\n|\r)|\n(?:\r\n|\n|\r)|\r(?!\n)(?:\r\n|\r)")
_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"
_LONGEST_BLANK_LINE = 4


class ServerSentEvent(NamedTuple):
    """One event.

    Attributes:
        name: Of the ``event`` field; empty if there was none.
        data: The ``data`` lines, joined by a line feed.
    """

    name: bytes
    data: bytes


class EventSplitter:
    """Cuts a stream into events, wherever the borders of its chunks lie."""

    def __init__(self) -> None:
        self._rest = b""
        self._begun = False

    @property
    def between_events(self) -> bool:
        """Whether what has come so far ends with a whole event."""
        return not self._rest

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take a chunk, return the events it completes, without their blank lines."""
        if not self._begun and chunk:
            chunk = self._without_bom(chunk)
        if not self._rest and chunk.endswith(b"\n\n") and b"\r" not in chunk:
            return chunk[:-2].split(b"\n\n")  # how nearly every chunk comes
        searched = max(0, len(self._rest) - _LONGEST_BLANK_LINE)
        self._rest += chunk
        events = []
        begin = 0
        while blank := _BLANK_LINE.search(self._rest, max(begin, searched)):
            events.append(self._rest[begin : blank.start()])
            begin = blank.end()
        if begin:
            self._rest = self._rest[begin:]
        return events

    def flush(self) -> bytes:
        """Return what came after the last blank line; the stream has ended."""
        rest, self._rest = self._rest, b""
        return rest

    def _without_bom(self, chunk: bytes) -> bytes:
        chunk = self._rest + chunk
        self._rest = b""
        if len(chunk) < len(_BOM) and _BOM.startswith(chunk):
            self._rest = chunk
            return b""
        self._begun = True
        return chunk.removeprefix(_BOM)


def parse_event(block: bytes) -> ServerSentEvent:
    """Read one event's fields; comments and unknown fields are passed over."""
    name = b""
    data = []
    for line in _LINE_END.split(block):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value
    return ServerSentEvent(name, b"\n".join(data))


def render_event(data: bytes, name: str = "") -> bytes:
    """Write one event; the data must hold no line end."""
    head = b"event: " + name.encode() + b"\n" if name else b""
    return head + b"data: " + data + b"\n\n"
