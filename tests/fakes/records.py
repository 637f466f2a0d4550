"""Records of requests, as many as a test needs, and those that are kept."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from ccproxy.dialects.masking import mask_said
from ccproxy.models.captured import EVENTS, Captured, Said
from ccproxy.models.request_query import RequestFilter
from ccproxy.models.request_record import RECORD, RequestRecord, new_id
from ccproxy.storage.bodies import BodyStorage
from ccproxy.storage.database import Database
from ccproxy.storage.duckdb import RecordOptions, SimpleDuckDBStorage
from ccproxy.storage.requests import with_requests

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MOST = 10_000
"""Bytes of a body that are kept."""


def record(ended_at: datetime = NOW, **facts: object) -> RequestRecord:
    """A request to a model that went well, unless the facts say otherwise."""
    usual: dict[str, object] = {
        "request_id": "r",
        "method": "POST",
        "route": "/v1/messages",
        "provider": "acme",
        "model": "m",
        "status": 200,
        "duration": 1.5,
    }
    key = new_id(ended_at)
    return RECORD.validate_python({"id": key, "ended_at": ended_at, **usual, **facts})


def records(number: int, **facts: object) -> list[RequestRecord]:
    """So many requests, one each second."""
    return [
        record(NOW + timedelta(seconds=second), **facts) for second in range(number)
    ]


def captured(of: RequestRecord, said: bytes) -> Captured:
    """What was said in the request of a record, and streamed back."""
    request, answer = Said("application/json"), Said(EVENTS)
    request.add(said, MOST)
    answer.add(b"data: " + said + b"\n\n", MOST)
    return Captured(
        id=new_id(of.ended_at),
        ended_at=of.ended_at,
        request_id=of.request_id,
        request=request,
        answer=answer,
    )


def body_storage(database: Database, **options: int) -> BodyStorage:
    """What keeps bodies in a database."""
    return BodyStorage(database, partial(mask_said, most=MOST), **options)


async def keep(
    url: str, records: Sequence[RequestRecord], bodies: Sequence[Captured] = ()
) -> None:
    """Write records into a database, which is made if it is not there."""
    database = Database(url)
    storage = SimpleDuckDBStorage(database, RecordOptions(), clock=lambda: NOW)
    for each in records:
        storage.put(each)
    said = body_storage(database)
    for body in bodies:
        said.put(body)
    await said.stop(30)
    await storage.stop(30)
    await database.close()


async def kept(database: Database) -> list[RequestRecord]:
    """All records of a database, the earliest first."""
    page = await with_requests(
        database, lambda requests: requests.page(RequestFilter(), limit=100_000)
    )
    assert page.next is None
    return list(reversed(page.requests))
