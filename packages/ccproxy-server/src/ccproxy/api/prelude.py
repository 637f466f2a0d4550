"""What a stream says before its content: that it begins, or that it can't.

An upstream that is overloaded may answer 200 and tell of it in its first events. They
are held back until the content begins, and only where somebody else could be asked.
"""

import asyncio

import orjson

from ccproxy.api.held import LARGEST, Held
from ccproxy.dialects.answer import Problem
from ccproxy.dialects.problem import problem_of
from ccproxy.dialects.sse import EventSplitter, parse_event
from ccproxy.errors import UpstreamDiedError
from ccproxy.sdk import JsonObject, UpstreamResponse

PATIENCE = 3.0
"""Seconds for which first events are held back; a client that hears nothing leaves."""

_BEFORE = {
    "codex.rate_limits",
    "keepalive",
    "message_start",
    "ping",
    "response.created",
    "response.in_progress",
    "response.queued",
}
"""Events that come before content; any other is content, or a failure."""
_FAILURES = {"error", "response.failed"}
_OVERLOADED = {"api_error", "internal_server_error", "server_error"}
"""Codes that say no more than that the upstream is not well."""


async def hold_prelude(
    answer: UpstreamResponse, patience: float = PATIENCE
) -> tuple[Held, Problem | None]:
    """Read a stream up to its content.

    Args:
        answer: The stream, unread.
        patience: Seconds it may take, from the first event on.

    Returns:
        The stream, and the overload or limit it tells of in place of content.

    Raises:
        UpstreamError: It broke off or ended before any content.
    """
    try:
        return await _read(answer, patience)
    except BaseException:
        answer.close()
        raise


async def _read(
    answer: UpstreamResponse, patience: float
) -> tuple[Held, Problem | None]:
    read = [await answer.chunk()]
    splitter = EventSplitter()
    loop = asyncio.get_running_loop()
    until = loop.time() + patience
    while read[-1] and sum(map(len, read)) < LARGEST:
        for event in splitter.feed(read[-1]):
            begun, problem = _judge(event)
            if begun or problem:
                return Held(answer, read), problem
        coming = asyncio.ensure_future(_chunk(answer))
        try:
            await asyncio.wait({coming}, timeout=max(0.0, until - loop.time()))
        except asyncio.CancelledError:
            coming.cancel()
            raise
        if not coming.done():
            return Held(answer, read, coming), None
        read.append(coming.result())
    if not read.pop() and not splitter.pending:
        raise UpstreamDiedError("The upstream's stream ended before it began.")
    return Held(answer, read), _judge(splitter.flush())[1]


async def _chunk(answer: UpstreamResponse) -> bytes:
    return await answer.chunk()


def _judge(raw: bytes) -> tuple[bool, Problem | None]:
    """Tell whether an event is content, and what failure it tells of."""
    event = parse_event(raw)
    if not event.data:
        return False, None  # a comment
    try:
        payload = orjson.loads(event.data)
    except orjson.JSONDecodeError:
        return True, None
    if not isinstance(payload, dict):
        return True, None
    kind = str(payload.get("type") or "")
    if kind in _BEFORE:
        return False, None
    if kind in _FAILURES or (not kind and payload.get("error")):
        return True, _overload(payload)
    return True, None


def _overload(payload: JsonObject) -> Problem | None:
    """Read a failure; one that others would have, too, is none of ours."""
    response = payload.get("response")
    inner = response if isinstance(response, dict) else payload
    problem = problem_of(inner)
    error = inner.get("error")
    number = error.get("code") if isinstance(error, dict) else None
    if problem.status in {429, 503, 504, 529} or problem.code in _OVERLOADED:
        return problem
    return problem if isinstance(number, int) and number >= 500 else None
