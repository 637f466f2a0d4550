"""Finds the line on which a key of a TOML document stands."""

import re
import tomllib
from collections.abc import Iterator, Mapping

from ccproxy.config.keypath import KeyPath

_TOKEN = re.compile(
    r"""
    (?P<text> \"{3} (?:\\.|[^\\])*? \"{3,5} | '{3} .*? '{3,5}
            | "(?:\\.|[^"\\])*" | '[^']*' )
  | (?P<comment> \#[^\n]* )
  | (?P<newline> \n )
  | (?P<mark> [\[\]{}=.,] )
  | (?P<bare> [^\s\[\]{}=.,\#"']+ )
    """,
    re.VERBOSE | re.DOTALL,
)

Token = tuple[str, str]


def key_lines(text: str) -> dict[KeyPath, int]:
    """Return the line of each table and key of a valid TOML document.

    What stands inside a value (inline tables, lists) has no line of its own; see
    ``line_of``.
    """
    lines: dict[KeyPath, int] = {}
    counts: dict[KeyPath, int] = {}
    table: KeyPath = ()
    for line, statement in _statements(text):
        keys = _keys(statement)
        if statement[0] == ("mark", "["):
            is_array = statement[1] == ("mark", "[")
            table = path = _table(keys, counts, is_array=is_array)
        else:
            path = table + keys
        for depth in range(1, len(path) + 1):
            lines.setdefault(path[:depth], line)
    return lines


def line_of(path: KeyPath, lines: Mapping[KeyPath, int]) -> int | None:
    """Return the line of ``path`` or of the nearest thing around it."""
    for depth in range(len(path), 0, -1):
        if path[:depth] in lines:
            return lines[path[:depth]]
    return None


def _statements(text: str) -> Iterator[tuple[int, list[Token]]]:
    """Yield each header or assignment with the line it starts on."""
    line = start = 1
    depth = 0
    statement: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind, piece = str(match.lastgroup), match.group()
        if kind == "newline" and depth == 0 and statement:
            yield start, statement
            statement = []
        elif kind not in ("newline", "comment"):
            start = start if statement else line
            statement.append((kind, piece))
            if kind == "mark":
                depth += (piece in "[{") - (piece in "]}")
        line += piece.count("\n")
    if statement:
        yield start, statement


def _keys(statement: list[Token]) -> tuple[str, ...]:
    """Return the dotted key of a statement, without its quotes."""
    keys = []
    for kind, piece in statement:
        if piece == "=" and kind == "mark":
            break
        if kind == "text":
            keys.append(str(tomllib.loads(f"key = {piece}")["key"]))
        elif kind == "bare":
            keys.append(piece)
    return tuple(keys)


def _table(
    keys: tuple[str, ...], counts: dict[KeyPath, int], *, is_array: bool
) -> KeyPath:
    """Return the full path of a header, with the indices of arrays of tables."""
    path: KeyPath = ()
    for position, key in enumerate(keys, start=1):
        path += (key,)
        if is_array and position == len(keys):
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path += (counts[path],)
    return path
