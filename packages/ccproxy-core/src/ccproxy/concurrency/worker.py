"""A bounded queue and the one task that empties it, in batches."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import structlog

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class QueueWorker(Generic[T]):
    """Hands what is put into it, in order and in batches, to one coroutine function.

    Putting never waits: when the queue is full the item is dropped and counted, and
    one warning per interval says so. The handler must not raise.

    Args:
        name: For the log.
        handle: Takes one batch; the next is handed over when it returns.
        size: How many items may wait.
        batch: How many items are handed over at most at a time.
        warn_every: Seconds between two warnings about drops.
    """

    def __init__(
        self,
        name: str,
        handle: Callable[[list[T]], Awaitable[None]],
        *,
        size: int = 10_000,
        batch: int = 1,
        warn_every: float = 60.0,
    ) -> None:
        self.name = name
        self.dropped = 0
        self._handle = handle
        self._batch = batch
        self._warn_every = warn_every
        self._warned_at: float | None = None
        # None is the sentinel: it always fits, being put beside the bound.
        self._queue: asyncio.Queue[T | None] = asyncio.Queue()
        self._size = size
        self._task: asyncio.Task[None] | None = None

    @property
    def depth(self) -> int:
        """How many items wait."""
        return self._queue.qsize()

    def start(self) -> None:
        """Start the task; items put before are kept."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"worker {self.name}")

    def put(self, item: T) -> bool:
        """Queue an item without waiting.

        Returns:
            Whether it was taken; if not, it is counted in ``dropped``.
        """
        if self._queue.qsize() >= self._size:
            self._drop()
            return False
        self._queue.put_nowait(item)
        return True

    async def stop(self, grace: float) -> None:
        """Hand over what still waits, then end.

        Args:
            grace: Seconds it may take; what is left then is dropped and counted.
        """
        task, self._task = self._task, None
        if task is None:
            return
        self._queue.put_nowait(None)
        _, pending = await asyncio.wait({task}, timeout=grace)
        if pending:
            task.cancel()
            await asyncio.wait({task})
            left = self._queue.qsize()
            self.dropped += left
            _log.warning("queue_cut_off", queue=self.name, left=left)

    def _drop(self) -> None:
        self.dropped += 1
        now = asyncio.get_running_loop().time()
        if self._warned_at is None or now - self._warned_at >= self._warn_every:
            self._warned_at = now
            _log.warning("queue_full", queue=self.name, dropped=self.dropped)

    async def _run(self) -> None:
        while (item := await self._queue.get()) is not None:
            batch = [item]
            ended = False
            while len(batch) < self._batch and not self._queue.empty():
                following = self._queue.get_nowait()
                if following is None:
                    ended = True
                    break
                batch.append(following)
            await self._handle(batch)
            if ended:
                return
