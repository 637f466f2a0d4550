"""The official SDKs, talking to the sandbox's upstream without a socket."""

from collections.abc import AsyncIterator

import anthropic
import httpx2
import openai
import orjson
import pytest

from ccproxy.plugins.sandbox.upstream import SandboxResponse, SandboxUpstream
from ccproxy.sdk import Endpoint, UpstreamRequest


class Body(httpx2.AsyncByteStream):
    def __init__(self, response: SandboxResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await self._response.chunk():
            yield piece


class SandboxTransport(httpx2.AsyncBaseTransport):
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body = await request.aread()
        payload = orjson.loads(body)
        answer = await SandboxUpstream().send(
            UpstreamRequest(
                url=str(request.url),
                endpoint=Endpoint(request.url.path.removeprefix("/v1/")),
                model=payload["model"],
                stream=payload.get("stream", False),
                headers={},
                body=body,
                payload=payload,
                request_id="r1",
            )
        )
        return httpx2.Response(
            answer.status, headers=list(answer.headers), stream=Body(answer)
        )


@pytest.fixture
async def openai_sdk() -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        api_key="k",
        base_url="http://sandbox.invalid/v1",
        max_retries=0,
        http_client=httpx2.AsyncClient(transport=SandboxTransport()),
    ) as client:
        yield client


@pytest.fixture
async def anthropic_sdk() -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(
        api_key="k",
        base_url="http://sandbox.invalid",
        max_retries=0,
        http_client=httpx2.AsyncClient(transport=SandboxTransport()),
    ) as client:
        yield client
