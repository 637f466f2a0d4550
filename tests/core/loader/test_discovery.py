"""Where plugins come from."""

from pathlib import Path

import pytest

from ccproxy.errors import PluginError
from ccproxy.loader.discovery import discover

pytestmark = pytest.mark.integration

PLUGIN = """
from ccproxy.sdk import Manifest, Plugin, PluginConfig

class Local(Plugin[PluginConfig]):
    manifest = Manifest("NAME", "1.0")
"""


def write(directory: Path, name: str, code: str) -> None:
    (directory / f"{name}.py").write_text(code.replace("NAME", name))


def test_installed_wheels_are_found_by_their_entry_points() -> None:
    found = {each.name: each for each in discover()}
    assert found["sandbox"].source == "entry-point"
    assert found["sandbox"].origin.startswith("ccproxy-server ")
    assert found["sandbox"].load().manifest.name == "sandbox"


def test_files_and_packages_of_the_directory_are_found(tmp_path: Path) -> None:
    write(tmp_path, "one", PLUGIN)
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "__init__.py").write_text(
        "from .inner import NAME\n" + PLUGIN.replace("NAME", "two")
    )
    (tmp_path / "two" / "inner.py").write_text("NAME = 1\n")
    (tmp_path / "notes.txt").write_text("no plugin")
    local = {
        each.name: each for each in discover(tmp_path) if each.source != "entry-point"
    }
    assert sorted(local) == ["one", "two"]
    assert [local[name].load().manifest.name for name in sorted(local)] == [
        "one",
        "two",
    ]


def test_of_a_name_twice_the_entry_point_wins_and_says_so(tmp_path: Path) -> None:
    write(tmp_path, "sandbox", PLUGIN)
    found = {each.name: each for each in discover(tmp_path)}
    assert found["sandbox"].source == "entry-point"
    assert found["sandbox"].shadows == str(tmp_path / "sandbox.py")


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="can't be read: No such file"):
        discover(tmp_path / "gone")


def test_a_directory_anybody_may_write_to_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(PluginError, match="chmod o-w"):
        discover(tmp_path)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("x = 1", "defines 0 plugins"),
        (PLUGIN + PLUGIN.replace("Local", "Second"), "defines 2 plugins"),
        (
            PLUGIN.replace('manifest = Manifest("NAME", "1.0")', "pass"),
            "has no manifest",
        ),
        ("1 / 0", "division"),
    ],
)
def test_a_file_that_is_no_plugin_fails_only_when_loaded(
    tmp_path: Path, code: str, reason: str
) -> None:
    write(tmp_path, "odd", code)
    odd = next(each for each in discover(tmp_path) if each.name == "odd")
    with pytest.raises((PluginError, ZeroDivisionError), match=reason):
        odd.load()
