"""What comes into the database, whoever has written it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ccproxy.models.request_record import RequestRecord, first_id
from ccproxy.storage.database import Database
from ccproxy.storage.requests import with_requests

if TYPE_CHECKING:
    from ccproxy.storage.repositories.request_repository import RequestRepository

LATE = timedelta(seconds=30)
"""How long after a request's end its record may reach the database."""
MOST = 1000
"""Records that one look reads; of more than that, the latest."""


class Arrivals:
    """Finds the records of requests that end from now on, look by look.

    Args:
        database: Where they come.
        clock: The time, aware UTC.

    Attributes:
        seen: Ids of records that are not to be found, or not again.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.seen: set[str] = set()
        self._database = database
        self._clock = clock
        self._begin = clock()

    async def look(self) -> tuple[Sequence[RequestRecord], int]:
        """Return what has come since the last look, and how many it leaves out.

        Raises:
            StorageError: The database can't be used.
        """
        since = first_id(max(self._begin, self._clock() - LATE))

        def unit(
            requests: "RequestRepository",
        ) -> tuple[list[str], list[RequestRecord]]:
            new = [each for each in requests.ids_since(since) if each not in self.seen]
            return new, requests.some(new[-MOST:]) if new else []

        new, records = await with_requests(self._database, unit)
        self.seen = {each for each in self.seen if each >= since}.union(new)
        return records, max(0, len(new) - MOST)
