"""The database, as a plugin with tables of its own sees it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

T = TypeVar("T")


class Database(Protocol):
    """Does units of work: ``ctx.database``."""

    async def work(self, fn: Callable[["Session"], T]) -> T:
        """Do one unit of work and commit it, or nothing of it.

        It is done in a thread of its own, where libraries that only the work needs
        are best imported.

        Raises:
            StorageError: The database can't be used.
        """
