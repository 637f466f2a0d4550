"""One connection of a client, on which an answer's head leaves with its body."""

import asyncio
from collections.abc import Iterable

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_HEAD = b"HTTP/1.1 "


class JoinedWrites:
    """A transport that holds a head back until what follows it in the same turn.

    Uvicorn writes the head of an answer and the first of its body apart, which are two
    calls of the system and two packets; the calls are the dearest thing a short answer
    takes. If nothing has followed when the loop turns, the head goes out alone.

    Args:
        transport: The connection's; all else is done as it does it.
        loop: The connection's.
    """

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._head = b""

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write, or hold a head back."""
        if self._head:
            head, self._head = self._head, b""
            self._transport.writelines((head, data))
        elif data.startswith(_HEAD):
            self._head = data
            self._loop.call_soon(self._flush)
        else:
            self._transport.write(data)

    def writelines(self, lines: Iterable[bytes]) -> None:
        """Write several pieces."""
        self._flush()
        self._transport.writelines(lines)

    def close(self) -> None:
        """Close, once everything is written."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        head, self._head = self._head, b""
        if head:
            self._transport.write(head)


class Connection(HttpToolsProtocol):
    """Uvicorn's, that writes jointly."""

    def connection_made(  # type: ignore[override]  # as uvicorn's own says
        self, transport: asyncio.Transport
    ) -> None:
        """Begin to serve a client."""
        joined = JoinedWrites(transport, self.loop)
        super().connection_made(joined)  # type: ignore[arg-type]  # it does all of it
