"""Events of requests become records."""

from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ccproxy.hooks.bus import HookBus
from ccproxy.hooks.events import (
    Failure,
    RequestCompleted,
    RequestEnded,
    RequestFailed,
)
from ccproxy.models.request_record import COLUMNS, RECORD
from ccproxy.services.request_log import RequestLog, record_of
from ccproxy.storage.database import Database
from ccproxy.storage.duckdb import RecordOptions, SimpleDuckDBStorage
from fakes.databases import lay_tables
from fakes.records import NOW

pytestmark = pytest.mark.unit

NOWHERE = Database("duckdb:////dev/null/nowhere.duckdb")
FAILED = RequestFailed(
    at=NOW,
    request_id="r",
    method="POST",
    route="/v1/messages",
    status=502,
    duration=1.5,
    failure=Failure.UPSTREAM_DIED,
    reason="It died.",
)
TOKEN = "sk-ant-api03-" + "a1B2" * 12


def completed(dialect_in: str | None = "openai-chat") -> RequestEnded:
    return RequestCompleted(
        at=NOW,
        request_id="r",
        method="POST",
        route="/v1/chat/completions",
        status=200,
        duration=1.5,
        dialect_in=dialect_in,
        notes=("A note.",),
    )


def test_a_record_has_every_fact_of_its_event() -> None:
    event = replace(FAILED, session="s", chunks=3)
    record = record_of(event)
    known = {each.name for each in fields(event)} - {"at"}
    assert known <= {*COLUMNS}
    assert {name: getattr(record, name) for name in known} == {
        name: getattr(event, name) for name in known
    }
    assert (record.ended_at, len(record.id)) == (NOW, 32)


def test_what_others_have_told_is_masked() -> None:
    event = replace(
        FAILED,
        request_id=TOKEN,
        session=TOKEN,
        client_version=TOKEN,
        repository=TOKEN,
        branch=TOKEN,
        worktree=TOKEN,
        model_requested=TOKEN,
        model=TOKEN,
        model_served=TOKEN,
        reason=f"The key {TOKEN} is wrong.",
        notes=(f"authorization: Bearer {TOKEN}",),
    )
    assert TOKEN not in RECORD.dump_json(record_of(event)).decode()


def test_text_that_can_not_be_encoded_makes_a_record_all_the_same() -> None:
    """One that can't be written would stop the log for all that follow."""
    odd = "über \ud800"
    record = record_of(replace(FAILED, model=odd, reason=odd, notes=(odd,)))
    assert (record.model, record.reason, record.notes) == (
        "über ?",
        "über ?",
        ("über ?",),
    )
    assert RECORD.dump_json(record)


@pytest.mark.integration
async def test_whoever_listens_hears_of_the_requests_of_all_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of its own at once, of others when they are written; of each once."""
    monkeypatch.setattr("ccproxy.services.other_workers.EVERY", 0.01)
    database = Database(f"duckdb:///{tmp_path}/ccproxy.duckdb")
    lay_tables(tmp_path / "ccproxy.duckdb")
    buses = HookBus(), HookBus()
    kept = [SimpleDuckDBStorage(database, RecordOptions()) for _ in buses]
    for bus, storage in zip(buses, kept, strict=True):
        log = RequestLog(database, bus, storage, workers=2)
        log.start()
    with log.listening() as listener:
        now = datetime.now(UTC)
        for bus, name in ((buses[1], "own"), (buses[0], "other's")):
            bus.publish(replace(completed(), at=now, request_id=name))
            for storage in kept:
                await storage.flush(30)
        buses[0].publish(replace(completed(), at=now, request_id="last"))
        told = [await listener.next() for _ in range(3)]
    assert [each and each.request_id for each in told] == ["own", "other's", "last"]
    for storage in kept:
        await storage.stop(30)
    await database.close()


def test_workers_that_keep_no_records_hear_of_their_own_alone() -> None:
    for workers, hears_all in ((1, True), (2, False)):
        log = RequestLog(NOWHERE, HookBus(), None, workers)
        assert log.hears_all is hears_all


async def test_only_requests_to_models_are_told() -> None:
    bus = HookBus()
    log = RequestLog(NOWHERE, bus, None)
    log.start()
    with log.listening() as listener:
        bus.publish(completed(dialect_in=None))
        bus.publish(completed())
        log.hang_up()
        told = await listener.next()
        assert told is not None
        assert told.dialect_in == "openai-chat"
        assert await listener.next() is None
