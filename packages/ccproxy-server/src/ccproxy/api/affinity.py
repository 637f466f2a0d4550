"""Keeps a conversation where its prompt cache is warm."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MOST = 4096
"""Conversations that are remembered."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Who has answered a conversation last.

    Attributes:
        provider: Its name.
        model: What it was asked for.
        account: For which account, if the provider has several.
        moved: Whether it holds reasoning of others.
    """

    provider: str
    model: str
    account: str | None = None
    moved: bool = False


class Affinity:
    """Remembers the seats of the latest conversations.

    Args:
        seconds: Silence after which one is forgotten; 0 remembers none.
        clock: Monotonic.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._seats: OrderedDict[tuple[str, str], tuple[Seat, float]] = OrderedDict()

    def seat(self, caller: str, conversation: str) -> Seat | None:
        """Find the seat of a conversation, if its cache may still be warm."""
        seat, until = self._seats.get((caller, conversation), (None, 0.0))
        return seat if self._clock() < until else None

    def has_moved(self, caller: str, conversation: str) -> bool:
        """Tell whether it holds reasoning of others, however long ago that was."""
        seat, _ = self._seats.get((caller, conversation), (None, 0.0))
        return seat is not None and seat.moved

    def keep(self, caller: str, conversation: str, seat: Seat) -> None:
        """Remember who has answered."""
        if not self._seconds:
            return
        key = caller, conversation
        self._seats[key] = seat, self._clock() + self._seconds
        self._seats.move_to_end(key)
        if len(self._seats) > MOST:
            self._seats.popitem(last=False)
