"""What a stream goes through on its way to the client."""

from typing import Protocol

from ccproxy.api.exchange import Telling
from ccproxy.dialects.tap import Outcome


class Passage(Telling, Protocol):
    """What a stream goes through on its way: watched, or translated.

    Attributes:
        outcome: How far the stream has come.
        between_events: Whether something may be put into it here.
    """

    @property
    def outcome(self) -> Outcome: ...  # noqa: D102

    @property
    def between_events(self) -> bool: ...  # noqa: D102

    def feed(self, chunk: bytes) -> bytes:
        """Take a chunk of the upstream's, return what goes to the client now."""

    def end(self) -> bytes:
        """Return what is left; the upstream's stream has ended."""

    def fail(self, status: int, message: str, code: str) -> bytes:
        """Write the event that ends the stream with an error."""
