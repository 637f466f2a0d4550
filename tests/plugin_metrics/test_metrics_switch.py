"""``/metrics`` is there when the plugin is installed and on, and else not at all."""

from collections.abc import Mapping

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text

from ccproxy.plugins.metrics import MetricsPlugin
from ccproxy.testing import RunningGateway, gateway

pytestmark = pytest.mark.integration


async def ask(running: RunningGateway) -> None:
    said = [{"role": "user", "content": "hi"}]
    body = {"model": "sandbox-echo", "messages": said, "stream": True}
    answer = await running.client.post("/v1/chat/completions", json=body)
    assert answer.status_code == 200


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize(
    "plugins",
    [{}, {"enable": ["metrics", "sandbox"]}, {"disable": ["codex"]}],
    ids=["by default", "listed", "another is off"],
)
async def test_where_it_is_on_both_formats_tell_the_same(
    plugins: Mapping[str, object], *, gaps: bool
) -> None:
    settings = {
        "plugins": {**plugins, "metrics": {"enabled": True, "chunk_gaps": gaps}}
    }
    openmetrics = {"accept": "application/openmetrics-text"}
    async with gateway(MetricsPlugin, settings=settings) as running:
        await ask(running)
        text = (await running.client.get("/metrics")).text
        open_text = (await running.client.get("/metrics", headers=openmetrics)).text
    names = {each.name for family in parse_text(text) for each in family.samples}
    parsed = parse_openmetrics(open_text)  # type: ignore[no-untyped-call]
    assert {each.name for family in parsed for each in family.samples} == names
    assert "ccproxy_requests_total" in names
    assert ("ccproxy_stream_gap_seconds_count" in names) is gaps


@pytest.mark.parametrize(
    "plugins",
    [
        {"metrics": {"enabled": False}},
        {"disable": ["metrics"]},
        {"enable": ["sandbox"]},
    ],
    ids=["off", "listed as off", "not listed"],
)
async def test_where_it_is_off_there_is_a_hint_and_no_metric(
    plugins: Mapping[str, object],
) -> None:
    async with gateway(MetricsPlugin, settings={"plugins": plugins}) as running:
        await expect_nothing(running)


async def test_where_it_is_not_installed_there_is_the_same_hint() -> None:
    async with gateway() as running:
        await expect_nothing(running)


async def expect_nothing(running: RunningGateway) -> None:
    await ask(running)
    answer = await running.client.get("/metrics")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["hint"] == (
        "It comes with ccproxy-plugin-metrics (pip install ccproxy-plugin-metrics), "
        "unless plugins.metrics.enabled is false."
    )
