"""Finds a tool call that brings the same result again and again.

Every request of an agent repeats its conversation, so that one request tells. Only what
has come since the user's own last words counts: whoever still says something watches.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice
from typing import TypeAlias

from ccproxy.dialects.endpoint import Dialect
from ccproxy.dialects.json import Json, JsonObject, an_object

BETWEEN = 3
"""Other calls that may come between two that are the same: a circle is no larger.
Where more come between, an agent does something else, and the look back ends."""
LOOK_BACK = 100
"""Calls that are looked at; no setting asks for more."""


@dataclass(frozen=True, slots=True)
class Repetition:
    """The last call of a conversation.

    Attributes:
        tool: Its tool.
        times: How often it was made with the same arguments and the same result.
    """

    tool: str
    times: int


class _Kind(Enum):
    CALL = auto()
    RESULT = auto()
    WORDS = auto()
    """The user's own."""


_Part: TypeAlias = tuple[_Kind, Json, Json]
"""A call's or a result's id, and what it says; no class, for there are many."""
_WORDS: _Part = (_Kind.WORDS, None, None)


def repetition(dialect: Dialect, payload: JsonObject) -> Repetition | None:
    """Count how often the last tool call has been made, ``None`` if there was none."""
    last: tuple[Json, Json] | None = None
    times = others = 0
    for made in islice(_answered(_PARTS[dialect](payload)), LOOK_BACK):
        if last is None or made == last:
            last, others = made, 0
            times += 1
        elif (others := others + 1) > BETWEEN:
            break
    if last is None or not isinstance(last[0], list):  # which a call always is
        return None
    return Repetition(str(last[0][0]), times)


def _answered(parts: Iterator[_Part]) -> Iterator[tuple[Json, Json]]:
    """Yield calls with their results, the last one first."""
    results: dict[str, Json] = {}
    for kind, id_, said in parts:
        if kind is _Kind.RESULT:
            results[str(id_)] = said
        elif kind is _Kind.WORDS:
            return
        elif (key := str(id_)) in results:
            yield said, results[key]


# -- the parts of a conversation, the last one first


def _messages(payload: JsonObject) -> Iterator[_Part]:
    for message in _reversed(payload.get("messages")):
        is_own = message.get("role") == "user"
        for block in _reversed(message.get("content")):
            kind = block.get("type")
            if kind == "tool_result":
                is_own = False
                yield _Kind.RESULT, block.get("tool_use_id"), block.get("content")
            elif kind == "tool_use":
                made = [block.get("name"), block.get("input")]
                yield _Kind.CALL, block.get("id"), made
        if is_own:
            yield _WORDS


def _chat(payload: JsonObject) -> Iterator[_Part]:
    for message in _reversed(payload.get("messages")):
        if message.get("role") == "user":
            yield _WORDS
        elif message.get("role") == "tool":
            yield _Kind.RESULT, message.get("tool_call_id"), message.get("content")
        for call in _reversed(message.get("tool_calls")):
            made = an_object(call.get("function")) or an_object(call.get("custom"))
            said = made.get("arguments", made.get("input"))
            yield _Kind.CALL, call.get("id"), [made.get("name"), said]


def _responses(payload: JsonObject) -> Iterator[_Part]:
    for item in _reversed(payload.get("input")):
        kind = str(item.get("type", "message"))
        if kind == "message" and item.get("role") == "user":
            yield _WORDS
        elif kind.endswith("_call_output"):
            yield _Kind.RESULT, item.get("call_id"), item.get("output")
        elif kind.endswith("_call"):
            tool = item.get("name", kind.removesuffix("_call"))
            said = item.get("arguments", item.get("input", item.get("action")))
            yield _Kind.CALL, item.get("call_id"), [tool, said]


def _reversed(items: Json) -> Iterator[JsonObject]:
    """Yield the objects of a list, the last one first; most are never asked for."""
    for item in reversed(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            yield item


_PARTS: dict[Dialect, Callable[[JsonObject], Iterator[_Part]]] = {
    Dialect.MESSAGES: _messages,
    Dialect.CHAT: _chat,
    Dialect.RESPONSES: _responses,
}
