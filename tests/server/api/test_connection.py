"""What leaves a connection, and in how many pieces."""

import asyncio
from collections.abc import Iterable

import pytest

from ccproxy.api.connection import JoinedWrites

pytestmark = pytest.mark.unit

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class Wire(asyncio.Transport):
    """Notes each call that would be one of the system."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.calls: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.calls.append(bytes(data))

    def writelines(
        self, list_of_data: Iterable[bytes | bytearray | memoryview]
    ) -> None:
        self.calls.append(b"".join(list_of_data))

    def close(self) -> None:
        self.calls.append(b"closed")


async def test_a_head_leaves_with_the_first_of_its_body() -> None:
    wire = Wire()
    joined = JoinedWrites(wire, asyncio.get_running_loop())
    for data in (HEAD, b"one", b"two"):
        joined.write(data)
    await asyncio.sleep(0)
    assert wire.calls == [HEAD + b"one", b"two"]


async def test_a_head_whose_body_is_not_there_yet_waits_for_nothing() -> None:
    wire = Wire()
    joined = JoinedWrites(wire, asyncio.get_running_loop())
    joined.write(HEAD)
    await asyncio.sleep(0)
    assert wire.calls == [HEAD]
    joined.write(b"late")
    assert wire.calls == [HEAD, b"late"]


async def test_nothing_overtakes_a_head_and_closing_loses_none() -> None:
    wire = Wire()
    joined = JoinedWrites(wire, asyncio.get_running_loop())
    joined.write(HEAD)
    joined.writelines([b"one", b"two"])
    joined.write(HEAD)
    joined.close()
    await asyncio.sleep(0)
    assert wire.calls == [HEAD, b"onetwo", HEAD, b"closed"]


async def test_all_else_is_the_connections_own() -> None:
    joined = JoinedWrites(Wire(), asyncio.get_running_loop())
    assert joined.get_extra_info("peername") == ("127.0.0.1", 1)  # type: ignore[operator]
