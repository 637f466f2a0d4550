"""The reference says what the code says."""

import re
import subprocess
import sys

import pytest

from docs.snippets import ROOT

pytestmark = pytest.mark.integration


def test_the_reference_is_current() -> None:
    """``make docs`` would change nothing."""
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/docs.py", "--check"],
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_both_programs_serve_with_the_same_options() -> None:
    """``ccproxy-server`` takes what ``ccproxy serve`` takes, as the reference says."""
    serve, server = (
        subprocess.run(
            [sys.executable, "-c", f"import sys; from {code}"],
            capture_output=True,
            text=True,
        ).stdout
        for code in (
            "ccproxy.cli.main import app; app(['serve', '--help'])",
            "ccproxy.api.serve import main; main(['--help'])",
        )
    )
    options = set(re.findall(r"--[a-z-]+", serve))
    own = {"--version"}  # of `ccproxy` it is an option of the whole program
    assert options | own == set(re.findall(r"--[a-z-]+", server))
    assert "--port" in options
