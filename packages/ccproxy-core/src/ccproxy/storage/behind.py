"""Write-behind: what is put waits for nobody, and reaches the database in batches."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

import structlog

from ccproxy.concurrency.worker import QueueWorker
from ccproxy.errors import StorageError

T = TypeVar("T")
RowT = TypeVar("RowT")

PATIENCE = 1.0
"""Seconds that one attempt waits for a file that another process has."""
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
"""Seconds between two attempts; each pause is twice the one before."""
WARN_EVERY = 60.0
"""Seconds between two warnings that nothing can be written."""

_log = structlog.get_logger(__name__)


def utc_now() -> datetime:
    """Return the time, aware UTC."""
    return datetime.now(UTC)


class WriteBehind(ABC, Generic[T, RowT]):
    """Takes items without waiting, and writes them in batches.

    A database that can't be used slows nobody: the batch is kept and tried again, and
    what comes meanwhile waits in the queue for as long as it fits.

    Args:
        what: What the items are, for the log.
        size: How many may wait to be written; beyond it they are dropped.
        batch: How many are written at most at a time.
        linger: Seconds for which a batch gathers.
        lag_warning: Seconds after which an item that still waits is worth a warning.
        clock: The time, aware UTC.

    Attributes:
        written: How many items the database has taken.
    """

    def __init__(
        self,
        what: str,
        *,
        size: int,
        batch: int,
        linger: float,
        lag_warning: float,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.written = 0
        self._what = what
        self._clock = clock
        self._lost = 0
        self._warned_at: datetime | None = None
        self._leaving = asyncio.Event()
        self._leave_at = float("inf")
        self._background_worker: QueueWorker[T] = QueueWorker(
            f"request {what}",
            self._write,
            size=size,
            batch=batch,
            linger=linger,
            lag_warning=lag_warning,
            warn_every=WARN_EVERY,
        )

    @property
    def depth(self) -> int:
        """How many items wait to be written."""
        return self._background_worker.depth

    @property
    def lag(self) -> float:
        """Seconds for which the oldest of them has waited."""
        return self._background_worker.lag

    @property
    def dropped(self) -> int:
        """How many items will never be written."""
        return self._background_worker.dropped + self._lost

    def put(self, item: T) -> bool:
        """Take an item; if too many wait already it is dropped and counted.

        Returns:
            Whether it was taken.
        """
        self._background_worker.start()
        return self._background_worker.put(item)

    async def flush(self, patience: float) -> None:
        """Wait until what was taken so far is written, or the patience is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._background_worker.flush()

    async def stop(self, grace: float) -> None:
        """Write what still waits.

        Args:
            grace: Seconds it may take; what is left then is dropped and counted.
        """
        self._leave_at = asyncio.get_running_loop().time() + grace
        self._leaving.set()
        # The last attempt may begin just before the grace is over.
        await self._background_worker.stop(grace + 2 * PATIENCE)

    # -- in the worker's task

    @abstractmethod
    async def _rows(self, batch: Sequence[T]) -> Sequence[RowT]:
        """Return what is to be written for a batch; done once."""

    @abstractmethod
    async def _append(self, rows: Sequence[RowT], *, again: bool) -> None:
        """Write rows, all of them or none.

        Args:
            rows: Each of them is new, unless this is done again.
            again: Whether it was tried before: what seemed to fail may be there.

        Raises:
            StorageError: The database can't be used.
        """

    async def _written(self, batch: Sequence[T]) -> None:
        """Hear that a batch is in the database."""

    async def _write(self, batch: Sequence[T]) -> None:
        """Write a batch, however often that has to be tried."""
        rows = await self._rows(batch)
        pause, again = FIRST_PAUSE, False
        while not await self._has_written(rows, again=again):
            if asyncio.get_running_loop().time() >= self._leave_at:
                self._lost += len(batch)
                _log.warning(f"{self._what}_lost", **{self._what: len(batch)})
                return
            await self._pause(pause)
            again = True
            pause = min(2 * pause, LONGEST_PAUSE)
        await self._written(batch)
        self.written += len(batch)  # last, as what is cut off before counts as dropped

    async def _has_written(self, rows: Sequence[RowT], *, again: bool) -> bool:
        try:
            await self._append(rows, again=again)
        except StorageError as error:
            self._complain(error, len(rows))
            return False
        if self._warned_at is not None:
            self._warned_at = None
            _log.info(f"{self._what}_written_again")
        return True

    async def _pause(self, seconds: float) -> None:
        """Wait; when the gateway stops, no longer than is needed to try once more."""
        if self._leaving.is_set():
            await asyncio.sleep(FIRST_PAUSE)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._leaving.wait()

    def _complain(self, error: StorageError, batch: int) -> None:
        now = self._clock()
        if self._warned_at is None or (now - self._warned_at) >= timedelta(
            seconds=WARN_EVERY
        ):
            self._warned_at = now
            waiting = self.depth + batch
            _log.warning(
                f"{self._what}_not_written", reason=str(error), waiting=waiting
            )
