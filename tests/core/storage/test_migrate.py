"""The database becomes what the code needs, whoever starts first."""

import asyncio
import json
import stat
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa
import structlog
from sqlmodel import Session

from ccproxy.errors import StorageError
from ccproxy.storage.connections import Connections
from ccproxy.storage.database import Database
from ccproxy.storage.migrate import State
from ccproxy.storage.profiles import with_profiles

pytestmark = pytest.mark.integration


@pytest.fixture
def has_tables() -> bool:
    return False


Open = Callable[..., Database]
Scripts = Callable[..., str]

TABLE = "op.create_table('counts', sa.Column('word', sa.String(), primary_key=True))"
ROW = "op.execute(\"INSERT INTO counts VALUES ('one')\")"
WIDEN = """\
with op.batch_alter_table('counts') as batch:
    batch.add_column(sa.Column('times', sa.Integer(), nullable=False,
                               server_default='1'))
    batch.create_index('ix_counts_times', ['times'])
"""
NARROW = """\
with op.batch_alter_table('counts') as batch:
    batch.drop_index('ix_counts_times')
    batch.drop_column('times')
"""


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with Connections(url).open() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


async def test_an_empty_database_gets_all_tables_once(database: Database) -> None:
    before = await database.states()
    first, second = await database.upgrade(), await database.upgrade()
    after = await database.states()
    assert [(each.state, each.current) for each in before] == [(State.BEHIND, None)]
    assert [each.name for each in first] == ["core"]
    assert second == []
    assert [(each.state, each.pending) for each in after] == [(State.CURRENT, ())]


async def test_the_migrations_make_what_the_models_say(database: Database) -> None:
    await database.upgrade()
    assert await database.differences() == []


async def test_a_table_that_was_tampered_with_is_noticed(
    url: str, database: Database
) -> None:
    await database.upgrade()
    with Connections(url).open() as connection:
        connection.execute(sa.text("DROP INDEX ix_profiles_email"))
        connection.commit()
    (difference,) = await database.differences()
    assert "ix_profiles_email" in difference


async def test_no_table_refers_to_another(database: Database) -> None:
    """DuckDB refuses to change rows that a foreign key points to."""
    await database.upgrade()
    assert await database.work(_foreign_keys) == []


def _foreign_keys(session: Session) -> list[str]:
    asked = sa.text(
        "SELECT constraint_name FROM information_schema.table_constraints "
        "WHERE constraint_type = 'FOREIGN KEY'"
    )
    return [*session.connection().scalars(asked)]


async def test_two_processes_on_an_empty_database_both_succeed(url: str) -> None:
    order = json.dumps({"url": url, "migrations": {}}).encode()
    command = (sys.executable, "-m", "ccproxy.storage.upgrade")
    started = [
        await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
        for _ in range(2)
    ]
    said = await asyncio.gather(*(each.communicate(order) for each in started))
    assert [each.returncode for each in started] == [0, 0], said
    assert rows(url, "SELECT version_num FROM alembic_version") == [("0010",)]


async def test_a_plugin_has_a_version_table_of_its_own_and_can_go(
    url: str, opened: Open, scripts: Scripts
) -> None:
    location = scripts(TABLE, ROW)
    done = await opened(url, lambda: {"counting": location}).upgrade()
    assert [each.name for each in done] == ["core", "counting"]
    assert rows(url, "SELECT * FROM alembic_version_counting") == [("c1",)]

    without = opened(url)
    assert await without.upgrade() == []
    assert [each.state for each in await without.states()] == [State.CURRENT]
    assert await without.differences() == []
    assert rows(url, "SELECT * FROM counts") == [("one",)]


async def test_plugins_change_tables_that_have_rows_and_indexes(
    url: str, opened: Open, scripts: Scripts
) -> None:
    location = scripts(TABLE, ROW, WIDEN)
    await opened(url, lambda: {"counting": location}).upgrade()
    assert rows(url, "SELECT word, times FROM counts") == [("one", 1)]
    location = scripts(TABLE, ROW, WIDEN, NARROW)
    await opened(url, lambda: {"counting": location}).upgrade()
    assert rows(url, "SELECT * FROM counts") == [("one",)]


async def test_a_migration_that_fails_leaves_nothing_of_itself(
    url: str, opened: Open, scripts: Scripts
) -> None:
    broken = scripts(TABLE, f"{ROW}\nop.execute('SELECT * FROM nowhere')")
    database = opened(url, lambda: {"counting": broken})
    with pytest.raises(StorageError, match="nowhere"):
        await database.upgrade()
    assert rows(url, "SELECT * FROM counts") == []
    mended = scripts(TABLE, ROW)
    await opened(url, lambda: {"counting": mended}).upgrade()
    assert rows(url, "SELECT * FROM counts") == [("one",)]


async def test_a_database_newer_than_the_code_is_refused(
    url: str, opened: Open
) -> None:
    await opened(url).upgrade()
    with Connections(url).open() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        connection.commit()
    database = opened(url)
    with pytest.raises(StorageError, match="A newer version of ccproxy") as refused:
        await database.upgrade()
    assert "9999" in refused.value.message
    assert "Upgrade ccproxy" in (refused.value.hint or "")
    with pytest.raises(StorageError, match="A newer version"):
        await database.work(lambda session: None)
    assert [each.state for each in await database.states()] == [State.NEWER]


async def test_a_duckdb_file_is_copied_before_a_migration_that_rewrites(
    tmp_path: Path, opened: Open, scripts: Scripts
) -> None:
    file = tmp_path / "data" / "ccproxy.duckdb"
    url = f"duckdb:///{file}"
    await opened(url, lambda: {"counting": scripts(TABLE, ROW)}).upgrade()
    assert list(file.parent.glob("*.bak")) == []

    gone = scripts(TABLE, ROW, "op.execute('DELETE FROM counts')", rewrites=(2,))
    await opened(url, lambda: {"counting": gone}).upgrade()
    assert rows(url, "SELECT * FROM counts") == []
    (copy,) = file.parent.glob("*.bak")
    assert copy.name == "ccproxy.duckdb.before-counting-c1.bak"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with duckdb.connect(str(copy)) as connection:
        assert connection.sql("SELECT * FROM counts").fetchall() == [("one",)]


async def test_migrations_that_are_not_there_are_named(url: str, opened: Open) -> None:
    with pytest.raises(StorageError, match="There is no package 'nowhere'"):
        await opened(url, lambda: {"lost": "nowhere:migrations"}).upgrade()
    with pytest.raises(StorageError, match="The migrations of lost are not at"):
        await opened(url, lambda: {"lost": "ccproxy.storage:nowhere"}).upgrade()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("op.execute('SELECT * FROM nowhere')", "nowhere"),
        ("op.no_such_operation()", "AttributeError"),
        ("raise RuntimeError('not ready')", "not ready"),
    ],
)
async def test_a_plugin_whose_migration_fails_is_nobody_elses_affair(
    url: str, opened: Open, scripts: Scripts, body: str, reason: str
) -> None:
    """The core's tables can be used, and other plugins' are brought up to date."""
    migrations = {"a-lost-one": "nowhere:migrations", "counting": scripts(TABLE, body)}
    database = opened(url, lambda: migrations)
    with structlog.testing.capture_logs() as logs:
        for _ in range(2):
            assert await with_profiles(database, lambda found: found.list()) == []
    assert [each["event"] for each in logs] == ["plugin_not_migrated"] * 2
    lost, counting = (each["reason"] for each in logs)
    assert "plugin a-lost-one can't be brought up to date: There is no package" in lost
    assert "plugin counting can't be brought up to date" in counting
    assert reason in counting
    assert rows(url, "SELECT * FROM counts") == []
    with pytest.raises(StorageError, match="plugin a-lost-one"):
        await database.upgrade()


async def test_a_start_says_once_which_plugin_could_not_be_migrated(
    url: str, opened: Open
) -> None:
    database = opened(url, lambda: {"a-lost-one": "nowhere:migrations"})
    with structlog.testing.capture_logs() as logs:
        database.start_upgrade()
        assert await with_profiles(database, lambda found: found.list()) == []
    assert [each["event"] for each in logs] == ["plugin_not_migrated"]
    assert "plugin a-lost-one can't be brought up to date" in logs[0]["reason"]


async def test_a_plugin_newer_than_its_tables_is_nobody_elses_affair(
    url: str, opened: Open, scripts: Scripts
) -> None:
    database = opened(url, lambda: {"counting": scripts(TABLE)})
    await database.upgrade()
    with Connections(url).open() as connection:
        connection.execute(sa.text("UPDATE alembic_version_counting SET version_num=9"))
        connection.commit()
    again = opened(url, lambda: {"counting": scripts(TABLE)})
    assert await with_profiles(again, lambda found: found.list()) == []
    with pytest.raises(StorageError, match="A newer version of the plugin counting"):
        await again.upgrade()


async def test_a_script_that_can_not_be_read_is_told_with_the_plugins_name(
    url: str, opened: Open, scripts: Scripts
) -> None:
    database = opened(url, lambda: {"counting": scripts("this is no Python")})
    with pytest.raises(StorageError, match="A migration of counting is wrong: Syntax"):
        await database.states()


async def test_a_backup_is_private_from_its_first_byte(
    tmp_path: Path, opened: Open, scripts: Scripts, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"duckdb:///{tmp_path}/data/ccproxy.duckdb"
    await opened(url, lambda: {"counting": scripts(TABLE, ROW)}).upgrade()
    seen: list[int] = []
    chmod = Path.chmod

    def look(path: Path, mode: int) -> None:
        seen.append(stat.S_IMODE(path.parent.stat().st_mode))
        chmod(path, mode)

    monkeypatch.setattr(Path, "chmod", look)
    gone = scripts(TABLE, ROW, "op.execute('DELETE FROM counts')", rewrites=(2,))
    await opened(url, lambda: {"counting": gone}).upgrade()
    assert seen == [0o700]
