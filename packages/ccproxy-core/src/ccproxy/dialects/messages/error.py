"""What went wrong, in Anthropic's words.

Source: https://docs.claude.com/en/api/errors
"""

import orjson

from ccproxy.dialects.json import JsonObject
from ccproxy.dialects.sse import render_event

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    415: "invalid_request_error",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def error_type(status: int) -> str:
    """Name an HTTP status."""
    return _TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")


def error_body(status: int, message: str, code: str) -> JsonObject:
    """Write an error; it has no place for a code."""
    del code
    return {"type": "error", "error": {"type": error_type(status), "message": message}}


def error_event(status: int, message: str, code: str, last: bytes = b"") -> bytes:
    """Write the last event of a stream that can't go on."""
    del last
    return render_event(orjson.dumps(error_body(status, message, code)), "error")
