"""How answers are written: JSON, or text that is coloured on a terminal only.

Answers go to standard output, all else to standard error.
"""

import json
import sys
from collections.abc import Mapping, Sequence

import typer

_COLOURS = {
    **dict.fromkeys(("ok", "ready", "running", "not-needed", "callers-own"), "green"),
    **dict.fromkeys(("warn", "missing", "disabled", "stopped"), "yellow"),
    **dict.fromkeys(("fail", "failed", "broken", "expired"), "red"),
}


def show_json(answer: Mapping[str, object]) -> None:
    """Write an answer for programs."""
    typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))


def show(text: str) -> None:
    """Write a line of an answer for people."""
    typer.echo(text)


def note(text: str) -> None:
    """Say what is no part of the answer."""
    typer.echo(text, err=True)


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a table: with colour on a terminal, else as aligned plain text."""
    if sys.stdout.isatty():
        _show_rich(columns, rows)
        return
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    for row in (columns, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


def coloured(word: str) -> str:
    """Colour a word that tells a state; it stays plain where no terminal reads it."""
    return typer.style(word, fg=_COLOURS.get(word.strip()))


def _show_rich(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    # Imported here: programs that read us never need it, and it is slow to import.
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(cell, style=_COLOURS.get(cell, "")) for cell in row))
    Console().print(table)
