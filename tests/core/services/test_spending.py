"""Spending: known at once, kept over restarts, shared between processes."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ccproxy.models.quota import parse_budget
from ccproxy.models.spending import Spent
from ccproxy.services.spending import STALE, Spending
from ccproxy.storage.database import Database

pytestmark = pytest.mark.integration

DAY, MONTH, TOTAL = (parse_budget(f"5/{per}") for per in ("day", "month", "total"))
USD = 1_000_000


class Calendar:
    """A clock of dates, moved by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 30, 23, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


def spending(database: Database, calendar: Calendar) -> Spending:
    return Spending(database, calendar, gather=0)


async def test_what_is_held_or_spent_is_gone_at_once(
    database: Database, calendar: Calendar
) -> None:
    mine = spending(database, calendar)
    mine.hold("me", 3 * USD)
    assert mine.left("me", DAY) == 2 * USD
    assert mine.left("you", DAY) == 5 * USD
    mine.let_go("me", 3 * USD)
    mine.add("me", Spent(1, 10, USD, 0))
    assert [mine.left("me", each) for each in (DAY, TOTAL)] == [4 * USD] * 2
    await mine.stop(5)
    assert mine.left("me", DAY) == 4 * USD


async def test_a_budget_does_not_begin_anew_with_the_gateway(
    database: Database, calendar: Calendar
) -> None:
    for _ in range(2):
        mine = spending(database, calendar)
        await mine.start()
        mine.add("me", Spent(1, 10, USD, 0))
        await mine.stop(5)
    again = spending(database, calendar)
    await again.start()
    assert [again.left("me", each) for each in (DAY, MONTH)] == [3 * USD] * 2


async def test_a_budget_begins_anew_with_its_day_and_its_month(
    database: Database, calendar: Calendar
) -> None:
    mine = spending(database, calendar)
    mine.add("me", Spent(1, 10, USD, 0))
    left = [[mine.left("me", each) for each in (DAY, MONTH, TOTAL)]]
    await mine.stop(5)
    calendar.now += timedelta(hours=1)
    left.append([mine.left("me", each) for each in (DAY, MONTH, TOTAL)])
    await mine.start()
    left.append([mine.left("me", each) for each in (DAY, MONTH, TOTAL)])
    assert left == [
        [4 * USD, 4 * USD, 4 * USD],
        [5 * USD, 5 * USD, 4 * USD],
        [5 * USD, 5 * USD, 4 * USD],
    ]


async def test_what_another_process_spends_is_known_once_it_is_stale(
    database: Database, calendar: Calendar
) -> None:
    mine, other = spending(database, calendar), spending(database, calendar)
    await mine.start()
    other.add("me", Spent(1, 10, USD, 0))
    await other.stop(5)
    mine.refresh()
    assert mine.left("me", DAY) == 5 * USD
    calendar.now += timedelta(seconds=STALE)
    mine.refresh()
    await mine.stop(5)  # waits for what is being read
    assert mine.left("me", DAY) == 4 * USD


async def test_who_writes_learns_what_others_have_written(
    database: Database, calendar: Calendar
) -> None:
    mine, other = spending(database, calendar), spending(database, calendar)
    await mine.start()
    for each in (other, mine):
        each.add("me", Spent(1, 10, USD, 0))
        await each.stop(5)
    assert mine.left("me", DAY) == 3 * USD


async def test_a_database_that_fails_loses_no_sum_while_the_gateway_runs(
    tmp_path: Path, calendar: Calendar
) -> None:
    database = Database(f"duckdb:///{tmp_path}")  # a folder is no database
    mine = spending(database, calendar)
    with capture_logs() as logs:
        await mine.start()
        mine.add("me", Spent(1, 10, USD, 0))
        await asyncio.sleep(0)
        await mine.stop(5)
    assert mine.left("me", DAY) == 4 * USD
    assert [each["event"] for each in logs] == ["spending_not_kept", "spending_lost"]
    await database.close()
