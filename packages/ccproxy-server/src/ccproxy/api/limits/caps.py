"""Caps on tokens and money, and what a request claims of them.

What an answer will use is not known when its request comes. So each request claims an
estimate, which nobody else can have meanwhile, and what it did use takes the claim's
place when it is over.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeAlias

from ccproxy.api.standing import Standing
from ccproxy.models.quota import SECONDS, Quota

SLICES = 60
"""Parts of a sliding window; what was used in one of them is forgotten together."""


@dataclass(slots=True)
class Book:
    """What a window holds.

    Attributes:
        amounts: By when they end to count, in milliseconds since the epoch; those that
            end first come first.
        used: All of them together.
    """

    amounts: dict[int, int] = field(default_factory=dict)
    used: int = 0

    def add(self, until: int, amount: int) -> None:
        """Write an amount, or what one that is there changes by."""
        self.amounts[until] = self.amounts.get(until, 0) + amount
        self.used += amount

    def forget(self, now: int) -> None:
        """Strike out what has ended."""
        amounts = self.amounts
        while amounts and (oldest := next(iter(amounts))) <= now:
            self.used -= amounts.pop(oldest)


class Unit(StrEnum):
    """What is counted."""

    TOKENS = "tokens"
    COST = "us-cents"
    """In millionths of a dollar; callers are told of it in whole cents."""


PART = {Unit.TOKENS: 1, Unit.COST: 10_000}
"""What is told as one."""


@dataclass(frozen=True, slots=True)
class Cap:
    """So much of something in a window.

    Attributes:
        key: Tells its window from all others.
        whose: Whom it limits, for people; begins a sentence.
        setting: What sets it.
        unit: What is counted.
        quota: How much, and in which window.
    """

    key: str
    whose: str
    setting: str
    unit: Unit
    quota: Quota

    @property
    def milliseconds(self) -> int:
        """The length of the window."""
        return SECONDS[self.quota.per] * 1000

    def until(self, now: int, book: Book, *, fixed: bool) -> int:
        """Return when what is used now ends to count.

        In a fixed window that is the window's end. In a sliding one it is never before
        the whole window has passed, and up to a slice later.
        """
        if fixed:
            return next(iter(book.amounts), now + self.milliseconds)
        part = self.milliseconds // SLICES
        return (now // part + 1) * part + self.milliseconds

    def standing(self, used: int, wait: int) -> Standing:
        """Tell how it stands.

        Args:
            used: What is used or claimed.
            wait: Milliseconds until there is more.
        """
        part, amount = PART[self.unit], self.quota.amount
        left = max(amount - used, 0)
        return Standing(amount // part, left // part, wait / 1000, self.unit)


class Claim(NamedTuple):
    """What a request takes of a cap before it is known.

    Attributes:
        cap: Of which.
        amount: How much.
        until: When it ends to count, in milliseconds since the epoch.
    """

    cap: Cap
    amount: int
    until: int


class Claimed(NamedTuple):
    """What has come of claiming.

    Attributes:
        claims: All that was claimed; nothing if a cap left no room.
        refused_by: That cap.
        standing: How it stands, or else the one of which least is left.
    """

    claims: Sequence[Claim] = ()
    refused_by: Cap | None = None
    standing: Standing | None = None


Wanted: TypeAlias = tuple[Cap, int]
"""A cap, and what is to be claimed of it."""


class Amounts(Protocol):
    """Where the windows of caps are."""

    async def claim(self, wanted: Sequence[Wanted]) -> Claimed:
        """Claim of all caps, or of none if one of them leaves no room.

        What is more than a whole cap gets through if nothing else was used.
        """

    def settle(self, claims: Iterable[Claim], used: Mapping[Unit, int]) -> None:
        """Put what was used in the place of what was claimed; it never waits."""

    async def close(self) -> None:
        """End what is under way."""


def reckon(
    wanted: Sequence[Wanted], books: Sequence[Book], now: int, *, fixed: bool
) -> Claimed:
    """Write claims into the windows, if all of them leave room.

    Args:
        wanted: What is to be claimed.
        books: The windows, in the same order, without what has ended.
        now: Milliseconds since the epoch.
        fixed: How windows follow each other.
    """
    for (cap, amount), book in zip(wanted, books, strict=True):
        room = cap.quota.amount - min(amount, cap.quota.amount)
        if book.used > room:
            wait = _wait(book, book.used - room, now)
            return Claimed(refused_by=cap, standing=cap.standing(book.used, wait))
    claims = []
    share, least = -1.0, 0
    for place, ((cap, amount), book) in enumerate(zip(wanted, books, strict=True)):
        until = cap.until(now, book, fixed=fixed)
        book.add(until, amount)
        claims.append(Claim(cap, amount, until))
        if (taken := book.used / cap.quota.amount) > share:
            share, least = taken, place
    cap, book = wanted[least][0], books[least]
    standing = cap.standing(book.used, next(iter(book.amounts)) - now)
    return Claimed(claims, standing=standing)


def _wait(book: Book, excess: int, now: int) -> int:
    """Tell when so much has ended to count."""
    wait = 0
    for until, amount in book.amounts.items():
        wait, excess = until - now, excess - amount
        if excess <= 0:
            break
    return wait
