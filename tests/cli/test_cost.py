"""``ccproxy cost``: what requests have used and what that costs."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from ccproxy.cli.cost import rows_of
from ccproxy.models.request_query import (
    GroupBy,
    RequestGroup,
    RequestStats,
)
from fakes.records import NOW, keep, record

pytestmark = pytest.mark.e2e
Run = Callable[..., subprocess.CompletedProcess[str]]

USED = {
    "input_tokens": 1000,
    "cache_read_tokens": 20_000,
    "cache_write_tokens": 300,
    "cache_write_1h_tokens": 0,
    "output_tokens": 400,
    "reasoning_tokens": 50,
}
KEPT = (
    record(
        NOW,
        model="cheap",
        repository="acme",
        branch="main",
        **USED,
        cost=0.25,
        cost_basis="settings",
    ),
    record(NOW, model="cheap", client="codex", key="laptop"),
    record(NOW + timedelta(days=1), model="dear", **USED, cost=1234.5, cost_basis="x"),
    record(NOW, model="unheard-of", **USED),
)
SINCE = ("--since", "2026-11-01")


@pytest.fixture
def kept(home: Path, port: int) -> None:
    """Records of some days, and no gateway that answers."""
    asyncio.run(keep(f"duckdb:///{home}/data/ccproxy/ccproxy.duckdb", KEPT))


def cells(told: str) -> list[list[str]]:
    """Take a table apart."""
    return [line.split() for line in told.splitlines()]


@pytest.mark.usefixtures("kept")
def test_the_dearest_model_comes_first_and_what_is_unknown_is_in_no_sum(
    ccproxy: Run,
) -> None:
    told = ccproxy("cost", *SINCE)
    assert (told.returncode, told.stderr) == (0, "")
    titles, *rows = cells(told.stdout)
    assert titles[:3] == ["MODEL", "REQUESTS", "INPUT"]
    assert rows == [
        ["dear", "1", "1,000", "20,000", "300", "400", "50", "1,234.5000", "0"],
        ["cheap", "2", "1,000", "20,000", "300", "400", "50", "0.2500", "1"],
        ["unheard-of", "1", "1,000", "20,000", "300", "400", "50", "-", "1"],
        ["total", "4", "3,000", "60,000", "900", "1,200", "150", "1,234.7500", "2"],
    ]


def test_a_word_that_is_none_of_the_choices_is_answered_in_words(ccproxy: Run) -> None:
    told = ccproxy("cost", "--by", "foo")
    assert told.returncode == 2
    assert "Invalid value for '--by': 'foo' is not one of 'model'" in told.stderr


@pytest.mark.usefixtures("kept")
def test_days_stay_in_their_order_and_one_row_needs_no_total(ccproxy: Run) -> None:
    days = cells(ccproxy("cost", *SINCE, "--by", "day").stdout)
    assert [row[0] for row in days] == ["DAY", "2026-11-24", "2026-11-25", "total"]
    first = cells(ccproxy("cost", *SINCE, "--until", "2026-11-24T12:00:01Z").stdout)
    assert {row[0] for row in first} == {"MODEL", "cheap", "unheard-of", "total"}
    here = cells(
        ccproxy("cost", *SINCE, "--by", "branch", "--repository", "acme").stdout
    )
    assert [row[0] for row in here] == ["BRANCH", "main"]
    by_key = cells(ccproxy("cost", *SINCE, "--by", "key").stdout)
    assert {row[0] for row in by_key} == {"KEY", "-", "laptop", "total"}
    one = cells(ccproxy("cost", *SINCE, "--by", "provider").stdout)
    assert [row[0] for row in one] == ["PROVIDER", "acme"]


def group(**facts: object) -> RequestGroup:
    """Make a group, two of whose requests have a known cost."""
    return RequestGroup.model_validate(
        dict.fromkeys(RequestGroup.model_fields, None)
        | dict.fromkeys(("failed", "errors", "bytes_in", "bytes_out", "counted"), 0)
        | {"requests": 2, "priced": 2, "cost": 0.5}
        | {"duration_mean": 1, "duration_p95": 1}
        | facts
    )


def test_the_total_is_of_all_groups_also_of_those_that_are_not_shown() -> None:
    groups = group(key="a"), group(key="b")
    total = group(requests=9, cost=7.0)
    rows = rows_of(RequestStats(by=GroupBy.SESSION, groups=groups, total=total))
    assert [(row[0], row[1], *row[-2:]) for row in rows] == [
        ("a", "2", "0.5000", "0"),
        ("b", "2", "0.5000", "0"),
        ("total", "9", "7.0000", "7"),
    ]


def test_what_was_refused_is_not_of_unknown_cost() -> None:
    total = group(requests=5, errors=2)
    stats = RequestStats(by=GroupBy.MODEL, groups=(total, total), total=total)
    assert [row[-1] for row in rows_of(stats)] == ["1"] * 3


@pytest.mark.usefixtures("kept")
def test_programs_are_told_the_same_as_json(ccproxy: Run) -> None:
    told = json.loads(ccproxy("cost", *SINCE, "--by", "client", "--json").stdout)
    assert told["by"] == "client"
    by_client = {each["key"]: each for each in told["groups"]}
    assert (by_client["codex"]["requests"], by_client["codex"]["cost"]) == (1, None)
    assert (by_client[None]["priced"], by_client[None]["cost"]) == (2, 1234.75)


def test_a_running_gateway_is_asked(ccproxy: Run, gateway: str) -> None:
    told = ccproxy("cost", "--url", gateway)
    assert (told.returncode, told.stdout) == (0, "No request fits; --since is 7d.\n")
    nobody = ccproxy("cost", "--url", "http://127.0.0.1:1")
    assert nobody.returncode == 9
