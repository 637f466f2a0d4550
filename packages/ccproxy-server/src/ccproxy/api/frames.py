"""An answer over HTTP, as the frames of a WebSocket.

A frame is the JSON of an event of the stream. An error is an event too, with the HTTP
status that it has there. Clients act on the status alone, and wait on without one.
Source: openai/codex, ``codex-rs/codex-api/src/endpoint/responses_websocket.rs``.
"""

import orjson

from ccproxy.api.errors import answer_to
from ccproxy.dialects.json import an_object
from ccproxy.dialects.openai import error_type
from ccproxy.dialects.problem import read_problem
from ccproxy.dialects.sse import EventSplitter, parse_event
from ccproxy.errors import CCProxyError
from ccproxy.sdk import JsonObject, Message
from ccproxy.security.sanitizer import mask_text

_DIED = 502
_TOLD = (b"retry-after", b"x-request-id", b"x-should-retry")
_TOLD_FAMILIES = (b"x-codex-", b"x-ratelimit-", b"ratelimit-", b"x-ccproxy-")


class Frames:
    """Takes ASGI's messages of one answer, gives frames as soon as they are whole."""

    def __init__(self) -> None:
        self._splitter = EventSplitter()
        self._head: Message = {}
        self._body = bytearray()
        self._streams = False

    def feed(self, message: Message) -> list[bytes]:
        """Take a message, and return the frames it completes."""
        if message["type"] == "http.response.start":
            self._head = message
            kind = dict(message["headers"]).get(b"content-type", b"")
            self._streams = message["status"] < 400 and b"json" not in kind
            return []
        body, is_last = message.get("body", b""), not message.get("more_body")
        if not self._streams:
            self._body += body
            return [self._whole()] if is_last else []
        events = self._splitter.feed(body) if body else []
        if is_last:
            events.append(self._splitter.flush())
        frames = (_frame(parse_event(event).data) for event in events)
        return [frame for frame in frames if frame]

    def _whole(self) -> bytes:
        status, body = self._head["status"], bytes(self._body)
        try:
            told = orjson.loads(body)
        except orjson.JSONDecodeError:
            told = None
        if status < 400:  # the upstream does not stream
            return orjson.dumps({"type": "response.completed", "response": told})
        known = an_object(told)
        error = an_object(known.get("error")) or known
        message = read_problem(status, body).message
        return _error(status, {"message": message, **error}, self._told_headers())

    def _told_headers(self) -> dict[str, str]:
        return {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in self._head["headers"]
            if name in _TOLD or name.startswith(_TOLD_FAMILIES)
        }


def error_frame(error: CCProxyError) -> bytes:
    """Tell an error of the gateway's own."""
    answer = answer_to(error)
    told: JsonObject = {"code": answer.code, "message": mask_text(str(error))}
    return _error(answer.status, told, {})


def _error(status: int, error: JsonObject, headers: dict[str, str]) -> bytes:
    told = {"type": error_type(status), **error}
    frame = {"type": "error", "status": status, "error": told, "headers": headers}
    return orjson.dumps(frame)


def _frame(data: bytes) -> bytes:
    """Make a frame of an event's data; of what is no whole JSON there is none.

    An upstream may have died in the middle of an event. The error that says so follows,
    and gets a status here, for the answer's own has gone out.
    """
    try:
        event = orjson.loads(data)
    except orjson.JSONDecodeError:
        return b""
    if not isinstance(event, dict) or event.get("type") != "error":
        return data
    told = {name: event.get(name) for name in ("code", "message")}
    error = {"type": error_type(_DIED), **told}
    return orjson.dumps({"status": _DIED, "error": error, **event})
