"""A gateway for the documentation's snippets to talk to."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.trust import trusted
from workspace.environment import serving


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which snippets run, the home of whoever runs them."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def variables(home: Path) -> dict[str, str]:
    """What they find in the environment: nothing of the tests' own."""
    programs = Path(sys.executable).parent
    return {
        "HOME": str(home),
        "PATH": f"{programs}{os.pathsep}{os.defpath}",
        "LC_ALL": "C.UTF-8",
        "NO_PROXY": "127.0.0.1",
        **trusted(),
    }


@pytest.fixture(scope="session")
def address(home: Path, variables: dict[str, str]) -> Iterator[str]:
    """Where a gateway of the defaults listens, such as ``127.0.0.1:40000``."""
    command = [sys.executable, "-m", "ccproxy.cli", "serve", "--port", "0"]
    with serving(command, home, variables) as url:
        yield url.removeprefix("http://")
