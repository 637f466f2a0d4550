"""The Responses API over a WebSocket, as Codex CLI and OpenAI's SDKs speak it.

Each frame of a client is a request of its own through the whole stack: it is checked,
limited, routed, converted, recorded and told of as any other. A socket only carries the
frames to and fro, and remembers the conversation.
"""

from collections import deque
from time import monotonic
from uuid import uuid4

import orjson
import structlog

from ccproxy.api.errors import send_error
from ccproxy.api.exchange import Exchange
from ccproxy.api.frames import Frames, error_frame
from ccproxy.api.middleware.access import Access
from ccproxy.api.routing import PathTable
from ccproxy.api.turns import Turns
from ccproxy.dialects import Dialect, Endpoint
from ccproxy.errors import BadRequestError, CCProxyError, RequestError
from ccproxy.sdk import ASGIApp, JsonObject, Message, Receive, Scope, Send
from ccproxy.sdk.json import encode

WAITING = 16
"""Frames that may wait while one is answered."""

_HANDSHAKE = (b"connection", b"upgrade", b"content-length", b"x-request-id")
_log = structlog.get_logger(__name__)


class ResponsesSocket:
    """Serves WebSockets at the paths of the Responses API.

    Args:
        app: The whole stack, for requests.
        access: Who may ask; asked before a socket is accepted.
        paths: Tells what a path stands for.
    """

    def __init__(self, app: ASGIApp, access: Access, paths: PathTable) -> None:
        self._app = app
        self._access = access
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket."""
        await receive()  # websocket.connect
        try:
            self._admit(scope)
        except CCProxyError as error:
            _log.info("websocket_refused", reason=error.message)
            await _turn_away(scope, send, error)
            return
        await send({"type": "websocket.accept"})
        _log.debug("websocket_opened", path=scope["path"])
        await _Session(self._app, scope, receive, send).serve()

    def _admit(self, scope: Scope) -> None:
        match = self._paths.match(scope["path"])
        exchange = Exchange(
            id=uuid4().hex,
            match=match,
            method="GET",
            headers=dict(scope["headers"]),
            began=monotonic(),
        )
        self._access.check_origin(exchange)
        self._access.check_token(exchange, scope["path"])
        if match.endpoint is not Endpoint.RESPONSES:
            msg = f"There is no WebSocket at {scope['path'][:200]!r}."
            raise RequestError(msg, hint="There is one at /v1/responses.")


class _Session:
    """One socket, from frame to frame."""

    def __init__(
        self, app: ASGIApp, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._app = app
        self._scope = scope
        self._receive = receive
        self._send = send
        self._waiting: deque[bytes] = deque()
        self._turns = Turns()
        self._gone = False

    async def serve(self) -> None:
        """Answer frames until the client leaves."""
        while (frame := await self._next()) is not None:
            try:
                asked = _decode(frame)
                if asked.get("generate") is False:
                    frames = self._turns.warm(asked)
                else:
                    await self._ask(self._turns.begin(asked))
                    continue
            except RequestError as error:
                frames = [error_frame(error)]
            await self._tell(frames)

    async def _ask(self, body: JsonObject) -> None:
        """Ask through the stack, and pass the answer on as it comes."""
        body_message: list[Message] = [{"type": "http.request", "body": encode(body)}]
        frames = Frames()

        async def receive() -> Message:
            return body_message.pop() if body_message else await self._disconnect()

        async def send(message: Message) -> None:
            told = frames.feed(message)
            for frame in told:
                self._turns.see(frame)
            await self._tell(told)

        await self._app(self._request(), receive, send)

    def _request(self) -> Scope:
        headers = [
            (name, value)
            for name, value in self._scope["headers"]
            if name not in _HANDSHAKE and not name.startswith(b"sec-websocket-")
        ]
        taken = ("path", "raw_path", "query_string", "root_path", "client", "server")
        return {
            **{key: self._scope[key] for key in taken if key in self._scope},
            "type": "http",
            "asgi": self._scope["asgi"],
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "headers": [*headers, (b"content-type", b"application/json")],
        }

    async def _next(self) -> bytes | None:
        while not self._waiting and not self._gone:
            await self._listen()
        return self._waiting.popleft() if self._waiting and not self._gone else None

    async def _disconnect(self) -> Message:
        """Wait for the client to leave; what it sends meanwhile has to wait."""
        while not self._gone:
            await self._listen()
        return {"type": "http.disconnect"}

    async def _listen(self) -> None:
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            self._gone = True
            return
        text = message.get("text")
        self._waiting.append(message["bytes"] if text is None else text.encode())
        if len(self._waiting) > WAITING:
            self._gone = True
            reason = f"More than {WAITING} frames wait for an answer."
            await self._send(
                {"type": "websocket.close", "code": 1008, "reason": reason}
            )

    async def _tell(self, frames: list[bytes]) -> None:
        for frame in frames:
            if not self._gone:
                await self._send({"type": "websocket.send", "text": frame.decode()})


def _decode(frame: bytes) -> JsonObject:
    try:
        asked = orjson.loads(frame)
    except orjson.JSONDecodeError as error:
        raise BadRequestError(f"The frame is not JSON: {error}.") from error
    if not isinstance(asked, dict):
        raise BadRequestError("The frame is not a JSON object.")
    return asked


async def _turn_away(scope: Scope, send: Send, error: CCProxyError) -> None:
    """Answer the handshake with an error, or with a bare 403 if that can't be sent."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return

    async def deny(message: Message) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    await send_error(deny, Dialect.RESPONSES, error)
