"""Folders and files for one user alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


def private_dir(path: Path) -> Path:
    """Create ``path`` for this user alone (0700), if it is not there; return it.

    A folder that exists keeps its mode: its owner chose it.

    Raises:
        OSError: It can't be created.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


@contextmanager
def private_file(path: Path) -> Iterator[Path]:
    """Lend a place for a file that somebody else makes as the umask says.

    It is in a folder that nobody else may open; at the end the file is moved to
    ``path``, for this user alone, all at once or not at all.

    Raises:
        OSError: It can't be moved there.
    """
    with TemporaryDirectory(dir=path.parent, prefix=".ccproxy-") as folder:
        made = Path(folder) / path.name
        yield made
        made.chmod(0o600)
        made.replace(path)
