"""The Grafana dashboard and the alert rules ask for what there is, in legal PromQL."""

import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.samples import Sample

from ccproxy.plugins.metrics import MetricsPlugin
from ccproxy.plugins.metrics.command import FILES, main, text_of
from ccproxy.sdk import (
    Contributions,
    Endpoint,
    LimitWindow,
    Manifest,
    Plugin,
    PluginConfig,
    PluginContext,
    ProfileFields,
    Provider,
)
from ccproxy.sdk.events import (
    CircuitChanged,
    CircuitState,
    Event,
    Failure,
    GuardTripped,
    ModelCost,
    RequestCompleted,
    RequestFailed,
    RequestsPriced,
    Runaway,
)
from ccproxy.testing import gateway

HERE = Path(__file__).parent
SUFFIX = re.compile(r"_(?:bucket|count|sum)$")
RULE = re.compile(
    r"- alert: (\w+)\n +expr: (?:>-\n)?(.+?)\n +(?:for|labels):", re.DOTALL
)
NOW = datetime.now(UTC)


def failed(failure: Failure) -> RequestFailed:
    return RequestFailed(
        at=NOW,
        request_id="r",
        method="POST",
        route="/v1/messages",
        status=None,
        duration=1,
        provider="acme",
        fallbacks=("codex/m",),
        failure=failure,
        reason="It failed.",
    )


BAD_DAY: tuple[Event, ...] = (
    failed(Failure.NO_CREDENTIAL),
    failed(Failure.UPSTREAM_DIED),
    RequestsPriced(
        at=NOW, costs=(ModelCost(provider="acme", model="m", requests=1, usd=0.5),)
    ),
    GuardTripped(
        at=NOW, request_id="r", session=None, reason=Runaway.COST, refused=True
    ),
    CircuitChanged(
        at=NOW,
        provider="acme",
        model="m",
        before=CircuitState.CLOSED,
        state=CircuitState.OPEN,
    ),
)


class Acme(Plugin[PluginConfig]):
    """A provider with limits, that is asked on a bad day."""

    manifest = Manifest("acme", "1", requires=("profiles", "metrics"))

    def setup(self, add: Contributions) -> None:
        chat = [Endpoint.CHAT]
        add.provider(Provider(name="acme", base_url="http://x.invalid", endpoints=chat))
        add.profile_adapter("acme", self.whoami)
        add.hook(RequestCompleted, self.ended)

    async def start(self, ctx: PluginContext) -> None:
        for event in BAD_DAY:
            ctx.publish(event)

    async def ended(self, event: RequestCompleted) -> None:
        """Have a queue."""

    async def whoami(self) -> Sequence[ProfileFields]:
        ends = NOW + timedelta(hours=1)
        window = LimitWindow(name="5 hours", used_percent=40, resets_at=ends)
        return [ProfileFields(account="a", limits=(window,))]


class Broken(Plugin[PluginConfig]):
    """A plugin that does not start."""

    manifest = Manifest("broken", "1")

    async def start(self, ctx: PluginContext) -> None:
        raise OSError


def expressions() -> list[str]:
    """All that the dashboard asks for, its variables filled in."""
    panels = json.loads(text_of("dashboard"))["panels"]
    found = [target["expr"] for panel in panels for target in panel["targets"]]
    return [
        each.replace("$__rate_interval", "5m").replace("$job", ".*") for each in found
    ]


@pytest.fixture
async def told() -> AsyncIterator[str]:
    """What a gateway tells to which everything has happened that can be told."""
    settings = {"plugins": {"metrics": {"chunk_gaps": True}}}
    async with gateway(MetricsPlugin, Acme, Broken, settings=settings) as running:
        await running.client.get("/api/profile/acme")
        for model in ("sandbox-echo", "sandbox-tools", "sandbox-error-500"):
            said = [{"role": "user", "content": "hello"}]
            body = {
                "model": model,
                "messages": said,
                "stream": True,
                "stream_options": {"include_usage": True},
                "tools": [{"type": "function", "function": {"name": "look"}}],
            }
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
def test_each_rule_is_tested() -> None:
    tested = (HERE / "rules_test.yml").read_text()
    for alert, _ in RULE.findall(text_of("rules")):
        assert re.search(rf"alertname: {alert}\b.*\n +exp_alerts:", tested), alert


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
    rules = len(RULE.findall(text_of("rules")))
    assert f"{rules} rules found" in run(promtool, "check", "rules", "rules.yml")
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


def written(sample: Sample) -> str:
    """Name a series as PromQL does."""
    labels = (f"{name}={json.dumps(value)}" for name, value in sample.labels.items())
    return f"{sample.name}{{{','.join(labels)}}}"


@pytest.mark.services
def test_all_that_is_asked_for_is_found_in_what_is_told(
    promtool: Path, told: str
) -> None:
    """By names and by labels: each expression has values, each rule some to judge."""
    judged = [
        re.sub(r" > [\d.]+$", "", each) for _, each in RULE.findall(text_of("rules"))
    ]
    samples = (each for family in parse_text(told) for each in family.samples)
    series = [{"series": written(each), "values": "0+1x10"} for each in samples]
    found = [
        {
            "expr": f"count({each}) > bool 0",
            "eval_time": "9m",
            "exp_samples": [{"labels": "{}", "value": 1}],
        }
        for each in (*expressions(), *judged)
    ]
    tests = [{"interval": "1m", "input_series": series, "promql_expr_test": found}]
    (promtool / "live.yml").write_text(json.dumps({"tests": tests}))
    assert "SUCCESS" in run(promtool, "test", "rules", "live.yml")
