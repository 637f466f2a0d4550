"""Appends bodies, deletes old ones, and finds those of a record."""

import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from ccproxy.models.captured import Bodies, Body
from ccproxy.models.request_record import RequestRecord, first_id, id_beyond

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from sqlmodel import Session

BodyRow: TypeAlias = dict[str, object]
"""A row, by the names of its columns."""

COLUMNS = (
    *("id", "ended_at", "request_id"),
    *("request_type", "request_size", "request_truncated", "request"),
    *("answer_type", "answer_size", "answer_truncated", "answer"),
)
_INTO = f"INSERT INTO request_bodies ({', '.join(COLUMNS)})"
_APPEND_TO_FILE = f"{_INTO} SELECT {', '.join(f'${name}' for name in COLUMNS)}"
_WHAT_IS_NOT_THERE = " WHERE $id NOT IN (SELECT id FROM request_bodies)"
_APPEND_TO_SERVER = (
    f"{_INTO} VALUES ({', '.join(f':{name}' for name in COLUMNS)})"
    " ON CONFLICT (id) DO NOTHING"
)


def columns_of(prefix: str, body: Body) -> BodyRow:
    """Write a body as it goes into its columns, the text compressed."""
    text = None if body.text is None else zlib.compress(body.text.encode())
    return {
        f"{prefix}_type": body.media_type,
        f"{prefix}_size": body.size,
        f"{prefix}_truncated": body.truncated,
        prefix: text,
    }


def append_to_file(
    connection: "DuckDBPyConnection", rows: Sequence[BodyRow], *, again: bool
) -> None:
    """Append to a DuckDB file.

    Args:
        connection: The file's.
        rows: Each of them is new, unless this is done again.
        again: Whether it was tried before: what seemed to fail may be in the file.
    """
    statement = _APPEND_TO_FILE + (_WHAT_IS_NOT_THERE if again else "")
    connection.begin()  # who closes the connection before the commit undoes all of it
    for row in rows:
        connection.execute(statement, row)
    connection.commit()


def append_to_server(session: "Session", rows: Sequence[BodyRow]) -> None:
    """Append to a PostgreSQL server."""
    from sqlalchemy import text  # noqa: PLC0415  (a DuckDB file needs it not)

    session.connection().execute(text(_APPEND_TO_SERVER), rows)


def delete_from_file(connection: "DuckDBPyConnection", before: datetime) -> int:
    """Delete what ended before then, and tell how many rows that was."""
    row = connection.execute(
        "DELETE FROM request_bodies WHERE ended_at < $before", {"before": before}
    ).fetchone()
    return int(row[0]) if row else 0


def delete_from_server(session: "Session", before: datetime) -> int:
    """Delete what ended before then, and tell how many rows that was."""
    from sqlalchemy import text  # noqa: PLC0415  (a DuckDB file needs it not)

    done = session.connection().execute(
        text("DELETE FROM request_bodies WHERE id < :first"),
        {"first": first_id(before)},
    )
    return done.rowcount


def bodies_of(session: "Session", record: RequestRecord) -> Bodies | None:
    """Return what was said in a request, if it was captured.

    Clients may give an id twice; no two of their requests end in the same microsecond.
    """
    from sqlalchemy import select  # noqa: PLC0415  (only who reads needs it)

    from ccproxy.models.request_table import request_bodies  # noqa: PLC0415  (the same)

    column = request_bodies.c
    asked = select(request_bodies).where(
        column.id >= first_id(record.ended_at),  # PostgreSQL's index
        column.id < id_beyond(record.ended_at),
        column.request_id == record.request_id,
        column.ended_at == record.ended_at,
    )
    row = session.connection().execute(asked).first()
    if row is None:
        return None
    values = row._asdict()
    return Bodies(
        request_id=record.request_id,
        request=_body("request", values),
        answer=_body("answer", values),
    )


def _body(prefix: str, values: BodyRow) -> Body:
    kept = values[prefix]
    text = zlib.decompress(kept).decode() if isinstance(kept, bytes) else None
    return Body.model_validate(
        {
            "media_type": values[f"{prefix}_type"],
            "size": values[f"{prefix}_size"],
            "truncated": values[f"{prefix}_truncated"],
            "text": text,
        }
    )
