"""FastAPI's part: everything that is not the data plane."""

from collections.abc import Mapping

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from ccproxy.api.errors import Answer, answer_to, render
from ccproxy.api.exchange import exchange_of
from ccproxy.api.masked import MaskedJSON
from ccproxy.api.routes import health, profile, requests, status
from ccproxy.api.version import VERSION
from ccproxy.dialects import Endpoint
from ccproxy.errors import CCProxyError
from ccproxy.hooks.events import Failure
from ccproxy.loader.catalogue import by_path
from ccproxy.security.sanitizer import mask_text
from ccproxy.services.container import ServiceContainer

_ROUTERS = (status.router, profile.router, requests.router, health.router)
_SCHEMA = "/api/openapi.json"


def build_api(container: ServiceContainer) -> FastAPI:
    """Assemble the API; its services come from the container."""
    api = FastAPI(
        title="ccproxy",
        version=VERSION,
        docs_url=None,  # both pages would load scripts from elsewhere
        redoc_url=None,
        openapi_url=_SCHEMA,
        redirect_slashes=False,
        default_response_class=MaskedJSON,
    )
    api.state.container = container
    for router in _ROUTERS:
        api.include_router(router)
    api.add_exception_handler(CCProxyError, _ccproxy_problem)
    api.add_exception_handler(HTTPException, _http_problem)
    api.add_exception_handler(RequestValidationError, _validation_problem)
    return api


def api_paths() -> list[str]:
    """List the templates of all paths the API serves."""
    routes = [route for router in _ROUTERS for route in router.routes]
    return sorted({*(r.path for r in routes if isinstance(r, APIRoute)), _SCHEMA})


async def _ccproxy_problem(request: Request, error: Exception) -> Response:
    if not isinstance(error, CCProxyError):  # it is registered for these alone
        raise error
    answer = answer_to(error)
    exchange_of(request.scope).fail(answer.failure, str(error))
    media_type, body = render(None, answer, error.message, error.hint)
    return Response(body, answer.status, media_type=media_type.decode())


async def _http_problem(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    path = request.scope["path"]
    shown = mask_text(path)[:200]
    hint = None
    if status == 404:
        message = f"There is nothing at {shown!r}."
        hint = _where_it_would_come_from(path)
    elif status == 405:
        message = f"{shown!r} does not take {request.method}."
    else:
        message = str(getattr(error, "detail", "It went wrong."))
    return _problem(request, status, message, hint, headers)


async def _validation_problem(request: Request, error: Exception) -> Response:
    details = error.errors() if isinstance(error, RequestValidationError) else []
    message = "; ".join(
        f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}"
        for each in details
    )
    return _problem(request, 422, message or "The request is not valid.", None, None)


def _where_it_would_come_from(path: str) -> str:
    if path[1:] in {*Endpoint, "models", "embeddings"}:
        return "The base URL of OpenAI clients ends in /v1."
    if "/v1/" in path:
        known = ", ".join((*Endpoint, "models"))
        return f"Of /v1 there are {known}, alone or behind a provider's name."
    piece = by_path(path)
    if piece is None:
        return "/api/openapi.json and the documentation list the routes."
    return (
        f"It comes with {piece.wheel} (pip install {piece.wheel}), unless "
        f"{piece.switch} is false."
    )


def _problem(
    request: Request,
    status: int,
    message: str,
    hint: str | None,
    headers: Mapping[str, str] | None,
) -> Response:
    code = {404: "not_found", 405: "method_not_allowed", 422: "bad_request"}
    answer = Answer(status, code.get(status, "error"), Failure.BAD_REQUEST)
    exchange = exchange_of(request.scope)
    exchange.fail(answer.failure, message)
    media_type, body = render(exchange.dialect, answer, message, hint)
    return Response(body, status, headers, media_type.decode())
