"""Units of work on spending, for those who must not import SQLModel at the start."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ccproxy.storage.database import Database

if TYPE_CHECKING:
    from sqlmodel import Session

    from ccproxy.storage.repositories.spending_repository import SpendingRepository

T = TypeVar("T")


async def with_spending(
    database: Database, fn: Callable[["SpendingRepository"], T]
) -> T:
    """Do one unit of work on what is spent; raises as ``Database.work`` does."""

    def unit(session: "Session") -> T:
        # Imported here, in the database's thread: SQLModel is slow to import and large.
        from ccproxy.storage.repositories.spending_repository import (  # noqa: PLC0415
            SpendingRepository,
        )

        return fn(SpendingRepository(session))

    return await database.work(unit)
