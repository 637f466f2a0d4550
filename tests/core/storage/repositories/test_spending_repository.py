"""Spending in the database: sums only grow, and are read by day and month."""

import asyncio
from collections.abc import Callable
from datetime import date

import psycopg
import pytest

from ccproxy.models.spending import Spent, SpentOn, is_within
from ccproxy.storage.database import Database
from ccproxy.storage.spending import with_spending
from fakes.databases import on_a_server

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


@on_a_server
async def test_gateways_with_the_same_callers_do_not_wait_for_each_other(
    url: str, opened: Callable[..., Database]
) -> None:
    """Each would lock a row that the other needs next, and one of them be refused."""
    server, day = url.replace("+psycopg", ""), "2026-11-25"

    async def add_for(owners: str) -> None:
        spent = {(owner, day): Spent(1) for owner in owners}
        await with_spending(opened(url), lambda rows: rows.add(spent))

    async with (
        await psycopg.AsyncConnection.connect(server) as holder,
        await psycopg.AsyncConnection.connect(server, autocommit=True) as onlooker,
    ):
        row = "x", day, 1, 0, 0, 0
        await holder.execute("INSERT INTO spending VALUES (%s,%s,%s,%s,%s,%s)", row)
        adding = []
        for waiting, owners in enumerate(("axb", "bxa"), 1):
            adding.append(asyncio.create_task(add_for(owners)))
            async with asyncio.timeout(5):
                while await _waiting(onlooker) < waiting:
                    pass
        await holder.commit()
        await asyncio.gather(*adding)
    found = await with_spending(opened(url), lambda rows: rows.read(TODAY))
    told = {each.owner: each.spent.requests for each in found}
    assert told == {"a": 2, "b": 2, "x": 3}


async def _waiting(onlooker: psycopg.AsyncConnection) -> int:
    """Tell how many wait for what another has locked."""
    asked = await onlooker.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
    row = await asked.fetchone()
    assert row is not None
    return int(row[0])


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
