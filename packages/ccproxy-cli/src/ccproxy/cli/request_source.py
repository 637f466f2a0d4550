"""Where commands find the records: the running gateway, or else the database."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from ccproxy.cli.client import GatewayClient, Target, connected
from ccproxy.cli.console import note
from ccproxy.cli.opened import Opened
from ccproxy.errors import UpstreamConnectError
from ccproxy.models.captured import Bodies
from ccproxy.models.request_query import (
    GroupBy,
    RequestFilter,
    RequestsPage,
    RequestStats,
)
from ccproxy.models.request_record import RequestRecord
from ccproxy.storage.arrivals import Arrivals
from ccproxy.storage.database import Database
from ccproxy.storage.requests import with_requests

PAGE = 1000
"""Records that are read at a time."""
LOOK_EVERY = 1.0
"""Seconds between two looks into the database, where no gateway tells what is new."""
NOT_KEPT = "As storage.request_log is false, no record of a request is kept."


class Source(Protocol):
    """Knows the records."""

    @property
    def place(self) -> str:
        """What it is, in words."""

    @property
    def look_every(self) -> float | None:
        """Seconds between two looks for what is new; ``None`` if it tells at once."""

    async def requests(self, wanted: RequestFilter, limit: int) -> RequestsPage:
        """Tell of the latest."""

    async def request(self, key: str) -> RequestRecord:
        """Tell of one."""

    async def bodies(self, key: str) -> Bodies:
        """Tell what was said in one."""

    async def stats(self, by: GroupBy, wanted: RequestFilter) -> RequestStats:
        """Count them in groups."""

    def live_requests(
        self, missed: Callable[[int], object]
    ) -> AsyncIterator[RequestRecord]:
        """Yield those that come, and tell how many are left out."""


class DatabaseSource:
    """Reads the database.

    Args:
        database: It.
        look_every: Seconds between two looks for what is new.
    """

    def __init__(self, database: Database, look_every: float = LOOK_EVERY) -> None:
        self._database = database
        self._look_every = look_every

    @property
    def place(self) -> str:
        """Name the file, or else the setting: a server's URL may hold a password."""
        return f"the database {self._database.file or 'of storage.url'}"

    @property
    def look_every(self) -> float:
        """Tell how many seconds are between two looks for what is new."""
        return self._look_every

    async def requests(self, wanted: RequestFilter, limit: int) -> RequestsPage:
        """Tell of the latest; raises as ``Database.work`` does."""
        return await self.page(wanted, limit)

    async def page(
        self, wanted: RequestFilter, limit: int, cursor: str | None = None
    ) -> RequestsPage:
        """Tell of the latest, or of those that follow a page; raises the same."""
        return await with_requests(
            self._database,
            lambda requests: requests.page(wanted, limit=limit, cursor=cursor),
        )

    async def request(self, key: str) -> RequestRecord:
        """Tell of one; raises the same.

        Raises:
            UnknownRequestError: There is no record of it.
        """
        return await with_requests(self._database, lambda requests: requests.find(key))

    async def bodies(self, key: str) -> Bodies:
        """Tell what was said in one; raises as ``request`` does."""
        return await with_requests(
            self._database, lambda requests: requests.bodies(key)
        )

    async def stats(self, by: GroupBy, wanted: RequestFilter) -> RequestStats:
        """Count them in groups; raises the same."""
        return await with_requests(
            self._database, lambda requests: requests.stats(by, wanted)
        )

    async def live_requests(
        self, missed: Callable[[int], object]
    ) -> AsyncGenerator[RequestRecord, None]:
        """Yield what comes, looking again and again; raises the same."""
        arrivals = Arrivals(self._database)
        while True:
            records, left_out = await arrivals.look()
            if left_out:
                missed(left_out)
            for record in records:
                yield record
            await asyncio.sleep(self._look_every)

    async def close(self) -> None:
        """Close the database."""
        await self._database.close()


@asynccontextmanager
async def source(opened: Opened, url: str | None) -> AsyncIterator[Source]:
    """Find who knows the records.

    Args:
        opened: The settings.
        url: A gateway other than the settings'; it alone is asked then.

    Raises:
        UpstreamConnectError: That one does not answer.
    """
    target = Target.of(opened.settings, url)
    async with connected(target, opened.settings) as gateway:
        if url is not None or await _answers(gateway):
            yield gateway
            return
    database = DatabaseSource(Database(opened.settings.storage_url))
    try:
        yield database
    finally:
        await database.close()


def note_if_not_kept(opened: Opened, url: str | None) -> None:
    """Say why records are missing; of another gateway's settings nothing is known."""
    if url is None and not opened.settings.storage.request_log:
        note(NOT_KEPT)


async def _answers(gateway: GatewayClient) -> bool:
    try:
        await gateway.summary()
    except UpstreamConnectError:
        return False
    return True
