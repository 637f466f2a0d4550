"""Writing server-sent events."""

from collections.abc import Iterator

import orjson

from ccproxy.sdk import JsonObject

DONE = b"data: [DONE]\n\n"
"""What ends a Chat stream."""


def data(payload: JsonObject) -> bytes:
    """Write an event without a name."""
    return b"data: " + orjson.dumps(payload) + b"\n\n"


def named(payload: JsonObject) -> bytes:
    """Write an event that is named like the ``type`` of its payload."""
    return f"event: {payload['type']}\n".encode() + data(payload)


def words(text: str) -> Iterator[str]:
    """Cut a text behind its white space; the pieces joined are the text."""
    start = 0
    for end in range(1, len(text)):
        if text[end - 1].isspace() and not text[end].isspace():
            yield text[start:end]
            start = end
    if text:
        yield text[start:]


def slices(text: str, size: int = 16) -> Iterator[str]:
    """Cut a text into pieces of ``size`` characters."""
    for start in range(0, len(text), size):
        yield text[start : start + size]
