"""Masks what was said, before it is kept.

JSON is masked by its structure and other text by its shapes, as everywhere. A stream
tells a text in pieces, of which none looks like the secret they make: its texts are put
together, and one with a secret in it is told whole, masked, where its first piece was.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import orjson

from ccproxy.dialects.json import Json, JsonObject
from ccproxy.dialects.sse import EventSplitter, parse_event, with_data
from ccproxy.models.captured import EVENTS, Body, Said
from ccproxy.security.sanitizer import mask_text

Place: TypeAlias = tuple[str | int, ...]
"""Where the pieces of one text stand in their events."""

_NUMBERS = ("index", "output_index", "content_index", "summary_index")
"""What tells apart texts that come at the same time."""
_LONGEST = 32
"""Steps of a place; what lies deeper in an event is no piece of a text."""
_FIELDS = (b"data:", b"event:", b"id:", b":")
"""How a stream begins, whatever its head calls it."""


@dataclass(slots=True)
class _Piece:
    """A piece of a text.

    Attributes:
        event: The number of its event.
        holder: The object within the event that has it.
        name: The name it has there.
        text: What it says.
    """

    event: int
    holder: JsonObject
    name: str
    text: str


def mask_said(said: Said, most: int) -> Body:
    """Mask a body, and then cut off what is more than is kept.

    Args:
        said: The body, or more of its beginning than is kept: a secret that the cut
            goes through is seen whole, and what is itself cut is never shown.
        most: Bytes that are kept.
    """
    taken = b"".join(said.pieces)
    text: str | None
    if said.encoding is not None:
        text, truncated = None, False
    elif said.media_type == EVENTS or taken.startswith(_FIELDS):
        text, truncated = _mask_stream(taken, most, whole=len(taken) == said.size)
    else:
        text, truncated = _mask_whole(taken, most), said.size > most
    return Body(
        media_type=said.media_type, size=said.size, truncated=truncated, text=text
    )


def _mask_whole(taken: bytes, most: int) -> str:
    beyond = len(_text(taken[most:]))
    return _storable(_cut(mask_text(_text(taken)), beyond))


def _cut(masked: str, beyond: int) -> str:
    """Cut off at least as much as has come of what is not shown.

    What is masked has become shorter, so that rather more goes.
    """
    return masked[: max(0, len(masked) - beyond)]


def _mask_stream(taken: bytes, most: int, *, whole: bool) -> tuple[str, bool]:
    """Mask events, and tell whether some are left out."""
    splitter = EventSplitter()
    events = splitter.feed(taken)
    rest = splitter.flush().rstrip(b"\r\n")
    if whole and rest:
        events.append(rest)
    shown = _number_that_fits(events, most)
    for number, payload in _retold(events, shown).items():
        events[number] = with_data(events[number], orjson.dumps(payload))
    told = [_masked(event) for event in events[:shown]]
    return _storable("".join(f"{each}\n\n" for each in told)), (
        not whole or shown < len(events)
    )


def _number_that_fits(events: Sequence[bytes], most: int) -> int:
    size = 0
    for number, event in enumerate(events):
        size += len(event) + 2
        if size > most:
            return number
    return len(events)


def _retold(events: Sequence[bytes], shown: int) -> dict[int, JsonObject]:
    """Return the payloads of events, by number, that tell a text with a secret."""
    texts: defaultdict[Place, list[_Piece]] = defaultdict(list)
    payloads: list[Json] = [_payload(event) for event in events]
    for number, payload in enumerate(payloads):
        for place, holder, name, text in _texts(payload, (), is_piece=False):
            texts[place].append(_Piece(number, holder, name, text))
    changed: dict[int, JsonObject] = {}
    for pieces in texts.values():
        text = "".join(piece.text for piece in pieces)
        if len(pieces) < 2 or (masked := mask_text(text)) == text:
            continue
        beyond = sum(len(piece.text) for piece in pieces if piece.event >= shown)
        told = _cut(masked, beyond)
        for piece in pieces:
            piece.holder[piece.name], told = told, ""
            payload = payloads[piece.event]
            if isinstance(payload, dict):
                changed[piece.event] = payload
    return changed


def _texts(
    value: Json, place: Place, *, is_piece: bool
) -> Iterator[tuple[Place, JsonObject, str, str]]:
    """Find the pieces of texts in an event: in all dialects they are in a ``delta``."""
    if len(place) > _LONGEST:
        return
    if isinstance(value, list):
        for item in value:
            yield from _texts(item, (*place, "[]"), is_piece=is_piece)
    if not isinstance(value, dict):
        return
    place += tuple(
        number for each in _NUMBERS if isinstance(number := value.get(each), int)
    )
    for name, item in value.items():
        within = is_piece or name == "delta"
        if not isinstance(item, str):
            yield from _texts(item, (*place, name), is_piece=within)
        elif within and name != "type":
            yield (*place, name), value, name, item


def _masked(event: bytes) -> str:
    """Mask one event; it stays as it came if there is no secret in it."""
    data = _text(parse_event(event).data)
    others = _text(with_data(event, b"").removesuffix(b"data: "))
    told, told_others = mask_text(data), mask_text(others)
    if (told, told_others) == (data, others):
        return _text(event)
    lines = told.split("\n") if told else ()
    return (told_others + "\n".join(f"data: {line}" for line in lines)).rstrip("\n")


def _payload(event: bytes) -> Json:
    try:
        payload: Json = orjson.loads(parse_event(event).data)
    except orjson.JSONDecodeError:
        return None
    return payload


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _storable(text: str) -> str:
    """Replace halves of surrogate pairs, which JSON may name and UTF-8 has not."""
    return text.encode("utf-8", "replace").decode()
