"""A strict ChatGPT backend, logins as Codex CLI writes them, and a started plugin."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import orjson
import pytest

from ccproxy.sdk import Endpoint, JsonObject, PluginContext, UpstreamRequest
from fakes.chatgpt import ChatGPT, chatgpt, make_jwt, refusal
from fakes.codex import World
from fakes.context import context


def make_request(body: bytes, headers: dict[str, str] | None = None) -> UpstreamRequest:
    payload = orjson.loads(body)
    return UpstreamRequest(
        url="https://chatgpt.com/backend-api/codex/responses",
        endpoint=Endpoint.RESPONSES,
        model=payload.get("model", ""),
        stream=payload.get("stream") is True,
        headers=headers or {},
        body=body,
        payload=payload,
        request_id="r1",
    )


@pytest.fixture(scope="session")
def backend() -> Callable[[bytes], str | None]:
    return refusal


@pytest.fixture(scope="session")
def jwt() -> Callable[[JsonObject], str]:
    return make_jwt


@pytest.fixture(scope="session")
def request_of() -> Callable[..., UpstreamRequest]:
    return make_request


@pytest.fixture
def auth_json(tmp_path: Path) -> Callable[..., Path]:
    """Write ``auth.json`` as Codex CLI 0.169.0 does, with these tokens or changes."""

    def write(tokens: JsonObject, **changes: object) -> Path:
        path = tmp_path / "auth.json"
        stored = {
            "auth_mode": "chatgpt",
            "OPENAI_API_KEY": None,
            "tokens": {"id_token": "i.d.t", "refresh_token": "r", **tokens},
            "last_refresh": "2026-11-22T23:27:58.684850268Z",
            **changes,
        }
        path.write_bytes(orjson.dumps(stored, option=orjson.OPT_INDENT_2))
        return path

    return write


def answer(request: httpx.Request) -> httpx.Response:
    """List models to a ChatGPT login that names itself and a client version."""
    if request.url.path != "/backend-api/codex/models":
        return httpx.Response(404, json={"detail": "Not Found"})
    if request.headers.get("authorization") != "Bearer right":
        error = {"message": "token is expired", "code": "token_expired"}
        return httpx.Response(401, json={"error": error, "status": 401})
    if request.headers.get("chatgpt-account-id") != "acct-1":
        return httpx.Response(403, json={"detail": "no account"})
    if not request.url.params.get("client_version"):
        return httpx.Response(400, json={"detail": "client_version is required"})
    assert request.extensions["timeout"]["read"] == 5.0
    models = [
        {"slug": "gpt-a", "display_name": "A", "visibility": "list"},
        {"slug": "gpt-hidden", "visibility": "hide"},
        {"slug": "gpt-b", "visibility": "list", "new_key": [1]},
        {"slug": None},
        {"slug": "gpt-\x1b"},
        {"slug": "gpt-c", "display_name": ["C"], "visibility": ["list"]},
        "odd",
    ]
    return httpx.Response(200, json={"models": models})


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        yield client


@pytest.fixture
def ctx(http: httpx.AsyncClient, tmp_path: Path) -> PluginContext:
    return context(http, tmp_path / "data")


@pytest.fixture
async def vendor() -> AsyncIterator[ChatGPT]:
    async with chatgpt() as fake:
        yield fake


@pytest.fixture
async def world(vendor: ChatGPT, tmp_path: Path) -> AsyncIterator[World]:
    """A home without logins, and a vendor whose clock is the home's."""
    async with httpx.AsyncClient(trust_env=False) as client:
        made = World(tmp_path, vendor, client)
        vendor.now = made.clock
        yield made
