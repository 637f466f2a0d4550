"""Files are where the platform keeps them."""

from pathlib import Path

import pytest

from ccproxy.config.paths import config_file, data_dir

pytestmark = pytest.mark.unit


def test_the_folders_of_the_user_are_honoured(home: Path) -> None:
    assert config_file() == home / "config/ccproxy/config.toml"
    assert data_dir() == home / "data/ccproxy"


def test_asking_for_a_place_creates_nothing(home: Path) -> None:
    config_file()
    data_dir()
    assert not home.exists()
