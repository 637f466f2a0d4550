"""Write-behind of request records: a request is over before its record is written."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from ccproxy.concurrency.worker import QueueWorker
from ccproxy.errors import StorageError
from ccproxy.models.request_record import RequestRecord
from ccproxy.storage import request_rows
from ccproxy.storage.database import Database

_log = structlog.get_logger(__name__)

PATIENCE = 1.0
"""Seconds that one attempt waits for a file that another process has."""
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
"""Seconds between two attempts; each pause is twice the one before."""
WARN_EVERY = 60.0
"""Seconds between two warnings that records can't be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOptions:
    """How records are kept.

    Attributes:
        queue_size: How many may wait to be written; beyond it they are dropped.
        batch_size: How many are written at most at a time.
        flush_seconds: For how long a batch gathers.
        lag_warning: Seconds after which a record that still waits is worth a warning.
        retention_days: Whole days (UTC) that are kept beside today.
        archive_dir: Where older days of a DuckDB file go; without it they are deleted.
    """

    queue_size: int = 10_000
    batch_size: int = 5000
    flush_seconds: float = 2.0
    lag_warning: float = 10.0
    retention_days: int = 30
    archive_dir: Path | None = None


Price = Callable[[Sequence[RequestRecord]], Sequence[RequestRecord]]
"""Puts costs to records; may take a while."""
Priced = Callable[[Sequence[RequestRecord]], None]
"""Hears of records whose costs are known, as far as they can be."""


class SimpleDuckDBStorage:
    """Takes records without waiting, and writes them in batches.

    A database that can't be used slows nobody: the batch is kept and tried again, and
    what comes meanwhile waits in the queue for as long as it fits. Old records are
    deleted with the first batch, and then with one batch a day. A PostgreSQL server is
    written to by the same rules.

    Args:
        database: Where they are kept.
        options: How.
        price: Puts their costs to them, in a thread.
        priced: Hears of them then, once.
        clock: The time, aware UTC.

    Attributes:
        written: How many records the database has taken.
    """

    def __init__(
        self,
        database: Database,
        options: RecordOptions,
        *,
        price: Price | None = None,
        priced: Priced | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.written = 0
        self._database = database
        self._options = options
        self._price = price
        self._priced = priced
        self._clock = clock
        self._lost = 0
        self._cleaned_on: datetime | None = None
        self._warned_at: datetime | None = None
        self._leaving = asyncio.Event()
        self._leave_at = float("inf")
        self._background_worker = QueueWorker(
            "request records",
            self._write,
            size=options.queue_size,
            batch=options.batch_size,
            linger=options.flush_seconds,
            lag_warning=options.lag_warning,
            warn_every=WARN_EVERY,
        )

    @property
    def depth(self) -> int:
        """How many records wait to be written."""
        return self._background_worker.depth

    @property
    def lag(self) -> float:
        """Seconds for which the oldest of them has waited."""
        return self._background_worker.lag

    @property
    def dropped(self) -> int:
        """How many records will never be written."""
        return self._background_worker.dropped + self._lost

    def put(self, record: RequestRecord) -> None:
        """Take a record; if too many wait already it is dropped and counted."""
        self._background_worker.put(record)
        self._background_worker.start()

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

    async def _write(self, batch: Sequence[RequestRecord]) -> None:
        """Write a batch, however often that has to be tried."""
        if self._price is not None:
            batch = await asyncio.to_thread(self._price, batch)
        if self._priced is not None:
            self._priced(batch)
        pause, again = FIRST_PAUSE, False
        while not await self._has_written(batch, again=again):
            if asyncio.get_running_loop().time() >= self._leave_at:
                self._lost += len(batch)
                _log.warning("records_lost", records=len(batch))
                return
            await self._pause(pause)
            again = True
            pause = min(2 * pause, LONGEST_PAUSE)
        await self._clean_up()
        self.written += len(batch)  # last, as what is cut off before counts as dropped

    async def _has_written(
        self, batch: Sequence[RequestRecord], *, again: bool
    ) -> bool:
        try:
            if self._database.file is not None:
                await self._database.work_on_file(
                    lambda file: request_rows.append_to_file(file, batch, again=again),
                    patience=PATIENCE,
                )
            else:
                await self._database.work(
                    lambda session: request_rows.append_to_server(session, batch)
                )
        except StorageError as error:
            self._complain(error, len(batch))
            return False
        if self._warned_at is not None:
            self._warned_at = None
            _log.info("records_written_again")
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
            _log.warning(
                "records_not_written", reason=str(error), waiting=self.depth + batch
            )

    async def _clean_up(self) -> None:
        """Delete what is too old, once a day."""
        today = self._clock().replace(hour=0, minute=0, second=0, microsecond=0)
        if self._cleaned_on == today or self._leaving.is_set():
            return
        self._cleaned_on = today
        before = today - timedelta(days=self._options.retention_days)
        archive = self._options.archive_dir
        try:
            if self._database.file is not None:
                deleted = await self._database.work_on_file(
                    lambda file: request_rows.delete_from_file(file, before, archive),
                    patience=PATIENCE,
                )
            else:
                deleted = await self._database.work(
                    lambda session: request_rows.delete_from_server(session, before)
                )
        except StorageError as error:
            _log.warning("records_not_cleaned_up", reason=str(error))
            return
        if deleted:
            _log.info("records_cleaned_up", records=deleted, before=before.isoformat())
