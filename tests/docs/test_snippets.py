"""What the documentation shows works when it is typed."""

import re
import shutil
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from ccproxy.config import Launch, load, plugin_sections, section
from ccproxy.loader.discovery import discover
from docs.snippets import Snippet, snippets

pytestmark = pytest.mark.e2e

SHOWN_ADDRESS = "127.0.0.1:8000"
RUNNERS = {"bash": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}
RUN = [each for each in snippets(*RUNNERS) if each.mark == "run"]
CONSOLE = snippets("console")
SETTINGS = [each for each in snippets("toml") if each.mark in {"", "settings"}]


def run(
    language: str, text: str, home: Path, variables: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run what a snippet holds."""
    if "curl" in text and shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    command = [*RUNNERS[language], text]
    return subprocess.run(
        command, cwd=home, env=variables, capture_output=True, text=True
    )


@pytest.mark.parametrize("snippet", RUN, ids=str)
def test_a_snippet_runs(
    snippet: Snippet, address: str, home: Path, variables: dict[str, str]
) -> None:
    """It succeeds beside a running gateway, and each curl in it gets an answer."""
    text = snippet.text.replace(SHOWN_ADDRESS, address).replace("curl ", "curl -f ")
    done = run(snippet.language, text, home, variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


@pytest.mark.parametrize("snippet", CONSOLE, ids=str)
def test_a_session_prints_what_is_shown(
    snippet: Snippet, address: str, home: Path, variables: dict[str, str]
) -> None:
    """Each ``$`` line prints the lines below it; ``...`` stands for anything."""
    text = snippet.text.replace(SHOWN_ADDRESS, address)
    calls = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    assert calls
    for call in calls:
        command, _, shown = call.partition("\n")
        done = run("bash", command, home, variables)
        assert matches(done.stdout + done.stderr, shown), (done, shown)


def matches(printed: str, shown: str) -> bool:
    """Compare, with ``...`` for anything."""
    pattern = re.sub(r"([\[*?])", r"[\1]", shown.strip()).replace("...", "*")
    return fnmatchcase(printed.strip(), pattern)


@pytest.mark.parametrize(
    ("printed", "shown", "same"),
    [
        ("a\nb\n", "a\nb", True),
        ("a\nb\nc\n", "a\n...\nc", True),
        ("[x] *", "[x] *", True),
        ("[x] y", "[x] *", False),
        ("a\nb\n", "a", False),
    ],
)
def test_how_sessions_are_compared(printed: str, shown: str, same: bool) -> None:
    """Only three dots stand for something else."""
    assert matches(printed, shown) is same


@pytest.mark.parametrize("snippet", SETTINGS, ids=str)
def test_a_settings_file_is_right(snippet: Snippet, tmp_path: Path) -> None:
    """It loads strictly, the sections of plugins that are installed too."""
    file = tmp_path / "config.toml"
    file.write_text(snippet.text)
    layers = Launch(file, {}).layers({"HOME": str(tmp_path)})
    load(layers)
    models = {each.name: each.load().manifest.config for each in discover()}
    for name in plugin_sections(layers):
        if name in models:
            section(layers, name, models[name])
        else:
            assert "examples" in snippet.file.parts, f"no plugin {name}"


def test_the_readme_is_among_what_is_run() -> None:
    """The three curls and both SDKs of the README are snippets that run."""
    readme = [each for each in RUN if each.file.name == "README.md"]
    assert sum(each.text.count("curl") for each in readme) >= 3
    assert sum(each.language == "python" for each in readme) >= 2
