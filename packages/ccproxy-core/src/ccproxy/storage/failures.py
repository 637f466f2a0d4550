"""Foreign errors of the database, mapped once."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic.util import CommandError
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from ccproxy.errors import StorageError
from ccproxy.storage.words import USE_HINT, unusable


@contextmanager
def mapped(where: str) -> Iterator[None]:
    """Turn what the libraries below raise into a ``StorageError``.

    Args:
        where: The database in words, without its password.
    """
    try:
        yield
    except IntegrityError as error:
        msg = f"The database {where} has such a row already."
        raise StorageError(msg) from error
    except (SQLAlchemyError, CommandError, OSError) as error:
        raise StorageError(unusable(where, error), hint=USE_HINT) from error
