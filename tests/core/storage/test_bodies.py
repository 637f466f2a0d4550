"""Bodies are written behind: masked before, bounded in memory, gone in their time."""

import zlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa
import structlog
from sqlmodel import Session

from ccproxy.models.captured import Bodies
from ccproxy.models.request_record import RequestRecord
from ccproxy.security.sanitizer import mask_token
from ccproxy.storage import body_rows
from ccproxy.storage.bodies import BodyStorage
from ccproxy.storage.body_rows import BodyRow
from ccproxy.storage.database import Database
from ccproxy.storage.duckdb import SimpleDuckDBStorage
from fakes.records import NOW, body_storage, captured, record

pytestmark = pytest.mark.integration

Open = Callable[..., Database]
Keep = Callable[..., SimpleDuckDBStorage]
Capture = Callable[..., BodyStorage]

PATIENCE = 30.0
KEY = "sk-ant-api03-" + "a1B2" * 12
SAID = b'{"input":"My key is ' + KEY.encode() + b'"}'


async def kept(database: Database, of: RequestRecord) -> Bodies | None:
    return await database.work(lambda session: body_rows.bodies_of(session, of))


async def number(database: Database) -> int:
    def unit(session: Session) -> int:
        asked = sa.text("SELECT count(*) FROM request_bodies")
        return int(session.connection().execute(asked).scalar_one())

    return await database.work(unit)


@pytest.fixture
async def capture(url: str, opened: Open) -> AsyncIterator[Capture]:
    """Make what keeps bodies in the database at ``url``; it stops with the test."""
    made: list[BodyStorage] = []

    def make(database: Database | None = None, **options: int) -> BodyStorage:
        made.append(body_storage(database or opened(url), **options))
        return made[-1]

    yield make
    for each in made:
        await each.stop(grace=0)


async def test_what_was_said_is_kept_masked_and_compressed(
    database: Database, capture: Capture
) -> None:
    said = record()
    storage = capture(database)
    assert storage.put(captured(said, SAID))
    await storage.flush(PATIENCE)
    bodies = await kept(database, said)
    assert bodies is not None
    assert bodies.request.media_type == "application/json"
    assert bodies.request.size == len(SAID)
    assert bodies.request.text == f'{{"input":"My key is {mask_token(KEY)}"}}'
    assert bodies.answer.text == f"data: {bodies.request.text}\n\n"

    def rows(session: Session) -> list[bytes]:
        asked = sa.text("SELECT request, answer FROM request_bodies")
        return [bytes(each) for each in session.connection().execute(asked).one()]

    texts = [zlib.decompress(each) for each in await database.work(rows)]
    assert [KEY.encode() in text for text in texts] == [False, False]
    assert (storage.written, storage.dropped, storage.depth) == (1, 0, 0)


async def test_bodies_are_found_by_their_record_alone(
    database: Database, capture: Capture
) -> None:
    """A client may give the same id to two requests, or to one that was not kept."""
    first, second = record(), record(NOW + timedelta(microseconds=1))
    storage = capture(database)
    storage.put(captured(first, b"first"))
    storage.put(captured(second, b"second"))
    await storage.flush(PATIENCE)
    told = [await kept(database, each) for each in (first, second)]
    assert [each and each.request.text for each in told] == ["first", "second"]
    assert await kept(database, record(NOW + timedelta(microseconds=2))) is None
    assert await kept(database, record(request_id="other")) is None


async def test_more_than_may_be_held_is_dropped_and_the_counts_add_up(
    database: Database, capture: Capture
) -> None:
    each = captured(record(), SAID)
    storage = capture(database, most=3 * each.held)
    with structlog.testing.capture_logs() as logs:
        taken = [storage.put(captured(record(), SAID)) for _ in range(5)]
    assert taken == [True, True, True, False, False]
    assert [log["event"] for log in logs] == ["bodies_dropped"]
    await storage.flush(PATIENCE)
    assert storage.put(captured(record(), SAID))  # what was held is written
    await storage.flush(PATIENCE)
    assert (storage.written, storage.dropped) == (4, 2)
    assert await number(database) == 4


async def test_a_batch_that_only_seemed_to_fail_is_written_once(
    database: Database,
) -> None:
    row: BodyRow = dict.fromkeys(body_rows.COLUMNS)
    row |= {"id": "1", "ended_at": NOW, "request_id": "r"}
    row |= {f"{each}_size": 1 for each in ("request", "answer")}
    row |= {f"{each}_truncated": False for each in ("request", "answer")}
    for again in (False, True):
        if database.file is None:
            await database.work(
                lambda session: body_rows.append_to_server(session, [row])
            )
        else:
            await database.work_on_file(
                partial(body_rows.append_to_file, rows=[row], again=again),
                patience=PATIENCE,
            )
    assert await number(database) == 1


async def test_a_dead_database_delays_the_end_by_the_grace_alone(
    opened: Open, capture: Capture
) -> None:
    storage = capture(opened("duckdb:////dev/null/nowhere.duckdb"))
    storage.put(captured(record(), SAID))
    with structlog.testing.capture_logs() as logs:
        await storage.stop(grace=0)
    assert (storage.written, storage.dropped) == (0, 1)
    events = [each["event"] for each in logs]
    assert events == ["bodies_not_written", "bodies_lost"]


@pytest.mark.parametrize("bodies_days", [2, 9])
async def test_old_bodies_go_in_their_time_and_with_their_records_at_the_latest(
    database: Database, capture: Capture, keep: Keep, bodies_days: int
) -> None:
    """Also where none are captured any more: who keeps records deletes them."""
    ages = [timedelta(days=days) for days in (0, 1, 2, 3, 4, 5)]
    ended: list[datetime] = [NOW - age for age in ages]
    storage = capture(database)
    for each in ended:
        storage.put(captured(record(each), SAID))
    await storage.flush(PATIENCE)
    records = keep(database, retention_days=4, bodies_days=bodies_days)
    records.put(record())
    await records.flush(PATIENCE)
    left = [await kept(database, record(each)) for each in ended]
    assert sum(each is not None for each in left) == min(bodies_days, 4) + 1
    assert left[0] is not None
