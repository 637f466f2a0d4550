"""A bounded queue and the one task that empties it, in batches."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
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
        linger: Seconds for which a batch may gather; it goes sooner if it is full.
        lag_warning: Seconds an item may wait before a warning says that it did.
        warn_every: Seconds between two warnings of a kind.
        clock: Monotonic time, in seconds.

    Attributes:
        dropped: How many items will never be handed over, or were cut off.
    """

    def __init__(
        self,
        name: str,
        handle: Callable[[list[T]], Awaitable[None]],
        *,
        size: int = 10_000,
        batch: int = 1,
        linger: float = 0.0,
        lag_warning: float | None = None,
        warn_every: float = 60.0,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.name = name
        self.dropped = 0
        self._handle = handle
        self._size = size
        self._batch = batch
        self._linger = linger
        self._lag_warning = lag_warning
        self._warn_every = warn_every
        self._warned_at: dict[str, float] = {}
        self._clock = clock
        # None is the sentinel: it always fits, being put beside the bound.
        self._queue: asyncio.Queue[tuple[float, T] | None] = asyncio.Queue()
        self._in_hand = 0
        self._enough = asyncio.Event()
        self._hurried = 0
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
            self.dropped += 1
            self._warn("queue_full", dropped=self.dropped)
            return False
        self._queue.put_nowait((self._clock(), item))
        if self._queue.qsize() >= self._batch - 1:  # the first is taken already
            self._enough.set()
        return True

    async def flush(self) -> None:
        """Wait until what was put so far has been handled; no batch lingers."""
        with self._hurrying():
            await self._queue.join()

    async def stop(self, grace: float) -> None:
        """Hand over what still waits, then end.

        Args:
            grace: Seconds it may take; what is left then is dropped and counted.
        """
        task, self._task = self._task, None
        if task is None:
            return
        self._queue.put_nowait(None)
        with self._hurrying():
            _, pending = await asyncio.wait({task}, timeout=grace)
        if pending:
            task.cancel()
            await asyncio.wait({task})
            left = self._in_hand + self._discard()
            self.dropped += left
            _log.warning("queue_cut_off", queue=self.name, left=left)

    @contextmanager
    def _hurrying(self) -> Iterator[None]:
        self._hurried += 1
        self._enough.set()
        try:
            yield
        finally:
            self._hurried -= 1

    def _discard(self) -> int:
        """Empty the queue, and tell how many items were in it."""
        waiting = [self._queue.get_nowait() for _ in range(self._queue.qsize())]
        return sum(each is not None for each in waiting)

    def _warn(self, event: str, **facts: float) -> None:
        now = self._clock()
        before = self._warned_at.get(event)
        if before is None or now - before >= self._warn_every:
            self._warned_at[event] = now
            _log.warning(event, queue=self.name, **facts)

    # -- the task

    async def _run(self) -> None:
        ended = False
        while not ended and (first := await self._queue.get()) is not None:
            await self._gather()
            batch, ended = self._taken(first)
            self._check_lag(first[0])
            self._in_hand = len(batch)
            await self._handle(batch)
            self._in_hand = 0
            for _ in batch:
                self._queue.task_done()

    async def _gather(self) -> None:
        """Wait until a batch is there, or its time is over."""
        self._enough.clear()
        if self._hurried or self.depth + 1 >= self._batch:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._linger):
                await self._enough.wait()

    def _taken(self, first: tuple[float, T]) -> tuple[list[T], bool]:
        """Take a batch off the queue, and tell whether the sentinel followed it."""
        batch = [first[1]]
        while len(batch) < self._batch and not self._queue.empty():
            following = self._queue.get_nowait()
            if following is None:
                return batch, True
            batch.append(following[1])
        return batch, False

    def _check_lag(self, since: float) -> None:
        lag = self._clock() - since
        if self._lag_warning is not None and lag > self._lag_warning:
            self._warn("queue_lags", seconds=round(lag, 1), waiting=self.depth)
