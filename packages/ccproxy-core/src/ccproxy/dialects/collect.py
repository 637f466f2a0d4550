"""Makes one whole answer of a Responses stream, for upstreams that only stream."""

import orjson

from ccproxy.dialects.sse import EventSplitter, parse_event
from ccproxy.errors import UpstreamDiedError

_TERMINAL = ("response.completed", "response.incomplete", "response.failed")


class ResponseCollector:
    """Takes chunks of a Responses stream and gives the response object.

    The items come from ``response.output_item.done``: the Codex backend leaves
    ``response.output`` empty in its terminal event when nothing is stored (reports
    since 2026-04), and earlier filled it, so both kinds are read.
    """

    def __init__(self) -> None:
        self._splitter = EventSplitter()
        self._items: dict[int, object] = {}
        self._response: dict[str, object] | None = None
        self._error: dict[str, object] | None = None

    def feed(self, chunk: bytes) -> None:
        """Take a chunk."""
        for event in self._splitter.feed(chunk):
            self._see(event)

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
        if b"_item.done" not in event and not any(
            name.encode() in event for name in (*_TERMINAL, "error")
        ):
            return  # deltas: what they add up to comes again in the done event
        try:
            payload = orjson.loads(parse_event(event).data)
        except orjson.JSONDecodeError:
            return
        kind = payload.get("type")
        if kind == "response.output_item.done":
            self._items[payload.get("output_index", len(self._items))] = payload["item"]
        elif kind in _TERMINAL:
            self._response = payload["response"]
        elif kind == "error":
            self._error = payload
