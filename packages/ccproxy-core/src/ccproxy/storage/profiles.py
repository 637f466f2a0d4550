"""Units of work on profiles, for those who must not import SQLModel at the start."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ccproxy.storage.database import Database

if TYPE_CHECKING:
    from sqlmodel import Session

    from ccproxy.storage.repositories.profile_repository import ProfileRepository

T = TypeVar("T")


async def with_profiles(
    database: Database, fn: Callable[["ProfileRepository"], T]
) -> T:
    """Do one unit of work on the profiles; raises as ``Database.work`` does."""

    def unit(session: "Session") -> T:
        # Imported here, in the database's thread: SQLModel is slow to import and large.
        from ccproxy.storage.repositories.profile_repository import (  # noqa: PLC0415
            ProfileRepository,
        )

        return fn(ProfileRepository(session))

    return await database.work(unit)
