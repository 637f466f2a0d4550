"""A copy of the database, before a migration changes rows that are there."""

from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.engine import Connection

from ccproxy.storage.connections import Connections
from ccproxy.storage.words import quoted


def back_up(connections: Connections, connection: Connection, label: str) -> None:
    """Copy a DuckDB file beside itself, for this user alone.

    DuckDB copies it: reading the file here would release the lock it has on it. A
    PostgreSQL server's backups are its owner's affair.
    """
    if connections.file is None:
        return
    copy = connections.file.with_name(f"{connections.file.name}.before-{label}.bak")
    source = connection.exec_driver_sql("SELECT current_database()").scalar_one()
    connection.rollback()
    # DuckDB makes files as the umask says: this one is made in a folder nobody else may
    # open, and then moved into place.
    with TemporaryDirectory(dir=copy.parent, prefix=".ccproxy-") as folder:
        made = Path(folder) / copy.name
        for statement in (
            f"ATTACH '{quoted(made)}' AS backup",
            f'COPY FROM DATABASE "{source}" TO backup',
            "DETACH backup",
        ):
            connection.exec_driver_sql(statement)
            connection.commit()
        made.chmod(0o600)
        made.replace(copy)
