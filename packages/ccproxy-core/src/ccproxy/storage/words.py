"""Words of databases that need no library of one."""

import re
from pathlib import Path

from ccproxy.errors import StorageError
from ccproxy.security.sanitizer import mask_text

CORE = "core"
"""What the core's migrations are called; a plugin's are called by its name."""

USE_HINT = "Check storage.url and who may use it; 'ccproxy doctor' helps."

_HELD = "Could not set lock on file"
"""How DuckDB says that another process has the file."""
_HOLDER = re.compile(r"held in .+ \((PID \d+)\)")


def duckdb_file(url: str) -> Path | None:
    """Return the file that SQLAlchemy's URL names, if it is one of DuckDB."""
    scheme, _, rest = url.partition(":///")
    return Path(rest.partition("?")[0]) if scheme == "duckdb" and rest else None


def is_held(error: BaseException) -> bool:
    """Tell whether another process has the file right now."""
    return _HELD in str(error)


def held(name: str, error: BaseException) -> StorageError:
    """Say that somebody else keeps the file open, and who, if DuckDB knows."""
    found = _HOLDER.search(str(error))
    who = f"Another process ({found[1]})" if found else "Another process"
    msg = f"{who} holds the database {name}."
    hint = "Close programs that keep it open, such as a DuckDB shell."
    return StorageError(msg, hint=hint)


def unusable(name: str, error: BaseException) -> str:
    """Say that a database can't be used, and the first line of why.

    The other lines of a library's error are the SQL and its values.

    Args:
        name: The database in words, without its password.
        error: The library's.
    """
    original = getattr(error, "orig", None) or error
    first = str(original).strip().partition("\n")[0]
    reason = mask_text(first.rstrip(".")) or type(error).__name__
    return f"The database {name} can't be used: {reason}."


def quoted(path: Path) -> str:
    """Write a path as it stands between quotes in SQL that takes no parameters."""
    return str(path).replace("'", "''")
