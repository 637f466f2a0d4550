"""Answers are plain text for programs, and coloured tables on a terminal."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from ccproxy.cli.console import Lines, show_table
from fakes.forked import PATIENCE, started_program

pytestmark = pytest.mark.e2e


def on_a_terminal(environ: dict[str, str], *arguments: str) -> str:
    """Run ``ccproxy`` with a terminal as its output, and return what that got."""
    reading, writing = pty.openpty()
    with started_program(
        arguments,
        environ | {"TERM": "xterm-256color"},
        Path(environ["HOME"]),
        stdout=Path(os.ttyname(writing)),
    ) as process:
        process.join(PATIENCE)
    os.close(writing)
    pieces = []
    with os.fdopen(reading, "rb", buffering=0) as terminal:
        try:
            while piece := terminal.read(4096):
                pieces.append(piece)
        except OSError:  # Linux says so when the other end has closed
            pass
    return b"".join(pieces).decode()


def test_a_terminal_gets_colours(environ: dict[str, str]) -> None:
    told = on_a_terminal(environ, "plugins", "list", "--set", "plugins.enable=[]")
    assert "\x1b[33mdisabled\x1b[0m" in told
    assert "\x1b[1mNAME" in told


@pytest.mark.parametrize(("width", "has_source"), [("80", False), ("160", True)])
def test_a_narrow_terminal_gets_whole_names_and_no_source(
    environ: dict[str, str], width: str, has_source: bool
) -> None:
    environ["COLUMNS"] = width
    told = on_a_terminal(environ, "plugins", "list")
    names = {line.split(" ")[0] for line in told.splitlines()}
    assert {"anthropic", "dashboard", "sandbox", "server"} <= names
    assert ("SOURCE" in told) == has_source
    assert ("ccproxy-plugin-anthropic 0.1.0" in told) == has_source


def test_states_of_checks_are_coloured_too(environ: dict[str, str]) -> None:
    told = on_a_terminal(environ, "doctor", "--set", "server.prt=1")
    assert told.startswith("\x1b[32mok  \x1b[0m  python")
    assert "\x1b[31mfail\x1b[0m  settings" in told


def test_json_stays_json_on_a_terminal(environ: dict[str, str]) -> None:
    told = on_a_terminal(environ, "config", "path", "--json")
    assert told.startswith("{\r\n")
    assert "\x1b" not in told


def test_a_value_of_several_lines_stays_in_its_row(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_table(("A", "B"), [("1\n2\r\n3", "x")])
    assert capsys.readouterr().out == "A          B\n1\\n2\\r\\n3  x\n"


def test_lines_that_come_one_by_one_are_aligned(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = Lines([4, 0, 0])
    for cells in (("A", "B", "C"), ("1", "long", "2"), ("1", "2", "3")):
        lines.show(cells)
    assert capsys.readouterr().out == ("A     B  C\n1     long  2\n1     2     3\n")


@pytest.mark.usefixtures("port")
@pytest.mark.parametrize("command", ["list", "status"])
def test_a_pipe_gets_plain_text(environ: dict[str, str], command: str) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "ccproxy.cli", "plugins", command],
        env=environ | {"FORCE_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "\x1b" not in told.stdout
