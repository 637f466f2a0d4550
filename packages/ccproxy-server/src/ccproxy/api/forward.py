"""From a caller's request to a provider's answer."""

from collections.abc import Mapping

import orjson

from ccproxy.api.answers import Answers
from ccproxy.api.asking import Asking, as_it_came, endpoint_for, translated
from ccproxy.api.attention import Attention, Interrupted
from ccproxy.api.body import ClientLeftError, read_body
from ccproxy.api.estimate import send_estimate
from ccproxy.api.exchange import Exchange
from ccproxy.api.relay import Relay
from ccproxy.api.routing import ModelTable, Target
from ccproxy.api.streams import OpenStreams
from ccproxy.api.translated import relay_for
from ccproxy.dialects import Endpoint
from ccproxy.errors import (
    BadRequestError,
    ShuttingDownError,
    UpstreamError,
)
from ccproxy.hooks.bus import HookBus
from ccproxy.hooks.events import Failure
from ccproxy.sdk import (
    JsonObject,
    Provider,
    Receive,
    Scope,
    Send,
    Upstream,
    UpstreamRequest,
    UpstreamResponse,
)

LONGEST_MODEL = 256
"""Characters; the name goes into logs, metrics and records."""


class Forward:
    """The data plane.

    Args:
        models: Picks the provider.
        network: Who answers for providers without an upstream of their own.
        streams: Where open streams are noted.
        bus: Told of chunks.
        max_body: Bytes a request body may have, decoded.
    """

    def __init__(
        self,
        models: ModelTable,
        network: Upstream,
        streams: OpenStreams,
        bus: HookBus,
        max_body: int,
    ) -> None:
        self._models = models
        self._network = network
        self._streams = streams
        self._bus = bus
        self._max_body = max_body
        self._answers = Answers()

    async def __call__(
        self,
        exchange: Exchange,
        endpoint: Endpoint,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Answer one request.

        Raises:
            CCProxyError: It can't be answered, and nothing has been sent yet.
        """
        try:
            body = await read_body(receive, exchange.headers, self._max_body)
        except ClientLeftError:
            exchange.fail(Failure.CLIENT_LEFT, "The client left while asking.")
            return
        exchange.bytes_in = len(body)
        payload = _decode(body)
        target = self._models.target(exchange.match, _model_of(payload))
        exchange.provider = target.provider.name
        exchange.model_requested = _model_of(payload)
        exchange.model = target.model
        exchange.streaming = payload.get("stream") is True
        spoken = endpoint_for(endpoint, target.provider)
        if spoken is None:
            await send_estimate(exchange, payload, send)
            return
        exchange.dialect_out = spoken.dialect.value
        if endpoint is Endpoint.RESPONSES and not _keeps_answers(target, spoken):
            expanded = self._answers.expand(exchange.caller, payload)
            if expanded is not payload:
                payload, body = expanded, orjson.dumps(expanded)
            send = self._answers.watch(exchange.caller, payload, len(body), send)
        if spoken is endpoint:
            asking = as_it_came(
                exchange, endpoint, target, payload=payload, body=body, scope=scope
            )
        else:
            asking = translated(exchange, endpoint, spoken, target, payload)
        await self._attend(exchange, target.provider, asking, receive, send)

    async def _attend(
        self,
        exchange: Exchange,
        provider: Provider,
        asking: Asking,
        receive: Receive,
        send: Send,
    ) -> None:
        """Answer for as long as the client is there and the gateway runs."""
        attention = Attention(receive)
        try:
            with attention:
                relay = relay_for(
                    exchange, asking.translation, send, attention, self._bus
                )
                await self._answer(exchange, provider, asking.request, relay)
        except Interrupted:
            if attention.failure is Failure.SHUTDOWN:
                msg = "The gateway is stopping."
                raise ShuttingDownError(msg, hint="Ask again.") from None
            exchange.client_left()

    async def _answer(
        self,
        exchange: Exchange,
        provider: Provider,
        request: UpstreamRequest,
        relay: Relay,
    ) -> None:
        self._streams.add(relay)
        try:
            await provider.prepare(request)
            exchange.model = request.model  # the provider may know it by another name
            response = await self._ask(exchange, provider, request)
            try:
                await _pass_on(exchange, request, response, relay)
            finally:
                response.close()
        finally:
            self._streams.discard(relay)

    async def _ask(
        self, exchange: Exchange, provider: Provider, request: UpstreamRequest
    ) -> UpstreamResponse:
        """Sign, ask, and once more with a renewed credential if it was refused."""
        upstream = provider.upstream or self._network
        own = _callers_own(exchange, provider)
        if own:
            request.headers.update(own)
            response = await upstream.send(request)
        else:
            signed = await provider.auth.headers()
            request.headers.update(signed)
            response = await upstream.send(request)
            if response.status == 401 and await _renewed(response, provider, signed):
                request.headers.update(await provider.auth.headers())
                response = await upstream.send(request)
        if 300 <= response.status < 400:
            response.close()
            msg = f"{provider.name} redirected the request."
            raise UpstreamError(msg, hint=f"Check plugins.{provider.name}.base_url.")
        provider.answered(request, response)
        return response


async def _pass_on(
    exchange: Exchange,
    request: UpstreamRequest,
    response: UpstreamResponse,
    relay: Relay,
) -> None:
    if response.status >= 400 or request.stream is False or not _is_stream(response):
        await relay.plain(response)
    elif not exchange.streaming:
        await relay.collected(response)  # the provider only streams
    else:
        await relay.stream(response)


async def _renewed(
    refused: UpstreamResponse, provider: Provider, signed: Mapping[str, str]
) -> bool:
    """Try to renew the credential; a refusal that nobody will read is closed."""
    try:
        renewed = await provider.auth.renew(signed)
    except BaseException:
        refused.close()
        raise
    if renewed:
        refused.close()
    return renewed


def _keeps_answers(target: Target, spoken: Endpoint) -> bool:
    """Whether the upstream can go on from an earlier answer of its own."""
    return spoken is Endpoint.RESPONSES and target.provider.keeps_answers


def _decode(body: bytes) -> JsonObject:
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        msg = f"The request body is not JSON: {error}."
        raise BadRequestError(msg) from error
    if not isinstance(payload, dict):
        msg = "The request body is not a JSON object."
        raise BadRequestError(msg)
    return payload


def _model_of(payload: JsonObject) -> str:
    model = payload.get("model")
    if not isinstance(model, str) or not model:
        msg = "The request names no model."
        raise BadRequestError(msg, hint="Set 'model' to a name; GET /v1/models lists.")
    if len(model) > LONGEST_MODEL:
        msg = f"The model's name is longer than {LONGEST_MODEL} characters."
        raise BadRequestError(msg)
    return model


def _callers_own(exchange: Exchange, provider: Provider) -> dict[str, str]:
    """Take the caller's own credential, never the one meant for the gateway."""
    if not provider.passthrough:
        return {}
    return {
        name: exchange.headers[name.encode()].decode("latin-1")
        for name in sorted(provider.callers_own)
        if name.encode() in exchange.headers
        and name.encode() not in exchange.gateway_credential
    }


def _is_stream(response: UpstreamResponse) -> bool:
    """Tell an upstream that answers JSON, or compressed, although nobody asked for it.

    A missing content type says nothing: the Codex backend streams without one.
    """
    headers = dict(response.headers)
    is_json = headers.get(b"content-type", b"").startswith(b"application/json")
    return not is_json and headers.get(b"content-encoding", b"identity") == b"identity"
