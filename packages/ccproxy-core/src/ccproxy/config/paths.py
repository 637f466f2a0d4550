"""Where the gateway keeps its files, in folders that are private."""

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
