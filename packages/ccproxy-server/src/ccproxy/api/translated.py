"""Passes an answer on in another dialect than the upstream's."""

from ccproxy.api.attention import Attention
from ccproxy.api.exchange import Exchange
from ccproxy.api.passage import Passage
from ccproxy.api.relay import REPORTED, Relay
from ccproxy.dialects.answer import Answer, Problem
from ccproxy.dialects.convert import Collection, StreamTranslation, Translation
from ccproxy.dialects.endpoint import Dialect
from ccproxy.dialects.failure import error_body
from ccproxy.dialects.problem import read_problem
from ccproxy.errors import UpstreamDiedError
from ccproxy.hooks.bus import HookBus
from ccproxy.hooks.events import Failure
from ccproxy.http.headers import translated_headers
from ccproxy.sdk import Send, UpstreamResponse


class _Wanted:
    """A stream up to where it is wanted: it may go on behind a stop sequence.

    Args:
        response: The stream; closed by whoever has opened it, which ends it.
        translated: Tells when nothing more is wanted.
    """

    def __init__(
        self, response: UpstreamResponse, translated: StreamTranslation | Collection
    ) -> None:
        self.status = response.status
        self.headers = response.headers
        self.close = response.close
        self._response = response
        self._translated = translated

    async def chunk(self) -> bytes:
        return b"" if self._translated.enough else await self._response.chunk()


class TranslatedRelay(Relay):
    """One answer on its way to a client that speaks otherwise.

    Args:
        exchange: The request's facts.
        dialect: The client's.
        send: ASGI's.
        attention: Interrupts this answer.
        bus: Told of chunks, if anybody listens.
        translation: Of the request, and of its answer.
    """

    def __init__(
        self,
        exchange: Exchange,
        dialect: Dialect,
        send: Send,
        attention: Attention,
        bus: HookBus,
        *,
        translation: Translation,
    ) -> None:
        super().__init__(exchange, dialect, send, attention, bus)
        self._translation = translation
        self._translated = translation.stream()
        self._wait: int | None = None

    def _watch(self) -> Passage:
        """Return what a stream is to go through."""
        return self._translated

    async def plain(self, response: UpstreamResponse) -> None:
        """Translate an answer that came whole, or an error."""
        pieces: list[bytes] = []
        await self._read(response, pieces.append)
        body = b"".join(pieces)
        if response.status >= 400:
            await self._refuse(response, read_problem(response.status, body))
            return
        encoding = dict(response.headers).get(b"content-encoding", b"identity")
        if encoding != b"identity":
            msg = "The upstream compressed its answer, although it was not asked to."
            raise UpstreamDiedError(msg)
        await self._tell(response, self._translation.read(body))

    async def collected(self, response: UpstreamResponse) -> None:
        """Translate a stream for a client that asked for a whole answer."""
        collection = self._translation.collect()
        await self._read(_Wanted(response, collection), collection.feed)
        await self._tell(response, collection.result())

    async def stream(self, response: UpstreamResponse) -> None:
        """Translate a stream as it comes."""
        await super().stream(_Wanted(response, self._translated))
        self._exchange.note(self._translation.notes)

    async def _tell(self, response: UpstreamResponse, told: Answer | Problem) -> None:
        if isinstance(told, Answer):
            self._exchange.learn(told)
        if isinstance(told, Problem):
            self._exchange.fail(Failure.UPSTREAM_FAILED, REPORTED)
            await self._refuse(response, told)
            return
        if self._exchange.streaming:
            stream = self._translation.replay(told)
            self._exchange.note(self._translation.notes)
            await self._start(response, keep_length=False)
            await self._piece(stream)
            await self._finish()
            return
        body = self._translation.render(told)
        self._exchange.note(self._translation.notes)
        await self._whole(response, response.status, body)

    async def _refuse(self, response: UpstreamResponse, problem: Problem) -> None:
        """Tell an upstream's error, with its status and what it said."""
        message, code = problem.message, problem.code
        body = error_body(self._dialect, problem.status, message, code)
        self._wait = problem.retry_after
        await self._whole(response, problem.status, body)

    def _headers(
        self, response: UpstreamResponse, *, keep_length: bool
    ) -> list[tuple[bytes, bytes]]:
        del keep_length  # the body is another one
        headers = translated_headers(response.headers)
        if self._wait is not None and b"retry-after" not in dict(headers):
            headers.append((b"retry-after", str(self._wait).encode()))
        return headers
