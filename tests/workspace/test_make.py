"""The make targets, and what they run that no other test does."""

import re
import subprocess
import sys

import pytest

from workspace.environment import ROOT

pytestmark = pytest.mark.e2e


def test_help_names_each_target() -> None:
    """``make help`` has a line for every target that is no file."""
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    told = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True)
    lines = re.findall(r"^make (\S+) +\w.*$", told.stdout, re.MULTILINE)
    assert sorted(lines) == sorted(phony[1].split())


def test_the_benchmark_measures() -> None:
    """The load script drives a gateway and tells each figure with its range."""
    told = subprocess.run(
        [sys.executable, ROOT / "scripts/bench.py", "--requests=40", "--rounds=2"],
        capture_output=True,
        text=True,
    )
    assert (told.returncode, told.stderr) == (0, "")
    start, *figures = told.stdout.splitlines()
    assert re.fullmatch(r"start to first answer +\d+\.\d\d s", start)
    assert len(figures) == 4
    for line in figures:
        assert re.search(r" [\d.]+ \([\d.]+ to [\d.]+\) (ms p50|requests/s)$", line)
