"""Requests per window of time, kept in the memory of this process.

The library's own memory storage walks through all keys at each hit, in tasks and
threads of its own; with many addresses that is no work for a hot path. This one looks
at a few keys that have ended whenever it makes a new one.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush

from limits.aio.storage import MovingWindowSupport, Storage

MOST = 100_000
"""Windows that are kept; beyond it those that end first are forgotten."""
SWEPT = 4
"""Windows that have ended and are forgotten, at most, for a new one."""


@dataclass(slots=True)
class _Window:
    """What has come of late.

    Attributes:
        ends: When it is forgotten.
        queued: Its place in the queue of those that end; it may have moved on since.
        count: How much has come, if the window is fixed.
        times: When each of it has come, if it moves.
    """

    ends: float
    queued: float
    count: int = 0
    times: deque[float] = field(default_factory=deque)


class Windows(Storage, MovingWindowSupport):
    """A storage for the strategies of ``limits``; nothing in it ever waits.

    Args:
        clock: Seconds since the epoch.
        most: Windows that are kept.
    """

    STORAGE_SCHEME = None

    def __init__(
        self, clock: Callable[[], float] = time.time, *, most: int = MOST
    ) -> None:
        super().__init__()
        self._clock = clock
        self._most = most
        self._windows: dict[str, _Window] = {}
        self._ends: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._windows)

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        """What may go wrong: nothing."""
        return ()

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count, anew if the window has ended, and return the count."""
        window = self._window(key, expiry)
        window.count += amount
        return window.count

    async def get(self, key: str) -> int:
        """Return a count."""
        window = self._windows.get(key)
        return window.count if window and window.ends > self._clock() else 0

    async def get_expiry(self, key: str) -> float:
        """Return when a window ends, in seconds since the epoch."""
        now = self._clock()
        window = self._windows.get(key)
        return window.ends if window and window.ends > now else now

    async def acquire_entry(
        self, key: str, limit: int, expiry: int, amount: int = 1
    ) -> bool:
        """Note that something has come, if there is room for it."""
        window = self._window(key, expiry)
        self._forget_old(window, expiry)
        if len(window.times) + amount > limit:
            return False
        now = self._clock()
        window.times.extend([now] * amount)
        window.ends = now + expiry
        return True

    async def get_moving_window(
        self, key: str, limit: int, expiry: int
    ) -> tuple[float, int]:
        """Return when the oldest has come that still counts, and how many do."""
        del limit
        window = self._windows.get(key)
        if window is None:
            return self._clock(), 0
        self._forget_old(window, expiry)
        return window.times[0] if window.times else self._clock(), len(window.times)

    async def check(self) -> bool:
        """Tell that it works."""
        return True

    async def clear(self, key: str) -> None:
        """Forget a window."""
        self._windows.pop(key, None)

    async def reset(self) -> int:
        """Forget all, and return how many there were."""
        known = len(self._windows)
        self._windows.clear()
        self._ends.clear()
        return known

    def _window(self, key: str, expiry: float) -> _Window:
        """Find the window of a key, or begin it."""
        now = self._clock()
        window = self._windows.get(key)
        if window is None or window.ends <= now:
            window = self._windows[key] = _Window(now + expiry, now + expiry)
            heappush(self._ends, (window.queued, key))
            self._sweep(now)
        return window

    def _forget_old(self, window: _Window, expiry: float) -> None:
        oldest = self._clock() - expiry
        while window.times and window.times[0] <= oldest:
            window.times.popleft()

    def _sweep(self, now: float) -> None:
        for _ in range(SWEPT):
            over = len(self._ends) > self._most
            if not over and self._ends[0][0] > now:
                return
            end, key = heappop(self._ends)
            window = self._windows.get(key)
            if window is None or window.queued != end:
                continue  # it was cleared, or has begun anew
            if window.ends > now and not over:
                window.queued = window.ends
                heappush(self._ends, (window.queued, key))
            else:
                del self._windows[key]
