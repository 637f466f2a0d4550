"""What is asked of the request log, and what is answered."""

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
    KEY = "key"
    CLIENT = "client"
    SESSION = "session"
    REPOSITORY = "repository"
    BRANCH = "branch"


class RequestFilter(BaseModel):
    """Which requests; what is not given does not matter."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True
    )

    provider: str | None = None
    """The provider that was asked, or a pattern: ``*`` is any text, ``?`` a character.
    """
    model: str | None = None
    """The model the provider was asked for, or a pattern such as ``gpt-*``."""
    key: str | None = None
    """The client key that was shown, or the token's place: ``client_tokens[0]``."""
    client: str | None = None
    """The program that asked, such as ``claude-code``."""
    session: str | None = None
    """The conversation, as the client names it."""
    repository: str | None = None
    """The git repository the program worked in."""
    branch: str | None = None
    """The branch it worked on."""
    status: StatusClass | None = None
    """The class of the HTTP status, such as ``5xx``."""
    failed: bool | None = None
    """Whether there was no whole answer, for a reason of the gateway's."""
    failure: str | None = None
    """The kind of failure, such as ``upstream_died``."""
    since: AwareDatetime | None = None
    """The earliest end of a request, with its zone."""
    until: AwareDatetime | None = None
    """The end of the time asked for, itself not included, with its zone."""


class RequestsPage(BaseModel):
    """Some requests, the latest first."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    requests: tuple[RequestRecord, ...]
    """The requests of this page."""
    next: str | None
    """Give it as ``cursor`` to get the page that follows; ``null`` on the last one."""


class RequestSums(BaseModel):
    """Requests, counted and added up."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

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
    counted: int
    """How many of them told their tokens; only those are in the sums below."""
    input_tokens: int | None
    """Tokens read, but for those of the cache; all sums are ``null`` if none told."""
    cache_read_tokens: int | None
    """Tokens taken from the cache."""
    cache_write_tokens: int | None
    """Tokens written to it."""
    cache_write_1h_tokens: int | None
    """The part of those that is kept for an hour."""
    output_tokens: int | None
    """Tokens written, reasoning included."""
    reasoning_tokens: int | None
    """The part of those that was reasoning."""
    priced: int
    """How many of them have a known cost; only those are in the sum."""
    cost: float | None
    """What they cost in US dollars; ``null`` if no cost is known."""


class RequestGroup(RequestSums):
    """Requests that have something in common."""

    key: str | None
    """The name or id of what they have in common; ``null`` if there is none, or by
    time."""
    begins_at: AwareDatetime | None
    """When the minute, hour or day (UTC) begins; ``null`` if not by time."""
    duration_mean: float
    """Seconds that one took on average."""
    duration_p95: float
    """Seconds that 95 of 100 took at most."""


class RequestStats(BaseModel):
    """Requests in groups."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    by: GroupBy
    """What they are grouped by."""
    groups: tuple[RequestGroup, ...]
    """By time in its order, the latest thousand; else the largest thousand, the largest
    first."""
    total: RequestSums
    """All groups together, those beyond the thousand included."""
