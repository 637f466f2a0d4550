"""Rules for all tests."""

import gc
import re
import signal
from collections.abc import Generator, Iterator

import hypothesis
import pytest

from fakes.trust import trusting_one

# How fast examples come says how busy the machine is, and nothing of the code. Each run
# tries others: fifty are few at a time, and many over the runs of a day.
hypothesis.settings.register_profile(
    "patient",
    deadline=None,
    max_examples=50,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("patient")

MAY_SKIP: tuple[str, ...] = (r"(claude|codex) is not installed",)
"""Patterns of reasons for which a test may be skipped even where all must run."""


@pytest.fixture(scope="session", autouse=True)
def _one_authority() -> Iterator[None]:
    with trusting_one():
        yield


def pytest_configure() -> None:
    """Let Ctrl-C reach the programs under test.

    A shell has what it runs in the background ignore it, and children inherit that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--forbid-skips",
        action="store_true",
        help="fail tests that would be skipped, as CI does",
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Have the garbage collector leave alone what lives as long as the tests do.

    Walking it again and again would be a fifth of all work.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 10, 10)
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse(report, collector.config)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if not hasattr(report, "wasxfail"):
        _refuse(report, item.config)
    return report


def _refuse(
    report: pytest.CollectReport | pytest.TestReport, config: pytest.Config
) -> None:
    """Turn a skip into a failure, if skips are forbidden."""
    if not report.skipped or not config.getoption("--forbid-skips"):
        return
    longrepr = report.longrepr
    reason = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
    if not any(re.search(pattern, reason) for pattern in MAY_SKIP):
        report.outcome = "failed"
        report.longrepr = f"{reason}\n(--forbid-skips: every test has to run here)"
