"""Turns lines of JSON into a Parquet file."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from ccproxy.errors import StorageError
from ccproxy.storage.words import quoted


def write_parquet(lines: Path, file: Path, columns: Sequence[str]) -> None:
    """Write a Parquet file; the types of its columns are what their values look like.

    Args:
        lines: A file with a JSON object in each line.
        file: What is written; one that is there is replaced.
        columns: Their names, which no line tells if there is none.

    Raises:
        StorageError: It can't be written.
    """
    read = f"SELECT * FROM read_json({_text(lines)}, format = 'nd', sample_size = -1)"  # noqa: S608  (quoted)
    if not lines.stat().st_size:
        names = ", ".join(f"NULL::VARCHAR AS {_name(each)}" for each in columns)
        read = f"SELECT {names} LIMIT 0"
    try:
        with duckdb.connect() as connection:
            connection.execute(f"COPY ({read}) TO {_text(file)} (FORMAT parquet)")
    except duckdb.Error as error:
        raise StorageError(f"{file} can't be written: {error}") from error


def _text(path: Path) -> str:
    return f"'{quoted(path)}'"


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'
