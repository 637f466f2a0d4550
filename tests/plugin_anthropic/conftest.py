"""A strict Anthropic at the transport, and what a started plugin is handed."""

from collections.abc import AsyncIterator

import httpx
import pytest

from ccproxy.sdk import PluginContext
from fakes.context import context

ORGANIZATION = {"anthropic-organization-id": "org-a"}


def answer(request: httpx.Request) -> httpx.Response:
    """Refuse what the real API refuses: a wrong path, no key, no version."""
    if request.url.path != "/v1/models":
        return _refuse(404, "not_found_error")
    if request.headers.get("x-api-key") != "sk-right":
        return _refuse(401, "authentication_error")
    if "anthropic-version" not in request.headers:
        return _refuse(400, "invalid_request_error")
    data = [
        {"id": "claude-b", "created_at": "1970-01-01T00:01:00Z", "display_name": "B"},
        {"id": "claude-a", "created_at": "soon", "lifecycle": "deprecated"},
        {"id": "claude-0"},
    ]
    limit = int(request.url.params.get("limit", "1"))
    return httpx.Response(
        200, json={"data": data[:limit], "has_more": False}, headers=ORGANIZATION
    )


def _refuse(status: int, kind: str) -> httpx.Response:
    error = {"type": kind, "message": "no"}
    return httpx.Response(status, json={"type": "error", "error": error})


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        yield client


@pytest.fixture
def ctx(http: httpx.AsyncClient) -> PluginContext:
    return context(http)
