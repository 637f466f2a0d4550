"""Files are where the platform keeps them, and private where it matters."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccproxy.config.paths import config_file, data_dir, private_dir

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    """A umask that hides nothing, so that the modes are our own."""
    before = os.umask(0)
    yield
    os.umask(before)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folders_of_the_user_are_honoured(home: Path) -> None:
    assert config_file() == home / "config/ccproxy/config.toml"
    assert data_dir() == home / "data/ccproxy"


def test_asking_for_a_place_creates_nothing(home: Path) -> None:
    config_file()
    data_dir()
    assert not home.exists()


def test_a_private_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = private_dir(tmp_path / "a" / "b")
    assert (path, _mode(path)) == (tmp_path / "a" / "b", 0o700)


def test_a_folder_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    assert _mode(private_dir(shared)) == 0o755
