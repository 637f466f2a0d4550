"""Windows of time, kept in the memory of this process."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

MOST = 100_000
"""Windows that are kept; beyond it those used longest ago are forgotten."""
SWEPT = 4
"""Windows that have ended and are forgotten, at most, at a time."""


class Windows(Generic[T]):
    """What windows hold, by their keys.

    Args:
        begin: Makes what a new one holds.
        ends: Tells when it has ended, by the clock that ``sweep`` is told of.
        most: Windows that are kept.
    """

    def __init__(
        self, begin: Callable[[], T], ends: Callable[[T], float], most: int = MOST
    ) -> None:
        self._begin = begin
        self._ends = ends
        self._most = most
        self._held: OrderedDict[str, T] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def find(self, key: str) -> T:
        """Find a window, or begin it."""
        held = self._held.get(key)
        if held is None:
            held = self._held[key] = self._begin()
        else:
            self._held.move_to_end(key)
        return held

    def get(self, key: str) -> T | None:
        """Find a window, if it is there."""
        return self._held.get(key)

    def sweep(self, now: float) -> None:
        """Forget a few that have ended, so that no request pays for all of them."""
        for _ in range(SWEPT):
            key, held = next(iter(self._held.items()))
            if self._ends(held) > now and len(self._held) <= self._most:
                return
            del self._held[key]
            if not self._held:
                return
