"""Write-behind of bodies: masked and compressed in a thread, beside their records."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeAlias

import structlog

from ccproxy.models.captured import Body, Captured, Said
from ccproxy.storage import body_rows
from ccproxy.storage.behind import PATIENCE, WARN_EVERY, WriteBehind
from ccproxy.storage.body_rows import BodyRow
from ccproxy.storage.database import Database

MOST_HELD = 64 * 1024 * 1024
"""Bytes that may be in memory until they are written; beyond it bodies are dropped."""
QUEUE = 10_000
BATCH = 100
"""Bodies that are masked and written at a time: that many take seconds to mask."""
LINGER = 2.0
LAG_WARNING = 60.0

Mask: TypeAlias = Callable[[Said], Body]
"""Masks what was said; may take a while."""

_log = structlog.get_logger(__name__)


class BodyStorage(WriteBehind[Captured, BodyRow]):
    """Takes what was said without waiting, and writes it in batches, masked.

    Args:
        database: Where it is kept.
        mask: Masks each body, in a thread.
        most: Bytes that may be in memory until they are written.
    """

    def __init__(self, database: Database, mask: Mask, most: int = MOST_HELD) -> None:
        super().__init__(
            "bodies", size=QUEUE, batch=BATCH, linger=LINGER, lag_warning=LAG_WARNING
        )
        self._database = database
        self._mask = mask
        self._most = most
        self._held = 0
        self._too_much = 0
        self._told_at = -WARN_EVERY

    @property
    def dropped(self) -> int:
        """How many requests' bodies will never be written."""
        return super().dropped + self._too_much

    def put(self, item: Captured) -> bool:
        """Take bodies; if too much waits already they are dropped and counted."""
        held = item.held
        if self._held + held > self._most:
            self._too_much += 1
            self._warn()
            return False
        taken = super().put(item)
        self._held += held if taken else 0
        return taken

    def _warn(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._told_at >= WARN_EVERY:
            self._told_at = now
            _log.warning("bodies_dropped", dropped=self._too_much, held=self._held)

    # -- in the worker's task

    async def _write(self, batch: Sequence[Captured]) -> None:
        try:
            await super()._write(batch)
        finally:
            self._held -= sum(each.held for each in batch)

    async def _rows(self, batch: Sequence[Captured]) -> Sequence[BodyRow]:
        return await asyncio.to_thread(lambda: [*map(self._row, batch)])

    def _row(self, captured: Captured) -> BodyRow:
        return {
            "id": captured.id,
            "ended_at": captured.ended_at,
            "request_id": captured.request_id,
            **body_rows.columns_of("request", self._mask(captured.request)),
            **body_rows.columns_of("answer", self._mask(captured.answer)),
        }

    async def _append(self, rows: Sequence[BodyRow], *, again: bool) -> None:
        if self._database.file is not None:
            await self._database.work_on_file(
                lambda file: body_rows.append_to_file(file, rows, again=again),
                patience=PATIENCE,
            )
        else:
            await self._database.work(
                lambda session: body_rows.append_to_server(session, rows)
            )
