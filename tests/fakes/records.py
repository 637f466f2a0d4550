"""Records of requests, as many as a test needs."""

from datetime import UTC, datetime, timedelta

from ccproxy.models.request_record import RequestRecord, new_id

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
