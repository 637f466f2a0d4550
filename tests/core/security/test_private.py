"""What is made is private, and folders of others keep their mode."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccproxy.security.private import private_dir, private_file

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    """A umask that hides nothing, so that the modes are our own."""
    before = os.umask(0)
    yield
    os.umask(before)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_private_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = private_dir(tmp_path / "a" / "b")
    assert (path, _mode(path)) == (tmp_path / "a" / "b", 0o700)


def test_a_folder_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    assert _mode(private_dir(shared)) == 0o755


def test_a_file_that_others_make_is_nobody_elses_at_any_time(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with private_file(path) as made:
        made.write_text("new")
        assert _mode(made.parent) == 0o700
        assert not path.exists()
    assert (path.read_text(), _mode(path)) == ("new", 0o600)


def test_a_file_that_was_not_finished_is_none(tmp_path: Path) -> None:
    def begin() -> None:
        with private_file(tmp_path / "file") as made:
            made.write_text("half")
            raise EOFError

    with pytest.raises(EOFError):
        begin()
    assert [*tmp_path.iterdir()] == []
