"""Writing files that nobody else may read and no crash may tear."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Write a file for this user alone, all at once, and on the disk when this returns.

    A reader sees the old file or the new one. The file is readable by its owner only
    from its first byte, and so is the folder, if it has to be made. Blocks.

    Raises:
        OSError: It can't be written.
    """
    folder = path.parent
    make_private(folder)
    handle, name = tempfile.mkstemp(dir=folder, prefix=_prefix(path))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync(folder)


def make_private(folder: Path) -> None:
    """Make a folder for this user alone, and the one above, if they are not there.

    Raises:
        OSError: They can't be made.
    """
    for each in (folder.parent, folder):
        each.mkdir(mode=0o700, parents=True, exist_ok=True)


def remove_leftovers(path: Path) -> None:
    """Remove what crashes have left of earlier writings of a file. Blocks.

    What can't be removed now goes another time.
    """
    with suppress(OSError):
        for left in path.parent.glob(f"{_prefix(path)}*"):
            left.unlink(missing_ok=True)


def _prefix(path: Path) -> str:
    return f".{path.name}~"


def _sync(folder: Path) -> None:
    """Make the new name last; Windows has no such thing."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
