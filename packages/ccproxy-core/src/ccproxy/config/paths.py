"""Where the gateway keeps its files."""

from pathlib import Path

import platformdirs

_APP = "ccproxy"


def config_file() -> Path:
    """Return the settings file used when none is named; it need not exist."""
    return platformdirs.user_config_path(_APP, appauthor=False) / "config.toml"


def data_dir() -> Path:
    """Return the folder of the database; it need not exist."""
    return platformdirs.user_data_path(_APP, appauthor=False)
