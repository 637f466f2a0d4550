"""Reading and writing streams, whatever their dialect."""

from abc import ABC, abstractmethod
from collections.abc import Iterable

import orjson

from ccproxy.dialects.answer import (
    Begin,
    Cite,
    Close,
    Delta,
    Done,
    Event,
    Failed,
    Open,
    Problem,
    Stop,
    StopReason,
    Tokens,
    Usage,
)
from ccproxy.dialects.json import JsonObject
from ccproxy.dialects.sse import EventSplitter, parse_event
from ccproxy.errors import UpstreamDiedError

LARGEST = 64 * 1024 * 1024
"""Bytes of one event."""


class StreamParser(ABC):
    """Makes events of an upstream's bytes, each as soon as its last byte has come.

    Args:
        maker: The provider's name, for the reasoning that it makes.

    Attributes:
        over: Whether the terminal event has come; what follows is passed over.
    """

    def __init__(self, maker: str) -> None:
        self.over = False
        self._maker = maker
        self._splitter = EventSplitter()
        self._events: list[Event] = []
        self._keys = 0

    def feed(self, chunk: bytes) -> list[Event]:
        """Take a chunk, return the events that it completes.

        Raises:
            UpstreamDiedError: An event is larger than any real one.
        """
        for block in self._splitter.feed(chunk):
            self._read(block)
        if self._splitter.pending > LARGEST:
            msg = f"The upstream sent an event of more than {LARGEST} bytes."
            raise UpstreamDiedError(msg)
        return self._take()

    def end(self) -> list[Event]:
        """Read what came after the last blank line; the stream has ended.

        Half an event is none: such a stream has ended too early, and is not whole.
        """
        self._read(self._splitter.flush(), cut=True)
        if not self.over:
            self._ended()
        return self._take()

    @abstractmethod
    def _see(self, payload: JsonObject) -> None:
        """Read one event."""

    def _word(self, data: bytes) -> bool:
        """Read data that is a word in place of JSON, if the dialect has any."""
        del data
        return False

    def _ended(self) -> None:  # noqa: B027  (most dialects have nothing to do)
        """See that the stream has ended without a terminal event."""

    def _tell(self, *events: Event) -> None:
        self._events += events

    def _close(self) -> None:
        self._tell(Done())
        self.over = True

    def _fail(self, problem: Problem) -> None:
        self._tell(Failed(problem))
        self.over = True

    def _next_key(self) -> int:
        self._keys += 1
        return self._keys

    def _take(self) -> list[Event]:
        events = self._events
        self._events = []
        return events

    def _read(self, block: bytes, *, cut: bool = False) -> None:
        data = data_of(block)
        if not data or self.over:
            return
        try:
            payload = orjson.loads(data)
        except orjson.JSONDecodeError:
            if not self._word(data) and not cut:
                self._fail(_broken("that is no JSON"))
            return
        if isinstance(payload, dict):
            self._see(payload)
        else:
            self._fail(_broken("that is no JSON object"))


class StreamRenderer(ABC):
    """Makes a client's bytes of events.

    Whatever there are no words for in the dialect becomes no bytes.
    """

    def __init__(self) -> None:
        self._usage = Usage()
        self._stop = Stop(StopReason.END)

    def write(self, events: Iterable[Event]) -> bytes:
        """Write events."""
        return b"".join(
            [
                self._delta(event) if type(event) is Delta else self._write(event)
                for event in events
            ]
        )

    def _write(self, event: Event) -> bytes:
        written = b""
        match event:
            case Open():
                written = self._open_block(event)
            case Close():
                written = self._close_block(event)
            case Cite():
                written = self._cite(event)
            case Begin():
                self._usage = event.usage or self._usage
                written = self._begin(event.id)
            case Tokens(usage=usage):
                self._usage = usage
            case Stop():
                self._stop = event
            case Done():
                written = self._end()
            case Failed(problem=problem):
                written = self._fail(problem)
        return written

    @abstractmethod
    def _begin(self, name: str) -> bytes:
        """Write the beginning of the answer of this id."""

    @abstractmethod
    def _open_block(self, event: Open) -> bytes: ...

    @abstractmethod
    def _delta(self, event: Delta) -> bytes: ...

    @abstractmethod
    def _cite(self, event: Cite) -> bytes: ...

    @abstractmethod
    def _close_block(self, event: Close) -> bytes: ...

    @abstractmethod
    def _end(self) -> bytes:
        """Write the terminal event; usage and reason are known."""

    @abstractmethod
    def _fail(self, problem: Problem) -> bytes:
        """Write the terminal event of an answer that is not whole."""


def data_of(block: bytes) -> bytes:
    """Take the data of an event; those that nearly all streams hold cost least."""
    begin = 0
    if block.startswith(b"event: "):
        begin = block.find(b"\n") + 1
    if block.startswith(b"data: ", begin):
        data = block[begin + 6 :]
        if b"\n" not in data and b"\r" not in block:
            return data
    return parse_event(block).data


def _broken(what: str) -> Problem:
    return Problem(502, f"The upstream sent an event {what}.", "upstream_died")
