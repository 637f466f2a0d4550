"""Private files are whole and private, whatever happens."""

import os
from pathlib import Path

import pytest

from ccproxy.sdk.disk import write_private

pytestmark = pytest.mark.unit


def test_a_file_is_private_from_its_first_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []

    def fsync(handle: int) -> None:
        modes.append(os.fstat(handle).st_mode & 0o777)

    monkeypatch.setattr(os, "fsync", fsync)
    write_private(tmp_path / "x" / "y", b"secret")
    assert modes == [0o600, 0o700]  # the file, and the folder that names it


def test_a_writing_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x" / "y"
    write_private(path, b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_private(path, b"new")
    assert path.read_bytes() == b"old"
    assert [each.name for each in path.parent.iterdir()] == ["y"]


def test_writing_over_a_file_makes_it_private(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.touch(0o644)
    write_private(file, b"new")
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new", 0o600)
