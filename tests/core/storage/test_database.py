"""Units of work: off the event loop, private, patient, all or nothing."""

import asyncio
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
import structlog
from sqlmodel import Session

from ccproxy.errors import StorageError
from ccproxy.storage.database import Database
from fakes.databases import on_a_server
from fakes.holder import held

pytestmark = pytest.mark.integration


@pytest.fixture
def has_tables() -> bool:
    return False


Open = Callable[..., Database]

WRITE = """
import asyncio, sys
import sqlalchemy as sa
from ccproxy.storage.database import Database
INSERT = sa.text(
    "INSERT INTO profiles (id, provider, account, active, limits, updated_at) "
    "VALUES (:name, :name, 'a', true, '[]', now())"
)
async def main():
    database = Database(sys.argv[1])
    for number in range(20):
        values = {"name": f"{sys.argv[2]}-{number}"}
        await database.work(
            lambda session: session.connection().execute(INSERT, values) and None
        )
    await database.close()
asyncio.run(main())
"""


def count(session: Session) -> int:
    return int(
        session.connection().scalar(sa.text("SELECT count(*) FROM profiles")) or 0
    )


def insert(session: Session, name: str = "a") -> None:
    session.connection().execute(
        sa.text(
            "INSERT INTO profiles (id, provider, account, active, limits, updated_at) "
            "VALUES (:name, 'p', :name, true, '[]', now())"
        ),
        {"name": name},
    )


def file_of(url: str) -> Path:
    return Path(url.removeprefix("duckdb:///"))


@pytest.fixture
def duckdb_url(tmp_path: Path) -> str:
    return f"duckdb:///{tmp_path}/data/ccproxy.duckdb"


async def test_what_is_written_is_there_for_the_next_unit(database: Database) -> None:
    await database.work(insert)
    assert await database.work(count) == 1


async def test_a_unit_that_fails_leaves_nothing(database: Database) -> None:
    def fail(session: Session) -> None:
        insert(session)
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        await database.work(fail)
    assert await database.work(count) == 0


async def test_work_is_done_in_one_other_thread_and_in_order(
    database: Database,
) -> None:
    threads = await asyncio.gather(
        *(database.work(lambda _: threading.get_ident()) for _ in range(5))
    )
    assert len(set(threads)) == 1
    assert threading.get_ident() not in threads


async def test_a_row_that_is_there_already_is_one_clear_error(
    database: Database,
) -> None:
    await database.work(insert)
    with pytest.raises(StorageError, match="has such a row already"):
        await database.work(insert)


async def test_errors_of_the_libraries_are_mapped_without_values(
    database: Database,
) -> None:
    def wrong(session: Session) -> None:
        session.connection().execute(
            sa.text("SELECT :word FROM nowhere"), {"word": "hunter2"}
        )

    with pytest.raises(StorageError, match="nowhere") as error:
        await database.work(wrong)
    assert "hunter2" not in str(error.value)


async def test_nobody_holds_the_file_between_units(
    duckdb_url: str, opened: Open
) -> None:
    database = opened(duckdb_url)
    await database.work(insert)
    with held(file_of(duckdb_url)) as other:
        assert other.poll() is None


async def test_a_unit_waits_until_the_file_is_free(
    duckdb_url: str, opened: Open
) -> None:
    database = opened(duckdb_url)
    await database.upgrade()
    with held(file_of(duckdb_url)) as holder:
        working = asyncio.create_task(database.work(count))
        done, _ = await asyncio.wait({working}, timeout=0.2)
        assert not done
        holder.kill()
        assert await working == 0


async def test_waiting_for_the_file_ends_with_what_to_do(
    duckdb_url: str, opened: Open
) -> None:
    await opened(duckdb_url).upgrade()
    with held(file_of(duckdb_url)) as holder:
        who = rf"Another process \(PID {holder.pid}\) holds"
        with pytest.raises(StorageError, match=who) as error:
            await opened(duckdb_url, patience=0.05).work(count)
        assert "Close programs" in (error.value.hint or "")


@on_a_server
async def test_waiting_for_another_who_migrates_ends_with_what_to_do(
    url: str, opened: Open
) -> None:
    with psycopg.connect(url.replace("+psycopg", "")) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (0x63637078,))
        with pytest.raises(StorageError, match="has been migrating the database"):
            await opened(url, patience=0.1).upgrade()
    await opened(url).upgrade()


async def test_waiting_for_a_server_that_does_not_answer_ends(opened: Open) -> None:
    """It takes connections and says nothing; libpq waits two seconds at least."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = "{}:{}".format(*silent.getsockname())
        database = opened(f"postgresql+psycopg://me:pw@{address}/db", patience=0.1)
        async with asyncio.timeout(10):
            with pytest.raises(StorageError, match="timeout") as error:
                await database.work(count)
    assert "me:***@" in error.value.message


async def test_closing_does_not_wait_for_the_file(duckdb_url: str) -> None:
    database = Database(duckdb_url, patience=50)
    await database.upgrade()
    with held(file_of(duckdb_url)):
        working = asyncio.create_task(database.work(count))
        await asyncio.wait({working}, timeout=0.1)
        await asyncio.wait_for(database.close(), 10)
        with pytest.raises(StorageError, match="Another process"):
            await working
    with pytest.raises(StorageError, match="closed"):
        await database.work(count)


async def test_processes_that_write_at_once_lose_nothing(
    duckdb_url: str, opened: Open
) -> None:
    databases = [opened(duckdb_url)]
    await databases[0].upgrade()
    writers = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", WRITE, duckdb_url, str(number)
        )
        for number in range(3)
    ]
    assert [await each.wait() for each in writers] == [0, 0, 0]
    assert await databases[0].work(count) == 60


async def test_the_file_and_its_folder_are_private(
    duckdb_url: str, opened: Open
) -> None:
    before = os.umask(0)
    try:
        await opened(duckdb_url).work(insert)
    finally:
        os.umask(before)
    file = file_of(duckdb_url)
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    modes = {
        each.name: stat.S_IMODE(each.stat().st_mode) for each in file.parent.iterdir()
    }
    assert modes == dict.fromkeys((file.name, f"{file.name}.lock"), 0o600)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("nonsense", "no URL of a database"),
        ("sqlite:////tmp/x.db", "'sqlite', which is no database we know"),
        ("duckdb:///:memory:", "a database in memory"),
        ("duckdb:////dev/null/x.duckdb", "can't be used"),
        ("postgresql+psycopg://u:hunter2@127.0.0.1:1/x", "can't be used"),
    ],
)
async def test_a_url_that_leads_nowhere_is_told_without_its_password(
    wrong: str, message: str, opened: Open
) -> None:
    with pytest.raises(StorageError, match=message) as error:
        await opened(wrong).work(count)
    assert "hunter2" not in str(error.value)


async def test_a_file_that_is_no_database_is_left_alone(
    duckdb_url: str, opened: Open
) -> None:
    file = file_of(duckdb_url)
    file.parent.mkdir()
    file.write_text("a letter to a friend")
    with pytest.raises(StorageError, match="not a valid DuckDB database"):
        await opened(duckdb_url).work(count)
    assert file.read_text() == "a letter to a friend"


async def test_starting_upgrades_in_a_process_of_its_own(
    url: str, opened: Open
) -> None:
    database = opened(url)
    database.start_upgrade()
    (state,) = await database.states()
    assert state.pending == ()


async def test_nothing_of_the_current_folder_is_run_at_the_start(
    duckdb_url: str, opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its module would be handed the database's password."""
    folder = tmp_path / "cloned"
    folder.mkdir()
    trap = "import pathlib; pathlib.Path(__file__).with_name('sprung').touch()\n"
    for name in ("duckdb.py", "sqlmodel.py", "json.py"):
        (folder / name).write_text(trap)
    monkeypatch.chdir(folder)
    database = opened(duckdb_url)
    database.start_upgrade()
    (state,) = await database.states()
    assert state.pending == ()
    assert not (folder / "sprung").exists()


async def test_a_start_without_a_database_is_one_warning_and_work_tries_again(
    duckdb_url: str, opened: Open
) -> None:
    folder = file_of(duckdb_url).parent
    folder.write_text("in the way")
    database = opened(duckdb_url)
    with structlog.testing.capture_logs() as logs:
        database.start_upgrade()
        with pytest.raises(StorageError):
            await database.work(count)
    assert [each["event"] for each in logs] == ["database_unavailable"]
    assert "can't be used" in logs[0]["reason"]
    folder.unlink()
    assert await database.work(count) == 0


def test_database_and_prices_cost_nothing_until_they_are_used() -> None:
    code = (
        "import sys; import ccproxy.services.bootstrap; "
        "print(*{'alembic', 'duckdb', 'genai_prices', 'sqlalchemy', 'sqlmodel'}"
        " & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
