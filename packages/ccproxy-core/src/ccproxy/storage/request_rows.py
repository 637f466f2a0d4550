"""Appends records, many at a time, and deletes old ones; each is one statement.

All rows of a batch go in as one JSON text. For single values DuckDB takes far longer
(ADR 10 tells why), and PostgreSQL a statement for each row.
"""

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from pydantic import AwareDatetime

from ccproxy.models.request_record import (
    COLUMNS,
    LISTS,
    TYPES,
    RequestRecord,
    first_id,
)
from ccproxy.storage.archive import archive_days

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from sqlmodel import Session

_TYPES: dict[object, str] = {
    AwareDatetime: "TIMESTAMPTZ",
    bool: "BOOLEAN",
    float: "DOUBLE",
    int: "BIGINT",
    int | None: "BIGINT",
    float | None: "DOUBLE",
}
"""DuckDB's types of what is not text."""

_APPEND_TO_FILE = """
INSERT INTO request_records BY NAME
SELECT * FROM (SELECT {columns} FROM (SELECT from_json($told, $shape) AS told)) AS new
"""
_WHAT_IS_NOT_THERE = """
WHERE new.id NOT IN (SELECT id FROM request_records WHERE id >= $first)
"""

_SLICE = 2500
"""Rows of a statement: DuckDB needs memory for each until it is done."""

_APPEND_TO_SERVER = f"""
INSERT INTO request_records ({", ".join(COLUMNS)})
SELECT {", ".join(COLUMNS)}
FROM json_populate_recordset(NULL::request_records, CAST(:rows AS json))
ON CONFLICT (id) DO NOTHING
"""  # noqa: S608  (the columns are ours)


def append_to_file(
    connection: "DuckDBPyConnection", records: Sequence[RequestRecord], *, again: bool
) -> None:
    """Append to a DuckDB file.

    Args:
        connection: The file's.
        records: Each of them is new, unless this is done again.
        again: Whether it was tried before: what seemed to fail may be in the file.
    """
    connection.begin()  # who closes the connection before the commit undoes all of it
    for begin in range(0, len(records), _SLICE):
        told = _columns(records[begin : begin + _SLICE])
        shape = {name: _shape(name, values) for name, values in told.items()}
        columns = ", ".join(map(_selected, shape, shape.values()))
        statement = _APPEND_TO_FILE.format(columns=columns)
        values = {"told": _json(told), "shape": _json(shape)}
        if again:
            statement += _WHAT_IS_NOT_THERE
            values["first"] = min(record.id for record in records)
        connection.execute(statement, values)
    connection.commit()


def append_to_server(session: "Session", records: Sequence[RequestRecord]) -> None:
    """Append to a PostgreSQL server."""
    from sqlalchemy import text  # noqa: PLC0415  (a DuckDB file needs it not)

    rows = _json([_row(each) for each in records])
    session.connection().execute(text(_APPEND_TO_SERVER), {"rows": rows})


def delete_from_file(
    connection: "DuckDBPyConnection", before: datetime, archive: Path | None
) -> int:
    """Delete what ended before midnight of a day, and tell how many records that was.

    Args:
        connection: The file's.
        before: The midnight, UTC.
        archive: Folder to move the records to, if they are to be kept there.
    """
    if archive is not None:
        archive_days(connection, before, archive)
    row = connection.execute(
        "DELETE FROM request_records WHERE ended_at < $before", {"before": before}
    ).fetchone()
    return int(row[0]) if row else 0


def delete_from_server(session: "Session", before: datetime) -> int:
    """Delete what ended before then, and tell how many records that was."""
    from sqlalchemy import text  # noqa: PLC0415  (a DuckDB file needs it not)

    done = session.connection().execute(
        text("DELETE FROM request_records WHERE id < :first"),
        {"first": first_id(before)},
    )
    return done.rowcount


def _columns(records: Sequence[RequestRecord]) -> dict[str, object]:
    """Write what is known column by column; a value that all rows share stands alone.

    Half of the columns say the same for whole batches, and nothing is as soon read.
    """
    told: dict[str, object] = {}
    for name in COLUMNS:
        values = list(map(attrgetter(name), records))
        if name in LISTS:
            values = [orjson.dumps(each).decode() if each else "[]" for each in values]
        first = values[0]
        if values[-1] != first or values.count(first) < len(values):
            told[name] = values
        elif first is not None:
            told[name] = first
    return told


def _shape(name: str, values: object) -> str | list[str]:
    """Return the type of a column's JSON: that of one value, or a list of it."""
    kind = _TYPES.get(TYPES[name], "VARCHAR")
    return [kind] if isinstance(values, list) else kind


def _selected(name: str, shape: str | list[str]) -> str:
    column = f"told.{name}"
    return f"{column if isinstance(shape, str) else f'unnest({column})'} AS {name}"


def _row(record: RequestRecord) -> dict[str, object]:
    """Write what is known; a name that is missing is read as NULL, and sooner."""
    row = {name: getattr(record, name) for name in COLUMNS}
    for name in LISTS:
        row[name] = orjson.dumps(row[name]).decode()
    return {name: value for name, value in row.items() if value is not None}


def _json(told: object) -> str:
    text = orjson.dumps(told).decode()
    return text.replace("\\u0000", "\\ufffd")  # PostgreSQL's text knows no NUL
