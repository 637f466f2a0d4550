"""The outermost layer: one id, one start, one end, one log line per request."""

import asyncio
import os
import re
from datetime import UTC, datetime
from time import monotonic

import structlog

from ccproxy.api.capture import Capture
from ccproxy.api.errors import INTERNAL, answer_to, render, send_error
from ccproxy.api.exchange import KEY, Exchange
from ccproxy.api.routing import PathTable
from ccproxy.errors import CCProxyError, ShuttingDownError
from ccproxy.hooks.bus import HookBus
from ccproxy.hooks.events import Failure, RequestStarted
from ccproxy.sdk import REQUEST_ID, ASGIApp, Message, Receive, Scope, Send
from ccproxy.security.sanitizer import mask_text

_LEGAL_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_FAULTS = frozenset(
    (
        Failure.NO_CREDENTIAL,
        Failure.UPSTREAM_UNREACHABLE,
        Failure.UPSTREAM_TIMEOUT,
        Failure.UPSTREAM_DIED,
        Failure.UPSTREAM_FAILED,
        Failure.INTERNAL,
    )
)
"""What somebody who runs the gateway may want to mend."""


class Lifecycle:
    """Publishes ``RequestStarted``, then exactly one of completed and failed.

    No other file publishes these.

    Args:
        app: The next layer.
        paths: Tells what the path stands for.
        bus: Told of the events.
        capture: Copies what is said to models and answered, if that is to be kept.
    """

    def __init__(
        self,
        app: ASGIApp,
        paths: PathTable,
        bus: HookBus,
        capture: Capture | None = None,
    ) -> None:
        self._app = app
        self._paths = paths
        self._bus = bus
        self._capture = capture
        self._log = structlog.get_logger("ccproxy.access").bind()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        exchange = self._begin(scope)
        if self._capture is not None and exchange.match.endpoint is not None:
            content_type = exchange.headers.get(b"content-type")
            exchange.copy = self._capture.begin(content_type)
            send = exchange.copy.sending(send)
        sender = _Sender(exchange, send)
        # Never unbound: the server runs each request in a context of its own, and
        # what it logs after this one has failed is to carry the id, too.
        structlog.contextvars.bind_contextvars(request_id=exchange.id)
        try:
            await self._app(scope, receive, sender)
        except CCProxyError as error:
            exchange.fail(answer_to(error).failure, str(error))
            if not sender.started:
                await send_error(sender, exchange.dialect, error)
        except asyncio.CancelledError:
            # Only the server cancels, at the end of its patience when it stops.
            stopping = ShuttingDownError("The gateway is stopping.", hint="Ask again.")
            exchange.fail(Failure.SHUTDOWN, str(stopping))
            if not sender.started:
                await send_error(sender, exchange.dialect, stopping)
        except BaseException as error:
            exchange.fail(Failure.INTERNAL, type(error).__name__)
            if not sender.started:
                await _send_internal(sender, exchange)
            raise  # the server logs it, with the request's id
        finally:
            self._end(exchange)

    def _begin(self, scope: Scope) -> Exchange:
        headers = dict(scope["headers"])
        exchange = Exchange(
            id=_id(headers.get(b"x-request-id", b"")),
            match=self._paths.match(scope["path"]),
            method=scope["method"],
            headers=headers,
            began=monotonic(),
        )
        scope[KEY] = exchange
        scope[REQUEST_ID] = exchange.id
        if self._bus.wanted(RequestStarted):
            self._bus.publish(
                RequestStarted(
                    at=datetime.now(UTC),
                    request_id=exchange.id,
                    method=exchange.method,
                    route=exchange.match.route,
                )
            )
        return exchange

    def _end(self, exchange: Exchange) -> None:
        ended = exchange.ended(monotonic())
        self._bus.publish(ended)
        if exchange.copy is not None:
            exchange.copy.keep(ended)
        self._write_line(exchange, ended.duration)

    def _write_line(self, exchange: Exchange, duration: float) -> None:
        facts = {
            "method": exchange.method,
            "route": exchange.match.route,
            "status": exchange.status,
            "ms": round(duration * 1000, 1),
            "provider": exchange.provider,
            "model": exchange.model,
            "bytes": exchange.bytes_out,
        }
        if exchange.failure is not None:
            facts["failure"] = exchange.failure.value
            facts["reason"] = exchange.reason
        is_fault = exchange.failure in _FAULTS or (exchange.status or 0) >= 500
        tell = self._log.warning if is_fault else self._log.info
        tell("request", **facts)


def _id(given: bytes) -> str:
    """Take the id a client gives, unless it could do harm or is a secret."""
    if _LEGAL_ID.fullmatch(given) and mask_text(known := given.decode()) == known:
        return known
    return os.urandom(16).hex()


class _Sender:
    """Counts what goes out, and adds the request's id to the head."""

    __slots__ = ("_clock", "_exchange", "_send", "started")

    def __init__(self, exchange: Exchange, send: Send) -> None:
        self.started = False
        self._exchange = exchange
        self._send = send
        self._clock = monotonic

    async def __call__(self, message: Message) -> None:
        exchange = self._exchange
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            if body:
                if exchange.first_byte is None:
                    exchange.first_byte = self._clock()
                exchange.chunks += 1
                exchange.bytes_out += len(body)
        elif message["type"] == "http.response.start":
            self.started = True
            exchange.status = message["status"]
            message["headers"] = [*message.get("headers", ()), *exchange.own_headers()]
        await self._send(message)


async def _send_internal(send: Send, exchange: Exchange) -> None:
    media_type, body = render(
        exchange.dialect,
        INTERNAL,
        "Something went wrong inside the gateway.",
        f"Its log has the details under the request id {exchange.id}.",
    )
    headers = [
        (b"content-type", media_type),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body})
