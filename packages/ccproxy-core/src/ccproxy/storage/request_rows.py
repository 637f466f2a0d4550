"""Appends records, many at a time, and deletes old ones; each is one statement.

All rows of a batch go in as one JSON text. For single values DuckDB takes far longer
(ADR 10 tells why), and PostgreSQL a statement for each row.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from pydantic import AwareDatetime

from ccproxy.models.request_record import COLUMNS, LISTS, RequestRecord, first_id
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
_SHAPE = orjson.dumps(
    [
        {
            name: _TYPES.get(field.annotation, "VARCHAR")
            for name, field in RequestRecord.model_fields.items()
        }
    ]
).decode()

_APPEND_TO_FILE = """
INSERT INTO request_records BY NAME
SELECT * FROM (SELECT unnest(from_json($rows, $shape), max_depth := 2)) AS new
"""
_WHAT_IS_NOT_THERE = """
WHERE new.id NOT IN (SELECT id FROM request_records WHERE id >= $first)
"""

_SLICE = 500
"""Rows of a statement: DuckDB needs 15 kilobytes for each until it is done."""

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
    statement, values = _APPEND_TO_FILE, {"shape": _SHAPE}
    if again:
        statement += _WHAT_IS_NOT_THERE
        values["first"] = min(record.id for record in records)
    connection.begin()  # who closes the connection before the commit undoes all of it
    for begin in range(0, len(records), _SLICE):
        rows = _json(records[begin : begin + _SLICE])
        connection.execute(statement, {**values, "rows": rows})
    connection.commit()


def append_to_server(session: "Session", records: Sequence[RequestRecord]) -> None:
    """Append to a PostgreSQL server."""
    from sqlalchemy import text  # noqa: PLC0415  (a DuckDB file needs it not)

    session.connection().execute(text(_APPEND_TO_SERVER), {"rows": _json(records)})


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


def _json(records: Sequence[RequestRecord]) -> str:
    text = orjson.dumps([_row(each) for each in records]).decode()
    return text.replace("\\u0000", "\\ufffd")  # PostgreSQL's text knows no NUL


def _row(record: RequestRecord) -> dict[str, object]:
    """Write what is known; a name that is missing is read as NULL, and sooner."""
    values = {name: each for name, each in record.__dict__.items() if each is not None}
    for name in LISTS:
        values[name] = orjson.dumps(values[name]).decode()
    return values
