"""A bounded queue and the one task that empties it, in batches."""

import asyncio
from collections import deque
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
    one warning per interval says so. The handler is not to raise: the batch would be
    lost, which is counted and told; those that follow would not.

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
        # With each its time. asyncio's queue would take ten times as long for an item,
        # and there is one for each request.
        self._waiting: deque[tuple[float, T]] = deque()
        self._in_hand = 0
        self._handled = 0
        self._ended = False
        self._something = asyncio.Event()
        self._enough = asyncio.Event()
        self._another = asyncio.Event()
        self._hurried = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def depth(self) -> int:
        """How many items wait."""
        return len(self._waiting)

    @property
    def lag(self) -> float:
        """Seconds for which the oldest of them has waited."""
        try:
            since, _ = self._waiting[0]
        except IndexError:  # nothing waits; looked at from another thread, any more
            return 0.0
        return self._clock() - since

    def start(self) -> None:
        """Start the task; items put before are kept."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"worker {self.name}")
            self._task.add_done_callback(self._go_on)

    def put(self, item: T) -> bool:
        """Queue an item without waiting.

        Returns:
            Whether it was taken; if not, it is counted in ``dropped``.
        """
        before = len(self._waiting)
        if before >= self._size:
            self.dropped += 1
            self._warn("queue_full", dropped=self.dropped)
            return False
        self._waiting.append((self._clock(), item))
        if not before:
            self._something.set()
        if before + 1 >= self._batch:
            self._enough.set()
        return True

    async def flush(self) -> None:
        """Wait until what was put so far has been handled; no batch lingers."""
        last = self._handled + self._in_hand + len(self._waiting)
        with self._hurrying():
            while self._handled < last:
                await self._another.wait()

    async def stop(self, grace: float) -> None:
        """Hand over what still waits, then end.

        Args:
            grace: Seconds it may take; what is left then is dropped and counted.
        """
        task, self._task = self._task, None
        if task is None:
            return
        self._ended = True
        self._something.set()
        with self._hurrying():
            _, pending = await asyncio.wait({task}, timeout=grace)
        if pending:
            task.cancel()
            await asyncio.wait({task})
        if left := self._in_hand + len(self._waiting):
            self._waiting.clear()
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

    def _warn(self, event: str, **facts: float) -> None:
        now = self._clock()
        before = self._warned_at.get(event)
        if before is None or now - before >= self._warn_every:
            self._warned_at[event] = now
            _log.warning(event, queue=self.name, **facts)

    # -- the task

    async def _run(self) -> None:
        while await self._something.wait() and self._waiting:
            await self._gather()
            batch = self._taken()
            self._in_hand = len(batch)
            await self._handle(batch)
            self._put_down()

    def _put_down(self) -> None:
        """Count what was in hand as handled, and tell who waits for that."""
        self._handled += self._in_hand
        self._in_hand = 0
        self._another.set()  # for those who wait now, so it is cleared at once
        self._another.clear()
        if not self._waiting and not self._ended:
            self._something.clear()

    def _go_on(self, task: asyncio.Task[None]) -> None:
        """Begin anew behind a batch that the handler has raised for."""
        if task.cancelled() or (error := task.exception()) is None:
            return
        lost = self._in_hand
        _log.error("queue_batch_lost", queue=self.name, lost=lost, exc_info=error)
        self.dropped += lost
        self._put_down()
        if self._task is task:
            self._task = None
            self.start()

    async def _gather(self) -> None:
        """Wait until a batch is there, or its time is over."""
        self._enough.clear()
        if self._hurried or len(self._waiting) >= self._batch:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._linger):
                await self._enough.wait()

    def _taken(self) -> list[T]:
        """Take a batch off the queue."""
        self._check_lag(self._waiting[0][0])
        number = min(self._batch, len(self._waiting))
        return [self._waiting.popleft()[1] for _ in range(number)]

    def _check_lag(self, since: float) -> None:
        lag = self._clock() - since
        if self._lag_warning is not None and lag > self._lag_warning:
            self._warn("queue_lags", seconds=round(lag, 1), waiting=self.depth)
