"""What a document points at is there."""

import re
from pathlib import Path

import pytest

from docs.snippets import ROOT, documents, snippets

pytestmark = pytest.mark.unit

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_FENCED = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)


def anchors(file: Path) -> set[str]:
    """List the anchors of a document's headings, as GitHub makes them."""
    headings = _HEADING.findall(_FENCED.sub("", file.read_text()))
    words = (re.sub(r"[^\w\- ]", "", each.lower()) for each in headings)
    return {each.replace(" ", "-") for each in words}


@pytest.mark.parametrize("file", documents(), ids=lambda f: str(f.relative_to(ROOT)))
def test_links_lead_somewhere(file: Path) -> None:
    """Each relative link is a file that is there, and each anchor a heading in it."""
    for link in _LINK.findall(_FENCED.sub("", file.read_text())):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (file.parent / path).resolve() if path else file
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_each_document_is_reached_from_the_readme() -> None:
    """No page in ``docs`` is an orphan, decisions aside."""
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        file = waiting.pop()
        reached.add(file)
        links = (each.partition("#")[0] for each in _LINK.findall(file.read_text()))
        targets = {
            (file.parent / each).resolve() for each in links if "://" not in each
        }
        waiting += [each for each in targets - reached if each.suffix == ".md"]
    pages = {file for file in (ROOT / "docs").rglob("*.md") if "adr" not in file.parts}
    assert pages <= reached


def test_make_targets_exist() -> None:
    """Each ``make`` target that a document names is one of the Makefile's."""
    known = set(_TARGET.findall((ROOT / "Makefile").read_text()))
    named = {
        target
        for file in documents()
        for line in re.findall(r"`make ([a-z -]+)`", file.read_text())
        for target in line.split()
    }
    for snippet in snippets("bash", "console"):
        named |= set(re.findall(r"^\$? ?make ([a-z-]+)", snippet.text, re.MULTILINE))
    assert {"run", "test", "ci"} <= named <= known
