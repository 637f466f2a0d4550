"""What comes into the database is found once, whoever has written it."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from ccproxy.storage.arrivals import LATE, Arrivals
from ccproxy.storage.database import Database
from ccproxy.storage.duckdb import SimpleDuckDBStorage
from fakes.records import NOW, record, records

pytestmark = pytest.mark.integration

Keep = Callable[..., SimpleDuckDBStorage]


async def found(arrivals: Arrivals) -> list[str]:
    told, missed = await arrivals.look()
    assert missed == 0
    return [each.request_id for each in told]


async def test_each_record_is_found_once_but_for_those_of_before(
    database: Database, keep: Keep
) -> None:
    storage = keep(database)
    storage.put(record(NOW - timedelta(seconds=1), request_id="before"))
    arrivals = Arrivals(database, lambda: NOW)
    for second, name in ((2, "second"), (0, "first"), (1, "own")):
        each = record(NOW + timedelta(seconds=second), request_id=name)
        storage.put(each)
        if name == "own":
            arrivals.seen.add(each.id)
    await storage.flush(30)
    assert await found(arrivals) == ["first", "second"]
    assert await found(arrivals) == []
    storage.put(record(NOW, request_id="late"))
    await storage.flush(30)
    assert await found(arrivals) == ["late"]


async def test_what_comes_far_too_late_is_not_found_and_no_id_is_kept_for_long(
    database: Database, keep: Keep
) -> None:
    storage, now = keep(database), NOW
    arrivals = Arrivals(database, lambda: now)
    for each in records(2):
        storage.put(each)
    await storage.flush(30)
    await arrivals.look()
    now += LATE + timedelta(seconds=1)
    storage.put(record(NOW, request_id="far too late"))
    storage.put(record(NOW + timedelta(seconds=1), request_id="just in time"))
    await storage.flush(30)
    assert await found(arrivals) == ["just in time"]
    assert len(arrivals.seen) == 2


async def test_of_too_many_the_latest_are_read_and_the_others_counted(
    database: Database, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccproxy.storage.arrivals.MOST", 3)
    storage, arrivals = keep(database), Arrivals(database, lambda: NOW)
    came = records(5)
    for each in came:
        storage.put(each)
    await storage.flush(30)
    told, missed = await arrivals.look()
    assert (list(told), missed) == (came[2:], 2)
    assert await found(arrivals) == []
