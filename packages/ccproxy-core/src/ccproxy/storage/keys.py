"""Units of work on client keys, for those who must not import SQLModel at the start."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ccproxy.storage.database import Database

if TYPE_CHECKING:
    from sqlmodel import Session

    from ccproxy.storage.repositories.key_repository import KeyRepository

T = TypeVar("T")


async def with_keys(database: Database, fn: Callable[["KeyRepository"], T]) -> T:
    """Do one unit of work on the keys; raises as ``Database.work`` does."""

    def unit(session: "Session") -> T:
        # Imported here, in the database's thread: SQLModel is slow to import and large.
        from ccproxy.storage.repositories.key_repository import (  # noqa: PLC0415
            KeyRepository,
        )

        return fn(KeyRepository(session))

    return await database.work(unit)
