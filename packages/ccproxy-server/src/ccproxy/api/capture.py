"""Copies what is said, on its way, where the settings ask for that.

Without them there is no ``Capture``: nothing is copied, looked at or wrapped.
"""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from ccproxy.hooks.events import RequestEnded
from ccproxy.models.captured import MARGIN, Captured, Said
from ccproxy.models.request_record import new_id
from ccproxy.sdk import Message, Send
from ccproxy.storage.bodies import BodyStorage


class Copy:
    """What one request and its answer say, as far as it is taken.

    Args:
        capture: Tells whom it is kept of, and how much is taken.
        content_type: The request's.
    """

    def __init__(self, capture: "Capture", content_type: bytes | None) -> None:
        self._capture = capture
        self._wanted = True
        self.request = Said(_media_type(content_type))
        self.answer = Said()

    def asks(self, body: bytes, providers: Iterable[str]) -> None:
        """Take what is asked, unless none of those who may be asked is meant."""
        if any(map(self._capture.wants, providers)):
            self.request.add(body, self._capture.most)
        else:
            self._wanted = False

    def sending(self, send: Send) -> Send:
        """Return a ``send`` that takes what goes to the client."""

        async def copying(message: Message) -> None:
            if self._wanted:
                self._see(message)
            await send(message)

        return copying

    def _see(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            self.answer.add(message.get("body", b""), self._capture.most)
        elif message["type"] == "http.response.start":
            headers = dict(message["headers"])
            self.answer.media_type = _media_type(headers.get(b"content-type"))
            encoding = headers.get(b"content-encoding", b"identity")
            if encoding != b"identity":
                self.answer.encoding = encoding.decode("latin-1")


class Capture:
    """Decides what is copied, and hands copies over when their requests have ended.

    Args:
        storage: Keeps them.
        providers: Patterns of those whose requests are kept.
        most: Bytes of each body that are kept.

    Attributes:
        most: Bytes of each body that are taken.
    """

    def __init__(
        self, storage: BodyStorage, providers: Sequence[str], most: int
    ) -> None:
        self.most = most + MARGIN
        self._storage = storage
        self._providers = providers

    def wants(self, provider: str) -> bool:
        """Tell whether requests to a provider are kept."""
        return any(fnmatchcase(provider, pattern) for pattern in self._providers)

    def begin(self, content_type: bytes | None) -> Copy:
        """Begin to copy a request."""
        return Copy(self, content_type)

    def keep(self, copy: Copy, ended: RequestEnded) -> None:
        """Keep a copy, if the provider that was asked last is meant."""
        if ended.provider is None or not self.wants(ended.provider):
            return
        self._storage.put(
            Captured(
                id=new_id(ended.at),
                ended_at=ended.at,
                request_id=ended.request_id,
                request=copy.request,
                answer=copy.answer,
            )
        )


def _media_type(header: bytes | None) -> str | None:
    if header is None:
        return None
    return header.partition(b";")[0].strip().lower().decode("latin-1")
