"""What the other server processes have been asked, for those who listen to this one."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeAlias

import structlog

from ccproxy.errors import StorageError
from ccproxy.models.request_record import RequestRecord
from ccproxy.storage.arrivals import Arrivals
from ccproxy.storage.database import Database

EVERY = 1.0
"""Seconds between two looks into the database."""

_log = structlog.get_logger(__name__)

Tell: TypeAlias = Callable[[Sequence[RequestRecord], int], None]
"""Takes records, and how many were left out."""


class OtherWorkers:
    """Looks into the database for their records, while somebody listens.

    Args:
        database: Where all workers keep their records.
        tell: Told of those of others.
    """

    def __init__(self, database: Database, tell: Tell) -> None:
        self._database = database
        self._tell = tell
        self._arrivals = Arrivals(database)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look for what comes from now on, again and again; a second start is none."""
        if self._task is None:
            self._arrivals = Arrivals(self._database)
            self._task = asyncio.create_task(self._keep_looking())

    def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def pass_over(self, record: RequestRecord) -> None:
        """Do not tell of a record of this worker's own."""
        self._arrivals.seen.add(record.id)

    async def _keep_looking(self) -> None:
        failing = False
        while True:
            await asyncio.sleep(EVERY)
            try:
                records, missed = await self._arrivals.look()
            except StorageError as error:
                if not failing:
                    _log.warning("other_workers_not_heard", reason=str(error))
                failing = True
                continue
            failing = False
            self._tell(records, missed)
