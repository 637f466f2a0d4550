"""Tokens and money per window of time, counted in the memory of this process."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from ccproxy.api.limits.caps import Book, Cap, Claim, Claimed, Unit, Wanted, reckon
from ccproxy.api.limits.windows import MOST, Windows


class MemoryAmounts:
    """The windows of caps; nothing in it ever waits.

    Args:
        window: How windows follow each other.
        clock: Seconds since the epoch.
        most: Windows that are kept; beyond it those used longest ago are forgotten.
    """

    def __init__(
        self,
        window: Literal["sliding", "fixed"],
        clock: Callable[[], float] = time.time,
        *,
        most: int = MOST,
    ) -> None:
        self._is_fixed = window == "fixed"
        self._clock = clock
        self._books: Windows[Book] = Windows(Book, _ends, most)

    def __len__(self) -> int:
        return len(self._books)

    async def claim(self, wanted: Sequence[Wanted]) -> Claimed:
        """Claim of all caps, or of none if one of them leaves no room."""
        now = int(self._clock() * 1000)
        books = [self._book(cap, now) for cap, _ in wanted]
        claimed = reckon(wanted, books, now, fixed=self._is_fixed)
        self._books.sweep(now)
        return claimed

    def settle(self, claims: Iterable[Claim], used: Mapping[Unit, int]) -> None:
        """Put what was used in the place of what was claimed."""
        for each in claims:
            book = self._books.get(each.cap.key)
            if book and each.until in book.amounts:  # or it has ended meanwhile
                book.add(each.until, used[each.cap.unit] - each.amount)

    async def close(self) -> None:
        """End what is under way: nothing is."""

    def _book(self, cap: Cap, now: int) -> Book:
        """Find the window of a cap, without what has ended, or begin it."""
        book = self._books.find(cap.key)
        book.forget(now)
        return book


def _ends(book: Book) -> int:
    return next(reversed(book.amounts), 0)
