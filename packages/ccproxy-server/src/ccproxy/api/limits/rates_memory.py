"""Rates of requests, counted exactly in the memory of this process.

The strategies of ``limits`` work on a storage, in several steps for each rate; where
there is nothing to wait for they take three times as long.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ccproxy.api.limits.rates import Counted, Taken
from ccproxy.api.limits.windows import MOST, Windows
from ccproxy.api.standing import Standing


@dataclass(slots=True)
class _Window:
    """What has come of late.

    Attributes:
        seconds: How long it is.
        ends: When all of it has ended to count.
        count: How much of it counts.
        times: When each of it has come, if the window moves.
    """

    seconds: int = 0
    ends: float = 0.0
    count: int = 0
    times: deque[float] = field(default_factory=deque)


class MemoryRates:
    """Counts requests; nothing in it ever waits.

    Args:
        window: How windows follow each other.
        clock: Seconds since the epoch.
        most: Windows that are kept.
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
        self._windows = Windows(_Window, lambda window: window.ends, most)

    def __len__(self) -> int:
        return len(self._windows)

    async def take(self, counted: Sequence[Counted]) -> Taken:
        """Count a request by all rates, or by none if one of them leaves no room."""
        now = self._clock()
        found = [self._window(each, now) for each in counted]
        fullest, most = 0, -1.0
        for place, (each, window) in enumerate(zip(counted, found, strict=True)):
            if window.count >= each.rate.amount:
                return Taken(each.key, self._standing(each, window, now))
            if (share := (window.count + 1) / each.rate.amount) > most:
                fullest, most = place, share
        for window in found:
            self._hit(window, now)
        self._windows.sweep(now)
        standing = self._standing(counted[fullest], found[fullest], now)
        return Taken(standing=standing)

    def _window(self, counted: Counted, now: float) -> _Window:
        """Find a window, without what has ended to count."""
        rate = counted.rate
        seconds = rate.get_expiry()
        window = self._windows.find(f"{counted.key}/{rate.amount}/{seconds}")
        window.seconds = seconds
        times, oldest = window.times, now - seconds
        while times and times[0] <= oldest:
            times.popleft()
        if not self._is_fixed:
            window.count = len(times)
        elif window.ends <= now:
            window.count = 0
        return window

    def _hit(self, window: _Window, now: float) -> None:
        window.count += 1
        if not self._is_fixed:
            window.times.append(now)
            window.ends = now + window.seconds
        elif window.count == 1:
            window.ends = now + window.seconds

    def _standing(self, counted: Counted, window: _Window, now: float) -> Standing:
        amount, ends = counted.rate.amount, window.ends
        if not self._is_fixed:
            ends = window.times[0] + window.seconds
        return Standing(amount, amount - window.count, ends - now)
