"""What a WebSocket session of the Responses API remembers from turn to turn.

A client sends a turn's new items alone and names the answer they follow. The upstreams
are asked over HTTP and need not keep anything, so the session keeps what has been said
and asks with all of it. The frames were measured with Codex CLI 0.169.0.
"""

from collections.abc import Sequence
from time import time
from uuid import uuid4

import orjson

from ccproxy.errors import BadRequestError
from ccproxy.sdk import Json, JsonObject

CREATE = "response.create"
_ENDINGS = ("response.completed", "response.incomplete")
_SIGNS = (b"response.output_item.done", *(name.encode() for name in _ENDINGS))


class PreviousAnswerError(BadRequestError):
    """The frame follows an answer that the session does not remember."""


class Turns:
    """The last answer of a session, and all that led to it.

    Only the last one is remembered: a client that goes on from another is told so, and
    sends the whole conversation.
    """

    def __init__(self) -> None:
        self._last: str | None = None
        self._said: list[Json] = []
        self._asked: list[Json] = []
        self._answered: dict[int, Json] = {}

    def begin(self, frame: JsonObject) -> JsonObject:
        """Return the body to ask with for a frame.

        Raises:
            PreviousAnswerError: It follows another answer than the last one.
            BadRequestError: It is no frame that can be answered.
        """
        if frame.get("type") != CREATE:
            msg = f"Frames of the type {str(frame.get('type'))[:100]!r} are unknown."
            raise BadRequestError(msg, hint=f"Send {CREATE!r}.")
        body = {key: value for key, value in frame.items() if key not in _OURS}
        said = self._before(frame.get("previous_response_id"))
        self._asked = [*said, *_items(frame.get("input"))]
        self._answered = {}
        return {**body, "input": self._asked, "stream": True}

    def see(self, data: bytes) -> None:
        """Look at an event of the answer, and remember the turn if it is over."""
        if not any(sign in data for sign in _SIGNS):
            return
        event = orjson.loads(data)
        kind = event.get("type")
        if kind == "response.output_item.done":
            place = event.get("output_index", len(self._answered))
            self._answered[place] = event.get("item")
        elif kind in _ENDINGS:
            answered = [self._answered[place] for place in sorted(self._answered)]
            self._remember(event["response"]["id"], answered)

    def warm(self, frame: JsonObject) -> list[bytes]:
        """Answer a frame that only prepares the session, with no upstream asked."""
        self.begin(frame)
        answer = f"resp_{uuid4().hex}"
        self._remember(answer, [])
        response: JsonObject = {
            "id": answer,
            "object": "response",
            "created_at": int(time()),
            "model": frame.get("model"),
            "output": [],
            "usage": None,
        }
        states = (("created", "in_progress"), ("completed", "completed"))
        return [
            orjson.dumps(
                {
                    "type": f"response.{name}",
                    "sequence_number": number,
                    "response": {**response, "status": status},
                }
            )
            for number, (name, status) in enumerate(states)
        ]

    def _before(self, previous: Json) -> Sequence[Json]:
        if previous is None:
            return ()
        if previous != self._last:
            msg = "The answer to go on from is not the last one of this session."
            raise PreviousAnswerError(msg, hint="Send the whole conversation.")
        return self._said

    def _remember(self, answer: str, answered: list[Json]) -> None:
        self._last, self._said = answer, [*self._asked, *answered]


_OURS = {"type", "generate", "previous_response_id"}
"""Keys of a frame that are no part of a request's body."""


def _items(asked: Json) -> list[Json]:
    if isinstance(asked, list):
        return asked
    if isinstance(asked, str):
        return [{"type": "message", "role": "user", "content": asked}]
    raise BadRequestError("The frame has no input.", hint="Send a list of items.")
