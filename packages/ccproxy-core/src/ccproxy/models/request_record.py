"""The facts of one request to a model, as they are kept; never what was said."""

import os
from dataclasses import dataclass, fields
from datetime import datetime

from pydantic import AwareDatetime, ConfigDict, TypeAdapter


@dataclass(slots=True, kw_only=True)
class RequestRecord:
    """One request to a model and how it ended.

    Each field is a column of the table ``request_records``; a new one needs a migration
    beside it, and is filled if the event that ends a request has a field of its name.
    """

    # Nobody changes a record. It is neither frozen nor a pydantic model because one is
    # made for each request, and those take four times as long to make.
    __pydantic_config__ = ConfigDict(use_attribute_docstrings=True)

    id: str
    """Key of the record; ids sort as the requests ended."""
    ended_at: AwareDatetime
    """When the last byte had gone, or the request had failed."""
    request_id: str
    """The id that the answer carried in ``x-ccproxy-request-id``."""
    key: str | None = None
    """The client key that was shown, or the token's place in the settings."""
    session: str | None = None
    """The conversation, if the client names it."""
    client: str | None = None
    """Which program asked, of a closed list; ``other`` is none of it."""
    client_version: str | None = None
    """That program's version, if it tells."""
    repository: str | None = None
    """The git repository it worked in, if ``ccproxy run`` has told."""
    branch: str | None = None
    """The branch that was checked out there when the program was started."""
    worktree: str | None = None
    """The folder of that worktree."""
    method: str
    """HTTP method."""
    route: str
    """The route's template."""
    provider: str | None = None
    """The provider that was asked."""
    account: str | None = None
    """The account it was asked for, if the provider has several."""
    fallbacks: tuple[str, ...] = ()
    """Who was asked before in vain, such as ``codex/gpt-5.5``."""
    model_requested: str | None = None
    """The model the client named."""
    model: str | None = None
    """The model the provider was asked for."""
    model_served: str | None = None
    """The model that the answer names, which may be another, or one with a date."""
    dialect_in: str | None = None
    """The dialect of the client."""
    dialect_out: str | None = None
    """The dialect of the provider."""
    streaming: bool = False
    """Whether the client asked for a stream."""
    status: int | None = None
    """The HTTP status sent, if one was."""
    failure: str | None = None
    """Why there was no whole answer: a kind of the reference of hooks."""
    reason: str | None = None
    """The same in a sentence; masked."""
    duration: float
    """Seconds from arrival to the last byte."""
    ttfb: float | None = None
    """Seconds from arrival to the first byte of the answer."""
    overhead: float | None = None
    """The part of those in which neither the client nor a provider was awaited."""
    upstream_ttfb: float | None = None
    """Seconds from asking the provider to the first byte of its answer."""
    bytes_in: int = 0
    """Size of the request's body."""
    bytes_out: int = 0
    """Size of the answer's body."""
    chunks: int = 0
    """Pieces in which the answer went out."""
    tool_calls: int | None = None
    """How many tools the answer asks the client to call; ``null`` if unknown."""
    input_tokens: int | None = None
    """Tokens read, but for those of the cache; all counts are ``null`` if unknown."""
    cache_read_tokens: int | None = None
    """Tokens taken from the cache."""
    cache_write_tokens: int | None = None
    """Tokens written to it."""
    cache_write_1h_tokens: int | None = None
    """The part of those that is kept for an hour."""
    output_tokens: int | None = None
    """Tokens written, reasoning included."""
    reasoning_tokens: int | None = None
    """The part of those that was reasoning."""
    cost: float | None = None
    """What that costs in US dollars; ``null`` if unknown, or not written yet."""
    cost_basis: str | None = None
    """Whose prices those are: ``settings``, or the list and its version."""
    notes: tuple[str, ...] = ()
    """What was changed or dropped on the way, a sentence each."""

    @property
    def prompt(self) -> int | None:
        """All tokens that were read, cached or not; ``None`` if unknown."""
        counts = (self.input_tokens, self.cache_read_tokens, self.cache_write_tokens)
        known = [each for each in counts if each is not None]
        return sum(known) if known else None


RECORD = TypeAdapter(RequestRecord)
"""Reads and writes JSON."""
TYPES: dict[str, object] = {each.name: each.type for each in fields(RequestRecord)}
"""Names of the columns, in their order, and the types of what is in them."""
COLUMNS = tuple(TYPES)
"""Names of the columns, in their order."""
COUNTS = tuple(name for name in COLUMNS if name.endswith("_tokens"))
"""Columns that count tokens."""
LISTS = tuple(name for name, kind in TYPES.items() if kind == tuple[str, ...])
"""Columns that hold a list of texts, as JSON."""


def new_id(at: datetime) -> str:
    """Return the id of a record that is made at this time.

    Ids sort by time, so that one column is the key, the order and the cursor of pages.
    """
    return f"{_milliseconds(at):012x}{os.urandom(10).hex()}"


def first_id(at: datetime) -> str:
    """Return what no id of this time or later sorts before."""
    return f"{_milliseconds(at):012x}"


def id_beyond(at: datetime) -> str:
    """Return what all ids of this time sort before, those of its millisecond too."""
    return f"{_milliseconds(at) + 1:012x}"


def _milliseconds(at: datetime) -> int:
    return max(0, int(at.timestamp() * 1000))  # a minus would not sort before digits
