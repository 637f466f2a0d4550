"""Commands that plugins add."""

from pathlib import Path

import pytest

from ccproxy.errors import NotInstalledError, PluginError
from ccproxy.loader.catalogue import PIECES, by_path, by_plugin
from ccproxy.loader.commands import find_commands, run_command
from ccproxy.loader.discovery import discover

pytestmark = pytest.mark.integration


def test_the_server_adds_serve() -> None:
    assert find_commands()["serve"].target == "ccproxy.api.serve:main"


def test_an_unknown_command_is_not_there() -> None:
    with pytest.raises(NotInstalledError, match="No plugin adds the command 'gone'"):
        run_command("gone", [])


def test_a_command_that_points_nowhere_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lost.py").write_text(
        "from ccproxy.sdk import *\n"
        "class Lost(Plugin[PluginConfig]):\n"
        "    manifest = Manifest('lost', '1')\n"
        "    def setup(self, add):\n"
        "        add.command('lost', 'nowhere_at_all:main')\n"
    )
    found = discover(tmp_path)
    monkeypatch.setattr("ccproxy.loader.commands.discover", lambda _=None: found)
    with pytest.raises(PluginError, match="'lost' can't be loaded"):
        run_command("lost", [])


def test_the_catalogue_names_every_plugin_of_ours() -> None:
    ours = {each.name: each.origin.split()[0] for each in discover()}
    assert {piece.plugin: piece.wheel for piece in PIECES} == ours


def test_the_catalogue_knows_pages_and_switches() -> None:
    page = by_path("/dashboard/app.js")
    assert page is not None
    assert (page.wheel, page.switch) == ("ccproxy-dashboard", "dashboard.enabled")
    assert by_path("/dashboards") is None
    metrics = by_plugin("metrics")
    assert metrics is not None
    assert metrics.switch == "plugins.metrics.enabled"
