"""A home without settings, and a settings file to write."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ccproxy.config import Layers, read_layers


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder that holds nothing."""
    path = tmp_path / "home"
    monkeypatch.setenv("HOME", str(path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(path / "data"))
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "my.toml"


@pytest.fixture
def read(file: Path) -> Callable[..., Layers]:
    """Read layers out of the text of a file, variables and options."""

    def read(
        toml: str = "",
        environ: dict[str, str] | None = None,
        overrides: dict[str, str] | None = None,
    ) -> Layers:
        file.write_text(toml, encoding="utf-8")
        return read_layers(file, overrides or {}, environ or {})

    return read
