"""What an upstream says went wrong, whatever the shape it says it in.

Vendors answer ``{"error": {"message", "type", "code"}}``, ChatGPT's backend and FastAPI
``{"detail": ...}``, some servers ``{"error": "text"}`` or ``{"message": ...}``, and
proxies on the way HTML or plain text.
"""

import re

import orjson

from ccproxy.dialects.answer import Problem
from ccproxy.dialects.json import Json, JsonObject, an_object, number, objects, text

LONGEST = 2000
"""Characters of a message."""

_STATUS = {
    "authentication_error": 401,
    "billing_error": 402,
    "context_length_exceeded": 400,
    "insufficient_quota": 429,
    "invalid_api_key": 401,
    "invalid_prompt": 400,
    "invalid_request_error": 400,
    "model_not_found": 404,
    "not_found_error": 404,
    "overloaded_error": 529,
    "permission_error": 403,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "request_too_large": 413,
    "server_is_overloaded": 529,
    "slow_down": 529,
    "timeout_error": 504,
    "token_expired": 401,
    "usage_limit_reached": 429,
    "usage_not_included": 403,
}
"""The status an error in a stream would have had, by its code or type; else 500."""

_INVISIBLE = re.compile(
    r"<(script|style|head)\b.*?</\1\s*>|<[^>]{0,500}>", re.DOTALL | re.IGNORECASE
)
_TITLE = re.compile(r"<title[^>]{0,100}>([^<]{1,300})</title", re.IGNORECASE)


def read_problem(status: int, body: bytes) -> Problem:
    """Read the body of an upstream's 4xx or 5xx."""
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError:
        words = _plain(body[: 20 * LONGEST].decode("utf-8", "replace"))
        return Problem(status, words or f"The upstream answered {status}.", "")
    problem = problem_of(an_object(payload)) if isinstance(payload, dict) else None
    if problem is None:
        return Problem(status, f"The upstream answered {status}.", "")
    problem.status = status
    return problem


def problem_of(payload: JsonObject) -> Problem:
    """Read an error object, or the event of a stream that holds one."""
    error = payload.get("error")
    told = an_object(error) or payload
    message = (
        text(error)
        or text(told.get("message"))
        or _detail(payload.get("detail"))
        or "The upstream reported a failure."
    )
    kind = text(told.get("type"))
    code = text(told.get("code")) or ("" if told is payload else kind)
    status = told.get("code")  # OpenRouter writes a status here
    if not (isinstance(status, int) and 400 <= status < 600):
        status = _STATUS.get(code) or _STATUS.get(kind) or 500
    wait = number(told.get("resets_in_seconds"))
    return Problem(status, message[:LONGEST], code, wait if wait > 0 else None)


def no_answer(payload: JsonObject) -> Problem:
    """Read what an upstream sends with status 200 although it is no answer."""
    if payload.get("error"):
        return problem_of(payload)
    return Problem(502, "What the upstream sent is no answer.", "upstream_died")


def _detail(detail: Json) -> str:
    """Read FastAPI's ``detail``: a text, an object, or a list of what is invalid."""
    if isinstance(detail, list):
        return "; ".join(text(each.get("msg")) for each in objects(detail))
    return text(detail) or text(an_object(detail).get("message"))


def _plain(words: str) -> str:
    """Take the text of a page."""
    title = _TITLE.search(words)
    body = " ".join(_INVISIBLE.sub(" ", words).split())
    return (body or (title[1].strip() if title else ""))[:300]
