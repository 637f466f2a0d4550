"""What went wrong, told in each dialect: as a body, or as the last event of a stream.

Messages are masked here: they may quote an upstream, or what a client has sent.

Sources: https://docs.claude.com/en/api/errors,
https://platform.openai.com/docs/guides/error-codes,
https://platform.openai.com/docs/api-reference/responses-streaming/error
"""

from collections.abc import Mapping

import orjson

from ccproxy.dialects.endpoint import Dialect
from ccproxy.dialects.sse import parse_event, render_event
from ccproxy.security.sanitizer import mask_text

_ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    415: "invalid_request_error",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_OPENAI_TYPES = {429: "rate_limit_error"}


def error_type(dialect: Dialect, status: int) -> str:
    """Name an HTTP status in a dialect's own words."""
    if dialect is Dialect.MESSAGES:
        return _ANTHROPIC_TYPES.get(
            status, "invalid_request_error" if status < 500 else "api_error"
        )
    default = "invalid_request_error" if status < 500 else "server_error"
    return _OPENAI_TYPES.get(status, default)


def error_body(dialect: Dialect, status: int, message: str, code: str) -> bytes:
    """Render the body of an error answer.

    Args:
        dialect: The caller's.
        status: The HTTP status it is sent with.
        message: What happened and what to do.
        code: The kind in one word, for programs.
    """
    return orjson.dumps(_error(dialect, status, mask_text(message), code))


def error_event(
    dialect: Dialect, status: int, message: str, code: str, last: bytes = b""
) -> bytes:
    """Render the event that ends a stream which can't go on.

    Args:
        dialect: The caller's.
        status: The HTTP status that would have been sent, had the stream not begun.
        message: What happened and what to do.
        code: The kind in one word, for programs.
        last: The last whole event before it; the Responses dialect counts its events.
    """
    if dialect is Dialect.RESPONSES:
        payload: Mapping[str, object] = {
            "type": "error",
            "code": code,
            "message": mask_text(message),
            "param": None,
            "sequence_number": _number_of(last) + 1,
        }
        return render_event(orjson.dumps(payload), "error")
    body = error_body(dialect, status, message, code)
    return render_event(body, "error" if dialect is Dialect.MESSAGES else "")


def _error(
    dialect: Dialect, status: int, message: str, code: str
) -> Mapping[str, object]:
    kind = error_type(dialect, status)
    if dialect is Dialect.MESSAGES:
        return {"type": "error", "error": {"type": kind, "message": message}}
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _number_of(event: bytes) -> int:
    try:
        number = orjson.loads(parse_event(event).data)["sequence_number"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return -1
    return number if isinstance(number, int) else -1
