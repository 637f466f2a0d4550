"""Write-behind: nothing waits, nothing that was taken is lost, the counts add up."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest
import structlog
from duckdb import DuckDBPyConnection
from sqlmodel import Session
from structlog.typing import EventDict

from ccproxy.errors import StorageError
from ccproxy.models.request_record import RequestRecord
from ccproxy.storage.database import Database
from ccproxy.storage.duckdb import SimpleDuckDBStorage
from ccproxy.storage.request_rows import append_to_file
from fakes.databases import on_a_file, on_a_server
from fakes.holder import held
from fakes.records import NOW, kept, record, records
from fakes.scarce import full_disk, no_descriptors

pytestmark = pytest.mark.integration

T = TypeVar("T")
Open = Callable[..., Database]
Keep = Callable[..., SimpleDuckDBStorage]

PATIENCE = 30.0
TESTS = Path(__file__).parents[2]

WRITE_UNTIL_KILLED = """
import asyncio, structlog, sys
from ccproxy.storage.database import Database
from ccproxy.storage.duckdb import RecordOptions, SimpleDuckDBStorage
from fakes.records import record
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
async def main():
    storage = SimpleDuckDBStorage(Database(sys.argv[1]), RecordOptions())
    while True:
        for _ in range(50):
            storage.put(record())
        await storage.flush(60)
        print(storage.written, flush=True)
asyncio.run(main())
"""


@pytest.fixture
def file(url: str) -> Path:
    return Path(url.removeprefix("duckdb:///"))


def events(logs: list[EventDict]) -> list[str]:
    return [each["event"] for each in logs]


async def test_what_is_taken_is_kept_as_it_was(database: Database, keep: Keep) -> None:
    odd = record(notes=("a 'note'", "über"), failure="client_left", ttfb=0.25)
    plain = record(NOW + timedelta(microseconds=1), status=None, session="s")
    storage = keep(database)
    storage.put(odd)
    storage.put(plain)
    await storage.flush(PATIENCE)
    assert sorted(await kept(database), key=lambda each: each.ended_at) == [odd, plain]
    assert (storage.written, storage.dropped, storage.depth) == (2, 0, 0)


async def test_costs_are_put_to_records_before_they_are_written(
    database: Database, keep: Keep
) -> None:
    def price(batch: Sequence[RequestRecord]) -> list[RequestRecord]:
        return [replace(each, cost=0.25) for each in batch]

    heard: list[RequestRecord] = []
    storage = keep(database, price=price, priced=heard.extend)
    storage.put(record())
    await storage.flush(PATIENCE)
    (told,) = await kept(database)
    assert told.cost == 0.25
    assert heard == [told]


async def test_text_that_a_database_can_not_hold_stops_nobody(
    database: Database, keep: Keep
) -> None:
    storage = keep(database)
    storage.put(record(model="a\0b"))
    await storage.flush(PATIENCE)
    assert [each.model for each in await kept(database)] == ["a\ufffdb"]


class LosesTheAnswer(Database):
    """Does its first unit of work, and then says that it failed."""

    failed = False

    async def work(self, fn: Callable[[Session], T]) -> T:
        return self._said_of(await super().work(fn))

    async def work_on_file(
        self, fn: Callable[[DuckDBPyConnection], T], *, patience: float
    ) -> T:
        return self._said_of(await super().work_on_file(fn, patience=patience))

    def _said_of(self, result: T) -> T:
        if not self.failed:
            self.failed = True
            raise StorageError("The connection was lost.")
        return result


async def test_a_batch_that_only_seemed_to_fail_is_written_once(
    url: str, database: Database, keep: Keep
) -> None:
    unsure = LosesTheAnswer(url)
    storage = keep(unsure)
    for each in records(3):
        storage.put(each)
    await storage.flush(PATIENCE)
    await unsure.close()
    assert unsure.failed
    assert len(await kept(database)) == 3


@on_a_file
async def test_a_batch_of_many_statements_is_written_whole_or_not_at_all(
    url: str, database: Database
) -> None:
    many = records(2600)
    many[-1].duration = None  # type: ignore[assignment]  # NOT NULL refuses it
    await database.upgrade()
    with pytest.raises(StorageError, match="duration"):
        await database.work_on_file(
            lambda file: append_to_file(file, many, again=False), patience=PATIENCE
        )
    assert await kept(database) == []


async def test_nothing_is_done_and_nothing_said_where_nothing_is_put(
    opened: Open, keep: Keep
) -> None:
    storage = keep(opened("duckdb:////dev/null/nowhere.duckdb"))
    with structlog.testing.capture_logs() as logs:
        await storage.flush(PATIENCE)
        await storage.stop(grace=1)
    assert logs == []


async def test_a_full_queue_drops_and_the_counts_add_up(keep: Keep) -> None:
    storage = keep(queue_size=10)
    with structlog.testing.capture_logs() as logs:
        for each in records(25):
            storage.put(each)
        await storage.stop(PATIENCE)
    assert (storage.written, storage.dropped) == (10, 15)
    assert events(logs).count("queue_full") == 1


async def test_stopping_writes_what_waits_without_waiting_for_a_batch(
    database: Database, keep: Keep
) -> None:
    storage = keep(database, flush_seconds=1000)
    for each in records(5):
        storage.put(each)
    await storage.stop(PATIENCE)
    assert (storage.written, len(await kept(database))) == (5, 5)


@on_a_file
async def test_a_file_that_another_process_holds_delays_and_loses_nothing(
    database: Database, keep: Keep, file: Path
) -> None:
    await database.upgrade()
    storage = keep(database)
    with structlog.testing.capture_logs() as logs:
        with held(file) as holder:
            for each in records(10):
                storage.put(each)
            await storage.flush(1.5)
            assert storage.written == 0
            holder.kill()
        await storage.flush(PATIENCE)
    assert len(await kept(database)) == 10
    assert events(logs) == ["records_not_written", "records_written_again"]
    assert "Another process" in logs[0]["reason"]


async def test_what_can_not_be_written_is_one_warning_per_minute(keep: Keep) -> None:
    now = NOW
    storage = keep(clock=lambda: now)
    with structlog.testing.capture_logs() as logs:
        for seconds in (0, 59, 1, 59):
            now += timedelta(seconds=seconds)
            storage._complain(StorageError("It is full."), batch=3)
    assert [(each["event"], each["waiting"]) for each in logs] == [
        ("records_not_written", 3),
        ("records_not_written", 3),
    ]


@on_a_file
@pytest.mark.parametrize("without", [full_disk, no_descriptors])
async def test_a_process_that_can_write_nothing_for_a_while_loses_nothing(
    database: Database, keep: Keep, without: Callable[[], AbstractContextManager[None]]
) -> None:
    storage = keep(database)
    storage.put(record())
    await storage.flush(PATIENCE)
    with structlog.testing.capture_logs() as logs:
        with without():
            for each in records(2000):
                storage.put(each)
            await storage.flush(0.5)
            assert storage.written == 1
        await storage.flush(PATIENCE)
    assert events(logs)[0] == "records_not_written"
    assert len(await kept(database)) == storage.written == 2001


@on_a_file
async def test_a_process_that_can_open_no_file_is_told_so(database: Database) -> None:
    """And goes on: DuckDB would end it."""
    assert await kept(database) == []
    with no_descriptors(), pytest.raises(StorageError, match="Too many open files"):
        await kept(database)


@pytest.mark.parametrize("has_tables", [False])  # so that it is no one else's
@on_a_server
async def test_a_server_that_refuses_for_a_while_loses_nothing(
    database: Database, keep: Keep, url: str, postgres: str
) -> None:
    name = url.partition("/test_")[2].partition("?")[0]

    async def allow(*, connections: bool) -> None:
        command = f"ALTER DATABASE test_{name} ALLOW_CONNECTIONS {connections}"
        async with await psycopg.AsyncConnection.connect(
            postgres, autocommit=True
        ) as connection:
            await connection.execute(command.encode())

    await database.upgrade()
    storage = keep(database)
    with structlog.testing.capture_logs() as logs:
        await allow(connections=False)
        for each in records(10):
            storage.put(each)
        await storage.flush(0.2)
        assert storage.written == 0
        await allow(connections=True)
        await storage.flush(PATIENCE)
    assert len(await kept(database)) == 10
    assert events(logs) == ["records_not_written", "records_written_again"]


@on_a_file
async def test_a_file_that_is_deleted_is_made_anew(
    database: Database, keep: Keep, file: Path
) -> None:
    storage = keep(database)
    for each in records(2):
        storage.put(each)
        await storage.flush(PATIENCE)
        file.unlink()  # noqa: ASYNC240  (what is tested)
    storage.put(record(request_id="last"))
    await storage.flush(PATIENCE)
    assert [each.request_id for each in await kept(database)] == ["last"]


@pytest.mark.parametrize(
    "url",
    [
        "duckdb:////dev/null/nowhere.duckdb",
        "postgresql+psycopg://u:p@127.0.0.1:1/nobody",
    ],
)
async def test_a_dead_database_delays_the_end_by_the_grace_alone(
    keep: Keep, url: str
) -> None:
    storage = keep(batch_size=4)
    for each in records(10):
        storage.put(each)
    with structlog.testing.capture_logs() as logs:
        await asyncio.wait_for(storage.stop(grace=0.2), 10)
    assert (storage.written, storage.dropped, storage.depth) == (0, 10, 0)
    assert events(logs).count("records_not_written") == 1


async def test_a_process_killed_at_any_time_loses_nothing_it_had_written(
    url: str, database: Database
) -> None:
    await database.upgrade()
    writers = [
        subprocess.Popen(  # noqa: ASYNC220  (they only start here)
            [sys.executable, "-c", WRITE_UNTIL_KILLED, url],
            cwd=TESTS,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    acknowledged = 0
    for rounds, each in enumerate(writers, start=1):
        assert each.stdout is not None
        told = [each.stdout.readline() for _ in range(rounds)]
        each.kill()
        acknowledged += int((each.stdout.read().split() or told)[-1])
        each.stdout.close()
        each.wait()
    stored = len(await kept(database))
    assert acknowledged <= stored <= acknowledged + 3 * 50
    assert stored % 50 == 0


async def test_thousands_are_written_in_a_moment_and_the_loop_goes_on(
    keep: Keep,
) -> None:
    loop = asyncio.get_running_loop()
    storage = keep()
    storage.put(record())
    await storage.flush(PATIENCE)
    began = loop.time()
    for each in records(5000):
        storage.put(each)
    assert loop.time() - began < 2
    await storage.flush(PATIENCE)
    assert loop.time() - began < 10
    assert (storage.written, storage.dropped) == (5001, 0)
