"""Lets the workers of a gateway know what each of them counts."""

import asyncio
import os
from pathlib import Path

import structlog

from ccproxy.plugins.metrics.scrape import Scrape
from ccproxy.plugins.metrics.workers import Workers

_log = structlog.get_logger(__name__)

EVERY = 2.0
"""Seconds; what others have counted since is told by the next scrape."""


class Sharing:
    """Writes what this worker counts, until it is stopped.

    Args:
        scrape: What it counts; told of the others.
        folder: Where workers write.
    """

    def __init__(self, scrape: Scrape, folder: Path) -> None:
        self._scrape = scrape
        self._workers = Workers(folder, os.getppid())
        self._is_failing = False
        scrape.join(self._workers)
        self._task = asyncio.create_task(self._go_on(), name="metrics sharing")

    async def stop(self) -> None:
        """Write a last time."""
        self._task.cancel()
        await asyncio.wait({self._task})
        await self._write()

    async def _go_on(self) -> None:
        await asyncio.to_thread(self._workers.sweep)
        while True:
            await self._write()
            await asyncio.sleep(EVERY)

    async def _write(self) -> None:
        try:
            await self._scrape.write(self._workers)
        except OSError as error:
            if not self._is_failing:
                _log.warning("metrics_not_shared", reason=str(error))
            self._is_failing = True
        else:
            self._is_failing = False
