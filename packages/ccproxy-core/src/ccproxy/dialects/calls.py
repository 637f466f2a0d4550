"""Counts the tools that an answer asks its client to call, without reading the answer.

Tools that the provider itself runs, such as its search of the web, are not counted.
"""

from ccproxy.dialects.endpoint import Dialect
from ccproxy.dialects.json import JsonObject, an_object, number, objects, text

_CHAT, _MESSAGES, _RESPONSES = Dialect.CHAT, Dialect.MESSAGES, Dialect.RESPONSES

_KINDS = {
    "function_call",
    "custom_tool_call",
    "local_shell_call",
    "apply_patch_call",
    "computer_call",
}
"""Items of Responses that the client is to act upon.

Source: https://platform.openai.com/docs/api-reference/responses/object
"""


class CallCounter:
    """Counts the calls of a stream, each by one of its events.

    A call of Messages and Chat is counted as it begins, one of Responses when it is
    complete: its upstreams may leave out the beginning.

    Args:
        dialect: The stream's.

    Attributes:
        count: How many there were so far.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.count = 0
        self._dialect = dialect
        self._ids: dict[tuple[int, int], str] = {}

    def see(self, payload: JsonObject) -> None:
        """Take the data of an event; most tell of no call."""
        if self._dialect is _CHAT:
            for choice in objects(payload.get("choices")):
                self._see_choice(choice)
        elif self._dialect is _MESSAGES:
            is_call = an_object(payload.get("content_block")).get("type") == "tool_use"
            self.count += is_call
        elif payload.get("type") == "response.output_item.done":
            self.count += _is_call(an_object(payload.get("item")))

    def _see_choice(self, choice: JsonObject) -> None:
        """Count what has a name; some servers repeat it with each piece of a call.

        As Gemini's gives all parallel calls one index, a new id is a new call, too.
        """
        delta = an_object(choice.get("delta"))
        for call in objects(delta.get("tool_calls")):
            if not _is_named(call):
                continue
            place = number(choice.get("index")), number(call.get("index"))
            name, known = text(call.get("id")), self._ids.get(place)
            if known is None or (name and name != known):
                self._ids[place] = name
                self.count += 1


def calls_of(dialect: Dialect, answer: JsonObject) -> int:
    """Count the calls of a whole answer."""
    if dialect is _CHAT:
        return sum(
            len(objects(an_object(choice.get("message")).get("tool_calls")))
            for choice in objects(answer.get("choices"))
        )
    if dialect is _MESSAGES:
        blocks = objects(answer.get("content"))
        return sum(each.get("type") == "tool_use" for each in blocks)
    return sum(map(_is_call, objects(answer.get("output"))))


def _is_call(item: JsonObject) -> bool:
    return text(item.get("type")) in _KINDS


def _is_named(call: JsonObject) -> bool:
    return any(an_object(call.get(kind)).get("name") for kind in ("function", "custom"))
