"""Mistral's API is told what it knows, and nothing else."""

import pytest

from ccproxy.plugins.openai.mistral import MistralProvider
from ccproxy.sdk import Endpoint, JsonObject, UpstreamRequest

pytestmark = pytest.mark.unit

SAID: JsonObject = {"role": "user", "content": "b"}
ASKED: JsonObject = {
    "messages": [
        {"role": "assistant", "content": "a", "reasoning_content": "hm"},
        SAID,
    ],
    "max_tokens": 9,
    "seed": 5,
    "user": "me",
    "reasoning_effort": "low",
    "stream": True,
    "stream_options": {"include_usage": True},
}


async def prepared(
    model: str, asked: JsonObject, *, translated: bool = True
) -> UpstreamRequest:
    provider = MistralProvider(
        name="mistral",
        base_url="https://api.mistral.ai/v1",
        endpoints=[Endpoint.CHAT],
    )
    request = UpstreamRequest(
        url="https://x.invalid",
        endpoint=Endpoint.CHAT,
        model=model,
        stream=True,
        headers={},
        body=b"",
        payload=asked,
        request_id="r",
        translated=translated,
    )
    await provider.prepare(request)
    return request


async def test_what_it_does_not_know_is_left_out_or_told_in_its_words() -> None:
    request = await prepared("mistral-small-latest", ASKED)
    assert request.payload == {
        "messages": [{"role": "assistant", "content": "a"}, SAID],
        "max_tokens": 9,
        "reasoning_effort": "high",
        "stream": True,
        "random_seed": 5,
    }
    assert request.notes == ["Dropped user (Mistral refuses it)."]


async def test_only_models_that_can_think_are_told_how_much() -> None:
    request = await prepared(
        "devstral-2512", {"messages": [], "reasoning_effort": "high"}
    )
    assert request.payload == {"messages": []}
    assert request.notes == ["Dropped reasoning_effort (Mistral refuses it)."]


async def test_not_to_think_is_told_too() -> None:
    request = await prepared(
        "magistral-small-latest", {"messages": [], "reasoning_effort": "none"}
    )
    assert request.payload["reasoning_effort"] == "none"


async def test_who_speaks_its_dialect_asks_as_ever() -> None:
    request = await prepared("devstral-2512", ASKED, translated=False)
    assert request.payload is ASKED
