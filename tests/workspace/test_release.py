"""A release: one version everywhere, and a changelog from its fragments."""

import importlib.util
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from workspace.environment import ROOT

pytestmark = pytest.mark.integration

KINDS = {"added", "changed", "fixed", "removed"}


@pytest.fixture(scope="module")
def bump() -> ModuleType:
    """The script, as a module."""
    spec = importlib.util.spec_from_file_location("bump", ROOT / "scripts/bump.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_bump_reaches_each_version_and_each_pin(
    bump: ModuleType, tmp_path: Path
) -> None:
    """After a bump no member has, or asks for, another version."""
    for file in [ROOT / "pyproject.toml", *ROOT.glob("packages/*/pyproject.toml")]:
        copy = tmp_path / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    changed = bump.bump(tmp_path, "7.8.9rc1")
    assert len(changed) == len([*ROOT.glob("packages/*")]) + 1
    for file in changed:
        project = tomllib.loads(file.read_text())["project"]
        assert project["version"] == "7.8.9rc1"
        pins = [each for each in project["dependencies"] if each.startswith("ccproxy-")]
        if file.parent != tmp_path:  # the workspace takes its members as they are
            assert all(pin.endswith("==7.8.9rc1") for pin in pins), pins
    assert bump.bump(tmp_path, "7.8.9rc1") == []


def test_a_bump_changes_nothing_but_versions(bump: ModuleType, tmp_path: Path) -> None:
    """Bumping to the version of today leaves each file as it is, byte for byte."""
    shutil.copytree(
        ROOT / "packages",
        tmp_path / "packages",
        ignore=lambda _, names: {n for n in names if n in {"src", "README.md"}},
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    today = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert bump.bump(tmp_path, today) == []


def test_fragments_are_one_sentence_of_a_known_kind() -> None:
    """Each fragment is ``<topic>.<kind>.md`` with one line that ends in a full stop."""
    fragments = [*(ROOT / "changelog.d").glob("*.md")]
    for fragment in fragments:
        _, kind, _ = fragment.name.split(".")
        assert kind in KINDS, fragment.name
        assert fragment.read_text().strip().endswith("."), fragment.name


def test_the_changelog_is_drafted_from_the_fragments() -> None:
    """Towncrier takes every fragment into a draft of the next release."""
    draft = subprocess.run(
        [sys.executable, "-m", "towncrier", "build", "--draft", "--version=9.9.9"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert draft.returncode == 0, draft.stderr
    assert draft.stdout.startswith("## 9.9.9 (")
    for fragment in (ROOT / "changelog.d").glob("*.md"):
        first = fragment.read_text().split()[:3]
        assert " ".join(first) in " ".join(draft.stdout.split()), fragment.name
