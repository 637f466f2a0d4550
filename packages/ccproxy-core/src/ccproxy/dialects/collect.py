"""Makes one whole answer of a Responses stream, for a caller of the same dialect.

Nothing is translated: its items are as the upstream sent them. What a caller of another
dialect gets is gathered in ``whole``.
"""

import orjson

from ccproxy.dialects.sse import EventSplitter, parse_event
from ccproxy.errors import UpstreamDiedError

_TERMINAL = ("response.completed", "response.incomplete", "response.failed")
_SIGNS = (b"_item.done", b"error", *(name.encode() for name in _TERMINAL))

LARGEST = 256 * 1024 * 1024
"""Bytes of the whole stream."""


class ResponseCollector:
    """Takes chunks of a Responses stream and gives the response object.

    The items come from ``response.output_item.done``: the Codex backend leaves
    ``response.output`` empty in its terminal event when nothing is stored (reports
    since 2026-04), and earlier filled it, so both kinds are read.
    """

    def __init__(self) -> None:
        self._splitter = EventSplitter()
        self._size = 0
        self._items: dict[int, object] = {}
        self._response: dict[str, object] | None = None
        self._error: dict[str, object] | None = None

    def feed(self, chunk: bytes) -> None:
        """Take a chunk.

        Raises:
            UpstreamDiedError: The answer is larger than any real one.
        """
        self._size += len(chunk)
        if self._size > LARGEST:
            msg = f"The upstream's answer is larger than {LARGEST} bytes."
            raise UpstreamDiedError(msg)
        for event in self._splitter.feed(chunk):
            self._see(event)

    @property
    def failed(self) -> bool:
        """Whether the upstream reported a failure."""
        return self._response is not None and self._response.get("status") == "failed"

    def result(self) -> bytes:
        """Return the response as JSON; the stream has ended.

        Raises:
            UpstreamDiedError: It ended without its terminal event.
        """
        self._see(self._splitter.flush())
        if self._response is None:
            msg = "The upstream's stream ended before its answer was complete."
            detail = self._error and self._error.get("message")
            raise UpstreamDiedError(msg, hint=str(detail) if detail else None)
        if not self._response.get("output"):
            self._response["output"] = [self._items[i] for i in sorted(self._items)]
        return orjson.dumps(self._response)

    def _see(self, event: bytes) -> None:
        if not any(sign in event for sign in _SIGNS):
            return  # deltas: what they add up to comes again in the done event
        try:
            payload = orjson.loads(parse_event(event).data)
        except orjson.JSONDecodeError:
            return
        if not isinstance(payload, dict):
            return
        kind, response = payload.get("type"), payload.get("response")
        if kind == "response.output_item.done":
            self._add_item(payload)
        elif kind in _TERMINAL and isinstance(response, dict):
            self._response = response
        elif kind == "error":
            self._error = payload

    def _add_item(self, payload: dict[str, object]) -> None:
        index = payload.get("output_index")
        place = index if isinstance(index, int) else len(self._items)
        if isinstance(payload.get("item"), dict):
            self._items[place] = payload["item"]
