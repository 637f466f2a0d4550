"""The client keys as a gateway knows them: in memory, read anew now and then."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import structlog

from ccproxy.errors import StorageError
from ccproxy.models.client_key import ClientKey
from ccproxy.storage.database import Database
from ccproxy.storage.keys import with_keys

EVERY = 10.0
"""Seconds until a key that was made or revoked elsewhere is known here."""

_log = structlog.get_logger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class ClientKeys:
    """Finds keys without waiting for the database.

    Args:
        database: Where they are.
        clock: Tells the time.
        every: Seconds between two readings.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime] = _now,
        *,
        every: float = EVERY,
    ) -> None:
        self._database = database
        self._clock = clock
        self._every = every
        self._known: Mapping[bytes, ClientKey] = {}
        self._task: asyncio.Task[None] | None = None
        self._failing = False

    async def start(self) -> None:
        """Read the keys, and do so again and again."""
        await self.read()
        self._task = asyncio.create_task(self._keep_reading())

    async def stop(self) -> None:
        """Read no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def read(self) -> None:
        """Read the keys; if that can't be done, those that are known stay."""
        try:
            found = await with_keys(self._database, lambda keys: keys.list())
        except StorageError as error:
            if not self._failing:  # once, not every few seconds
                _log.warning("keys_not_read", reason=error.message, hint=error.hint)
            self._failing = True
            return
        self._failing = False
        self._known = {bytes.fromhex(each.digest): each for each in found}

    def find(self, digest: bytes) -> ClientKey | None:
        """Find a key that may be used now.

        Args:
            digest: SHA-256 of the token; how long it takes to look that up tells
                nothing of a token.
        """
        key = self._known.get(digest)
        return None if key is None or key.is_expired(self._clock()) else key

    async def _keep_reading(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            await self.read()
