"""The real program in a home of its own, and a real gateway for it to find."""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from fakes.databases import lay_tables
from fakes.forked import run_program, started_program
from fakes.trust import trusted

Run = Callable[..., subprocess.CompletedProcess[str]]
EXAMPLE = Path(__file__).parents[2] / "examples" / "hello-plugin"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.fixture
def environ(home: Path) -> dict[str, str]:
    """An environment that knows nothing of the one the tests run in."""
    return {
        "HOME": str(home),
        "PATH": os.defpath,
        "PYTHONPATH": "",
        "COLUMNS": "80",
        "LC_ALL": "C.UTF-8",
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
        **trusted(),
    }


@pytest.fixture
def ccproxy(home: Path, environ: dict[str, str]) -> Run:
    """Run ``ccproxy`` to its end."""

    def run(
        *arguments: str, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return run_program(arguments, environ | dict(env or {}), home)

    return run


@pytest.fixture
def port(environ: dict[str, str]) -> int:
    """A port nobody listens on; the settings name it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number: int = listener.getsockname()[1]
    environ["CCPROXY_SERVER__PORT"] = str(number)
    return number


@pytest.fixture
def gateway(home: Path, environ: dict[str, str], port: int) -> Iterator[str]:
    """The URL of a gateway that runs with the environment as it is by now."""
    if not (database := home / "data/ccproxy/ccproxy.duckdb").exists():
        lay_tables(database)
    stdout = home.parent / "stdout"
    os.mkfifo(stdout)
    with (
        started_program(
            ["serve", "--log-level", "error"], environ, home, stdout=stdout
        ) as process,
        stdout.open() as told,
    ):
        first = told.readline()
        assert first.split()[-1:] == [f"http://127.0.0.1:{port}"]
        yield first.split()[-1]
        process.terminate()
        told.read()
        process.join()
        assert process.exitcode == 0


@pytest.fixture
def hello_installed(tmp_path: Path, environ: dict[str, str]) -> None:
    """Let the example plugin be found by its entry point."""
    wheel = tmp_path / "site" / "hello_plugin-0.1.0.dist-info"
    wheel.mkdir(parents=True)
    (wheel / "METADATA").write_text("Name: hello-plugin\nVersion: 0.1.0\n")
    points = (
        "[ccproxy.plugins]\nhello = hello_plugin:HelloPlugin\n"
        "[ccproxy.commands]\nhello = hello_plugin.command:main\n"
    )
    (wheel / "entry_points.txt").write_text(points)
    environ["PYTHONPATH"] = os.pathsep.join([str(wheel.parent), str(EXAMPLE / "src")])


@pytest.fixture
def broken_plugin(home: Path, environ: dict[str, str]) -> None:
    """Let a plugin be found that can't be imported."""
    folder = home / "plugins"
    folder.mkdir(mode=0o755)
    (folder / "crooked.py").write_text("raise RuntimeError('it is crooked')\n")
    environ["CCPROXY_PLUGINS__DIRECTORY"] = str(folder)
