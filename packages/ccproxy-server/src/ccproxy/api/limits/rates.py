"""Rates of requests, each counted in a window of time."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, Protocol

from limits import RateLimitItem
from limits.aio.storage import Storage
from limits.aio.strategies import (
    FixedWindowRateLimiter,
    MovingWindowRateLimiter,
    RateLimiter,
)
from limits.errors import StorageError

from ccproxy.api.limits.outage import Outage
from ccproxy.api.standing import Standing

PATIENCE = 2.0
"""Seconds to wait for a storage elsewhere."""


class Counted(NamedTuple):
    """A rate, and whose requests are counted by it.

    Attributes:
        rate: So many in a window.
        key: Tells whose from all others.
    """

    rate: RateLimitItem
    key: str


class Taken(NamedTuple):
    """What has come of counting a request.

    Attributes:
        refused_by: Key of the rate that leaves no room; ``None`` if all do.
        standing: How that rate stands, or else the one of which least is left; ``None``
            if nothing could be counted.
    """

    refused_by: str | None = None
    standing: Standing | None = None


class Rates(Protocol):
    """Counts requests, and tells whether they are too many."""

    async def take(self, counted: Sequence[Counted]) -> Taken:
        """Count a request by all rates, or by none if one of them leaves no room."""


class StoredRates:
    """Counts requests in a storage elsewhere.

    A storage that can't be reached refuses nobody: the gateway is worth more than its
    limits. Of several rates one may count a request that another refuses, where others
    have come in between.

    Args:
        storage: Where the counts are.
        window: How they are counted.
        clock: Seconds since the epoch, the storage's.
        patience: Seconds to wait for the storage.
        outage: Notes that it can't be reached, also for others who count there.
    """

    def __init__(
        self,
        storage: Storage,
        window: Literal["sliding", "fixed"],
        clock: Callable[[], float] = time.time,
        *,
        patience: float = PATIENCE,
        outage: Outage | None = None,
    ) -> None:
        self._clock = clock
        self._patience = patience
        strategy = (
            MovingWindowRateLimiter if window == "sliding" else FixedWindowRateLimiter
        )
        self._strategy: RateLimiter = strategy(storage)
        self._outage = outage or Outage(clock)

    async def take(self, counted: Sequence[Counted]) -> Taken:
        """Count a request by all rates, or by none if one of them leaves no room."""
        if self._outage.lasts:
            return Taken()
        try:
            async with asyncio.timeout(self._patience):
                return await self._take(counted)
        except (StorageError, TimeoutError) as error:
            self._outage.tell(error)
            return Taken()

    async def _take(self, counted: Sequence[Counted]) -> Taken:
        hit, test = self._strategy.hit, self._strategy.test
        for ask in (test, hit) if len(counted) > 1 else (hit,):
            for each in counted:
                if not await ask(each.rate, each.key):
                    return Taken(each.key, await self._standing(each, refused=True))
        standings = [await self._standing(each) for each in counted]
        return Taken(standing=min(standings, key=lambda each: each.share))

    async def _standing(self, counted: Counted, *, refused: bool = False) -> Standing:
        stats = await self._strategy.get_window_stats(counted.rate, counted.key)
        left = 0 if refused else stats.remaining
        return Standing(counted.rate.amount, left, stats.reset_time - self._clock())
