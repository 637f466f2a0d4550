"""A strict OpenAI at the transport, and what a started plugin is handed."""

from collections.abc import AsyncIterator

import httpx
import pytest

from ccproxy.sdk import PluginContext
from fakes.context import context

ORGANIZATION = {"openai-organization": "org-o"}


def answer(request: httpx.Request) -> httpx.Response:
    """Refuse what the real API refuses: a wrong path, no key, another key."""
    if request.url.path != "/v1/models":
        return httpx.Response(404, json={"error": {"message": "no such path"}})
    if request.headers.get("authorization") != "Bearer sk-right":
        return httpx.Response(401, json={"error": {"message": "wrong key"}})
    models = [{"id": "gpt-a", "object": "model", "created": 5}, {"id": "gpt-b"}]
    return httpx.Response(
        200, json={"object": "list", "data": models}, headers=ORGANIZATION
    )


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        yield client


@pytest.fixture
def ctx(http: httpx.AsyncClient) -> PluginContext:
    return context(http)
