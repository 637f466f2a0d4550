"""A clean virtual environment that holds some of the wheels and what they need."""

import os
import re
import select
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fakes.trust import OUTSIDE, trusted

ROOT = Path(__file__).parents[2]
UV = os.environ.get("UV") or shutil.which("uv") or "uv"


def uv(*arguments: str | Path, cwd: Path = ROOT) -> str:
    """Run uv; what it prints is the answer, what it complains about the failure."""
    done = subprocess.run(
        [UV, *map(str, arguments)],
        cwd=cwd,
        env=OUTSIDE,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"uv {' '.join(map(str, arguments))}\n{done.stderr}"
    return done.stdout


@dataclass(frozen=True)
class Environment:
    """A virtual environment with a home folder of its own.

    Attributes:
        path: Where it is.
        compiled: Where its programs keep what they compile, for the next one there.
    """

    path: Path
    compiled: Path

    def variables(self) -> dict[str, str]:
        """Give what a program there sees: nothing of the tests' own environment."""
        return {
            "HOME": str(self.path / "home"),
            "PATH": f"{self.path / 'bin'}{os.pathsep}{os.defpath}",
            "LC_ALL": "C.UTF-8",
            "PYTHONPYCACHEPREFIX": str(self.compiled),
            **trusted(),
        }

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of its programs to the end."""
        return subprocess.run(
            [self.path / "bin" / program, *arguments],
            cwd=self.path,
            env=self.variables(),
            capture_output=True,
            text=True,
        )

    @contextmanager
    def serving(self, program: str, *arguments: str) -> Iterator[str]:
        """Start a gateway on a free port, and give its base URL."""
        command = [str(self.path / "bin" / program), *arguments, "--port", "0"]
        with serving(command, self.path, self.variables()) as url:
            yield url


Install = Callable[..., Environment]
"""Makes an environment with the wheels that are named."""


@contextmanager
def serving(command: list[str], cwd: Path, env: dict[str, str]) -> Iterator[str]:
    """Run a gateway until the test has done with it, and give its base URL."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield _announced(process)
    finally:
        process.terminate()
        said = process.communicate(timeout=30)[0]
    assert process.returncode == 0, said.decode()


def _announced(process: subprocess.Popen[bytes], patience: float = 60) -> str:
    """Read what a gateway prints until it says where it listens."""
    assert process.stdout is not None
    said = b""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if select.select([process.stdout], [], [], 1)[0]:
            more = os.read(process.stdout.fileno(), 4096)
            said += more
            if found := re.search(rb"running on (http://\S+)\s", said):
                return found[1].decode()
            assert more, said.decode()
    raise AssertionError(f"it announced nothing: {said.decode()}")
