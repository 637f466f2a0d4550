"""The innermost layer: hands each request to whoever answers it."""

from urllib.parse import parse_qsl

from ccproxy.api.exchange import exchange_of
from ccproxy.api.forward import Forward
from ccproxy.api.models import Models
from ccproxy.api.routing import Kind, Match
from ccproxy.errors import MethodNotAllowedError
from ccproxy.sdk import ASGIApp, Receive, Request, Scope, Send


class Router:
    """Dispatches by what the path stands for.

    Args:
        forward: Answers model requests.
        models: Lists models.
        api: FastAPI's part, which also answers paths nobody knows.
    """

    def __init__(self, forward: Forward, models: Models, api: ASGIApp) -> None:
        self._forward = forward
        self._models = models
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange = exchange_of(scope)
        match = exchange.match
        if match.kind is Kind.BASE:
            await self._api({**scope, "path": "/", "raw_path": b"/"}, receive, send)
            return
        if match.kind is Kind.API:
            await self._api(scope, receive, send)
            return
        _check_method(match, exchange.method)
        if match.endpoint is not None:
            await self._forward(exchange, match.endpoint, scope, receive, send)
        elif match.kind is Kind.MODELS:
            await self._models(exchange, scope, send)
        elif match.plugin_route is not None:
            await _plugin_answer(match, scope, send)


def _check_method(match: Match, method: str) -> None:
    if match.plugin_route is not None:
        allowed = match.plugin_route.methods
    else:
        allowed = ("POST",) if match.endpoint else ("GET",)
    if method not in allowed and not (method == "HEAD" and "GET" in allowed):
        msg = f"{match.route} takes {' and '.join(allowed)}, not {method[:20]}."
        raise MethodNotAllowedError(msg, allowed=allowed)


async def _plugin_answer(match: Match, scope: Scope, send: Send) -> None:
    if match.plugin_route is None:  # the router asks only with one
        return
    request = Request(
        method=scope["method"],
        path=scope["path"],
        rest=match.rest,
        query=dict(parse_qsl(scope["query_string"].decode("latin-1"))),
        headers={
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
        },
    )
    response = await match.plugin_route.handle(request)
    head = [(b"content-type", response.media_type.encode("latin-1"))]
    head += [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in response.headers.items()
    ]
    head.append((b"content-length", str(len(response.body)).encode()))
    await send(
        {"type": "http.response.start", "status": response.status, "headers": head}
    )
    await send({"type": "http.response.body", "body": response.body})
