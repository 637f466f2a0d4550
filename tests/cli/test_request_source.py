"""What is new, where no gateway tells it; times as people type them."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import typer

from ccproxy.cli.client import GatewayClient, Target
from ccproxy.cli.moments import moment
from ccproxy.cli.request_source import DatabaseSource
from ccproxy.models.request_record import RECORD
from ccproxy.storage.database import Database
from ccproxy.storage.duckdb import RecordOptions, SimpleDuckDBStorage
from fakes.records import NOW, record


@pytest.mark.integration
async def test_what_comes_into_the_database_is_told_once_however_late(
    tmp_path: Path,
) -> None:
    database = Database(f"duckdb:///{tmp_path}/data/ccproxy.duckdb")
    storage = SimpleDuckDBStorage(database, RecordOptions())
    source = DatabaseSource(database, look_every=0.01)
    live = source.live_requests(print)
    storage.put(record(datetime.now(UTC) - timedelta(days=1), request_id="before"))
    await storage.flush(30)
    first = asyncio.ensure_future(anext(live))
    await asyncio.sleep(0)  # it looks from now on
    late = datetime.now(UTC)
    for each, name in ((late + timedelta(seconds=1), "b"), (late, "a")):
        storage.put(record(each, request_id=name))
        await storage.flush(30)
    told = [(await first).request_id, (await anext(live)).request_id]
    assert sorted(told) == ["a", "b"]
    await live.aclose()
    await storage.stop(30)
    await source.close()


@pytest.mark.integration
async def test_more_than_can_be_told_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccproxy.storage.arrivals.MOST", 2)
    database = Database(f"duckdb:///{tmp_path}/data/ccproxy.duckdb")
    storage = SimpleDuckDBStorage(database, RecordOptions())
    source = DatabaseSource(database, look_every=0.01)
    missed: list[int] = []
    live = source.live_requests(missed.append)
    first = asyncio.ensure_future(anext(live))
    await asyncio.sleep(0)  # it looks from now on
    for _ in range(5):
        storage.put(record(datetime.now(UTC)))
    await storage.flush(30)
    await first
    assert missed == [3]
    await live.aclose()
    await storage.stop(30)
    await source.close()


@pytest.mark.unit
async def test_a_gateway_tells_what_it_leaves_out() -> None:
    told = b"event: missed\ndata: 3\n\nevent: request\ndata: %b\n\n"
    answer = httpx.Response(
        200,
        headers={"content-type": "text/event-stream"},
        stream=httpx.ByteStream(told % RECORD.dump_json(record(request_id="next"))),
    )
    transport = httpx.MockTransport(lambda request: answer)
    missed: list[int] = []
    async with httpx.AsyncClient(transport=transport) as http:
        gateway = GatewayClient(http, Target("http://gateway"))
        assert (gateway.place, gateway.look_every) == (
            "the gateway at http://gateway",
            None,
        )
        live = [each.request_id async for each in gateway.live_requests(missed.append)]
    assert (live, missed) == (["next"], [3])


@pytest.mark.unit
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("5m", NOW - timedelta(minutes=5)),
        ("24h", NOW - timedelta(days=1)),
        ("2w", NOW - timedelta(days=14)),
        ("2026-11-24T13:00+02:00", datetime(2026, 11, 24, 11, tzinfo=UTC)),
        ("2026-11-24", datetime(2026, 11, 24).astimezone(UTC)),
    ],
)
def test_a_time_is_one_ago_or_a_date(text: str, expected: datetime) -> None:
    assert moment(text, "--since", NOW) == expected


@pytest.mark.unit
@pytest.mark.parametrize(
    "text", ["", "7", "7y", "999999w", "tomorrow", "-1d", "9999-12-31T23:59-01:00"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="neither a time"):
        moment(text, "--since", NOW)
