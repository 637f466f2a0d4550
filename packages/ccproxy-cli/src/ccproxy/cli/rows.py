"""Rows as a table, JSON, CSV or a Parquet file."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

import typer

from ccproxy.cli.console import show_table
from ccproxy.errors import CCProxyError
from ccproxy.security.sanitizer import mask_json

Rows = Iterable[Sequence[object]]


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


def format_of(file: Path | None, given: Format | None) -> Format:
    """Return the format that was given, or that the file's name ends with.

    Raises:
        typer.BadParameter: The file's name does not tell it.
        CCProxyError: It is one for files, and there is none; or the other way round.
    """
    chosen = given or (_told_by(file) if file else Format.TABLE)
    if chosen is Format.PARQUET and file is None:
        msg = "Parquet goes into a file."
        raise CCProxyError(msg, hint="Name it: --output FILE.parquet")
    if chosen is Format.TABLE and file is not None:
        msg = "A table is for people to look at, not for a file."
        raise CCProxyError(msg, hint="Choose --format csv, json or parquet.")
    return chosen


def _told_by(file: Path) -> Format:
    ending = file.suffix.removeprefix(".").lower()
    if ending in {*Format}:
        return Format(ending)
    msg = f"{file.name} ends with none of .csv, .json and .parquet: give --format."
    raise typer.BadParameter(msg, param_hint="FILE")


def write_rows(
    columns: Sequence[str], rows: Rows, chosen: Format, file: Path | None
) -> None:
    """Write rows to a file, or, with secrets masked, to standard output.

    Raises:
        CCProxyError: The file can't be written.
    """
    if chosen is Format.TABLE:
        titles = [each.upper() for each in columns]
        show_table(titles, [[_cell(each) for each in row] for row in rows])
    elif chosen is Format.PARQUET and file is not None:
        _write_parquet(columns, rows, file)
    else:
        write = _write_csv if chosen is Format.CSV else _write_json
        with _opened(file) as target:
            write(columns, rows if file else _masked(rows), target)


def _write_csv(columns: Sequence[str], rows: Rows, target: TextIO) -> None:
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(map(_cell, row))


def _write_json(columns: Sequence[str], rows: Rows, target: TextIO) -> None:
    """Write an array with a row in each line."""
    before = "[\n"
    for line in _lines(columns, rows):
        target.write(f"{before}{line}")
        before = ",\n"
    target.write("[]\n" if before == "[\n" else "\n]\n")


def _write_parquet(columns: Sequence[str], rows: Rows, file: Path) -> None:
    # Imported here: it loads a database, which only this format needs.
    from ccproxy.storage.parquet import write_parquet  # noqa: PLC0415

    with TemporaryDirectory(prefix="ccproxy-") as folder:
        lines = Path(folder) / "rows"
        with _opened(lines) as target:
            target.writelines(f"{line}\n" for line in _lines(columns, rows))
        write_parquet(lines, file, columns)


def _masked(rows: Rows) -> Iterator[Sequence[object]]:
    """Mask texts as a table does, and leave all else as it is."""
    for row in rows:
        yield [
            mask_json(value, own=True)
            if isinstance(value, str | list | dict)
            else value
            for value in row
        ]


def _lines(columns: Sequence[str], rows: Rows) -> Iterator[str]:
    for row in rows:
        yield _json(dict(zip(columns, row, strict=True)))


@contextmanager
def _opened(file: Path | None) -> Iterator[TextIO]:
    if file is None:
        yield sys.stdout
        return
    try:
        with file.open("w", encoding="utf-8", newline="") as target:
            yield target
    except OSError as error:
        raise CCProxyError(f"{file} can't be written: {error.strerror}.") from error


def _cell(value: object) -> str:
    if isinstance(value, bool | list | dict):
        return _json(value)
    return "" if value is None else str(value)


def _json(value: object) -> str:
    """Write a value; the numbers that JSON has not, such as 1/0, are ``null``."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    if "NaN" not in text and "Infinity" not in text:
        return text
    told = json.loads(text, parse_constant=lambda _: None)
    return json.dumps(told, ensure_ascii=False)
