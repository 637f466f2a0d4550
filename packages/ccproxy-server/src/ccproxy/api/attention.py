"""Ends a request's own task when the client leaves or the gateway stops."""

import asyncio
from types import TracebackType

from ccproxy.hooks.events import Failure
from ccproxy.sdk import Receive

WATCH_AFTER = 0.05
"""Seconds; most plain answers are out before, and are spared a watching task."""


class Interrupted(Exception):  # noqa: N818  (no fault of anybody)
    """The client left or the gateway stops; ``Attention.failure`` says which."""


class Attention:
    """Within the block, a leaving client or a stopping gateway interrupts the task.

    The block then ends with ``Interrupted`` in place of the cancellation.

    Args:
        receive: ASGI's, the body already read.
    """

    def __init__(self, receive: Receive) -> None:
        self.failure: Failure | None = None
        self._receive = receive
        self._task: asyncio.Task[object] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._watcher: asyncio.Task[None] | None = None

    def interrupt(self, failure: Failure) -> None:
        """End the task; a second reason changes nothing."""
        if self.failure is None and self._task is not None:
            self.failure = failure
            self._task.cancel()

    def release(self) -> None:
        """Let nothing interrupt the task any more."""
        self._task = None

    def __enter__(self) -> "Attention":
        self._task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(WATCH_AFTER, self._watch)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        task, self._task = self._task, None
        if self._timer is not None:
            self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
        if self.failure is not None and kind is asyncio.CancelledError:
            if task is not None and task.uncancel() > 0:
                return  # somebody else wants the task to end, too
            raise Interrupted from error

    def _watch(self) -> None:
        self._watcher = asyncio.create_task(self._until_the_client_leaves())

    async def _until_the_client_leaves(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.interrupt(Failure.CLIENT_LEFT)
