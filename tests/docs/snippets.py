"""Finds the documents and what is fenced in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^( *)```(\S+)([^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Snippet:
    """A fenced block.

    Attributes:
        file: Where it stands.
        line: The line of its fence.
        language: The first word behind the fence.
        mark: The words after it.
        text: What is fenced.
    """

    file: Path
    line: int
    language: str
    mark: str
    text: str

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line}"


def documents() -> list[Path]:
    """List everything people read."""
    patterns = ("*.md", "docs/**/*.md", "packages/*/README.md", "examples/*/README.md")
    return sorted(file for pattern in patterns for file in ROOT.glob(pattern))


def snippets(*languages: str) -> list[Snippet]:
    """List the blocks in these languages."""
    found = (each for file in documents() for each in _in(file))
    return [each for each in found if each.language in languages]


def _in(file: Path) -> Iterator[Snippet]:
    text = file.read_text()
    for fence in _FENCE.finditer(text):
        indent, language, mark, body = fence.groups()
        lines = (line.removeprefix(indent) for line in body.splitlines(keepends=True))
        number = text.count("\n", 0, fence.start()) + 1
        yield Snippet(file, number, language, mark.strip(), "".join(lines))
