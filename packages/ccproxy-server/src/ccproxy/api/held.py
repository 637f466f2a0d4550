"""An answer that was read a little, or wholly, before it is passed on."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence

from ccproxy.errors import UpstreamDiedError
from ccproxy.sdk import UpstreamResponse

LARGEST = 1024 * 1024
"""Bytes of an error, or of a stream before its content."""


class Held:
    """What was read of an answer, then the rest of it.

    Args:
        answer: The answer.
        read: What was read.
        coming: What is being read right now.
        ended: Whether there is nothing else to be read.
    """

    def __init__(
        self,
        answer: UpstreamResponse,
        read: Iterable[bytes],
        coming: asyncio.Task[bytes] | None = None,
        *,
        ended: bool = False,
    ) -> None:
        self.status = answer.status
        self.headers: Sequence[tuple[bytes, bytes]] = answer.headers
        self._answer = answer
        self._read = deque(read)
        self._coming = coming
        self._ended = ended

    @property
    def body(self) -> bytes:
        """What was read and has not been passed on."""
        return b"".join(self._read)

    async def chunk(self) -> bytes:
        """Give the next piece, as it came."""
        if self._read:
            return self._read.popleft()
        if self._coming is not None:
            coming, self._coming = self._coming, None
            return await coming
        return b"" if self._ended else await self._answer.chunk()

    def close(self) -> None:
        """Give the answer up, if it has not ended."""
        if self._coming is not None:
            self._coming.cancel()
        self._answer.close()


async def hold_all(answer: UpstreamResponse) -> Held:
    """Read an answer to its end, so that its connection can serve the next choice.

    Raises:
        UpstreamError: It broke off, or is far too long for an error.
    """
    read: list[bytes] = []
    size = 0
    try:
        while chunk := await answer.chunk():
            read.append(chunk)
            size += len(chunk)
            if size > LARGEST:
                msg = f"The upstream answered {answer.status} and did not end."
                raise UpstreamDiedError(msg)
    finally:
        answer.close()
    return Held(answer, read, ended=True)
