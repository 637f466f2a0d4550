"""Prices for those who are on the event loop: nobody blocks it to look one up."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from ccproxy.prices.book import Model, PriceBook, Quote
from ccproxy.prices.sheet import Sheet

TRIES = 3
"""Whoever comes while the list is looked at for others has to wait for the next look;
and a price may change meanwhile."""


class Pricing:
    """Finds a model's prices, and has those looked up that are not known.

    One look at the list is for all models that are asked for meanwhile, so that names
    that callers make up start no more than one process at a time.

    Args:
        book: Knows them.
        clock: The time, aware UTC.
    """

    def __init__(
        self,
        book: PriceBook,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._book = book
        self._clock = clock
        self._wanted: set[Model] = set()
        self._looking: asyncio.Task[None] | None = None

    def quote(self, provider: str, model: str) -> Quote:
        """Return the prices of a model, as far as they are known by now."""
        return self._book.quote(provider, model, self._clock())

    async def sheet(self, provider: str, model: str) -> Sheet | None:
        """Return the prices of a model, ``None`` if there are none.

        That takes some tenths of a second for one that was not used today.
        """
        quote = self.quote(provider, model)
        for _ in range(TRIES):
            if quote.final:
                break
            self._wanted.add((provider, model))
            await asyncio.shield(self._look())
            quote = self.quote(provider, model)
        return quote.sheet

    async def close(self) -> None:
        """Wait for what is being looked up."""
        if self._looking is not None:
            await asyncio.wait({self._looking})

    def _look(self) -> asyncio.Task[None]:
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_up())
        return self._looking

    async def _look_up(self) -> None:
        wanted, self._wanted = self._wanted, set()
        try:
            await asyncio.to_thread(self._book.learn, wanted, self._clock())
        finally:
            self._looking = None
