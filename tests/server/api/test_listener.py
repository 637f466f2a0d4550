"""Where the gateway listens."""

import asyncio
import resource
import socket

import pytest

from ccproxy.api.listener import allow_all_files, bound
from ccproxy.errors import PortInUseError
from ccproxy.testing import gateway

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


async def test_it_is_told_where_a_gateway_listens_already() -> None:
    async with gateway() as running:
        port = running.client.base_url.port or 0
        with pytest.raises(PortInUseError, match="in use by a ccproxy"):
            await asyncio.to_thread(bound, "127.0.0.1", port)


def test_as_many_connections_may_be_open_as_the_system_lets_a_process_have() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    try:
        allow_all_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
