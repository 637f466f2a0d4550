"""Where the gateway keeps its files, and how it makes them private."""

import os
import tempfile
from pathlib import Path

import platformdirs

_APP = "ccproxy"


def config_file() -> Path:
    """Return the settings file used when none is named; it need not exist."""
    return platformdirs.user_config_path(_APP, appauthor=False) / "config.toml"


def data_dir() -> Path:
    """Return the folder of the database; it need not exist."""
    return platformdirs.user_data_path(_APP, appauthor=False)


def private_dir(path: Path) -> Path:
    """Create ``path`` for this user alone (0700), if it is not there; return it.

    A folder that exists keeps its mode: its owner chose it.

    Raises:
        OSError: It can't be created.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def write_private(path: Path, text: str) -> None:
    """Write a file only this user can read (0600), all at once or not at all.

    A reader sees the old file or the new one, never a part.

    Raises:
        OSError: It can't be written.
    """
    handle, name = tempfile.mkstemp(dir=private_dir(path.parent), prefix=f".{_APP}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
