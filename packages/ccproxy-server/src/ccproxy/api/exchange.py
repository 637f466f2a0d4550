"""The facts of one request, gathered on its way."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Protocol

from ccproxy.api.callers import client_of, session_of, workspace_of
from ccproxy.api.capture import Copy
from ccproxy.api.routing import OTHER, Kind, Match
from ccproxy.api.standing import Standing
from ccproxy.dialects import Dialect
from ccproxy.dialects.answer import Usage
from ccproxy.hooks.events import (
    Failure,
    RequestCompleted,
    RequestEnded,
    RequestFailed,
)
from ccproxy.models.client_key import ClientKey
from ccproxy.sdk import Scope
from ccproxy.security.sanitizer import mask_text

KEY = "ccproxy.exchange"
"""Where the ASGI scope holds it."""

LONGEST_NOTES = 1000
"""Bytes of the header that tells what was changed; the record holds all of it."""

LONGEST_MODEL = 256
"""Characters of a model's name, which goes into logs, metrics and records."""

_COUNTS = tuple((f"{each.name}_tokens", each.name) for each in fields(Usage))
"""Counts by the events' names and by those of ``Usage``."""

_PRINTABLE = bytes(byte if 32 <= byte < 127 else 63 for byte in range(256))


class Telling(Protocol):
    """Tells of an answer what is no part of its words.

    Attributes:
        usage: What it has used, if that is known.
        tool_calls: How many tools it asks the client to call, if that is known.
        model: The model that gives it; empty if it is not named.
    """

    @property
    def usage(self) -> Usage | None: ...  # noqa: D102

    @property
    def tool_calls(self) -> int | None: ...  # noqa: D102

    @property
    def model(self) -> str: ...  # noqa: D102


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request and its answer, as far as they have come.

    Attributes:
        id: The request id.
        match: Where the request goes by its path.
        method: HTTP method.
        headers: The request's; of a repeated one, the last.
        began: Monotonic time of arrival.
        gateway_credential: Headers that held the gateway's own client token; they
            never go upstream.
        first_byte: Monotonic time of the first byte of the answer's body.
        asked_at: Monotonic time at which the provider was asked.
        heard_at: Monotonic time of the first byte of its answer's body.
        waited: Seconds of waiting for others before the first byte of the answer.
        caller: Tells callers apart, by a part of their token's hash.
        named_inside: What the body calls the conversation, if it does.
        conversation: What the client calls it, if there is a choice to be made.
        moved: Whether the conversation holds reasoning of several makers.
        account: For which of several accounts the provider was asked.
        fallbacks: Who was asked before in vain; masked.
        notes: What was changed or dropped on the way, one sentence each.
        key: The caller's, if it has shown one that is managed.
        token: The place in the settings of the client token that it has shown.
        standing: What is left of the caller's limits, if it is limited.
        warning: What the guard has found.
        shared_with: The web origin whose pages may read the answer.
        model_served: The model that the answer names.
        usage: What the answer used, if its upstream told.
        tool_calls: How many tools it asks the client to call, if it was read.
        copy: Takes what is said, where that is to be kept.
        failure: Set when the answer is not whole.
        reason: Why, for people; masked.
    """

    id: str
    match: Match
    method: str
    headers: dict[bytes, bytes]
    began: float
    caller: str = ""
    shared_with: bytes | None = None
    gateway_credential: frozenset[bytes] = frozenset()
    status: int | None = None
    first_byte: float | None = None
    asked_at: float | None = None
    heard_at: float | None = None
    waited: float = 0.0
    provider: str | None = None
    account: str | None = None
    named_inside: str | None = None
    conversation: str | None = None
    moved: bool = False
    fallbacks: tuple[str, ...] = ()
    model_requested: str | None = None
    model: str | None = None
    dialect_out: str | None = None
    streaming: bool = False
    bytes_in: int = 0
    bytes_out: int = 0
    chunks: int = 0
    notes: list[str] = field(default_factory=list)
    model_served: str | None = None
    usage: Usage | None = None
    tool_calls: int | None = None
    key: ClientKey | None = None
    token: str | None = None
    standing: Standing | None = None
    warning: str = ""
    copy: Copy | None = None
    failure: Failure | None = None
    reason: str = ""

    @property
    def dialect(self) -> Dialect | None:
        """The dialect errors are told in; paths that speak none have none."""
        if self.match.kind is Kind.MODELS:
            return Dialect.MESSAGES if self.is_anthropic else Dialect.CHAT
        if self.match.route == OTHER and self.method == "POST":
            return Dialect.CHAT  # an SDK that asks for what we do not have
        return self.match.dialect

    @property
    def is_anthropic(self) -> bool:
        """Whether an Anthropic client asks: they always name a version of the API."""
        return b"anthropic-version" in self.headers

    def own_headers(self) -> list[tuple[bytes, bytes]]:
        """Return what the gateway adds to every answer."""
        headers = [(b"x-ccproxy-request-id", self.id.encode())]
        if self.notes:
            headers.append((b"x-ccproxy-notes", _header(" ".join(self._told_notes()))))
        if self.warning:
            headers.append((b"x-ccproxy-guard", _header(mask_text(self.warning))))
        if self.standing is not None:
            headers += self.standing.headers()
        if self.shared_with is not None:
            headers += [
                (b"access-control-allow-origin", self.shared_with),
                (b"vary", b"origin"),
            ]
        return headers

    def fail(self, failure: Failure, reason: str) -> None:
        """Note that the answer is not whole; the first reason stays."""
        if self.failure is None:
            self.failure, self.reason = failure, mask_text(reason)

    def waited_since(self, began: float) -> None:
        """Note that others were waited for, until now or until a keep-alive went out.

        Args:
            began: Monotonic time.
        """
        self.waited += (self.first_byte or monotonic()) - began

    def stands(self, standing: Standing) -> None:
        """Note what is left of a limit; the one of which least is left stays."""
        if self.standing is None or standing.share <= self.standing.share:
            self.standing = standing

    def note(self, notes: Iterable[str]) -> None:
        """Note what was changed, each thing once."""
        self.notes.extend(each for each in notes if each not in self.notes)

    def learn(self, told: Telling) -> None:
        """Note what an answer tells."""
        self.usage, self.tool_calls = told.usage, told.tool_calls
        is_name = 0 < len(told.model) <= LONGEST_MODEL
        self.model_served = told.model if is_name else None

    def turn_to(self, provider: str, model: str, account: str | None) -> None:
        """Note who is asked from now on."""
        self.provider, self.model, self.account = provider, model, account
        self.dialect_out = self.asked_at = None

    def asked_before(self, names: Iterable[str]) -> None:
        """Note who was asked in vain; clients may have made the models' names up."""
        self.fallbacks = tuple(map(mask_text, names))

    def _told_notes(self) -> tuple[str, ...]:
        return tuple(map(mask_text, self.notes))  # a provider's may quote the client

    def client_left(self) -> None:
        """Note that the client went away before it had everything."""
        self.fail(
            Failure.CLIENT_LEFT, "The client left before the answer was complete."
        )

    def ended(self, now: float) -> RequestEnded:
        """Make the event that ends the request.

        Args:
            now: Monotonic time.
        """
        dialect = self.match.dialect
        ttfb = None if self.first_byte is None else self.first_byte - self.began
        client, client_version = client_of(self.headers)
        make: Callable[..., RequestEnded] = RequestCompleted
        if self.failure is not None:
            make = partial(RequestFailed, failure=self.failure, reason=self.reason)
        return make(
            at=datetime.now(UTC),
            request_id=self.id,
            method=self.method,
            route=self.match.route,
            status=self.status,
            duration=now - self.began,
            ttfb=ttfb,
            overhead=None if ttfb is None else ttfb - self.waited,
            upstream_ttfb=self._upstream_ttfb(),
            provider=self.provider,
            account=self.account,
            fallbacks=self.fallbacks,
            model_requested=self.model_requested,
            model=self.model,
            model_served=self.model_served,
            dialect_in=dialect.value if dialect else None,
            dialect_out=self.dialect_out,
            streaming=self.streaming,
            bytes_in=self.bytes_in,
            bytes_out=self.bytes_out,
            chunks=self.chunks,
            tool_calls=self.tool_calls,
            notes=self._told_notes(),
            key=self.token if self.key is None else self.key.name,
            client=client,
            client_version=client_version,
            session=session_of(self.headers, self.named_inside),
            **workspace_of(self.headers),
            **_counts(self.usage),
        )

    def _upstream_ttfb(self) -> float | None:
        if self.heard_at is None or self.asked_at is None:
            return None
        return self.heard_at - self.asked_at


def _counts(usage: Usage | None) -> dict[str, int]:
    """Name the counts as events do; what is unknown stays out."""
    if usage is None:
        return {}
    return {told: getattr(usage, name) for told, name in _COUNTS}


def _header(text: str) -> bytes:
    """Make a header's value of a text: printable ASCII, and not too long."""
    ascii_text = text.encode("ascii", "replace").translate(_PRINTABLE)
    if len(ascii_text) <= LONGEST_NOTES:
        return ascii_text
    return ascii_text[: LONGEST_NOTES - 4] + b" ..."


def exchange_of(scope: Scope) -> Exchange:
    """Find the exchange the lifecycle middleware has put into the scope."""
    exchange: Exchange = scope[KEY]
    return exchange
