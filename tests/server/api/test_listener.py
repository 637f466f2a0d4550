"""Where the gateway listens."""

import asyncio
import socket

import pytest

from ccproxy.api.listener import bound

pytestmark = pytest.mark.unit


async def test_answers_are_sent_at_once() -> None:
    """No answer waits for the acknowledgement of the one before it."""
    accepted: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
    listener = bound("127.0.0.1", 0)
    server = await asyncio.start_server(
        lambda _, writer: accepted.put_nowait(writer), sock=listener
    )
    async with server:
        _, client = await asyncio.open_connection(*listener.getsockname())
        connection = await accepted.get()
        taken: socket.socket = connection.get_extra_info("socket")
        assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        for writer in (client, connection):
            writer.close()
            await writer.wait_closed()
