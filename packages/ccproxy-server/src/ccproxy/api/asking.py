"""What a provider is asked: the caller's request as it came, or in another dialect."""

from dataclasses import dataclass
from time import time

from ccproxy.api.exchange import Exchange
from ccproxy.api.routing import Target
from ccproxy.dialects import Endpoint
from ccproxy.dialects.convert import Translation, without_seals
from ccproxy.dialects.seal import MARK
from ccproxy.errors import DialectNotSpokenError
from ccproxy.http.headers import trace_headers, upstream_headers
from ccproxy.sdk import JsonObject, Provider, Scope, UpstreamRequest

NEAREST = (Endpoint.RESPONSES, Endpoint.CHAT, Endpoint.MESSAGES)
"""What is asked where a provider does not answer what the caller asks: the first that
it does answer. So OpenAI's two dialects stand in for each other before Anthropic's; and
Responses, which carries reasoning back, comes before Chat."""

_SEALED = MARK.encode()
_UNSEALED = (
    "Dropped reasoning or searches that another provider made "
    "(they are of use to their maker alone)."
)


@dataclass(frozen=True, slots=True)
class Asking:
    """A request for a provider.

    Attributes:
        request: As it will be sent, unsigned.
        translation: Of the answer, if the provider speaks another dialect.
        renamed: What the client calls the model, if the provider calls it otherwise.
    """

    request: UpstreamRequest
    translation: Translation | None = None
    renamed: str | None = None


def endpoint_for(asked: Endpoint, provider: Provider) -> Endpoint | None:
    """Choose the endpoint to ask; ``None`` if a count of tokens can't be asked for.

    Raises:
        DialectNotSpokenError: The provider answers nothing that could stand in.
    """
    if asked in provider.urls:
        return asked
    if asked is Endpoint.COUNT_TOKENS:
        return None
    for endpoint in NEAREST if asked in NEAREST else ():
        if endpoint in provider.urls:
            return endpoint
    msg = f"{provider.name} does not answer /v1/{asked} ({asked.dialect})."
    spoken = ", ".join(f"{each.dialect} at /v1/{each}" for each in provider.urls)
    raise DialectNotSpokenError(msg, hint=f"It speaks: {spoken}.")


def as_it_came(
    exchange: Exchange,
    endpoint: Endpoint,
    target: Target,
    *,
    payload: JsonObject,
    body: bytes,
    scope: Scope,
) -> Asking:
    """Ask what the caller asks, byte for byte unless something has to change."""
    request = _request(exchange, endpoint, target, payload, body)
    if query := scope["query_string"]:
        request.url += f"?{query.decode('latin-1')}"  # such as Anthropic's ?beta=true
    request.headers = upstream_headers(scope["headers"])
    _head(request)
    if _SEALED in body:
        kept = without_seals(endpoint.dialect, payload)
        if kept is not payload:
            exchange.note([_UNSEALED])
            request.rewrite(kept)
    if target.model == exchange.model_requested:
        return Asking(request)
    request.rewrite({**request.payload, "model": target.model})
    return Asking(request, renamed=exchange.model_requested)


def translated(
    exchange: Exchange,
    asked: Endpoint,
    endpoint: Endpoint,
    target: Target,
    *,
    payload: JsonObject,
    scope: Scope,
) -> Asking:
    """Ask in the provider's dialect.

    The caller's headers and query describe the dialect that is not spoken, so of them
    only the caller's name goes on, and the trace it belongs to.

    Raises:
        BadRequestError: The request has no sense.
        UntranslatableError: It can't be asked so.
    """
    translation = Translation(
        asked.dialect,
        endpoint.dialect,
        payload,
        model=target.model,
        maker=target.provider.name,
        name=exchange.id,
        created=int(time()),
    )
    exchange.note(translation.notes)
    request = _request(exchange, endpoint, target, translation.payload, b"")
    request.rewrite(translation.payload)
    request.translated = True
    _head(request)
    request.headers.update(trace_headers(scope["headers"]))
    request.headers["accept"] = "text/event-stream, application/json"
    if agent := exchange.headers.get(b"user-agent"):
        request.headers["user-agent"] = agent.decode("latin-1")
    return Asking(request, translation)


def _request(
    exchange: Exchange,
    endpoint: Endpoint,
    target: Target,
    payload: JsonObject,
    body: bytes,
) -> UpstreamRequest:
    return UpstreamRequest(
        url=target.provider.urls[endpoint],
        endpoint=endpoint,
        model=target.model,
        stream=exchange.streaming,
        headers={},
        body=body,
        payload=payload,
        request_id=exchange.id,
        notes=exchange.notes,
    )


def _head(request: UpstreamRequest) -> None:
    request.headers["content-type"] = "application/json"  # whatever curl -d says
    request.headers["accept-encoding"] = "identity"  # to be readable in passing
