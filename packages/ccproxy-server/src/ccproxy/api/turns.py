"""What a WebSocket session of the Responses API remembers from turn to turn.

A client sends a turn's new items alone and names the answer they follow. The upstreams
are asked over HTTP and need not keep anything, so the session keeps what has been said
and asks with all of it. The frames were measured with Codex CLI 0.169.0.
"""

from collections.abc import Sequence
from time import time
from uuid import uuid4

import orjson

from ccproxy.api.asked import model_of
from ccproxy.api.turn import Turn, items_of
from ccproxy.dialects.feature import Notes
from ccproxy.dialects.responses.answer import response
from ccproxy.dialects.speaker import Frame
from ccproxy.errors import BadRequestError, PreviousAnswerError
from ccproxy.sdk import Json, JsonObject

CREATE = "response.create"


class Turns:
    """The last answer of a session, and all that led to it.

    Only the last one is remembered: a client that goes on from another is told so, and
    sends the whole conversation.
    """

    def __init__(self) -> None:
        self._last = Turn(())
        self._now = self._last

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
        self._now = Turn([*said, *items_of(frame.get("input"))])
        return {**body, "input": [*self._now.said], "stream": True}

    def see(self, data: bytes) -> None:
        """Look at an event of the answer, and remember the turn if it is over."""
        if Turn.wants(data):
            self._now.see(data)
            if self._now.answer is not None:
                self._last = self._now

    def warm(self, frame: JsonObject) -> list[bytes]:
        """Answer a frame that only prepares the session, with no upstream asked."""
        body = self.begin(frame)
        told = Frame(model_of(frame), int(time()), body, Notes({}))
        name = f"resp_{uuid4().hex}"
        begun = response(name, "in_progress", told)
        ended = response(name, "completed", told)
        self._now.end(ended)
        self._last = self._now
        states = (("created", begun), ("completed", ended))
        return [
            orjson.dumps(
                {
                    "type": f"response.{state}",
                    "sequence_number": number,
                    "response": each,
                }
            )
            for number, (state, each) in enumerate(states)
        ]

    def _before(self, previous: Json) -> Sequence[Json]:
        if previous is None:
            return ()
        if previous != self._last.answer:
            msg = "The answer to go on from is not the last one of this session."
            raise PreviousAnswerError(msg, hint="Send the whole conversation.")
        return self._last.said


_OURS = {"type", "generate", "previous_response_id"}
"""Keys of a frame that are no part of a request's body."""
