"""Ends a request's own task when the client leaves or the gateway stops."""

import asyncio
from types import TracebackType

from ccproxy.hooks.events import Failure
from ccproxy.sdk import Receive

WATCH_AFTER = 0.05
"""Seconds at least, and twice as many at most; most plain answers are out before, and
are spared a watching task."""


class Interrupted(Exception):  # noqa: N818  (no fault of anybody)
    """The client left or the gateway stops; ``Attention.failure`` says which."""


class Attention:
    """Within the block, a leaving client or a stopping gateway interrupts the task.

    The block then ends with ``Interrupted`` in place of the cancellation.

    Args:
        receive: ASGI's, the body already read.
        lookout: Begins the watch for the client.
    """

    def __init__(self, receive: Receive, lookout: "Lookout") -> None:
        self.failure: Failure | None = None
        self._receive = receive
        self._lookout = lookout
        self._task: asyncio.Task[object] | None = None
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
        self._lookout.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        task, self._task = self._task, None
        self._lookout.discard(self)
        if self._watcher is not None:
            self._watcher.cancel()
        if self.failure is not None and kind is asyncio.CancelledError:
            if task is not None and task.uncancel() > 0:
                return  # somebody else wants the task to end, too
            raise Interrupted from error

    def watch(self) -> None:
        """Begin to look whether the client leaves."""
        self._watcher = asyncio.create_task(self._until_the_client_leaves())

    async def _until_the_client_leaves(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.interrupt(Failure.CLIENT_LEFT)


class Lookout:
    """Lets those attentions watch that have lasted a while.

    One timer for all of them: one for each request would cost more than all else that
    is done for the client's leave.
    """

    def __init__(self) -> None:
        self._new: set[Attention] = set()
        self._lasting: set[Attention] = set()
        self._looks = False

    def add(self, attention: Attention) -> None:
        """Take notice of one that begins."""
        self._new.add(attention)
        if not self._looks:
            self._looks = True
            asyncio.get_running_loop().call_later(WATCH_AFTER, self._look)

    def discard(self, attention: Attention) -> None:
        """Forget one that has ended."""
        self._new.discard(attention)
        self._lasting.discard(attention)

    def _look(self) -> None:
        for attention in self._lasting:
            attention.watch()
        self._lasting, self._new = self._new, set()
        self._looks = bool(self._lasting)
        if self._looks:
            asyncio.get_running_loop().call_later(WATCH_AFTER, self._look)
