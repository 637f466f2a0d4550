"""Whether a DuckDB file has all of the core's tables, found out without Alembic.

Alembic knows it for any database, and takes most of a second to import. Most starts and
commands find a file that needs nothing.
"""

import threading
from pathlib import Path

from ccproxy.errors import StorageError
from ccproxy.storage.file import opened

_PATIENCE = 0.5
"""Seconds to try while another process has the file; Alembic's import takes as long."""
_SCRIPTS = Path(__file__).with_name("migrations") / "versions"


def last_revision() -> str:
    """Return the last revision of the core's; scripts are named after theirs."""
    return max(each.stem.rpartition("_")[2] for each in _SCRIPTS.glob("*_*[0-9].py"))


def is_current(file: Path, given_up: threading.Event) -> bool:
    """Tell whether a file needs no migration of the core's.

    Args:
        file: It need not be there.
        given_up: Set when nobody is to wait for it any longer.

    Returns:
        False too where that can't be told, as when another process keeps the file open.
    """
    if not file.exists():
        return False
    try:
        with opened(
            file, patience=_PATIENCE, given_up=given_up, read_only=True
        ) as connection:
            found = connection.execute("SELECT version_num FROM alembic_version")
            return found.fetchall() == [(last_revision(),)]
    except StorageError:
        return False
