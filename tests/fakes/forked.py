"""The program ``ccproxy`` in a process of its own that need not import it first.

Importing is most of what a short command does, and there are hundreds of them in the
tests. So one server process imports it all, and each command is a fork of that process,
with the arguments, environment, folder and pipes that a new program would have.
What importing itself does is proved by the tests that start the program anew.
"""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ccproxy.cli.main import script

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload([__name__, "fakes.imported"])

PATIENCE = 50.0
"""Seconds a command may take."""


@contextmanager
def started_program(
    arguments: Sequence[str],
    environ: Mapping[str, str],
    folder: Path,
    *,
    stdout: Path,
    stderr: Path = Path(os.devnull),
) -> Iterator[BaseProcess]:
    """Start ``ccproxy``; if it still runs in the end, it is killed.

    Args:
        arguments: The command line, without the program's name.
        environ: All of its environment.
        folder: Where it runs.
        stdout: A file, or a named pipe, that it writes to.
        stderr: The same.
    """
    _ensure_running()
    told = ([*arguments], {**environ}, folder, stdout, stderr)
    process = _SERVER.Process(target=_become, args=told)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()
        process.close()


def run_program(
    arguments: Sequence[str], environ: Mapping[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """Run ``ccproxy`` to its end, and return what it has said."""
    with TemporaryDirectory() as told:
        stdout, stderr = Path(told, "stdout"), Path(told, "stderr")
        with started_program(
            arguments, environ, folder, stdout=stdout, stderr=stderr
        ) as process:
            process.join(PATIENCE)
            if (code := process.exitcode) is None:
                raise subprocess.TimeoutExpired(["ccproxy", *arguments], PATIENCE)
        return subprocess.CompletedProcess(
            ["ccproxy", *arguments], code, stdout.read_text(), stderr.read_text()
        )


def _ensure_running() -> None:
    """Start the server process, if need be; it is to find this package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
        forkserver.ensure_running()


def _become(
    arguments: list[str],
    environ: dict[str, str],
    folder: Path,
    stdout: Path,
    stderr: Path,
) -> None:
    """Be the program, in the fork."""
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(folder)
    sys.path[:0] = [each for each in environ.get("PYTHONPATH", "").split(":") if each]
    for number, path in enumerate([Path(os.devnull), stdout, stderr]):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT
        os.dup2(os.open(path, flags, 0o600), number)
    sys.argv = ["ccproxy", *arguments]
    script()
