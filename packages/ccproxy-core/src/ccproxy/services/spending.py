"""What callers have spent: in memory for each request, in the database for good.

Sums are written a moment after they grow, and read with each writing, so that several
processes know of each other's. No request waits for either.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from ccproxy.concurrency.worker import QueueWorker
from ccproxy.errors import StorageError
from ccproxy.models.quota import Quota
from ccproxy.models.spending import Spent, SpentOn, is_within
from ccproxy.storage.database import Database
from ccproxy.storage.spending import with_spending

if TYPE_CHECKING:
    from ccproxy.storage.repositories.spending_repository import SpendingRepository

GATHER = 1.0
"""Seconds for which sums gather before they are written."""
STALE = 5.0
"""Seconds after which what others may have spent is read again, once somebody asks."""
PAUSE = 5.0
"""Seconds until a database that could not be written is tried again."""
BATCH = 1000

_log = structlog.get_logger(__name__)


class Spending:
    """Adds up what is spent, and tells what a budget leaves.

    Args:
        database: Where the sums are kept.
        clock: The time, aware UTC.
        gather: Seconds for which sums gather.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        gather: float = GATHER,
    ) -> None:
        self._database = database
        self._clock = clock
        self._saved: dict[str, dict[str, int]] = {}
        self._unsaved: dict[str, Counter[str]] = defaultdict(Counter)
        self._held: Counter[str] = Counter()
        self._read_at = datetime.min.replace(tzinfo=UTC)
        self._reading: asyncio.Task[None] | None = None
        self._failing = False
        self._leaving = asyncio.Event()
        self._worker: QueueWorker[SpentOn] = QueueWorker(
            "spending", self._write, batch=BATCH, linger=gather
        )

    @property
    def queue(self) -> QueueWorker[SpentOn]:
        """What waits to be written."""
        return self._worker

    async def start(self) -> None:
        """Read what was spent before."""
        await self._read()

    async def stop(self, grace: float) -> None:
        """Write what is not written yet.

        Args:
            grace: Seconds it may take.
        """
        self._leaving.set()
        if self._reading is not None:
            await asyncio.wait({self._reading})
        await self._worker.stop(grace)

    def left(self, owner: str, budget: Quota) -> int:
        """Tell what a budget leaves, in millionths of a US dollar."""
        today = self._clock().date().isoformat()
        left = budget.amount - self._held.get(owner, 0)
        for sums in (self._saved, self._unsaved):
            for day, micros in sums.get(owner, {}).items():
                if is_within(day, budget.per, today):
                    left -= micros
        return left

    def hold(self, owner: str, micros: int) -> None:
        """Keep an amount from others until it is let go."""
        self._held[owner] += micros

    def let_go(self, owner: str, micros: int) -> None:
        """Give an amount back that was held."""
        self._held[owner] -= micros
        if not self._held[owner]:
            del self._held[owner]

    def add(self, owner: str, spent: Spent) -> None:
        """Note what was spent, today."""
        day = self._clock().date().isoformat()
        self._unsaved[owner][day] += spent.micros
        self._worker.put(SpentOn(owner, day, spent))
        self._worker.start()

    def refresh(self) -> None:
        """Have what others have spent read again, if that was a while ago."""
        age = (self._clock() - self._read_at).total_seconds()
        if age >= STALE and self._reading is None and not self._leaving.is_set():
            self._reading = asyncio.create_task(self._read_again())

    async def _read_again(self) -> None:
        try:
            await self._read()
        finally:
            self._reading = None

    async def _read(self) -> None:
        today = self._clock().date()
        try:
            rows = await with_spending(self._database, lambda spent: spent.read(today))
        except StorageError as error:
            self._complain(error)
        else:
            self._learn(rows)
        self._read_at = self._clock()

    def _learn(self, rows: Sequence[SpentOn]) -> None:
        saved: dict[str, dict[str, int]] = defaultdict(dict)
        for each in rows:
            saved[each.owner][each.day] = each.spent.micros
        self._saved = dict(saved)
        self._failing = False

    # -- in the worker's task

    async def _write(self, batch: Sequence[SpentOn]) -> None:
        """Write a batch, however often that has to be tried."""
        sums: dict[tuple[str, str], Spent] = defaultdict(Spent)
        for each in batch:
            sums[each.owner, each.day] += each.spent
        while (rows := await self._written(sums)) is None:
            if self._leaving.is_set():
                _log.warning("spending_lost", requests=len(batch))
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(PAUSE):
                    await self._leaving.wait()
        self._learn(rows)
        self._read_at = self._clock()
        for (owner, day), spent in sums.items():
            days = self._unsaved[owner]
            days[day] -= spent.micros
            if not days[day]:
                del days[day]
            if not days:
                del self._unsaved[owner]

    async def _written(
        self, sums: dict[tuple[str, str], Spent]
    ) -> Sequence[SpentOn] | None:
        """Add sums to those in the database, and read all of them."""
        today = self._clock().date()

        def unit(spending: "SpendingRepository") -> Sequence[SpentOn]:
            spending.add(sums)
            return spending.read(today)

        try:
            return await with_spending(self._database, unit)
        except StorageError as error:
            self._complain(error)
            return None

    def _complain(self, error: StorageError) -> None:
        if not self._failing:  # once, not with every try
            _log.warning("spending_not_kept", reason=error.message, hint=error.hint)
        self._failing = True
