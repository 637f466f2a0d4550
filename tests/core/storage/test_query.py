"""A query of somebody's own, which can change nothing."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ccproxy.errors import StorageError
from ccproxy.storage.database import Database
from ccproxy.storage.duckdb import RecordOptions, SimpleDuckDBStorage
from ccproxy.storage.query import answer_to_query
from ccproxy.storage.words import duckdb_file
from fakes.databases import on_a_file
from fakes.records import NOW, record

pytestmark = pytest.mark.integration

WRITABLE = "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE"


@pytest.fixture
async def kept(url: str, database: Database) -> str:
    """The URL of a database with one record."""
    storage = SimpleDuckDBStorage(database, RecordOptions(), clock=lambda: NOW)
    storage.put(record(notes=("100 %",)))
    await storage.stop(30)
    return url


async def test_it_tells_columns_and_rows_with_times_in_utc(kept: str) -> None:
    query = (
        "SELECT provider, ended_at, CAST(ended_at AS varchar) AS text "
        "FROM request_records WHERE notes LIKE '%100 %'"
    )
    answer = answer_to_query(kept, query)
    assert answer.columns == ("provider", "ended_at", "text")
    ((provider, ended_at, text),) = answer.rows
    assert provider == "acme"
    assert isinstance(ended_at, datetime)
    assert ended_at.astimezone(UTC) == NOW
    assert text == "2026-11-24 12:00:00+00"


async def test_columns_that_are_called_alike_are_told_apart(kept: str) -> None:
    """Or one would be lost where each row is an object."""
    query = "SELECT 1 AS id, 2 AS id_1, 3 AS id, 4 AS other, 5 AS id"
    answer = answer_to_query(kept, query)
    assert answer.columns == ("id", "id_1", "id_2", "other", "id_3")
    assert [tuple(row) for row in answer.rows] == [(1, 2, 3, 4, 5)]


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM request_records",
        "COMMIT; DELETE FROM request_records",
        f"COMMIT; {WRITABLE}; COMMIT; BEGIN; DELETE FROM request_records; COMMIT",
        "CREATE TABLE mine (x int)",
        "SELECT nonsense FROM request_records",
        "SELEC",
    ],
)
async def test_what_would_write_or_is_wrong_is_refused(kept: str, query: str) -> None:
    with pytest.raises(StorageError, match="The query can't be answered: "):
        answer_to_query(kept, query)
    ((count,),) = answer_to_query(kept, "SELECT count(*) FROM request_records").rows
    assert count == 1


async def test_nothing_is_made_where_nothing_is(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="There is no database"):
        answer_to_query(f"duckdb:///{tmp_path}/data/ccproxy.duckdb", "SELECT 1")


@on_a_file
@pytest.mark.parametrize(
    "query",
    [
        "COPY (SELECT 1) TO '{file}'",
        "SELECT 1; COPY (SELECT 1) TO '{other}'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{other}'",
        "EXPORT DATABASE '{other}'",
        "ATTACH '{other}' AS other",
        "CREATE PERSISTENT SECRET mine (TYPE http, BEARER_TOKEN 'x')",
        "SET autoinstall_known_extensions = true",
    ],
)
async def test_no_file_is_written(kept: str, tmp_path: Path, query: str) -> None:
    file, other = duckdb_file(kept), tmp_path / "other"
    with pytest.raises(StorageError, match="does more than ask") as raised:
        answer_to_query(kept, query.format(file=file, other=other))
    assert "--output FILE" in str(raised.value)
    assert not other.exists()
    ((count,),) = answer_to_query(kept, "SELECT count(*) FROM request_records").rows
    assert count == 1


@on_a_file
@pytest.mark.parametrize(
    "query",
    [
        "FROM request_records",
        "DESCRIBE request_records",
        "SHOW TABLES",
        "PIVOT request_records ON provider USING count(*)",
        "SELECT 1; SELECT 2",
    ],
)
async def test_whatever_asks_is_answered(kept: str, query: str) -> None:
    assert answer_to_query(kept, query).rows


@on_a_file
async def test_no_extension_is_fetched_from_elsewhere(
    kept: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # where those would be that are there
    with pytest.raises(StorageError, match="Install it first"):
        answer_to_query(kept, "SELECT * FROM 'http://127.0.0.1:1/x.parquet'")
