"""Files are where the platform keeps them, and private where it matters."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccproxy.config.paths import config_file, data_dir, private_dir, write_private

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


def test_a_private_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "new" / "config.toml"
    write_private(file, "a = 1\n")
    assert (file.read_bytes(), _mode(file), _mode(file.parent)) == (
        b"a = 1\n",
        0o600,
        0o700,
    )


def test_writing_over_a_file_makes_it_private(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.touch(0o644)
    write_private(file, "é\n")
    assert (file.read_text(encoding="utf-8"), _mode(file)) == ("é\n", 0o600)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path,
) -> None:
    file = tmp_path / "config.toml"
    file.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_private(file, "new \udcff")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [
        ("config.toml", "old")
    ]
