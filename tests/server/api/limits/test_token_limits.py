"""Limits of tokens and of cost, through the whole gateway."""

import asyncio
from uuid import uuid4

import httpx
import pytest

from ccproxy.api.limits.charging import guessed
from ccproxy.hooks.events import Failure, RequestFailed
from ccproxy.sdk import JsonObject
from ccproxy.testing import RunningGateway
from fakes.vendor import Vendor
from fakes.world import Start, Witness

pytestmark = pytest.mark.integration

SAID: JsonObject = {"role": "user", "content": "x"}
USED = 7
"""Tokens that each answer of the vendor's tells."""
DIALECTS: dict[str, JsonObject] = {
    "/v1/messages": {"messages": [SAID], "max_tokens": 5},
    "/v1/chat/completions": {"messages": [SAID], "max_completion_tokens": 5},
    "/v1/responses": {"input": "x", "max_output_tokens": 5},
}
PRICED = {"prices": {"models": [{"match": "m*", "input": 10_000, "output": 10_000}]}}
"""A token costs a cent."""


def limits(**settings: object) -> dict[str, object]:
    return {"limits": {"enabled": True, **settings}}


async def ask(
    running: RunningGateway,
    path: str = "/v1/messages",
    model: str = "openai/m",
    **more: object,
) -> httpx.Response:
    body = {"model": model, **DIALECTS[path], **more}
    return await running.client.post(path, json=body)


@pytest.mark.parametrize("window", ["sliding", "fixed"])
@pytest.mark.parametrize("path", DIALECTS)
async def test_who_has_used_its_tokens_up_hears_so_in_its_own_dialect(
    start: Start, fake: Vendor, witness: Witness, window: str, path: str
) -> None:
    running = await start(limits(tokens="50/hour", window=window))
    answers = [await ask(running, path) for _ in range(6)]
    good = [each for each in answers if each.status_code == 200]
    refused = answers[-1]
    assert 1 < len(good) < 6
    assert refused.status_code == 429
    assert refused.headers["ratelimit-limit"] == "50"
    assert int(refused.headers["ratelimit-remaining"]) == 50 - USED * len(good)
    assert refused.headers["x-ccproxy-ratelimit-unit"] == "tokens"
    assert 3590 <= int(refused.headers["retry-after"]) <= 3661
    assert refused.json()["error"]["type"] == "rate_limit_error"
    assert "This address may use 50 tokens per hour." in refused.text
    assert "the limit is set by limits.tokens." in refused.text
    assert len(fake.seen) == len(good)
    failed = [each for each in witness.ended if isinstance(each, RequestFailed)]
    assert {each.failure for each in failed} == {Failure.LIMITED}


async def used(running: RunningGateway, **asked: object) -> int:
    """What a request has used, as the next one is told, which claims a guess itself."""
    await ask(running, **asked)  # type: ignore[arg-type]  # whatever a test says
    told = await ask(running)
    guess = guessed(DIALECTS["/v1/messages"], len(told.request.content))
    return 1000 - guess.all - int(told.headers["ratelimit-remaining"])


@pytest.mark.parametrize(
    ("path", "stream"),
    [
        ("/v1/messages", True),
        ("/v1/messages", False),
        ("/v1/responses", True),
        ("/v1/responses", False),
        ("/v1/chat/completions", False),
    ],
)
async def test_an_answer_counts_by_what_it_tells(
    start: Start, path: str, stream: bool
) -> None:
    running = await start(limits(tokens="1000/hour"))
    assert await used(running, path=path, stream=stream) == USED


async def test_an_answer_that_tells_nothing_counts_as_guessed(start: Start) -> None:
    """A stream of Chat does so, unless it is asked to tell."""
    running = await start(limits(tokens="1000/hour"))
    path = "/v1/chat/completions"
    assert await used(running, path=path, stream=True) > USED


@pytest.mark.parametrize("model", ["gone", "busy", "503", "cut", "failed"])
async def test_what_was_not_answered_costs_nothing(start: Start, model: str) -> None:
    running = await start(limits(tokens="1000/hour"))
    path = "/v1/chat/completions"
    asked = {"path": path, "stream": True, "model": f"openai/{model}"}
    assert await used(running, **asked) == 0


async def test_what_a_broken_answer_has_told_counts(start: Start) -> None:
    running = await start(limits(tokens="1000/hour"))
    told = {"path": "/v1/messages", "stream": True, "model": "anthropic/cut"}
    assert 0 < await used(running, **told) <= USED


async def test_counting_tokens_uses_none(start: Start) -> None:
    running = await start(limits(tokens="1000/hour"))
    body = {"model": "anthropic/m", "messages": [SAID]}
    answer = await running.client.post("/v1/messages/count_tokens", json=body)
    assert answer.status_code == 200
    assert answer.headers["x-ccproxy-ratelimit-unit"] == "requests"


@pytest.mark.parametrize(
    ("path", "model"),
    [("/v1/chat/completions", "openai/slow"), ("/v1/messages", "anthropic/slow")],
)
async def test_who_leaves_early_pays_as_guessed(
    start: Start, fake: Vendor, path: str, model: str
) -> None:
    """What was written is told at the end alone, of Messages what was read before."""
    running = await start(limits(tokens="1000/hour"))
    fake.waiting.clear()
    body = {"model": model, "messages": [SAID], "stream": True, "max_tokens": 100}
    async with (
        httpx.AsyncClient(base_url=running.url) as leaver,
        leaver.stream("POST", path, json=body) as answer,
    ):
        await fake.waiting.wait()
        fake.go.set()
        await anext(answer.aiter_raw())
    await fake.aborted.wait()
    path = "/v1/chat/completions"
    assert await used(running, path=path, model="openai/busy") >= 100


@pytest.mark.parametrize("model", ["silent", "slow"])
async def test_who_leaves_before_anything_has_come_pays_as_guessed(
    start: Start, fake: Vendor, model: str
) -> None:
    """Neither of the head of a plain answer nor of a stream's first event."""
    running = await start(limits(tokens="1000/hour"))
    url = "/v1/chat/completions"
    body = {"model": f"openai/{model}", "messages": [SAID], "max_tokens": 100}
    async with httpx.AsyncClient(base_url=running.url) as leaver:
        asking = asyncio.create_task(
            leaver.post(url, json=body | {"stream": model == "slow"})
        )
        await fake.waiting.wait()
        asking.cancel()
        await asyncio.wait({asking})
    await fake.aborted.wait()
    assert await used(running, path=url, model="openai/busy") > 100


async def test_as_many_as_come_at_once_overrun_nothing(
    start: Start, fake: Vendor
) -> None:
    """Each claims what it is guessed to use, 24 tokens or so, though it uses 7."""
    running = await start(limits(tokens="100/hour"))
    model = "openai/silent"
    waiting = {asyncio.create_task(ask(running, model=model)) for _ in range(20)}
    while len(waiting) > 4:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        assert {each.result().status_code for each in done} == {429}
    fake.go.set()
    assert {(await each).status_code for each in waiting} == {200}
    assert len(fake.seen) == 4


async def test_an_address_has_tokens_whatever_it_shows(start: Start) -> None:
    tokens = {"security": {"client_tokens": ["first", "second"]}}
    running = await start({**limits(address_tokens="30/hour"), **tokens})
    statuses = []
    for who in ("first", "second", "second"):
        running.client.headers["x-api-key"] = who
        answer = await ask(running)
        statuses.append(answer.status_code)
    assert statuses == [200, 429, 429]
    assert "the limit is set by limits.address_tokens." in answer.text


async def test_the_models_of_a_pattern_have_tokens(start: Start, fake: Vendor) -> None:
    models = [{"match": "openai/*", "tokens": "30/hour"}]
    running = await start(limits(models=models))
    answers = [await ask(running) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 429]
    assert "For models like openai/*, all callers may use 30" in answers[1].text
    assert (await ask(running, model="anthropic/m")).status_code == 200


async def test_a_limit_of_cost_holds_by_the_prices_of_models(
    start: Start, witness: Witness
) -> None:
    running = await start({**limits(cost="0.50/hour"), **PRICED})
    answers = [await ask(running) for _ in range(5)]
    assert [each.status_code for each in answers] == [200] * 4 + [429]
    refused = answers[-1]
    assert refused.headers["ratelimit-limit"] == "50"
    assert refused.headers["ratelimit-remaining"] == str(50 - 4 * USED)
    assert refused.headers["x-ccproxy-ratelimit-unit"] == "us-cents"
    assert "may spend 0.5 US dollars per hour" in refused.text
    assert "the limit is set by limits.cost." in refused.text
    assert isinstance(witness.ended[-1], RequestFailed)


@pytest.mark.parametrize(
    ("settings", "whose", "setting"),
    [
        ({"address_cost": "0.30/hour"}, "This address", "limits.address_cost"),
        (
            {"models": [{"match": "openai/*", "cost": "0.30/hour"}]},
            "For models like openai/*, all callers",
            "limits.models.cost",
        ),
    ],
)
async def test_an_address_and_the_models_of_a_pattern_have_a_limit_of_cost(
    start: Start, settings: dict[str, object], whose: str, setting: str
) -> None:
    tokens = {"security": {"client_tokens": ["first", "second"]}}
    running = await start({**limits(**settings), **PRICED, **tokens})
    answers = []
    for who in ("first", "second"):
        running.client.headers["x-api-key"] = who
        answers.append(await ask(running))
    assert [each.status_code for each in answers] == [200, 429]
    assert f"{whose} may spend 0.3 US dollars per hour." in answers[1].text
    assert f"the limit is set by {setting}." in answers[1].text


@pytest.mark.parametrize("path", DIALECTS)
async def test_a_limit_of_cost_is_told_in_the_dialect_of_the_caller(
    start: Start, path: str
) -> None:
    running = await start({**limits(cost="0.30/hour"), **PRICED})
    refused = [await ask(running, path) for _ in range(5)][-1]
    assert refused.status_code == 429
    assert refused.json()["error"]["type"] == "rate_limit_error"
    assert ("type" in refused.json()) is (path == "/v1/messages")
    assert refused.headers["ratelimit-reset"] == refused.headers["retry-after"]


async def test_what_has_no_known_price_costs_nothing_and_it_is_said(
    start: Start,
) -> None:
    models = [{"match": "other", "cost": "0.01/hour"}]
    running = await start({**limits(models=models), **PRICED})
    for _ in range(2):
        answer = await ask(running, model="openai/other")
        assert answer.status_code == 200
        assert "No price of openai/other is known" in answer.headers["x-ccproxy-notes"]


@pytest.mark.services
@pytest.mark.xdist_group("redis")
@pytest.mark.parametrize("window", ["sliding", "fixed"])
async def test_several_gateways_count_together_in_a_redis(
    start: Start, redis_url: str, window: str
) -> None:
    settings = limits(tokens="50/hour", window=window, redis_url=redis_url)
    tokens = {"security": {"client_tokens": [uuid4().hex]}}
    gateways = [await start({**settings, **tokens}) for _ in range(2)]
    for each in gateways:
        each.client.headers["x-api-key"] = tokens["security"]["client_tokens"][0]
    answers = [await ask(gateways[number % 2]) for number in range(12)]
    good = [each for each in answers if each.status_code == 200]
    assert 1 < len(good) < 12
    refused = answers[-1]
    assert int(refused.headers["ratelimit-remaining"]) == 50 - USED * len(good)
    assert 3590 <= int(refused.headers["retry-after"]) <= 3661
    assert refused.headers["x-ccproxy-ratelimit-unit"] == "tokens"
