"""The streams that are open right now: kept alive while silent, ended on stop."""

import asyncio
from time import monotonic
from typing import Protocol

from ccproxy.hooks.events import Failure


class OpenStream(Protocol):
    """What is known of a stream from outside."""

    def silent_since(self) -> float | None:
        """Since when nothing has come (monotonic), if a keep-alive may go now."""

    async def keep_alive(self) -> None:
        """Send something the client hears and ignores."""

    def interrupt(self, failure: Failure) -> None:
        """End it."""


class OpenStreams:
    """All of them.

    Args:
        keepalive: Seconds of silence after which the client hears something; 0 is
            never.
    """

    def __init__(self, keepalive: float) -> None:
        self._keepalive = keepalive
        self._open: set[OpenStream] = set()
        self._stopping = False
        self._heartbeat: asyncio.Task[None] | None = None
        self._pinged: dict[OpenStream, asyncio.Task[None]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def add(self, stream: OpenStream) -> None:
        """Take notice of one; on a gateway past its grace it is ended at once."""
        self._open.add(stream)
        if self._stopping:
            stream.interrupt(Failure.SHUTDOWN)

    def discard(self, stream: OpenStream) -> None:
        """Forget one that has ended."""
        self._open.discard(stream)
        if (ping := self._pinged.pop(stream, None)) is not None:
            ping.cancel()

    def interrupt_all(self) -> None:
        """End those still open, and whatever comes later: the grace period is over."""
        self._stopping = True
        for stream in list(self._open):
            stream.interrupt(Failure.SHUTDOWN)

    def start(self) -> None:
        """Begin to keep silent streams alive."""
        if self._keepalive:
            self._heartbeat = asyncio.create_task(self._beat())

    async def stop(self) -> None:
        """Keep them alive no longer."""
        if self._heartbeat is not None:
            self._heartbeat.cancel()
            await asyncio.wait({self._heartbeat})

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._keepalive / 3)
            for stream in self._open - self._pinged.keys():
                since = stream.silent_since()
                if since is not None and monotonic() - since >= self._keepalive:
                    self._ping(stream)

    def _ping(self, stream: OpenStream) -> None:
        """Ping in a task of its own: a client that does not read holds up nobody."""
        task = asyncio.create_task(stream.keep_alive())
        self._pinged[stream] = task
        task.add_done_callback(lambda _: self._pinged.pop(stream, None))
