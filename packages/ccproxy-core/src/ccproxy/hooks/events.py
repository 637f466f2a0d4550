"""What the gateway tells those who listen: one frozen dataclass per event.

The docstrings here are the reference documentation of the hooks.
Times are aware UTC; durations are seconds.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar


class HookEvent(StrEnum):
    """The names of the events, as logs and documentation write them."""

    REQUEST_STARTED = "request_started"
    REQUEST_COMPLETED = "request_completed"
    REQUEST_FAILED = "request_failed"
    STREAM_CHUNK = "stream_chunk"
    PROFILE_UPDATED = "profile_updated"
    AUTH_LOGIN = "auth_login"
    AUTH_LOGOUT = "auth_logout"
    AUTH_TOKEN_REFRESHED = "auth_token_refreshed"  # noqa: S105  (an event's name)
    CIRCUIT_CHANGED = "circuit_changed"
    GUARD_TRIPPED = "guard_tripped"
    REQUESTS_PRICED = "requests_priced"
    PLUGIN_STARTED = "plugin_started"
    PLUGIN_FAILED = "plugin_failed"


class Failure(StrEnum):
    """Why the gateway could not give a whole answer of an upstream."""

    REFUSED = "refused"
    LIMITED = "limited"
    BAD_REQUEST = "bad_request"
    NO_CREDENTIAL = "no_credential"
    UPSTREAM_UNREACHABLE = "upstream_unreachable"
    UPSTREAM_TIMEOUT = "upstream_timeout"
    UPSTREAM_DIED = "upstream_died"
    UPSTREAM_FAILED = "upstream_failed"
    CLIENT_LEFT = "client_left"
    SHUTDOWN = "shutdown"
    INTERNAL = "internal"


class CircuitState(StrEnum):
    """Whether a provider's model is asked where there is another choice."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Runaway(StrEnum):
    """In which way an agent may have run away."""

    REPEATS = "repeats"
    TOKENS = "tokens"
    COST = "cost"
    TIME = "time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event tells.

    Attributes:
        at: When it happened.
    """

    name: ClassVar[HookEvent]

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestStarted(Event):
    """A request has arrived; exactly one completed or failed event will follow.

    Attributes:
        request_id: The id that binds the events of one request.
        method: HTTP method.
        route: The route's template, from a closed set; never the URL.
    """

    name = HookEvent.REQUEST_STARTED

    request_id: str
    method: str
    route: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEnded(Event):
    """What is known when the last byte has gone, whether all went well or not.

    Attributes:
        request_id: As in the started event.
        method: HTTP method.
        route: The route's template.
        status: The HTTP status sent, or ``None`` if none was.
        duration: Seconds from arrival to the last byte.
        ttfb: Seconds from arrival to the first byte of the answer, if there was one.
        overhead: The part of those in which the gateway itself was at work: neither the
            request's body was awaited, nor an upstream, from asking it to the first
            byte of its answer. An answer that is read whole before any of it goes out
            is awaited to its last byte.
        upstream_ttfb: Seconds from asking the provider, the last of several, to the
            first byte of its answer's body.
        provider: Name of the provider asked, if any was.
        account: Name of the account it was asked for, if the provider has several.
        fallbacks: Who was asked before in vain, such as ``codex/gpt-5.5``.
        model_requested: The model the caller named.
        model: The model the upstream was asked for.
        model_served: The model that the answer names, which may be another, or one with
            a date; ``None`` where it names none.
        dialect_in: The dialect the caller spoke.
        dialect_out: The dialect the upstream was spoken to in.
        streaming: Whether the caller asked for a stream.
        bytes_in: Size of the request body as it came.
        bytes_out: Size of the answer's body.
        chunks: Pieces in which the answer's body went out.
        tool_calls: How many tools the answer asks the client to call; ``None`` where no
            answer was read. Those that the provider runs itself are not in it.
        notes: What was changed or dropped on the way, one sentence each.
        key: The name of the client key that was shown, or the place of the token in
            the settings, such as ``client_tokens[0]``; ``None`` if none is asked for.
        client: The program that asked, of a closed set; ``other`` is none of it, and
            ``None`` one that does not say.
        client_version: That program's version, if it tells.
        session: The conversation's id, if the client names it.
        repository: The git repository the program worked in, if ``ccproxy run`` has
            told.
        branch: The branch that was checked out there when the program was started.
        worktree: The folder of that worktree.
        input_tokens: Tokens read and neither taken from a cache nor written to it;
            these counts are ``None`` where the upstream told nothing.
        cache_read_tokens: Tokens taken from the cache.
        cache_write_tokens: Tokens written to it.
        cache_write_1h_tokens: The part of those that is kept for an hour.
        output_tokens: Tokens written, reasoning included.
        reasoning_tokens: The part of those that was reasoning.
    """

    request_id: str
    method: str
    route: str
    status: int | None
    duration: float
    ttfb: float | None = None
    overhead: float | None = None
    upstream_ttfb: float | None = None
    provider: str | None = None
    account: str | None = None
    fallbacks: tuple[str, ...] = ()
    model_requested: str | None = None
    model: str | None = None
    model_served: str | None = None
    dialect_in: str | None = None
    dialect_out: str | None = None
    streaming: bool = False
    bytes_in: int = 0
    bytes_out: int = 0
    chunks: int = 0
    tool_calls: int | None = None
    notes: tuple[str, ...] = ()
    key: str | None = None
    client: str | None = None
    client_version: str | None = None
    session: str | None = None
    repository: str | None = None
    branch: str | None = None
    worktree: str | None = None
    input_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCompleted(RequestEnded):
    """The answer went out whole; an upstream's own 4xx or 5xx is an answer too."""

    name = HookEvent.REQUEST_COMPLETED


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFailed(RequestEnded):
    """The gateway refused, found no upstream, or the answer was cut.

    Attributes:
        failure: The kind, from a closed set.
        reason: One sentence for people, masked.
    """

    name = HookEvent.REQUEST_FAILED

    failure: Failure
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamChunk(Event):
    """A piece of a streamed answer has passed; published only if someone listens.

    Attributes:
        request_id: As in the started event.
        data: The bytes as they went to the client.
    """

    name = HookEvent.STREAM_CHUNK

    request_id: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileUpdated(Event):
    """Facts of an account have changed.

    Attributes:
        provider: Whose account.
        fields: Names of the changed fields, no values.
    """

    name = HookEvent.PROFILE_UPDATED

    provider: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthEvent(Event):
    """Something happened to a provider's login.

    Attributes:
        provider: Whose login.
        account: The account's name within ccproxy, if it has one.
    """

    provider: str
    account: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthLogin(AuthEvent):
    """A login was made."""

    name = HookEvent.AUTH_LOGIN


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthLogout(AuthEvent):
    """A login was given up."""

    name = HookEvent.AUTH_LOGOUT


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthTokenRefreshed(AuthEvent):
    """The login's tokens were replaced by newer ones."""

    name = HookEvent.AUTH_TOKEN_REFRESHED


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitChanged(Event):
    """A provider's model is passed over from now on, is tried again, or is well.

    Attributes:
        provider: Its name.
        model: The model it was asked for; clients may have made it up.
        before: What the state was.
        state: What it is now.
    """

    name = HookEvent.CIRCUIT_CHANGED

    provider: str
    model: str
    before: CircuitState
    state: CircuitState


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardTripped(Event):
    """An agent may have run away; its request was warned of, or refused.

    Attributes:
        request_id: As in the started event.
        session: The conversation's id, if the client names it.
        reason: In which way: ``repeats``, ``tokens``, ``cost`` or ``time``.
        refused: Whether it was refused; if not, it was answered with a warning.
    """

    name = HookEvent.GUARD_TRIPPED

    request_id: str
    session: str | None
    reason: Runaway
    refused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCost:
    """What requests to one model cost.

    Attributes:
        provider: The provider's name.
        model: The model it was asked for.
        requests: How many there were whose cost is known.
        usd: What they cost together, in US dollars.
    """

    provider: str
    model: str
    requests: int
    usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestsPriced(Event):
    """The costs of requests are known, which is some seconds after they have ended.

    Told of none whose cost is unknown.

    Attributes:
        costs: One ``ModelCost`` (``provider``, ``model``, ``requests``, ``usd``) for
            each model.
    """

    name = HookEvent.REQUESTS_PRICED

    costs: tuple[ModelCost, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginStarted(Event):
    """A plugin is running.

    Attributes:
        plugin: Its name.
    """

    name = HookEvent.PLUGIN_STARTED

    plugin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginFailed(Event):
    """A plugin could not be loaded, set up or started, and is off.

    Attributes:
        plugin: Its name.
        reason: One sentence for people, masked.
    """

    name = HookEvent.PLUGIN_FAILED

    plugin: str
    reason: str


EVENTS: tuple[type[Event], ...] = (
    RequestStarted,
    RequestCompleted,
    RequestFailed,
    StreamChunk,
    ProfileUpdated,
    AuthLogin,
    AuthLogout,
    AuthTokenRefreshed,
    CircuitChanged,
    GuardTripped,
    RequestsPriced,
    PluginStarted,
    PluginFailed,
)
"""Every event there is, in the order of the documentation."""
