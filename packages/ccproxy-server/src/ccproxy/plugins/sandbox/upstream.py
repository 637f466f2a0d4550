"""The sandbox's own upstream: it answers in this process, without a network."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Protocol

import orjson

from ccproxy.plugins.sandbox import chat, messages, responses
from ccproxy.plugins.sandbox.script import MODELS, Answer, Ask, behaviour, play
from ccproxy.sdk import Dialect, Endpoint, JsonObject, UpstreamRequest
from ccproxy.sdk.errors import UpstreamDiedError

RETRY_LATER = {429, 503, 529}
"""Errors that come with a ``retry-after``."""

Sleep = Callable[[float], Awaitable[None]]


class Speaker(Protocol):
    """A module that reads and writes one dialect."""

    @property
    def CONVERSATION(self) -> str: ...  # noqa: N802, D102
    def read(self, payload: JsonObject, /) -> Ask: ...  # noqa: D102
    def whole(self, answer: Answer, /) -> JsonObject: ...  # noqa: D102
    def stream(self, answer: Answer, /) -> Iterator[bytes]: ...  # noqa: D102
    def error(self, status: int, message: str, /) -> JsonObject: ...  # noqa: D102


SPEAKERS: Mapping[Dialect, Speaker] = {
    Dialect.MESSAGES: messages,
    Dialect.CHAT: chat,
    Dialect.RESPONSES: responses,
}


class SandboxResponse:
    """An answer made of pieces that are already known.

    Args:
        status: HTTP status.
        headers: Names in lower case.
        pieces: The body.
        delay: Seconds between two pieces.
        dies: Whether it breaks off when the pieces are used up.
        sleep: Who waits.
    """

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        pieces: Sequence[bytes],
        *,
        delay: float = 0.0,
        dies: bool = False,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.status = status
        self.headers: Sequence[tuple[bytes, bytes]] = [
            (name.encode(), value.encode()) for name, value in headers.items()
        ]
        self._pieces = iter(pieces)
        self._delay = delay
        self._dies = dies
        self._sleep = sleep
        self._begun = False
        self._closed = False

    async def chunk(self) -> bytes:
        """Return the next piece, after the delay unless it is the first.

        Raises:
            UpstreamDiedError: The model is one that breaks off.
        """
        piece = b"" if self._closed else next(self._pieces, b"")
        if piece and self._begun and self._delay:
            await self._sleep(self._delay)
        self._begun = True
        if not piece and self._dies and not self._closed:
            msg = "The sandbox broke off, as its model is made to do."
            raise UpstreamDiedError(msg)
        return piece

    def close(self) -> None:
        """Say nothing more."""
        self._closed = True


class SandboxUpstream:
    """Answers requests by the name of their model; see ``script.MODELS``.

    Args:
        sleep: Who waits between the chunks of a slow model.
    """

    def __init__(self, sleep: Sleep = asyncio.sleep) -> None:
        self._sleep = sleep

    async def send(self, request: UpstreamRequest) -> SandboxResponse:
        """Answer; the same request always gets the same bytes."""
        speaker = SPEAKERS[request.endpoint.dialect]
        how = behaviour(request.model)
        if how.status != 200:
            return _refuse(request, how.status, _failure(request.model, how.status))
        if not isinstance(request.payload.get(speaker.CONVERSATION), list | str):
            return _refuse(request, 400, f"{speaker.CONVERSATION}: field required")
        ask = speaker.read(request.payload)
        if request.endpoint is Endpoint.COUNT_TOKENS:
            count = orjson.dumps(messages.count(ask))
            return SandboxResponse(200, _headers(request), [count])
        if request.endpoint is Endpoint.COMPACT:
            compacted = responses.compacted(_seed(request), request.payload, ask)
            return SandboxResponse(200, _headers(request), [orjson.dumps(compacted)])
        answer = Answer(
            seed=_seed(request),
            model=request.model,
            parts=play(request.model, ask),
            input_tokens=max(1, ask.words),
            asked=request.payload,
        )
        headers = _headers(request)
        if request.stream:
            headers["content-type"] = "text/event-stream; charset=utf-8"
            pieces = list(speaker.stream(answer))
        else:
            pieces = [orjson.dumps(speaker.whole(answer))]
        return SandboxResponse(
            200,
            headers,
            _first_half(pieces) if how.dies else pieces,
            delay=how.delay,
            dies=how.dies,
            sleep=self._sleep,
        )


def _seed(request: UpstreamRequest) -> str:
    return hashlib.sha256(request.body).hexdigest()[:20]


def _headers(request: UpstreamRequest) -> dict[str, str]:
    anthropic = request.endpoint.dialect is Dialect.MESSAGES
    id_header = "request-id" if anthropic else "x-request-id"
    return {"content-type": "application/json", id_header: f"req_{_seed(request)}"}


def _refuse(request: UpstreamRequest, status: int, message: str) -> SandboxResponse:
    error = SPEAKERS[request.endpoint.dialect].error(status, message)
    headers = _headers(request)
    if status in RETRY_LATER:
        headers["retry-after"] = "1"
    return SandboxResponse(status, headers, [orjson.dumps(error)])


def _failure(model: str, status: int) -> str:
    if status == 404:
        return f"There is no model {model!r}; there are {', '.join(MODELS)}."
    return f"The sandbox answers {status}, as {model!r} asks it to."


def _first_half(pieces: Sequence[bytes]) -> Sequence[bytes]:
    if len(pieces) > 1:
        return pieces[: len(pieces) // 2]
    return [pieces[0][: len(pieces[0]) // 2]]
