"""What went wrong within a stream of OpenAI Chat Completions."""

import orjson

from ccproxy.dialects.openai import error_body
from ccproxy.dialects.sse import render_event


def error_event(status: int, message: str, code: str, last: bytes = b"") -> bytes:
    """Write the last event of a stream that can't go on; it has no name."""
    del last
    return render_event(orjson.dumps(error_body(status, message, code)))
