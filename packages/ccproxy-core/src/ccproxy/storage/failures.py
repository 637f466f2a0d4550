"""Foreign errors of the database, mapped once."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic.util import CommandError
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from ccproxy.errors import StorageError
from ccproxy.security.sanitizer import mask_text

_HELD = "Could not set lock on file"
"""How DuckDB says that another process has the file."""


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
        msg = f"The database {where} can't be used: {_reason(error)}."
        hint = "Check storage.url and who may use it; 'ccproxy doctor' helps."
        raise StorageError(msg, hint=hint) from error


def is_held(error: SQLAlchemyError) -> bool:
    """Tell whether another process has the file right now."""
    return _HELD in str(error)


def _reason(error: BaseException) -> str:
    """Say the first line of what went wrong; the rest is the SQL and its values."""
    original = getattr(error, "orig", None) or error
    first = str(original).strip().partition("\n")[0]
    return mask_text(first.rstrip(".")) or type(error).__name__
