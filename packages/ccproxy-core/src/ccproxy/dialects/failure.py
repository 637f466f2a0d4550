"""What the gateway itself says went wrong, in the words of a dialect.

Messages are masked here: they may quote an upstream, or what a client has sent.
"""

import orjson

from ccproxy.dialects.endpoint import Dialect
from ccproxy.dialects.spoken import SPEAKERS
from ccproxy.security.sanitizer import mask_text


def error_body(dialect: Dialect, status: int, message: str, code: str) -> bytes:
    """Render the body of an error answer.

    Args:
        dialect: The caller's.
        status: The HTTP status it is sent with.
        message: What happened and what to do.
        code: The kind in one word, for programs.
    """
    return orjson.dumps(SPEAKERS[dialect].error_body(status, mask_text(message), code))


def error_event(
    dialect: Dialect, status: int, message: str, code: str, last: bytes = b""
) -> bytes:
    """Render the event that ends a stream which can't go on.

    Args:
        dialect: The caller's.
        status: The HTTP status that would have been sent, had the stream not begun.
        message: What happened and what to do.
        code: The kind in one word, for programs.
        last: The last whole event before it; a dialect may count its events.
    """
    return SPEAKERS[dialect].error_event(status, mask_text(message), code, last)
