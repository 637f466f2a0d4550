"""Passes an upstream's answer on as it comes, and knows how it ended."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from time import monotonic

from ccproxy.api.attention import Attention
from ccproxy.api.errors import answer_to
from ccproxy.api.exchange import Exchange
from ccproxy.api.passage import Passage
from ccproxy.dialects import Dialect
from ccproxy.dialects.collect import ResponseCollector
from ccproxy.dialects.meter import told_by
from ccproxy.dialects.tap import Outcome, StreamTap
from ccproxy.errors import (
    CCProxyError,
    ShuttingDownError,
    UpstreamDiedError,
    UpstreamError,
)
from ccproxy.hooks.bus import HookBus
from ccproxy.hooks.events import Failure, StreamChunk
from ccproxy.http.headers import downstream_headers
from ccproxy.sdk import Send, UpstreamResponse

_PING = {Dialect.MESSAGES: b'event: ping\ndata: {"type": "ping"}\n\n'}
_COMMENT = b": keep-alive\n\n"

REPORTED = "The upstream reported a failure in its stream."

LARGEST = 8 * 1024 * 1024
"""Bytes of a whole answer; what a larger one has used is unknown, since reading it
would hold the other requests up for more than ten milliseconds."""

LARGEST_READ = 256 * 1024 * 1024
"""Bytes of an answer that is read whole before any of it goes out."""

DRAIN = 1.0
"""Seconds to read what follows the last event of a stream whose client has left, so
that the upstream's connection can serve again."""


class Relay:
    """One answer on its way from the upstream to the client.

    Args:
        exchange: The request's facts.
        dialect: The client's, which is the upstream's too.
        send: ASGI's.
        attention: Interrupts this answer.
        bus: Told of chunks, if anybody listens.
    """

    def __init__(
        self,
        exchange: Exchange,
        dialect: Dialect,
        send: Send,
        attention: Attention,
        bus: HookBus,
    ) -> None:
        self.interrupt: Callable[[Failure], None] = attention.interrupt
        self._exchange = exchange
        self._dialect = dialect
        self._send = send
        self._attention = attention
        self._bus = bus if bus.wanted(StreamChunk) else None
        self._waiting_since: float | None = None

    # -- what OpenStreams asks

    def silent_since(self) -> float | None:
        """Monotonic time since when the upstream is silent between two events."""
        if self._waiting_since is None or not self._passage.between_events:
            return None
        return self._waiting_since

    async def keep_alive(self) -> None:
        """Send a ping, or a comment where the dialect has no ping.

        Not if something has come since that was asked for: it may be half an event.
        """
        if self.silent_since() is None:
            return
        self._waiting_since = monotonic()
        await self._piece(_PING.get(self._dialect, _COMMENT))

    # -- the three kinds of answers

    async def plain(self, response: UpstreamResponse) -> None:
        """Pass on an answer that is no stream; a cut one stays visibly cut."""
        await self._start(response, keep_length=True)
        try:
            body = await self._pass(response)
        except UpstreamError as error:
            # The status is out. Leaving the body unfinished makes the server close
            # the connection, and the client sees that the answer is not whole.
            self._exchange.fail(answer_to(error).failure, str(error))
            return
        self._learn(body)
        await self._finish()

    async def stream(self, response: UpstreamResponse) -> None:
        """Pass on a stream of events; if it can't go on, its last event says why."""
        self._passage = self._watch()
        await self._start(response, keep_length=False)
        try:
            await self._pump(response)
            self._judge()
        except UpstreamError as error:
            await self._break_off(error)
        except asyncio.CancelledError:
            await self._interrupted(response)
        finally:
            self._exchange.learn(self._passage)
        await self._finish()

    async def collected(self, response: UpstreamResponse) -> None:
        """Answer in one piece what the upstream will only stream."""
        collector = ResponseCollector()
        await self._read(response, collector.feed)
        body = collector.result()
        self._learn(body)
        if collector.failed:
            self._exchange.fail(Failure.UPSTREAM_FAILED, REPORTED)
        await self._whole(response, response.status, body)

    # -- steps

    def _watch(self) -> Passage:
        """Return what a stream is to go through."""
        return StreamTap(self._dialect)

    async def _pass(self, response: UpstreamResponse) -> bytes:
        """Pass a body on, and return it; nothing of one too large to be an answer."""
        kept: list[bytes] = []
        size = 0
        chunk = await self._first(response)
        while chunk:
            await self._piece(chunk)
            size += len(chunk)
            if size <= LARGEST:
                kept.append(chunk)
            else:
                kept.clear()
            chunk = await response.chunk()
        return b"".join(kept)

    async def _first(self, response: UpstreamResponse) -> bytes:
        """Wait for the first chunk of an answer."""
        began = monotonic()
        try:
            return await response.chunk()
        finally:
            self._exchange.heard_at = monotonic()
            self._exchange.waited_since(began)

    async def _read(
        self, response: UpstreamResponse, feed: Callable[[bytes], object]
    ) -> None:
        """Read an answer of which nothing goes out before all of it has come.

        Raises:
            UpstreamError: It broke off, or has no end.
        """
        chunk = await self._first(response)
        began, size = monotonic(), 0
        try:
            while chunk:
                size += len(chunk)
                if size > LARGEST_READ:
                    msg = f"The upstream's answer is larger than {LARGEST_READ} bytes."
                    raise UpstreamDiedError(msg)
                feed(chunk)
                chunk = await response.chunk()
        finally:
            self._exchange.waited_since(began)

    def _learn(self, body: bytes) -> None:
        """Note what an answer in the client's dialect tells."""
        self._exchange.learn(told_by(self._dialect, body))

    @property
    def _is_over(self) -> bool:
        """Whether the terminal event has gone out."""
        return self._passage.outcome in (Outcome.DONE, Outcome.FAILED)

    async def _pump(self, response: UpstreamResponse) -> None:
        self._waiting_since = monotonic()
        try:
            chunk = await self._first(response)
            while chunk:
                self._waiting_since = None
                if piece := self._passage.feed(chunk):
                    await self._piece(piece)
                self._waiting_since = monotonic()
                chunk = await response.chunk()
        finally:
            self._waiting_since = None
        if rest := self._passage.end():
            await self._piece(rest)

    def _judge(self) -> None:
        if self._passage.outcome is Outcome.OPEN:
            msg = "The upstream ended its stream before the answer was complete."
            raise UpstreamDiedError(msg)
        if self._passage.outcome is Outcome.FAILED:
            self._exchange.fail(Failure.UPSTREAM_FAILED, REPORTED)

    async def _break_off(self, error: CCProxyError) -> None:
        """End the stream with an error event, never as if it were complete."""
        answer = answer_to(error)
        self._exchange.fail(answer.failure, str(error))
        await self._piece(self._passage.fail(answer.status, str(error), answer.code))

    async def _interrupted(self, response: UpstreamResponse) -> None:
        """End well where the attention has interrupted; other cancellations pass."""
        task = asyncio.current_task()
        why = self._attention.failure
        if why is Failure.SHUTDOWN and task is not None:
            task.uncancel()
            msg = "The gateway was stopped before the answer was complete."
            await self._break_off(ShuttingDownError(msg, hint="Ask again."))
        elif why is not None and task is not None and self._is_over:
            # A client that has its last event may leave; the answer was whole.
            task.uncancel()
            self._judge()
            await self._drain(response)
        else:
            raise  # noqa: PLE0704  (called where the cancellation is handled)

    async def _drain(self, response: UpstreamResponse) -> None:
        with suppress(UpstreamError, TimeoutError):
            async with asyncio.timeout(DRAIN):
                while await response.chunk():
                    pass

    def _headers(
        self, response: UpstreamResponse, *, keep_length: bool
    ) -> list[tuple[bytes, bytes]]:
        """Keep what may go to the client of the upstream's headers."""
        return downstream_headers(response.headers, keep_length=keep_length)

    async def _start(self, response: UpstreamResponse, *, keep_length: bool) -> None:
        headers = self._headers(response, keep_length=keep_length)
        if not keep_length and not any(name == b"content-type" for name, _ in headers):
            headers.append((b"content-type", b"text/event-stream"))
        await self._head(response.status, headers)

    async def _whole(
        self, response: UpstreamResponse, status: int, body: bytes
    ) -> None:
        """Answer with JSON of the gateway's own making."""
        headers = self._headers(response, keep_length=False)
        headers = [(name, value) for name, value in headers if name != b"content-type"]
        headers += [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        await self._head(status, headers)
        await self._piece(body)
        await self._finish()

    async def _head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        if self._exchange.provider is not None:
            headers.append((b"x-ccproxy-provider", self._exchange.provider.encode()))
        await self._send(
            {"type": "http.response.start", "status": status, "headers": headers}
        )

    async def _piece(self, data: bytes) -> None:
        await self._send(
            {"type": "http.response.body", "body": data, "more_body": True}
        )
        if self._bus is not None:
            self._bus.publish(
                StreamChunk(
                    at=datetime.now(UTC), request_id=self._exchange.id, data=data
                )
            )

    async def _finish(self) -> None:
        self._attention.release()  # the server calls a finished answer a disconnect
        await self._send({"type": "http.response.body", "body": b""})
