"""Write-behind of request records: a request is over before its record is written."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from ccproxy.errors import StorageError
from ccproxy.models.request_record import RequestRecord
from ccproxy.storage import body_rows, request_rows
from ccproxy.storage.behind import PATIENCE, WriteBehind, utc_now
from ccproxy.storage.database import Database

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from sqlmodel import Session

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOptions:
    """How records are kept.

    Attributes:
        queue_size: How many may wait to be written; beyond it they are dropped.
        batch_size: How many are written at most at a time.
        flush_seconds: For how long a batch gathers.
        lag_warning: Seconds after which a record that still waits is worth a warning.
        retention_days: Whole days (UTC) that are kept beside today.
        bodies_days: The same of bodies, which go with their records at the latest.
        archive_dir: Where older days of a DuckDB file go; without it they are deleted.
    """

    queue_size: int = 10_000
    batch_size: int = 5000
    flush_seconds: float = 2.0
    lag_warning: float = 10.0
    retention_days: int = 30
    bodies_days: int = 7
    archive_dir: Path | None = None


Price = Callable[[Sequence[RequestRecord]], Sequence[RequestRecord]]
"""Puts costs to records; may take a while."""
Priced = Callable[[Sequence[RequestRecord]], None]
"""Hears of records whose costs are known, as far as they can be."""


class SimpleDuckDBStorage(WriteBehind[RequestRecord, RequestRecord]):
    """Takes records without waiting, and writes them in batches.

    Old records are deleted with the first batch, and then with one batch a day; and so
    are old bodies, also where none are captured any more. A PostgreSQL server is
    written to by the same rules.

    Args:
        database: Where they are kept.
        options: How.
        price: Puts their costs to them, in a thread.
        priced: Hears of them then, once.
        clock: The time, aware UTC.
    """

    def __init__(
        self,
        database: Database,
        options: RecordOptions,
        *,
        price: Price | None = None,
        priced: Priced | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__(
            "records",
            size=options.queue_size,
            batch=options.batch_size,
            linger=options.flush_seconds,
            lag_warning=options.lag_warning,
            clock=clock,
        )
        self._database = database
        self._options = options
        self._price = price
        self._priced = priced
        self._cleaned_on: datetime | None = None

    # -- in the worker's task

    async def _rows(self, batch: Sequence[RequestRecord]) -> Sequence[RequestRecord]:
        if self._price is not None:
            batch = await asyncio.to_thread(self._price, batch)
        if self._priced is not None:
            self._priced(batch)
        return batch

    async def _append(self, rows: Sequence[RequestRecord], *, again: bool) -> None:
        if self._database.file is not None:
            await self._database.work_on_file(
                lambda file: request_rows.append_to_file(file, rows, again=again),
                patience=PATIENCE,
            )
        else:
            await self._database.work(
                lambda session: request_rows.append_to_server(session, rows)
            )

    async def _written(self, batch: Sequence[RequestRecord]) -> None:
        """Delete what is too old, once a day."""
        del batch
        today = self._clock().replace(hour=0, minute=0, second=0, microsecond=0)
        if self._cleaned_on == today or self._leaving.is_set():
            return
        self._cleaned_on = today
        try:
            records, bodies = await self._delete_before(today)
        except StorageError as error:
            _log.warning("records_not_cleaned_up", reason=str(error))
            return
        if records or bodies:
            _log.info("records_cleaned_up", records=records, bodies=bodies)

    async def _delete_before(self, today: datetime) -> tuple[int, int]:
        """Delete old records and bodies, and tell how many of each that was."""
        options, archive = self._options, self._options.archive_dir
        before = today - timedelta(days=options.retention_days)
        said = max(before, today - timedelta(days=options.bodies_days))

        def from_file(file: "DuckDBPyConnection") -> tuple[int, int]:
            bodies = body_rows.delete_from_file(file, said)
            return request_rows.delete_from_file(file, before, archive), bodies

        def from_server(session: "Session") -> tuple[int, int]:
            bodies = body_rows.delete_from_server(session, said)
            return request_rows.delete_from_server(session, before), bodies

        if self._database.file is not None:
            return await self._database.work_on_file(from_file, patience=PATIENCE)
        return await self._database.work(from_server)
