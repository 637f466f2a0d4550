"""Records as both databases find, list and count them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from ccproxy.errors import UnknownRequestError
from ccproxy.models.request_query import (
    GroupBy,
    RequestFilter,
    RequestsPage,
    RequestStats,
    StatusClass,
)
from ccproxy.models.request_record import RequestRecord
from ccproxy.storage.database import Database
from ccproxy.storage.duckdb import RecordOptions, SimpleDuckDBStorage
from ccproxy.storage.repositories import request_repository
from ccproxy.storage.requests import with_requests
from fakes.records import NOW, record, records

pytestmark = pytest.mark.integration


async def put(database: Database, *kept: RequestRecord) -> None:
    storage = SimpleDuckDBStorage(database, RecordOptions(), clock=lambda: NOW)
    for each in kept:
        storage.put(each)
    await storage.stop(30)
    assert storage.written == len(kept)


async def listed(database: Database, **wanted: object) -> Sequence[RequestRecord]:
    page = await with_requests(
        database,
        lambda requests: requests.page(
            RequestFilter(**wanted),
            limit=1000,
        ),
    )
    return page.requests


async def a_page(database: Database, cursor: str | None) -> RequestsPage:
    return await with_requests(
        database,
        lambda requests: requests.page(RequestFilter(), limit=4, cursor=cursor),
    )


async def found_by(database: Database, key: str) -> RequestRecord:
    return await with_requests(database, lambda requests: requests.find(key))


async def stats(database: Database, by: GroupBy, **wanted: object) -> RequestStats:
    return await with_requests(
        database,
        lambda requests: requests.stats(
            by,
            RequestFilter(**wanted),
        ),
    )


async def test_pages_lose_and_repeat_nothing_even_at_equal_times(
    database: Database,
) -> None:
    await put(database, *(record(NOW) for _ in range(10)), *records(3))
    pages: list[tuple[RequestRecord, ...]] = []
    cursor = None
    while cursor is not None or not pages:
        page = await a_page(database, cursor)
        pages.append(page.requests)
        cursor = page.next
    assert [len(each) for each in pages] == [4, 4, 4, 1]
    ids = [each.id for page in pages for each in page]
    assert ids == sorted(set(ids), reverse=True)


async def test_each_filter_picks_what_it_says(database: Database) -> None:
    odd = record(
        NOW + timedelta(hours=1),
        provider="other",
        model="n",
        key="laptop",
        client="codex",
        session="s",
        repository="r",
        branch="b",
        status=502,
        failure="upstream_died",
    )
    await put(database, odd, *records(2))
    for wanted in (
        {"provider": "other"},
        {"model": "n"},
        {"key": "laptop"},
        {"client": "codex"},
        {"session": "s"},
        {"repository": "r"},
        {"branch": "b"},
        {"status": StatusClass.SERVER_ERROR},
        {"failed": True},
        {"failure": "upstream_died"},
        {"since": NOW + timedelta(minutes=1)},
    ):
        assert await listed(database, **wanted) == (odd,), wanted
    for wanted in (
        {"failed": False},
        {"status": StatusClass.SUCCESS},
        {"until": NOW + timedelta(hours=1)},
    ):
        assert len(await listed(database, **wanted)) == 2, wanted
    assert await listed(database, provider="other", model="m") == ()


async def test_the_calendar_has_no_time_that_can_not_be_asked_for(
    database: Database,
) -> None:
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    await put(database, record())
    assert len(await listed(database, since=first, until=last)) == 1
    assert await listed(database, since=last) == ()
    assert await listed(database, until=first) == ()


async def test_models_and_providers_are_picked_by_patterns_too(
    database: Database,
) -> None:
    names = ("gpt-5", "gpt-5.5", "GPT-5", "a_b%c!", "axb%c!", "opus[1m]")
    await put(database, *(record(NOW, model=name, provider=name) for name in names))
    for pattern, fits in {
        "gpt-*": {"gpt-5", "gpt-5.5"},
        "gpt-?": {"gpt-5"},
        "*-5": {"gpt-5", "GPT-5"},
        "a_b*": {"a_b%c!"},
        "*%c!": {"a_b%c!", "axb%c!"},
        "*[1m]": {"opus[1m]"},
        "opus[1m]": {"opus[1m]"},
        "gpt": set(),
        "*": set(names),
    }.items():
        for column in ("model", "provider"):
            found = await listed(database, **{column: pattern})
            assert {each.model for each in found} == fits, pattern
    told = await stats(database, GroupBy.MODEL, model="gpt-*")
    assert {each.key for each in told.groups} == {"gpt-5", "gpt-5.5"}


async def test_one_is_found_by_its_id_or_by_the_last_of_its_requests(
    database: Database,
) -> None:
    first, last = (
        record(NOW + timedelta(seconds=second), request_id="same") for second in (0, 1)
    )
    await put(database, first, last, record())
    for key, expected in ((first.id, first), ("same", last)):
        found = await found_by(database, key)
        assert found == expected
    with pytest.raises(UnknownRequestError, match="no record of a request 'nobody'"):
        await found_by(database, "nobody")


async def test_what_follows_is_told_in_order(database: Database) -> None:
    kept = records(4)
    await put(database, *kept)
    ids = [each.id for each in kept[1:]]
    assert await with_requests(database, lambda reads: reads.ids_since(ids[0])) == ids
    some = await with_requests(database, lambda reads: reads.some([ids[2], ids[0]]))
    assert some == [kept[1], kept[3]]


async def test_requests_are_counted_by_what_they_have_in_common(
    database: Database,
) -> None:
    await put(
        database,
        *records(3, provider="acme", duration=1, bytes_in=10),
        record(provider="other", failure="limited", status=429, bytes_out=7),
        record(provider=None),
    )
    told = await stats(database, GroupBy.PROVIDER)
    assert told.groups[0].key == "acme"
    by_key = {each.key: each for each in told.groups}
    assert {key: each.requests for key, each in by_key.items()} == {
        "acme": 3,
        "other": 1,
        None: 1,
    }
    acme, other = by_key["acme"], by_key["other"]
    assert (acme.bytes_in, acme.failed, acme.errors) == (30, 0, 0)
    assert (acme.duration_mean, acme.duration_p95) == (1.0, 1.0)
    assert (other.bytes_out, other.failed, other.errors) == (7, 1, 1)
    few = await stats(database, GroupBy.MODEL, provider="other")
    assert [(each.key, each.requests) for each in few.groups] == [("m", 1)]


async def test_whatever_requests_are_counted_by_is_the_key_of_the_group(
    database: Database,
) -> None:
    names = ("provider", "model", "key", "client", "session", "repository", "branch")
    await put(database, record(NOW, **{name: f"a {name}" for name in names}))
    for name in names:
        (group,) = (await stats(database, GroupBy(name))).groups
        assert (group.key, group.begins_at) == (f"a {name}", None)


@pytest.mark.parametrize(
    ("by", "begins"),
    [
        (GroupBy.DAY, [(24, 0, 0), (25, 0, 0)]),
        (GroupBy.HOUR, [(24, 12, 0), (24, 23, 0), (25, 0, 0)]),
        (GroupBy.MINUTE, [(24, 12, 0), (24, 23, 59), (25, 0, 0)]),
    ],
)
async def test_time_is_cut_in_utc_and_told_in_its_order(
    database: Database, by: GroupBy, begins: list[tuple[int, int, int]]
) -> None:
    midnight = datetime(2026, 11, 25, tzinfo=UTC)
    await put(
        database,
        record(midnight),
        record(midnight - timedelta(microseconds=1)),
        record(NOW + timedelta(seconds=59)),
    )
    told = (await stats(database, by)).groups
    assert [each.begins_at for each in told] == [
        datetime(2026, 11, *begin, tzinfo=UTC) for begin in begins
    ]
    assert sum(each.requests for each in told) == 3


async def test_costs_add_up_and_those_that_are_unknown_are_told_apart(
    database: Database,
) -> None:
    await put(
        database,
        record(cost=0.25, cost_basis="settings"),
        record(cost=0.5, cost_basis="a list"),
        record(),
        record(provider="other"),
    )
    told = {each.key: each for each in (await stats(database, GroupBy.PROVIDER)).groups}
    acme, other = told["acme"], told["other"]
    assert (acme.requests, acme.priced, acme.cost) == (3, 2, 0.75)
    assert (other.requests, other.priced, other.cost) == (1, 0, None)


@pytest.mark.parametrize("by", [GroupBy.SESSION, GroupBy.MINUTE])
async def test_the_total_is_of_all_groups_also_of_those_that_are_not_told(
    database: Database, monkeypatch: pytest.MonkeyPatch, by: GroupBy
) -> None:
    monkeypatch.setattr(request_repository, "MOST_GROUPS", 2)
    sessions = ("a", "a", "a", "b", "b", "c", None)
    await put(
        database,
        *(
            record(NOW + timedelta(minutes=minute), session=each, cost=0.25)
            for minute, each in enumerate(sessions)
        ),
        record(NOW, session="a", failure="limited", status=429, output_tokens=7),
    )
    told = await stats(database, by)
    assert len(told.groups) == 2
    total = told.total
    assert (total.requests, total.priced, total.cost) == (8, 7, 1.75)
    assert (total.failed, total.errors) == (1, 1)
    assert (total.counted, total.output_tokens, total.input_tokens) == (1, 7, None)


async def test_where_nothing_is_nothing_is_counted(database: Database) -> None:
    await put(database)
    told = await stats(database, GroupBy.MODEL)
    assert (told.groups, told.total.requests, told.total.cost) == ((), 0, None)


async def test_of_times_the_latest_are_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_repository, "MOST_GROUPS", 2)
    await put(database, *(record(NOW + timedelta(days=day)) for day in range(3)))
    told = await stats(database, GroupBy.DAY)
    assert [each.begins_at and each.begins_at.day for each in told.groups] == [25, 26]
