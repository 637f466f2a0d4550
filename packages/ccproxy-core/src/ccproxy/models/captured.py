"""What was said in one request and its answer, as it is taken and as it is shown."""

from dataclasses import dataclass, field

from pydantic import AwareDatetime, BaseModel, ConfigDict

MARGIN = 32 * 1024
"""Bytes that are taken beyond what is kept, so that a secret at the end is seen whole,
and masked, before the rest is cut off."""
EVENTS = "text/event-stream"
"""Media type of a stream of events."""


@dataclass(slots=True)
class Said:
    """One body, or how it begins; not masked, so it stays in memory.

    Attributes:
        media_type: As its head tells, without parameters.
        encoding: The same, if it is compressed.
        size: Bytes of all of it.
        pieces: How it begins.
    """

    media_type: str | None = None
    encoding: str | None = None
    size: int = 0
    pieces: list[bytes] = field(default_factory=list)

    def add(self, piece: bytes, most: int) -> None:
        """Take a piece, or its beginning, until there is as much as may be taken."""
        left = most - self.size
        self.size += len(piece)
        if left > 0 and piece:
            self.pieces.append(piece if len(piece) <= left else piece[:left])


@dataclass(slots=True, kw_only=True)
class Captured:
    """A request and its answer, on the way to where they are kept.

    Attributes:
        id: Made like a record's; ids sort as the requests ended.
        ended_at: As the record has it; with the next it tells which record it is.
        request_id: The same.
        request: What the client said, decoded.
        answer: What the client was given.
    """

    id: str
    ended_at: AwareDatetime
    request_id: str
    request: Said
    answer: Said

    @property
    def held(self) -> int:
        """Bytes that are in memory for it."""
        pieces = (*self.request.pieces, *self.answer.pieces)
        return sum(map(len, pieces))


class Body(BaseModel):
    """One body, masked."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    media_type: str | None
    """Its media type, if that was told."""
    size: int
    """Bytes it had, before anything was masked or cut off."""
    truncated: bool
    """Whether its end was cut off."""
    text: str | None
    """What it said; ``null`` if it was compressed, which can't be looked into."""


class Bodies(BaseModel):
    """What was said in one request and in its answer."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    request_id: str
    """The request's."""
    request: Body
    """What the client said, decoded."""
    answer: Body
    """What the client was given."""
