"""Scrapes of ``/metrics`` are read back with the official parsers."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text

from ccproxy.plugins.metrics import MetricsConfig, MetricsPlugin
from ccproxy.plugins.metrics.accept import wants_openmetrics
from ccproxy.sdk import Contributions, Request, Response
from ccproxy.sdk.events import CircuitChanged, CircuitState, GuardTripped, Runaway

pytestmark = pytest.mark.unit

PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


async def scrape(accept: str | None = None) -> Response:
    add = Contributions()
    MetricsPlugin(MetricsConfig()).setup(add)
    (route,) = add.routing
    assert route.path == "/metrics"
    headers = {} if accept is None else {"accept": accept}
    return await route.handle(
        Request(method="GET", path="/metrics", rest="", query={}, headers=headers)
    )


async def test_the_text_format_tells_build_process_and_platform() -> None:
    response = await scrape()
    assert response.media_type == "text/plain; version=0.0.4; charset=utf-8"
    assert isinstance(response.body, bytes)
    families = {family.name: family for family in parse_text(response.body.decode())}
    (build,) = families["ccproxy_build_info"].samples
    assert build.labels == {"version": MetricsPlugin.manifest.version}
    assert build.value == 1
    assert families["process_resident_memory_bytes"].samples[0].value > 1_000_000
    assert "python_info" in families
    assert "python_gc_collections" in families


async def test_prometheus_gets_valid_openmetrics() -> None:
    response = await scrape(PROMETHEUS)
    assert response.media_type.startswith("application/openmetrics-text; version=1.0.0")
    assert isinstance(response.body, bytes)
    parsed = parse_openmetrics(response.body.decode())  # type: ignore[no-untyped-call]
    families = {family.name: family for family in parsed}
    assert families["ccproxy_build"].samples[0].name == "ccproxy_build_info"
    assert "process_cpu_seconds" in families
    assert response.body.endswith(b"# EOF\n")


@pytest.mark.parametrize(
    ("accept", "openmetrics"),
    [
        ("", False),
        ("*/*", False),
        ("text/plain", False),
        ("application/openmetrics-text", True),
        ("Application/OpenMetrics-Text; Version=1.0.0", True),
        ("application/openmetrics-text; version=0.0.1", False),
        ("application/openmetrics-text; q=0", False),
        ("application/openmetrics-text; q=much", False),
        ("application/openmetrics-text; q=0.3, text/plain; q=0.9", False),
        ("application/openmetrics-text, text/plain", True),
        (PROMETHEUS, True),
    ],
)
def test_the_accept_header_chooses_the_format(accept: str, openmetrics: bool) -> None:
    assert wants_openmetrics(accept) is openmetrics


@given(st.text(alphabet='aopentextmics-/;=q,.019 "\t'))
def test_any_accept_header_is_answered(accept: str) -> None:
    assert wants_openmetrics(accept) in {True, False}


async def test_the_librarys_global_registry_is_left_alone() -> None:
    await scrape()
    names = {family.name for family in REGISTRY.collect()}
    assert not any(name.startswith("ccproxy") for name in names)


def test_naming_the_plugin_does_not_import_the_prometheus_library() -> None:
    code = (
        "import sys, ccproxy.plugins.metrics; print('prometheus_client' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


async def told(add: Contributions) -> list[str]:
    """What ``/metrics`` says."""
    request = Request(method="GET", path="/metrics", rest="", query={}, headers={})
    body = (await add.routing[0].handle(request)).body
    assert isinstance(body, bytes)
    return body.decode().splitlines()


async def test_circuits_are_counted_by_provider_and_state() -> None:
    add = Contributions()
    MetricsPlugin(MetricsConfig()).setup(add)
    hook = dict(add.hooks)[CircuitChanged]
    closed, opened, half = (
        CircuitState.CLOSED,
        CircuitState.OPEN,
        CircuitState.HALF_OPEN,
    )
    for model, before, state in (
        ("a", closed, opened),
        ("b", closed, opened),
        ("b", opened, half),
        ("c", closed, opened),
        ("c", opened, closed),
    ):
        hook(
            CircuitChanged(
                at=datetime.now(UTC),
                provider="openai",
                model=model,
                before=before,
                state=state,
            )
        )
    lines = await told(add)
    assert 'ccproxy_circuits{provider="openai",state="open"} 1.0' in lines
    assert 'ccproxy_circuits{provider="openai",state="half-open"} 1.0' in lines


async def test_what_the_guard_finds_is_counted() -> None:
    add = Contributions()
    MetricsPlugin(MetricsConfig()).setup(add)
    hook = dict(add.hooks)[GuardTripped]
    for refused in (False, True, True):
        hook(
            GuardTripped(
                at=datetime.now(UTC),
                request_id="r",
                session=None,
                reason=Runaway.REPEATS,
                refused=refused,
            )
        )
    lines = await told(add)
    name = 'ccproxy_guard_trips_total{reason="repeats",refused='
    assert f'{name}"false"}} 1.0' in lines
    assert f'{name}"true"}} 2.0' in lines
