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
    """Cuts a stream into events, wherever the borders of its chunks lie.

    Attributes:
        pending: Bytes of the event that has begun and not ended.
    """

    def __init__(self) -> None:
        self.pending = 0
        self._parts: list[bytes] = []
        self._tail = b""
        self._begun = False

    @property
    def between_events(self) -> bool:
        """Whether what has come so far ends with a whole event."""
        return not self.pending

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take a chunk, return the events it completes, without their blank lines."""
        if not self._begun and chunk:
            chunk = self._without_bom(chunk)
        if not self.pending and chunk.endswith(b"\n\n") and b"\r" not in chunk:
            return chunk[:-2].split(b"\n\n")  # how nearly every chunk comes
        window = self._tail + chunk
        if not _BLANK_LINE.search(window):
            self._keep(chunk, window)
            return []
        searched = self.pending - len(self._tail)
        data = self.flush() + chunk
        events = []
        begin = 0
        while blank := _BLANK_LINE.search(data, max(begin, searched)):
            events.append(data[begin : blank.start()])
            begin = blank.end()
        self._keep(data[begin:], data[begin:])
        return events

    def flush(self) -> bytes:
        """Return what came after the last blank line; the stream has ended."""
        rest = b"".join(self._parts)
        self._parts.clear()
        self.pending = 0
        self._tail = b""
        return rest

    def _keep(self, chunk: bytes, window: bytes) -> None:
        """Keep a part without joining it, so that a huge event costs no more."""
        if chunk:
            self._parts.append(chunk)
            self.pending += len(chunk)
            self._tail = window[1 - _LONGEST_BLANK_LINE :]

    def _without_bom(self, chunk: bytes) -> bytes:
        chunk = self.flush() + chunk
        if len(chunk) < len(_BOM) and _BOM.startswith(chunk):
            self._keep(chunk, b"")
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


def with_data(block: bytes, data: bytes) -> bytes:
    """Put other data into an event, which must hold no line end; other fields stay."""
    lines = [line for line in _LINE_END.split(block) if not line.startswith(b"data")]
    return b"\n".join([*lines, b"data: " + data])


def render_event(data: bytes, name: str = "") -> bytes:
    """Write one event; the data must hold no line end."""
    head = b"event: " + name.encode() + b"\n" if name else b""
    return head + b"data: " + data + b"\n\n"
