"""A copy of the database, before a migration changes rows that are there."""

from sqlalchemy.engine import Connection

from ccproxy.security.private import private_file
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
    with private_file(copy) as made:
        for statement in (
            f"ATTACH '{quoted(made)}' AS backup",
            f'COPY FROM DATABASE "{source}" TO backup',
            "DETACH backup",
        ):
            connection.exec_driver_sql(statement)
            connection.commit()
