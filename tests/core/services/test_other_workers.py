"""What other workers were asked is looked for while somebody listens."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from ccproxy.models.request_record import RequestRecord
from ccproxy.services.other_workers import OtherWorkers
from ccproxy.storage.database import Database
from ccproxy.storage.duckdb import RecordOptions, SimpleDuckDBStorage
from fakes.databases import lay_tables
from fakes.records import record

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccproxy.services.other_workers.EVERY", 0.01)


async def test_a_database_that_is_away_for_a_while_is_told_of_once(
    tmp_path: Path,
) -> None:
    folder, ready = tmp_path / "data", tmp_path / "ready"
    folder.symlink_to("/dev/null")
    lay_tables(tmp_path / "full" / "ccproxy.duckdb")
    ready.symlink_to(tmp_path / "full")
    database = Database(f"duckdb:///{folder}/ccproxy.duckdb")
    storage = SimpleDuckDBStorage(database, RecordOptions())
    told = asyncio.Queue[RequestRecord]()

    def tell(records: Sequence[RequestRecord], missed: int) -> None:
        assert not missed
        for each in records:
            told.put_nowait(each)

    others = OtherWorkers(database, tell)
    complained = asyncio.Event()

    def hear(_: object, __: str, event: EventDict) -> EventDict:
        if event["event"] == "other_workers_not_heard":
            complained.set()
        return event

    with capture_logs([hear]) as logs:
        others.start()
        await complained.wait()
        ready.replace(folder)
        came = record(datetime.now(UTC))
        storage.put(came)
        await storage.flush(30)
        assert await told.get() == came
    others.stop()
    await storage.stop(30)
    names = [each["event"] for each in logs]
    assert names.count("other_workers_not_heard") == 1
    await database.close()
