"""What is asked of the request log, and what is answered."""

from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict

from ccproxy.models.request_record import RequestRecord


class StatusClass(StrEnum):
    """The first digit of an HTTP status."""

    SUCCESS = "2xx"
    REDIRECT = "3xx"
    CLIENT_ERROR = "4xx"
    SERVER_ERROR = "5xx"


class GroupBy(StrEnum):
    """What requests are counted by."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    PROVIDER = "provider"
    MODEL = "model"
    CLIENT = "client"
    SESSION = "session"


class RequestFilter(BaseModel):
    """Which requests; what is not given does not matter."""

    model_config = ConfigDict(frozen=True)

    provider: str | None = None
    model: str | None = None
    client: str | None = None
    session: str | None = None
    status: StatusClass | None = None
    failure: str | None = None
    failed: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


class RequestsPage(BaseModel):
    """Some requests, the latest first."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    requests: tuple[RequestRecord, ...]
    """The requests of this page."""
    next: str | None
    """Give it as ``cursor`` to get the page that follows; ``null`` on the last one."""


class RequestGroup(BaseModel):
    """Requests that have something in common, counted."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    key: str | None
    """The provider, model, client or session; ``null`` if there is none, or by time."""
    begins_at: AwareDatetime | None
    """When the minute, hour or day (UTC) begins; ``null`` if not by time."""
    requests: int
    """How many there were."""
    failed: int
    """How many of them got no whole answer."""
    errors: int
    """How many got a status of 400 or more."""
    bytes_in: int
    """Size of their bodies."""
    bytes_out: int
    """Size of the answers' bodies."""
    duration_p50: float
    """Seconds that half of them took at most."""
    duration_p95: float
    """Seconds that 95 of 100 took at most."""


class RequestStats(BaseModel):
    """Requests in groups."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    by: GroupBy
    """What they are grouped by."""
    groups: tuple[RequestGroup, ...]
    """By time in its order, else the largest group first; a thousand at most."""
