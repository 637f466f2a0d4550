"""A query of somebody's own, which can change nothing."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy.exc import SQLAlchemyError

from ccproxy.errors import StorageError
from ccproxy.storage.connections import Connections
from ccproxy.storage.file import opened
from ccproxy.storage.words import duckdb_file

PATIENCE = 10.0
"""Seconds to try while another process has the file."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query tells.

    Attributes:
        columns: Their names, each once.
        rows: One value per column.
    """

    columns: tuple[str, ...]
    rows: Sequence[Sequence[object]]


def answer_to_query(url: str, sql: str) -> Answer:
    """Answer a query; times are told in UTC.

    All rows are read before any is used: nobody has the database open while they are
    looked at.

    Args:
        url: SQLAlchemy's, of the database.
        sql: In the database's own words.

    Raises:
        StorageError: The database can't be used, or not be asked so.
    """
    file = duckdb_file(url)
    return _ask_server(url, sql) if file is None else _ask_file(file, sql)


def _ask_file(file: Path, sql: str) -> Answer:
    if not file.exists():
        msg = f"There is no database {file} yet."
        raise StorageError(msg, hint="A gateway makes it, or 'ccproxy db upgrade'.")
    never = threading.Event()
    with opened(file, patience=PATIENCE, given_up=never, read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        try:
            _check(connection.extract_statements(sql))
            connection.execute(sql)
            columns = _told_apart(each[0] for each in connection.description or ())
            return Answer(columns, connection.fetchall() if columns else ())
        except duckdb.Error as error:
            raise _refused(error) from error


def _check(statements: Sequence[duckdb.Statement]) -> None:
    """Refuse what does more than ask: a COPY could write over the file itself.

    Those that DuckDB adds, as for a PIVOT, have no text.
    """
    for each in statements:
        if each.query and each.type != duckdb.StatementType.SELECT:
            msg = f"The query can't be answered: {each.type.name} does more than ask."
            raise StorageError(msg, hint="--output FILE writes what a SELECT tells.")


def _ask_server(url: str, sql: str) -> Answer:
    with Connections(url).open() as connection:
        for setting in (
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
            "SET SESSION TIME ZONE 'UTC'",
        ):
            connection.exec_driver_sql(setting)
        connection.commit()
        # Of what is prepared there can be but one statement, and no end of read only.
        psycopg: Any = connection.connection.driver_connection
        psycopg.prepare_threshold = 0
        try:
            # Without parameters a percent sign is one.
            plain = connection.execution_options(no_parameters=True)
            result = plain.exec_driver_sql(sql)
            if not result.returns_rows:
                return Answer((), ())
            return Answer(_told_apart(result.keys()), result.all())
        except SQLAlchemyError as error:
            raise _refused(getattr(error, "orig", None) or error) from error


def _told_apart(names: Iterable[str]) -> tuple[str, ...]:
    """Number columns that are called alike, as those of a join may be."""
    told: dict[str, None] = {}
    for name in names:
        own, numbers = name, count(1)
        while own in told:
            own = f"{name}_{next(numbers)}"
        told[own] = None
    return tuple(told)


def _refused(error: BaseException) -> StorageError:
    """Say why; it is the asker's own SQL that the reason quotes."""
    return StorageError(f"The query can't be answered: {str(error).strip()}")
