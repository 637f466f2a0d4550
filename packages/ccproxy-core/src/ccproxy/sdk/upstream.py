"""The seam between the relay and whoever answers; tests put their fakes here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ccproxy.dialects import Endpoint
from ccproxy.sdk.json import JsonObject, encode


@dataclass(slots=True, kw_only=True)
class UpstreamRequest:
    """What is about to be asked of a provider; ``Provider.prepare`` may change it.

    Attributes:
        url: Where it goes; set from the provider, never by a client.
        endpoint: The operation, in the provider's dialect.
        model: The model the upstream is asked for.
        stream: Whether a stream was asked for.
        headers: Lower-case names; hop-by-hop and credential headers are already gone.
        body: The bytes that will be sent.
        payload: The body decoded. Change it only through ``rewrite``.
        request_id: The gateway's id of the caller's request.
        notes: What was changed or dropped, one sentence each, for the record.
        translated: Whether the caller has asked in another dialect, and so can't know
            what this upstream refuses.
    """

    url: str
    endpoint: Endpoint
    model: str
    stream: bool
    headers: dict[str, str]
    body: bytes
    payload: JsonObject
    request_id: str
    notes: list[str] = field(default_factory=list)
    translated: bool = False

    def leave_out(self, names: Iterable[str], why: str) -> None:
        """Ask without some parameters, and note it.

        Args:
            names: Those that are not there are no matter.
            why: In a few words.
        """
        found = [name for name in names if name in self.payload]
        if found:
            rest = {key: self.payload[key] for key in self.payload if key not in found}
            self.rewrite(rest)
            self.notes += [f"Dropped {name} ({why})." for name in found]

    def rewrite(self, payload: JsonObject) -> None:
        """Send this instead.

        The same payload always gives the same bytes, which keeps the upstream's
        prompt cache warm.

        Raises:
            BadRequestError: It is nested too deeply.
        """
        self.payload = payload
        self.body = encode(payload)


class UpstreamResponse(Protocol):
    """An answer that has begun.

    Attributes:
        status: HTTP status.
        headers: As they came, names in lower case.
    """

    status: int
    headers: Sequence[tuple[bytes, bytes]]

    async def chunk(self) -> bytes:
        """Wait for the next piece as it came; empty at the end.

        Raises:
            UpstreamError: The answer broke off, or was silent for too long.
        """

    def close(self) -> None:
        """Give the answer up; after its end, this does nothing."""


class Upstream(Protocol):
    """Whoever answers requests."""

    async def send(self, request: UpstreamRequest) -> UpstreamResponse:
        """Ask, and return when the head of the answer has come.

        Raises:
            UpstreamError: No answer came.
        """


async def read_all(response: UpstreamResponse) -> bytes:
    """Read an answer to its end.

    Raises:
        UpstreamError: It broke off.
    """
    pieces = []
    while piece := await response.chunk():
        pieces.append(piece)
    return b"".join(pieces)
