"""A file that needs no migration is told from others without Alembic."""

import asyncio
import json
import sys
import threading
from asyncio.subprocess import PIPE
from pathlib import Path

import duckdb
import pytest

from ccproxy.storage.current import is_current, last_revision
from ccproxy.storage.database import Database
from fakes.databases import on_a_file

pytestmark = pytest.mark.integration


@pytest.fixture
def has_tables() -> bool:
    return False


NOBODY = threading.Event()

UPGRADE = """
import asyncio, sys
from ccproxy.storage import upgrade
assert asyncio.run(upgrade.main()) == 0
print(sorted({"alembic", "sqlalchemy", "duckdb"} & {*sys.modules}))
"""


@on_a_file
async def test_the_last_revision_is_the_one_that_alembic_knows(
    database: Database,
) -> None:
    (state,) = await database.states()
    assert last_revision() == state.head


@on_a_file
async def test_a_file_is_current_once_it_has_the_last_revision(
    database: Database,
) -> None:
    assert database.file is not None
    assert not is_current(database.file, NOBODY)
    await database.upgrade()
    assert is_current(database.file, NOBODY)


@pytest.mark.parametrize("revision", ["0001", "9999"])
@on_a_file
async def test_any_other_revision_is_left_to_alembic(
    database: Database, revision: str
) -> None:
    assert database.file is not None
    await database.upgrade()
    with duckdb.connect(database.file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [revision])
    assert not is_current(database.file, NOBODY)


def test_a_file_that_is_no_database_is_left_to_alembic(tmp_path: Path) -> None:
    file = tmp_path / "any.duckdb"
    file.write_text("no database")
    assert not is_current(file, NOBODY)


@on_a_file
async def test_a_start_with_a_current_file_loads_neither_alembic_nor_sqlalchemy(
    url: str, database: Database
) -> None:
    await database.upgrade()
    order = json.dumps({"url": url, "migrations": {}}).encode()
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", UPGRADE), stdin=PIPE, stdout=PIPE
    )
    said, _ = await child.communicate(order)
    assert said.decode().splitlines() == ["[]", "['duckdb']"]
