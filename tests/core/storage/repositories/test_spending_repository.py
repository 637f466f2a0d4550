"""Spending in the database: sums only grow, and are read by day and month."""

import asyncio
from datetime import date

import pytest

from ccproxy.models.spending import Spent, SpentOn, is_within
from ccproxy.storage.database import Database
from ccproxy.storage.spending import with_spending

pytestmark = pytest.mark.integration

TODAY = date(2026, 11, 25)


async def add(database: Database, owner: str, day: str, spent: Spent) -> None:
    await with_spending(database, lambda rows: rows.add({(owner, day): spent}))


async def test_what_is_spent_on_a_day_adds_up(database: Database) -> None:
    await with_spending(database, lambda rows: rows.add({}))
    for tokens in (10, 20):
        await add(database, "me", "2026-11-25", Spent(1, tokens, 1500, 0))
    await add(database, "you", "2026-11-24", Spent(2, 5, 1, 2))
    found = await with_spending(database, lambda rows: rows.read(TODAY))
    assert sorted(found, key=lambda each: each.owner) == [
        SpentOn("me", "2026-11-25", Spent(2, 30, 3000, 0)),
        SpentOn("you", "2026-11-24", Spent(2, 5, 1, 2)),
    ]


async def test_all_before_this_month_is_one_sum(database: Database) -> None:
    for day in ("2025-11-25", "2026-10-31", "2026-11-01"):
        await add(database, "me", day, Spent(1, 1, 1_000_000, 0))
    found = await with_spending(database, lambda rows: rows.read(TODAY))
    told = {each.day: each.spent.micros for each in found}
    assert told == {"": 2_000_000, "2026-11-01": 1_000_000}


async def test_several_who_write_at_once_lose_nothing(database: Database) -> None:
    spent = Spent(1, 1, 1, 1)
    await asyncio.gather(*(add(database, "me", "2026-11-25", spent) for _ in range(10)))
    (found,) = await with_spending(database, lambda rows: rows.read(TODAY))
    assert found.spent == Spent(10, 10, 10, 10)


@pytest.mark.parametrize(
    ("day", "windows"),
    [
        ("2026-11-25", {"day", "month", "total"}),
        ("2026-11-01", {"month", "total"}),
        ("2026-10-25", {"total"}),
        ("", {"total"}),
    ],
)
def test_a_day_is_in_its_windows(day: str, windows: set[str]) -> None:
    today = TODAY.isoformat()
    found = {per for per in ("day", "month", "total") if is_within(day, per, today)}
    assert found == windows
