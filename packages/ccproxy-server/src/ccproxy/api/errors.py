"""Errors as HTTP answers: one table for the status, one renderer per dialect."""

import math
from dataclasses import dataclass
from datetime import timedelta

import orjson
from pydantic import BaseModel

from ccproxy.dialects import Dialect
from ccproxy.dialects.failure import error_body
from ccproxy.errors import (
    AccessDeniedError,
    BadRequestError,
    BodyTooLargeError,
    CCProxyError,
    CredentialError,
    DialectNotSpokenError,
    LimitExceededError,
    MethodNotAllowedError,
    PreviousAnswerError,
    RequestError,
    ShuttingDownError,
    StorageError,
    UnauthorizedError,
    UnknownProviderError,
    UnknownRequestError,
    UnsupportedEncodingError,
    UntranslatableError,
    UpstreamConnectError,
    UpstreamError,
    UpstreamRestingError,
    UpstreamTimeoutError,
)
from ccproxy.hooks.events import Failure
from ccproxy.sdk import Send
from ccproxy.security.sanitizer import mask_text


@dataclass(frozen=True, slots=True)
class Answer:
    """How an error is told over HTTP.

    Attributes:
        status: HTTP status.
        code: The kind in one word, for programs.
        failure: The kind, for events.
    """

    status: int
    code: str
    failure: Failure


_ANSWERS: tuple[tuple[type[CCProxyError], Answer], ...] = (
    (BadRequestError, Answer(400, "bad_request", Failure.BAD_REQUEST)),
    (BodyTooLargeError, Answer(413, "body_too_large", Failure.BAD_REQUEST)),
    (
        UnsupportedEncodingError,
        Answer(415, "unsupported_encoding", Failure.BAD_REQUEST),
    ),
    (AccessDeniedError, Answer(403, "access_denied", Failure.REFUSED)),
    (UnauthorizedError, Answer(401, "invalid_api_key", Failure.REFUSED)),
    (LimitExceededError, Answer(429, "rate_limit_exceeded", Failure.LIMITED)),
    (
        MethodNotAllowedError,
        Answer(405, "method_not_allowed", Failure.BAD_REQUEST),
    ),
    (UnknownProviderError, Answer(404, "unknown_provider", Failure.BAD_REQUEST)),
    (UnknownRequestError, Answer(404, "unknown_request", Failure.BAD_REQUEST)),
    (
        PreviousAnswerError,
        Answer(400, "previous_response_not_found", Failure.BAD_REQUEST),
    ),
    (DialectNotSpokenError, Answer(400, "dialect_not_spoken", Failure.BAD_REQUEST)),
    (UntranslatableError, Answer(400, "untranslatable", Failure.BAD_REQUEST)),
    (RequestError, Answer(400, "bad_request", Failure.BAD_REQUEST)),
    (CredentialError, Answer(401, "no_credential", Failure.NO_CREDENTIAL)),
    (StorageError, Answer(503, "storage_unavailable", Failure.INTERNAL)),
    (ShuttingDownError, Answer(503, "shutting_down", Failure.SHUTDOWN)),
    (
        UpstreamConnectError,
        Answer(502, "upstream_unreachable", Failure.UPSTREAM_UNREACHABLE),
    ),
    (
        UpstreamRestingError,
        Answer(503, "upstream_resting", Failure.UPSTREAM_UNREACHABLE),
    ),
    (UpstreamTimeoutError, Answer(504, "upstream_timeout", Failure.UPSTREAM_TIMEOUT)),
    (UpstreamError, Answer(502, "upstream_died", Failure.UPSTREAM_DIED)),
)
"""Subclasses stand before their parents."""

PATIENCE = timedelta(minutes=1)
"""For how long a client should wait without telling anybody."""

INTERNAL = Answer(500, "internal_error", Failure.INTERNAL)


class Problem(BaseModel):
    """An error, as ``application/problem+json`` (RFC 9457) tells it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    hint: str | None = None


def problem(description: str) -> dict[str, object]:
    """Describe an error in a route's ``responses``."""
    schema = Problem.model_json_schema()
    content = {"application/problem+json": {"schema": schema}}
    return {"description": description, "content": content}


def answer_to(error: CCProxyError) -> Answer:
    """Find how an error is told."""
    return next(
        (answer for kind, answer in _ANSWERS if isinstance(error, kind)), INTERNAL
    )


def render(
    dialect: Dialect | None, answer: Answer, message: str, hint: str | None
) -> tuple[bytes, bytes]:
    """Render an error's body.

    Args:
        dialect: The caller's; without one it is problem+json (RFC 9457).
        answer: How it is told.
        message: What happened.
        hint: What to do.

    Returns:
        Content type and body.
    """
    if dialect is not None:
        text = f"{message} {hint}" if hint else message
        body = error_body(dialect, answer.status, text, answer.code)
        return b"application/json", body
    problem = {
        "type": "about:blank",
        "title": answer.code.replace("_", " "),
        "status": answer.status,
        "detail": mask_text(message),
    }
    if hint:
        problem["hint"] = mask_text(hint)
    return b"application/problem+json", orjson.dumps(problem)


def _wait(wait: timedelta | None) -> list[tuple[bytes, bytes]]:
    """Tell when to ask again.

    Told to wait for long, Anthropic's SDK would do so without a word, be it a day, and
    OpenAI's would ask again after a second. So they are told not to ask by themselves.
    Source: ``_should_retry`` and ``_calculate_retry_timeout`` of anthropic 2.12 and
    openai 3.54.
    """
    headers = []
    if wait is not None:
        seconds = math.ceil(wait.total_seconds())
        headers.append((b"retry-after", str(seconds).encode()))
    if wait is None or wait > PATIENCE:
        headers.append((b"x-should-retry", b"false"))
    return headers


async def send_error(send: Send, dialect: Dialect | None, error: CCProxyError) -> None:
    """Answer with an error."""
    answer = answer_to(error)
    media_type, body = render(dialect, answer, error.message, error.hint)
    headers = [
        (b"content-type", media_type),
        (b"content-length", str(len(body)).encode()),
    ]
    if isinstance(error, LimitExceededError | UpstreamRestingError):
        headers += _wait(error.retry_after)
    if isinstance(error, MethodNotAllowedError):
        headers.append((b"allow", ", ".join(error.allowed).encode()))
    if isinstance(error, UnauthorizedError):
        headers.append((b"www-authenticate", b'Basic realm="ccproxy", Bearer'))
    await send(
        {"type": "http.response.start", "status": answer.status, "headers": headers}
    )
    await send({"type": "http.response.body", "body": body})
