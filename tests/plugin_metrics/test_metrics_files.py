"""The Grafana dashboard and the alert rules ask for what there is, in legal PromQL."""

import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ccproxy.plugins.metrics import MetricsPlugin
from ccproxy.plugins.metrics.command import FILES, main, text_of
from ccproxy.testing import gateway

HERE = Path(__file__).parent
SUFFIX = re.compile(r"_(?:bucket|count|sum)$")


def expressions() -> list[str]:
    """All that the dashboard asks for, its variables filled in."""
    panels = json.loads(text_of("dashboard"))["panels"]
    found = [target["expr"] for panel in panels for target in panel["targets"]]
    return [
        each.replace("$__rate_interval", "5m").replace("$job", ".*") for each in found
    ]


@pytest.fixture
async def told() -> AsyncIterator[str]:
    """What a gateway tells that has answered, called tools, and failed."""
    settings = {"plugins": {"metrics": {"chunk_gaps": True}}}
    async with gateway(MetricsPlugin, settings=settings) as running:
        for model in ("sandbox-echo", "sandbox-tools", "sandbox-error-500"):
            said = [{"role": "user", "content": "hello"}]
            body = {"model": model, "messages": said, "stream": True}
            await running.client.post("/v1/chat/completions", json=body)
        yield (await running.client.get("/metrics")).text


@pytest.mark.integration
async def test_what_is_asked_for_is_told(told: str) -> None:
    known = {*re.findall(r"^# TYPE (\w+) ", told, re.MULTILINE)}
    asked = {
        SUFFIX.sub("", name)
        for text in (*expressions(), text_of("rules"))
        for name in re.findall(r"\b(?:ccproxy|process)_\w+", text)
    }
    assert len(asked) > 20
    assert asked - known == set()


@pytest.mark.unit
def test_the_dashboard_has_one_of_each_panel() -> None:
    dashboard = json.loads(text_of("dashboard"))
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({panel["title"] for panel in panels}) == len(panels)
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}
    assert len(places) == len(panels)
    variables = {each["name"] for each in dashboard["templating"]["list"]}
    assert {*re.findall(r"\$\{?([a-z]+)", text_of("dashboard"))} <= variables


@pytest.mark.unit
@pytest.mark.parametrize("name", FILES)
def test_the_command_prints_them(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name]) == 0
    assert capsys.readouterr().out == text_of(name)


@pytest.fixture
def promtool(tmp_path: Path) -> Path:
    """A folder with the rules, and with the dashboard's expressions as rules."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")
    (tmp_path / "rules.yml").write_text(text_of("rules"))
    recorded = [
        {"record": f"panel:{number}", "expr": each}
        for number, each in enumerate(expressions())
    ]
    group = {"name": "dashboard", "rules": recorded}
    (tmp_path / "dashboard.yml").write_text(json.dumps({"groups": [group]}))
    shutil.copy(HERE / "rules_test.yml", tmp_path)
    return tmp_path


def run(folder: Path, *arguments: str, given: str | None = None) -> str:
    done = subprocess.run(
        ["promtool", *arguments],
        cwd=folder,
        input=given,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.services
def test_promtool_accepts_rules_and_dashboard(promtool: Path) -> None:
    assert "11 rules found" in run(promtool, "check", "rules", "rules.yml")
    checked = run(promtool, "check", "rules", "dashboard.yml")
    assert f"{len(expressions())} rules found" in checked


@pytest.mark.services
def test_the_rules_fire_when_they_should_and_not_before(promtool: Path) -> None:
    assert "SUCCESS" in run(promtool, "test", "rules", "rules_test.yml")


@pytest.mark.services
async def test_promtool_finds_no_fault_in_what_is_told(
    promtool: Path, told: str
) -> None:
    assert run(promtool, "check", "metrics", given=told) == ""
