"""What went wrong within a stream of OpenAI Responses.

Clients act on some codes: Codex CLI compacts a conversation after
``context_length_exceeded``, and reads how long to wait from the message of
``rate_limit_exceeded`` (openai/codex, codex-rs/codex-api/src/sse/responses.rs).
"""

import orjson

from ccproxy.dialects.answer import Problem
from ccproxy.dialects.json import JsonObject
from ccproxy.dialects.sse import parse_event, render_event

_KNOWN = {
    "bio_policy",
    "context_length_exceeded",
    "cyber_policy",
    "insufficient_quota",
    "invalid_prompt",
    "rate_limit_exceeded",
    "server_error",
    "server_is_overloaded",
    "usage_not_included",
}


def error_code(problem: Problem) -> str:
    """Name what went wrong."""
    if problem.code in _KNOWN:
        return problem.code
    if problem.status == 429:
        return "rate_limit_exceeded"
    if problem.status in {503, 529}:
        return "server_is_overloaded"
    return "invalid_prompt" if problem.status in {400, 413} else "server_error"


def error_event(status: int, message: str, code: str, last: bytes = b"") -> bytes:
    """Write the last event of a stream that can't go on; it goes on counting."""
    del status
    payload: JsonObject = {
        "type": "error",
        "code": code,
        "message": message,
        "param": None,
        "sequence_number": _number_of(last) + 1,
    }
    return render_event(orjson.dumps(payload), "error")


def _number_of(event: bytes) -> int:
    try:
        number = orjson.loads(parse_event(event).data)["sequence_number"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return -1
    return number if isinstance(number, int) else -1
