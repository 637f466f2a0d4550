"""One span for each request to a model that is let in."""

from contextvars import ContextVar

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ccproxy.plugins.otel.facts import endpoint_of, error_of, of_span, span_name
from ccproxy.sdk import REQUEST_ID, ASGIApp, Receive, Scope, Send
from ccproxy.sdk.events import RequestEnded, RequestFailed

_W3C = TraceContextTextMapPropagator()
_HEADERS = (b"traceparent", b"tracestate")


_open: ContextVar[tuple[str, Span] | None] = ContextVar("ccproxy_otel", default=None)
"""The span of the request that is answered in this context, and the request's id.

A table by ids would mix requests up, as callers may choose the same id for two of them.
"""


class Spans:
    """Begins a span where the gateway lets a request in, and ends it with its event.

    Args:
        tracer: Makes them.
    """

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def around(self, app: ASGIApp) -> ASGIApp:
        """Wrap the gateway; what it asks upstream belongs to the span."""

        async def traced(scope: Scope, receive: Receive, send: Send) -> None:
            if endpoint_of(scope["path"]) is not None:
                scope = self._begin(scope)
            await app(scope, receive, send)

        return traced

    def ended(self, event: RequestEnded) -> None:
        """End the span of a request, if it has one: it may have been refused before."""
        request_id, span = _open.get() or ("", None)
        _open.set(None)
        if span is None or request_id != event.request_id:
            return
        if endpoint_of(event.route) is None:
            return  # what only looks like a request to a model is dropped
        span.update_name(span_name(event))
        span.set_attributes(of_span(event))
        if error_of(event) is not None:
            reason = event.reason if isinstance(event, RequestFailed) else None
            span.set_status(Status(StatusCode.ERROR, reason))
        span.end()

    def _begin(self, scope: Scope) -> Scope:
        """Begin a span below the caller's, and put it in the place of the caller's."""
        headers = scope["headers"]
        carried = {
            name.decode(): value.decode("latin-1")
            for name, value in headers
            if name in _HEADERS
        }
        span = self._tracer.start_span(
            "request", context=_W3C.extract(carried), kind=SpanKind.CLIENT
        )
        _open.set((scope[REQUEST_ID], span))
        carried.clear()
        _W3C.inject(carried, context=trace.set_span_in_context(span))
        others = [each for each in headers if each[0] not in _HEADERS]
        own = [(name.encode(), value.encode()) for name, value in carried.items()]
        return {**scope, "headers": others + own}
