"""A request in the words of the GenAI semantic conventions; what others told is masked.

Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/
"""

from collections.abc import Mapping
from typing import TypeAlias

from ccproxy.sdk import Endpoint, mask_text
from ccproxy.sdk.events import RequestEnded, RequestFailed

Attributes: TypeAlias = dict[str, str | int | float | bool]

_VENDORS = {"codex": "openai"}
"""Well-known names of vendors, where a provider is called otherwise."""
_OPERATIONS: Mapping[str, str] = {
    Endpoint.CHAT: "chat",
    Endpoint.MESSAGES: "chat",
    Endpoint.RESPONSES: "chat",
    Endpoint.COUNT_TOKENS: "count_tokens",
    Endpoint.COMPACT: "compact",
}
"""Operations by endpoint; those but ``chat`` are our own words."""


def endpoint_of(path: str) -> str | None:
    """Tell which operation on models a path stands for, if any."""
    endpoint = path.rpartition("/v1/")[2]
    return endpoint if endpoint in _OPERATIONS else None


def operation_of(route: str) -> str:
    """Name the operation of a route."""
    return _OPERATIONS[route.rpartition("/v1/")[2]]


def span_name(event: RequestEnded) -> str:
    """Name a span; the operation alone, where no model was asked."""
    operation = operation_of(event.route)
    return f"{operation} {mask_text(event.model)}" if event.model else operation


def common(event: RequestEnded) -> Attributes:
    """Return what spans and metrics tell alike: few values, and none of a caller's."""
    told: Attributes = {"gen_ai.operation.name": operation_of(event.route)}
    if event.provider is not None:
        told["gen_ai.provider.name"] = _VENDORS.get(event.provider, event.provider)
    if event.model is not None:
        told["gen_ai.request.model"] = mask_text(event.model)
    if (error := error_of(event)) is not None:
        told["error.type"] = error
    return told


def error_of(event: RequestEnded) -> str | None:
    """Tell why there was no good answer: a kind of failure, or an HTTP status."""
    if isinstance(event, RequestFailed):
        return event.failure.value
    if event.status is not None and event.status >= 400:
        return str(event.status)
    return None


def tokens(event: RequestEnded) -> tuple[int | None, int | None]:
    """Return the tokens that were read, cached ones included, and those written."""
    if event.input_tokens is None:
        return None, event.output_tokens
    cached = (event.cache_read_tokens or 0) + (event.cache_write_tokens or 0)
    return event.input_tokens + cached, event.output_tokens


def of_span(event: RequestEnded) -> Attributes:
    """Return all that a span tells."""
    read, written = tokens(event)
    known = {
        "http.request.method": event.method,
        "http.route": event.route,
        "http.response.status_code": event.status,
        "gen_ai.request.stream": event.streaming,
        "gen_ai.conversation.id": event.session,
        "gen_ai.response.model": event.model_served,
        "gen_ai.usage.input_tokens": read,
        "gen_ai.usage.output_tokens": written,
        "gen_ai.usage.cache_read.input_tokens": event.cache_read_tokens,
        "gen_ai.usage.cache_creation.input_tokens": event.cache_write_tokens,
        "gen_ai.usage.reasoning.output_tokens": event.reasoning_tokens,
        "gen_ai.response.time_to_first_chunk": (
            event.upstream_ttfb if event.streaming else None
        ),
        "ccproxy.request_id": event.request_id,
        "ccproxy.provider": event.provider,
        "ccproxy.client": event.client,
        "ccproxy.dialect_in": event.dialect_in,
        "ccproxy.dialect_out": event.dialect_out,
        "ccproxy.model_requested": event.model_requested,
        "ccproxy.overhead": event.overhead,
        "ccproxy.tool_calls": event.tool_calls,
        "ccproxy.fallbacks": len(event.fallbacks) or None,
    }
    told: Attributes = {
        name: mask_text(value) if isinstance(value, str) else value
        for name, value in known.items()
        if value is not None
    }
    return {**common(event), **told}
