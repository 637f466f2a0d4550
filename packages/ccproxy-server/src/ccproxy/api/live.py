"""Records of requests as server-sent events, while somebody listens."""

import asyncio

from fastapi import Response

from ccproxy.models.request_record import RECORD
from ccproxy.sdk import Receive, Scope, Send
from ccproxy.services.request_log import Listener, RequestLog

_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
]
_COMMENT = b": keep-alive\n\n"
_ALONE = b": of this server process alone, as storage.request_log is off\n\n"


class LiveRecords(Response):
    """Tells of each record until the listener leaves or the gateway stops.

    Args:
        log: Whose records.
        keepalive: Seconds of silence after which the listener hears a comment.
    """

    def __init__(self, log: RequestLog, keepalive: float | None) -> None:
        super().__init__()
        self._log = log
        self._keepalive = keepalive

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one listener."""
        del scope
        with self._log.listening() as listener:
            watching = asyncio.create_task(_end_with_client(receive, listener))
            try:
                await send(
                    {"type": "http.response.start", "status": 200, "headers": _HEADERS}
                )
                # At once, so that the head goes out.
                await _piece(send, _COMMENT if self._log.hears_all else _ALONE)
                while event := await self._next(listener):
                    await _piece(send, event)
                await send({"type": "http.response.body", "body": b""})
            finally:
                watching.cancel()

    async def _next(self, listener: Listener) -> bytes:
        """Wait for what is to be sent next; nothing is the end."""
        if listener.missed:
            missed, listener.missed = listener.missed, 0
            return f"event: missed\ndata: {missed}\n\n".encode()
        try:
            async with asyncio.timeout(self._keepalive):
                record = await listener.next()
        except TimeoutError:
            return _COMMENT
        if record is None:
            return b""
        return b"event: request\ndata: %b\n\n" % RECORD.dump_json(record)


async def _end_with_client(receive: Receive, listener: Listener) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    listener.end()


async def _piece(send: Send, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})
