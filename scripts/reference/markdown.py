"""Small pieces of Markdown."""

import inspect
import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

Schema: TypeAlias = dict[str, Any]
"""A JSON Schema, or a part of one."""

_ATTRIBUTES = re.compile(r"^Attributes:\n((?:    .*\n?|\n)*)", re.MULTILINE)
_ATTRIBUTE = re.compile(r"^(\w+): (.*(?:\n +.*)*)", re.MULTILINE)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def prose(text: str | None) -> str:
    """Write a docstring as one line of Markdown."""
    return " ".join((text or "").replace("``", "`").split())


def code(text: object) -> str:
    """Write something as code."""
    return f"`{text}`"


def summary(documented: object) -> str:
    """Take what a docstring says before its sections."""
    return prose(re.split(r"\n\n\w+:\n", inspect.getdoc(documented) or "")[0])


def attributes(documented: type) -> dict[str, str]:
    """Read the ``Attributes`` of a class, those of its parents first."""
    found: dict[str, str] = {}
    for each in reversed(documented.__mro__):
        section = _ATTRIBUTES.search(
            inspect.cleandoc(each.__dict__.get("__doc__") or "")
        )
        if section:
            lines = inspect.cleandoc(section[1])
            found |= {name: prose(text) for name, text in _ATTRIBUTE.findall(lines)}
    return found


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
