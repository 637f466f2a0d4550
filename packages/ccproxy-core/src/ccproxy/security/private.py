"""Folders for one user alone."""

from pathlib import Path


def private_dir(path: Path) -> Path:
    """Create ``path`` for this user alone (0700), if it is not there; return it.

    A folder that exists keeps its mode: its owner chose it.

    Raises:
        OSError: It can't be created.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
