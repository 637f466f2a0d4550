"""Passes an answer on in which the model has another name than the client knows."""

from ccproxy.api.attention import Attention
from ccproxy.api.exchange import Exchange
from ccproxy.api.passage import Passage
from ccproxy.api.relay import Relay
from ccproxy.dialects import Dialect
from ccproxy.dialects.rename import Renaming, renamed
from ccproxy.hooks.bus import HookBus
from ccproxy.sdk import Send, UpstreamResponse


class RenamedRelay(Relay):
    """One answer on its way to a client that calls the model otherwise.

    Args:
        exchange: The request's facts.
        dialect: The client's, which is the upstream's too.
        send: ASGI's.
        attention: Interrupts this answer.
        bus: Told of chunks, if anybody listens.
        name: What the client calls the model.
    """

    def __init__(
        self,
        exchange: Exchange,
        dialect: Dialect,
        send: Send,
        attention: Attention,
        bus: HookBus,
        *,
        name: str,
    ) -> None:
        super().__init__(exchange, dialect, send, attention, bus)
        self._name = name

    async def plain(self, response: UpstreamResponse) -> None:
        """Read an answer whole, to name the model in it; errors pass as they come."""
        encoding = dict(response.headers).get(b"content-encoding", b"identity")
        if response.status >= 400 or encoding != b"identity":
            await super().plain(response)
            return
        pieces: list[bytes] = []
        await self._read(response, pieces.append)
        body = b"".join(pieces)
        self._learn(body)
        await self._whole(response, response.status, body)

    def _watch(self) -> Passage:
        """Return what a stream is to go through."""
        return Renaming(self._dialect, self._name)

    async def _whole(
        self, response: UpstreamResponse, status: int, body: bytes
    ) -> None:
        await super()._whole(response, status, renamed(body, self._name))
