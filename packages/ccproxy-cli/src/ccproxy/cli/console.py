"""How answers are written: JSON, or text that is coloured on a terminal only.

Answers go to standard output, all else to standard error. Secrets in an answer are
masked here; e-mail addresses stay, since whoever runs a command asks about themselves.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from itertools import compress

import typer

from ccproxy.security.sanitizer import mask_json, mask_text

_COLOURS = {
    **dict.fromkeys(("ok", "ready", "running", "not-needed", "callers-own"), "green"),
    **dict.fromkeys(("warn", "missing", "disabled", "stopped"), "yellow"),
    **dict.fromkeys(("fail", "failed", "broken", "expired"), "red"),
}

_LAST = 24
"""Least width of the last column, which may wrap."""


def show_json(answer: Mapping[str, object], *, whole: bool = False) -> None:
    """Write an answer for programs.

    Args:
        answer: What they want to know.
        whole: Whether it is meant to be used as it is, so that nothing is masked.
    """
    told = answer if whole else mask_json(answer, own=True)
    typer.echo(json.dumps(told, indent=2, ensure_ascii=False))


def show(text: str, *, whole: bool = False) -> None:
    """Write a line of an answer for people; ``whole`` is as in ``show_json``."""
    typer.echo(text if whole else mask_text(text, own=True))


def note(text: str) -> None:
    """Say what is no part of the answer, as it is: an address to open must be whole."""
    typer.echo(text, err=True)


def show_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, spare: str | None = None
) -> None:
    """Write a table: with colour on a terminal, else as aligned plain text.

    Args:
        columns: The titles.
        rows: The cells.
        spare: The column that a narrow terminal does without.
    """
    rows = [[_in_one_line(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _show_rich(columns, rows, spare)
        return
    widths = _widths(columns, rows)
    for row in (columns, *rows):
        typer.echo(_aligned(row, widths))


class Lines:
    """A table whose lines are shown as they come; a wider cell widens what follows.

    Args:
        widths: Least width of each cell.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        self._widths = [*widths]

    def show(self, cells: Sequence[str]) -> None:
        """Write one line, in as many cells as there are widths."""
        cells = [_in_one_line(cell) for cell in cells]
        self._widths = list(map(max, self._widths, map(len, cells)))
        typer.echo(_aligned(cells, self._widths))


def coloured(word: str) -> str:
    """Colour a word that tells a state; it stays plain where no terminal reads it."""
    return typer.style(word, fg=_COLOURS.get(word.strip()))


def _widths(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(columns, *rows, strict=True)]


def _in_one_line(cell: str) -> str:
    """Mask a text, and write line breaks as programs do: they would break the table."""
    return mask_text(cell, own=True).translate({10: r"\n", 13: r"\r"})


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()


def _show_rich(
    columns: Sequence[str], rows: Sequence[Sequence[str]], spare: str | None
) -> None:
    # Imported here: programs that read us never need it, and it is slow to import.
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console()
    needed = sum(width + 2 for width in _widths(columns, rows)[:-1]) + _LAST
    is_narrow = needed > console.width
    shown = [not (is_narrow and column == spare) for column in columns]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for position, column in enumerate(compress(columns, shown)):
        table.add_column(column, no_wrap=position == 0)
    for row in rows:
        cells = (Text(cell, style=_COLOURS.get(cell, "")) for cell in row)
        table.add_row(*compress(cells, shown))
    console.print(table)
