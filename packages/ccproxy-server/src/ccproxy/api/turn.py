"""One turn of a conversation in the Responses API: what is asked and answered."""

from collections.abc import Iterable, Sequence

import orjson

from ccproxy.errors import BadRequestError
from ccproxy.sdk import Json, JsonObject

_DONE = "response.output_item.done"
_ENDINGS = ("response.completed", "response.incomplete")
_SIGNS = (_DONE.encode(), *(name.encode() for name in _ENDINGS))


class Turn:
    """Watches an answer until it is whole.

    Args:
        asked: All items of the request, those of earlier turns too.

    Attributes:
        answer: The answer's id, once it is whole.
        said: The items of the conversation so far, the answer's among them.
    """

    def __init__(self, asked: Iterable[Json]) -> None:
        self.answer: str | None = None
        self.said: Sequence[Json] = list(asked)
        self._items: dict[int, Json] = {}

    @staticmethod
    def wants(event: bytes) -> bool:
        """Whether an event may be one to see; most are not, and need not be parsed."""
        return any(sign in event for sign in _SIGNS)

    def see(self, data: bytes) -> None:
        """Look at an event's data; what is no event of these is none of our business.

        The answer goes on to the client whatever an upstream has put into it.
        """
        try:
            event = orjson.loads(data)
        except orjson.JSONDecodeError:
            return  # an upstream that died in the middle of it
        if not isinstance(event, dict):
            return
        kind, response = event.get("type"), event.get("response")
        if kind == _DONE:
            place = event.get("output_index")
            at = place if isinstance(place, int) else len(self._items)
            self._items[at] = event.get("item")
        elif kind in _ENDINGS and isinstance(response, dict):
            self.end(response)

    def end(self, response: JsonObject) -> None:
        """Take the answer as a whole.

        Its items come from the events where there were any: the Codex backend leaves
        ``output`` empty (reports since 2026-04).
        """
        items = [self._items[place] for place in sorted(self._items)]
        output = response.get("output")
        if not items and isinstance(output, list):
            items = output
        answer = response.get("id")
        if not isinstance(answer, str):
            return  # nobody could go on from it
        self.answer = answer
        self.said = [*self.said, *items]


def items_of(asked: Json) -> list[Json]:
    """Return a request's input as a list of items.

    Raises:
        BadRequestError: There is none.
    """
    if isinstance(asked, list):
        return asked
    if isinstance(asked, str):
        return [{"type": "message", "role": "user", "content": asked}]
    raise BadRequestError("The request has no input.", hint="Send a list of items.")
