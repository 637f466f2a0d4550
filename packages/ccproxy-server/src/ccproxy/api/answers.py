"""Keeps answers of the Responses API for upstreams that keep none.

A client may go on from an answer by its id, ``previous_response_id``, and send what is
new alone. OpenAI's API keeps the answers itself unless ``store`` is false. The Codex
backend keeps none, nor does an upstream of another dialect; there the gateway does.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from ccproxy.api.turn import Turn, items_of
from ccproxy.dialects.sse import EventSplitter, parse_event
from ccproxy.errors import PreviousAnswerError
from ccproxy.sdk import Json, JsonObject, Message, Send

MOST = 64 * 1024 * 1024
"""Bytes of the conversations that are kept, as they went over the wire."""


@dataclass(frozen=True, slots=True)
class _Kept:
    said: Sequence[Json]
    size: int


class Answers:
    """The latest answers, in memory, until others take their place.

    Each is known only to the caller who got it.

    Args:
        most: Bytes that may be kept.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._size = 0
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()

    def expand(self, caller: str, payload: JsonObject) -> JsonObject:
        """Return a request with all that its previous answer followed.

        Raises:
            PreviousAnswerError: It is not kept, or not any more.
        """
        previous = payload.get("previous_response_id")
        if previous is None:
            return payload
        kept = self._kept.get((caller, str(previous)))
        if kept is None:
            msg = f"The answer {str(previous)[:100]!r} is not kept (any more)."
            raise PreviousAnswerError(msg, hint="Send the whole conversation.")
        self._kept.move_to_end((caller, str(previous)))
        rest = {key: payload[key] for key in payload if key != "previous_response_id"}
        return {**rest, "input": [*kept.said, *items_of(payload.get("input"))]}

    def knows(self, caller: str, payload: JsonObject) -> bool:
        """Tell whether the answer that a request goes on from is kept."""
        return (caller, str(payload.get("previous_response_id"))) in self._kept

    def watch(self, caller: str, payload: JsonObject, size: int, send: Send) -> Send:
        """Return a ``send`` that keeps the answer, unless the caller wants it not kept.

        Args:
            caller: Who asks.
            payload: The request, expanded.
            size: Bytes of it.
            send: ASGI's.
        """
        asked = payload.get("input")
        if payload.get("store") is False or not isinstance(asked, list | str):
            return send  # what is wrong with an input is told by whoever is asked
        watcher = _Watcher(Turn(items_of(asked)))

        async def watched(message: Message) -> None:
            watcher.see(message)
            if watcher.turn.answer is not None and not message.get("more_body"):
                self._keep(caller, watcher.turn, size + watcher.size)
            await send(message)

        return watched

    def _keep(self, caller: str, turn: Turn, size: int) -> None:
        key = (caller, turn.answer or "")
        if (known := self._kept.pop(key, None)) is not None:
            self._size -= known.size
        self._kept[key] = _Kept(turn.said, size)
        self._size += size
        while self._size > self._most:
            _, oldest = self._kept.popitem(last=False)
            self._size -= oldest.size


class _Watcher:
    """Sees an answer pass, as a stream of events or in one piece."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.size = 0
        self._splitter = EventSplitter()
        self._body: list[bytes] = []
        self._is_stream: bool | None = None

    def see(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            kind = dict(message["headers"]).get(b"content-type", b"")
            if message["status"] == 200:
                self._is_stream = kind.startswith(b"text/event-stream")
            return
        body = message.get("body", b"")
        self.size += len(body)
        if self._is_stream:
            for event in self._splitter.feed(body) if body else ():
                if Turn.wants(event):
                    self.turn.see(parse_event(event).data)
        elif self._is_stream is False:
            self._body.append(body)
            if not message.get("more_body"):
                self._see_whole()

    def _see_whole(self) -> None:
        try:
            response = orjson.loads(b"".join(self._body))
        except orjson.JSONDecodeError:
            return
        if isinstance(response, dict) and response.get("status") != "failed":
            self.turn.end(response)
