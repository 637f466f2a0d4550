"""Delivers events to those who subscribed; no hook can slow, break or hang a request.

Order: subscribers are told in the order they subscribed. A plain function is called at
once. A coroutine function is queued: each owner has one lane for life-cycle events and
one for stream chunks, so that an owner sees its events in the order they were published
and chunks never push a life-cycle event out.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from functools import partial
from time import monotonic
from typing import TypeAlias

import structlog

from ccproxy.concurrency.worker import QueueWorker
from ccproxy.hooks.events import Event, StreamChunk

_log = structlog.get_logger(__name__)

Deliver: TypeAlias = Callable[[Event], Awaitable[None] | None]
Delivery: TypeAlias = tuple[Deliver, Event]

SLOW = 0.05
"""Seconds; a plain function that takes longer is named in the log."""


class HookBus:
    """Who listens to what.

    Args:
        timeout: Seconds a coroutine hook may take for one event.
        queue_size: Events that may wait per owner and lane.

    Attributes:
        failures: How many deliveries have failed.
    """

    def __init__(self, *, timeout: float = 5.0, queue_size: int = 10_000) -> None:
        self.failures = 0
        self._timeout = timeout
        self._queue_size = queue_size
        self._subscribers: dict[type[Event], list[Callable[[Event], object]]] = {}
        self._lanes: dict[tuple[str, bool], QueueWorker[Delivery]] = {}
        self._started = False

    def subscribe(self, owner: str, event: type[Event], hook: Deliver) -> None:
        """Tell ``hook`` of every ``event`` from now on."""
        if inspect.iscoroutinefunction(hook):
            deliver = partial(self._queue, self._lane(owner, event), hook)
        else:
            deliver = partial(self._call, owner, hook)
        self._subscribers.setdefault(event, []).append(deliver)

    def wanted(self, event: type[Event]) -> bool:
        """Whether anybody listens, so that nobody else builds the event."""
        return bool(self._subscribers.get(event))

    @property
    def lanes(self) -> tuple[QueueWorker[Delivery], ...]:
        """The queues of those whose hooks are coroutine functions."""
        return tuple(self._lanes.values())

    def publish(self, event: Event) -> None:
        """Tell all who subscribed to this type of event; returns at once."""
        for deliver in self._subscribers.get(type(event), ()):
            deliver(event)

    def start(self) -> None:
        """Begin to deliver what is queued."""
        self._started = True
        for lane in self._lanes.values():
            lane.start()

    async def stop(self, grace: float = 5.0) -> None:
        """Deliver what still waits, then stop.

        Args:
            grace: Seconds the whole may take.
        """
        self._started = False
        if self._lanes:
            await asyncio.gather(*(lane.stop(grace) for lane in self._lanes.values()))

    def _lane(self, owner: str, event: type[Event]) -> QueueWorker[Delivery]:
        chunks = issubclass(event, StreamChunk)
        lane = self._lanes.get((owner, chunks))
        if lane is None:
            lane = QueueWorker(
                f"hooks {owner}" + (" chunks" if chunks else ""),
                partial(self._deliver, owner),
                size=self._queue_size,
            )
            self._lanes[owner, chunks] = lane
            if self._started:
                lane.start()
        return lane

    @staticmethod
    def _queue(lane: QueueWorker[Delivery], hook: Deliver, event: Event) -> None:
        lane.put((hook, event))

    def _call(self, owner: str, hook: Deliver, event: Event) -> None:
        began = monotonic()
        try:
            hook(event)
        except (Exception, SystemExit):
            self._failed(owner, event)
        if (took := monotonic() - began) > SLOW:
            _log.warning(
                "hook_slow", owner=owner, hook_event=event.name, seconds=round(took, 3)
            )

    async def _deliver(self, owner: str, batch: list[Delivery]) -> None:
        for hook, event in batch:
            try:
                async with asyncio.timeout(self._timeout):
                    result = hook(event)
                    if result is not None:
                        await result
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise
                self._failed(owner, event)  # what it waited for was cancelled
            except (Exception, SystemExit):
                self._failed(owner, event)

    def _failed(self, owner: str, event: Event) -> None:
        self.failures += 1
        _log.warning("hook_failed", owner=owner, hook_event=event.name, exc_info=True)
