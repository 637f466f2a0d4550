"""Records of requests, as many as a test needs, and those that are kept."""

from datetime import UTC, datetime, timedelta

from ccproxy.models.request_query import RequestFilter
from ccproxy.models.request_record import RequestRecord, new_id
from ccproxy.storage.database import Database
from ccproxy.storage.requests import with_requests

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


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
    return RequestRecord(id=key, ended_at=ended_at, **{**usual, **facts})


def records(number: int, **facts: object) -> list[RequestRecord]:
    """So many requests, one each second."""
    return [
        record(NOW + timedelta(seconds=second), **facts) for second in range(number)
    ]


async def kept(database: Database) -> list[RequestRecord]:
    """All records of a database, the earliest first."""
    page = await with_requests(
        database, lambda requests: requests.page(RequestFilter(), limit=100_000)
    )
    assert page.next is None
    return list(reversed(page.requests))
