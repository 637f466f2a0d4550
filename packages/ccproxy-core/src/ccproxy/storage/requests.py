"""Units of work on records, for those who must not import SQLModel at the start."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ccproxy.storage.database import Database

if TYPE_CHECKING:
    from sqlmodel import Session

    from ccproxy.storage.repositories.request_repository import RequestRepository

T = TypeVar("T")


async def with_requests(
    database: Database, fn: Callable[["RequestRepository"], T]
) -> T:
    """Do one unit of work on the records; raises as ``Database.work`` does."""

    def unit(session: "Session") -> T:
        # Imported here, in the database's thread: SQLModel is slow to import and large.
        from ccproxy.storage.repositories.request_repository import (  # noqa: PLC0415
            RequestRepository,
        )

        return fn(RequestRepository(session))

    return await database.work(unit)
