"""Old records are deleted, or go to files of their days."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
import structlog

from ccproxy.storage.archive import archive_days
from ccproxy.storage.database import Database
from ccproxy.storage.duckdb import SimpleDuckDBStorage
from fakes.records import NOW, kept, record
from fakes.scarce import full_disk

pytestmark = pytest.mark.integration

Keep = Callable[..., SimpleDuckDBStorage]

PATIENCE = 30.0

on_a_file = pytest.mark.parametrize("url", ["duckdb"], indirect=True)


@pytest.mark.parametrize("hours", [0, 11])
async def test_old_days_are_deleted_with_a_batch_once_a_day(
    database: Database, keep: Keep, hours: int
) -> None:
    now = NOW
    storage = keep(database, retention_days=2, clock=lambda: now)
    ages = [timedelta(days=days, hours=hours) for days in (0, 1, 2, 3, 4)]

    async def put(*ended: datetime) -> list[datetime]:
        for each in ended:
            storage.put(record(each))
        await storage.flush(PATIENCE)
        return [each.ended_at for each in await kept(database)]

    assert len(await put(*(NOW - age for age in ages))) == 3
    assert len(await put(NOW - timedelta(days=9))) == 4
    now += timedelta(days=1)
    assert len(await put(now)) == 3


@on_a_file
async def test_old_days_go_to_a_file_each_and_what_comes_late_joins_them(
    database: Database, keep: Keep, tmp_path: Path
) -> None:
    now, archive = NOW, tmp_path / "it's an archive"
    storage = keep(database, retention_days=2, archive_dir=archive, clock=lambda: now)
    old = [record(NOW - timedelta(days=days), notes=("x",)) for days in (3, 3, 4)]
    for each in (*old, record()):
        storage.put(each)
    await storage.flush(PATIENCE)
    now += timedelta(days=1)
    late = record(NOW - timedelta(days=3), request_id="late")
    storage.put(late)
    await storage.flush(PATIENCE)
    assert len(await kept(database)) == 1
    files = sorted(archive.iterdir())
    assert [each.name for each in files] == [
        "requests-2026-11-20.parquet",
        "requests-2026-11-21.parquet",
    ]
    rows = duckdb.read_parquet(str(files[1])).project("id, notes").fetchall()
    assert sorted(rows) == sorted(
        [(each.id, '["x"]') for each in old[:2]] + [(late.id, "[]")]
    )
    assert [each.stat().st_mode & 0o777 for each in files] == [0o600, 0o600]


@on_a_file
async def test_an_archive_that_can_not_be_written_keeps_the_records_where_they_are(
    database: Database, keep: Keep, tmp_path: Path
) -> None:
    archive = tmp_path / "archive"
    archive.write_text("in the way")
    storage = keep(database, retention_days=2, archive_dir=archive)
    with structlog.testing.capture_logs() as logs:
        for age in (0, 9):
            storage.put(record(NOW - timedelta(days=age)))
            await storage.flush(PATIENCE)
        storage.put(record())
        await storage.flush(PATIENCE)
    assert [each["event"] for each in logs] == ["records_not_cleaned_up"]
    assert len(await kept(database)) == 3


def test_a_copy_that_is_not_finished_leaves_nothing_behind(tmp_path: Path) -> None:
    """Others could read it: the folder may be open to them."""
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE request_records AS SELECT uuid()::VARCHAR AS id, "
            "TIMESTAMPTZ '2026-11-20 00:00:00+00' AS ended_at FROM range(200_000)"
        )
        with full_disk(left=100_000), pytest.raises(duckdb.IOException):
            archive_days(connection, NOW, tmp_path)
    assert [*tmp_path.iterdir()] == []
