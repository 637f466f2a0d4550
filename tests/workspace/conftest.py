"""All wheels, built once, and clean environments to install some of them into."""

import tomllib
from pathlib import Path

import pytest

from workspace.environment import ROOT, Environment, Install, uv

TIMEOUT = 240
"""Seconds for a test here, as the first may have to fetch what the wheels need."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of this folder in one process, so that it builds once."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.xdist_group("workspace"))
            item.add_marker(pytest.mark.timeout(TIMEOUT))


@pytest.fixture(scope="session")
def members() -> dict[str, Path]:
    """The folder of each wheel, by the wheel's name."""
    projects = sorted(ROOT.glob("packages/*/pyproject.toml"))
    return {
        tomllib.loads(project.read_text())["project"]["name"]: project.parent
        for project in projects
    }


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a wheel and a source distribution of each member."""
    folder = tmp_path_factory.mktemp("dist")
    uv("build", "--all-packages", "--out-dir", folder)
    return folder


@pytest.fixture(scope="session")
def wheels(dist: Path, members: dict[str, Path]) -> dict[str, Path]:
    """The file of each wheel, by the wheel's name."""
    found = {name: [*dist.glob(f"{name.replace('-', '_')}-*.whl")] for name in members}
    assert all(len(files) == 1 for files in found.values()), found
    return {name: files[0] for name, files in found.items()}


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the environments, one after the other.

    Where each is at the same path, modules are compiled once and not for each of them.
    """
    return tmp_path_factory.mktemp("place")


@pytest.fixture
def install(dist: Path, tmp_path: Path, place: Path) -> Install:
    """Make a clean environment with these wheels; the rest is as uv.lock says."""

    def install(*names: str) -> Environment:
        environment = Environment(place / "environment", place / "compiled")
        locked = tmp_path / "pylock.toml"
        chosen = [f"--package={name}" for name in names]
        uv("venv", "--clear", environment.path)
        (environment.path / "home").mkdir()
        uv(
            *("export", "--locked", "--no-dev", "--no-emit-workspace", *chosen),
            *("--format=pylock.toml", f"--output-file={locked}"),
        )
        into = ("pip", "install", f"--python={environment.path}")
        uv(*into, f"--requirements={locked}")
        uv(*into, "--no-index", f"--find-links={dist}", *names)
        return environment

    return install
