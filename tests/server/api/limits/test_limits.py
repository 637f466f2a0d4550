"""Limits of callers, addresses and models, through the whole gateway."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
import orjson
import pytest
from structlog.testing import capture_logs
from websockets.asyncio.client import connect

from ccproxy.api.caller import network_of
from ccproxy.api.limits.counters import in_redis
from ccproxy.errors import ConfigError
from ccproxy.hooks.events import Failure, RequestFailed
from ccproxy.sdk import Contributions, Manifest, Plugin, PluginConfig
from ccproxy.testing import RunningGateway
from fakes.vendor import Vendor
from fakes.world import Start, Witness

pytestmark = pytest.mark.integration

TOKENS = {"security": {"client_tokens": ["first", "second"]}}
FIRST, SECOND = {"x-api-key": "first"}, {"x-api-key": "second"}
SAID = {"role": "user", "content": "x"}
DIALECTS: dict[str, dict[str, object]] = {
    "/v1/messages": {"messages": [SAID], "max_tokens": 5},
    "/v1/chat/completions": {"messages": [SAID]},
    "/v1/responses": {"input": "x"},
}


def limits(**settings: object) -> dict[str, object]:
    return {"limits": {"enabled": True, **settings}}


async def ask(
    running: RunningGateway,
    model: str = "openai/m",
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    body = {"model": model, "messages": [SAID]}
    return await running.client.post("/v1/chat/completions", json=body, headers=headers)


@asynccontextmanager
async def being_answered(
    running: RunningGateway,
    fake: Vendor,
    model: str = "openai/silent",
    headers: dict[str, str] | None = None,
) -> AsyncIterator[asyncio.Task[httpx.Response]]:
    """Ask what is not answered before the end."""
    fake.waiting.clear()
    asking = asyncio.create_task(ask(running, model, headers))
    await fake.waiting.wait()
    yield asking
    fake.go.set()
    assert (await asking).status_code == 200


@pytest.mark.parametrize("window", ["sliding", "fixed"])
@pytest.mark.parametrize("path", DIALECTS)
async def test_who_asks_too_often_hears_so_in_its_own_dialect(
    start: Start,
    fake: Vendor,
    witness: Witness,
    window: str,
    path: str,
) -> None:
    running = await start(limits(requests="2/hour", window=window))
    asked = {"model": "m", **DIALECTS[path]}
    answers = [await running.client.post(path, json=asked) for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert [each.headers["ratelimit-limit"] for each in answers] == ["2"] * 3
    told = [each.headers["ratelimit-remaining"] for each in answers]
    assert told == ["1", "0", "0"]
    refused = answers[-1]
    assert 3590 <= int(refused.headers["retry-after"]) <= 3600
    assert refused.headers["ratelimit-reset"] == refused.headers["retry-after"]
    assert refused.json()["error"]["type"] == "rate_limit_error"
    assert "limits.requests sets the limit" in refused.text
    assert ("type" in refused.json()) is (path == "/v1/messages")
    assert len(fake.seen) == 2
    failed = [each for each in witness.ended if isinstance(each, RequestFailed)]
    assert [(each.failure, each.status) for each in failed] == [(Failure.LIMITED, 429)]


async def test_a_frame_of_a_socket_is_a_request_like_others(start: Start) -> None:
    running = await start(limits(requests="1/hour"))
    assert (await ask(running)).status_code == 200
    url = running.url.replace("http", "ws") + "/v1/responses"
    async with connect(url) as socket:
        frame = {"type": "response.create", "model": "m", "input": "x"}
        await socket.send(orjson.dumps(frame).decode())
        told = orjson.loads(await socket.recv())
    assert (told["type"], told["status"]) == ("error", 429)
    assert told["error"]["type"] == "rate_limit_error"
    headers = told["headers"]
    assert headers["retry-after"] == headers["ratelimit-reset"]
    assert (headers["ratelimit-limit"], headers["ratelimit-remaining"]) == ("1", "0")
    assert headers["x-should-retry"] == "false"


async def test_nobody_is_limited_by_default(start: Start) -> None:
    running = await start()
    assert "ratelimit-limit" not in (await ask(running)).headers


async def test_limits_that_are_set_but_off_are_told_at_the_start(start: Start) -> None:
    """Whoever has set them may believe that they hold."""
    with capture_logs() as logs:
        running = await start({"limits": {"requests": "1/hour"}})
    (told,) = [each for each in logs if each["event"] == "section_is_off"]
    assert told["hint"] == "Nothing of it holds before limits.enabled is true."
    assert "ratelimit-limit" not in (await ask(running)).headers


def test_without_limits_their_library_is_not_loaded() -> None:
    code = "import sys, ccproxy.api.gateway; print('limits' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "False\n"


async def test_each_client_token_has_a_rate_of_its_own(start: Start) -> None:
    running = await start({**limits(requests="1/hour"), **TOKENS})
    answers = [await ask(running, headers=who) for who in (FIRST, FIRST, SECOND)]
    assert [each.status_code for each in answers] == [200, 429, 200]
    assert "This client token may ask 1 times per hour" in answers[1].text


async def test_an_address_has_a_rate_whatever_tokens_it_shows(start: Start) -> None:
    running = await start({**limits(address_requests="2/hour"), **TOKENS})
    answers = [await ask(running, headers=who) for who in (FIRST, SECOND, SECOND)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert answers[0].headers["ratelimit-limit"] == "2"
    assert "limits.address_requests" in answers[2].text


async def test_no_header_makes_an_address_another(start: Start) -> None:
    running = await start(limits(requests="1/hour"))
    await ask(running)
    headers = {"x-forwarded-for": "10.1.2.3", "forwarded": "for=10.1.2.3"}
    assert (await ask(running, headers=headers)).status_code == 429


async def test_who_has_no_token_uses_nothing_up(start: Start) -> None:
    running = await start({**limits(address_requests="1/hour"), **TOKENS})
    assert (await ask(running)).status_code == 401
    assert (await ask(running, headers=FIRST)).status_code == 200


async def test_only_requests_for_models_count(start: Start) -> None:
    running = await start(limits(requests="1/hour"))
    for path in ("/health/live", "/api/status", "/v1/models", "/nowhere"):
        assert "ratelimit-limit" not in (await running.client.get(path)).headers
    assert (await ask(running)).status_code == 200


@pytest.mark.parametrize("pattern", ["m*", "openai/*", "openai/m", "m"])
async def test_the_models_of_a_pattern_have_a_rate(
    start: Start, fake: Vendor, pattern: str
) -> None:
    models = [{"match": pattern, "requests": "1/hour"}]
    running = await start(limits(models=models))
    answers = [await ask(running) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 429]
    assert answers[0].headers["ratelimit-remaining"] == "0"
    assert f"For models like {pattern}, all callers may ask" in answers[1].text
    assert (await ask(running, "anthropic/x")).status_code == 200
    assert len(fake.seen) == 2


async def test_what_a_model_refuses_tells_the_model(
    start: Start, witness: Witness
) -> None:
    models = [{"match": "*", "requests": "1/hour"}]
    running = await start(limits(models=models))
    for _ in range(2):
        await ask(running)
    assert [each.model_requested for each in witness.ended] == ["openai/m"] * 2


async def test_a_caller_has_no_more_answered_at_once(
    start: Start, fake: Vendor
) -> None:
    running = await start(limits(concurrent=1))
    async with being_answered(running, fake):
        refused = await ask(running)
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["ratelimit-limit"] == "1"
        assert refused.headers["ratelimit-remaining"] == "0"
        assert refused.headers["x-ccproxy-ratelimit-unit"] == "requests-at-once"
        assert "may have 1 answered at once" in refused.text
    assert (await ask(running)).status_code == 200


async def test_each_client_token_has_its_own_number_at_once(
    start: Start, fake: Vendor
) -> None:
    running = await start({**limits(concurrent=1), **TOKENS})
    async with being_answered(running, fake, headers=FIRST):
        refused = await ask(running, headers=FIRST)
        assert refused.status_code == 429
        assert "This client token may have 1 answered at once" in refused.text
        assert (await ask(running, headers=SECOND)).status_code == 200


async def test_what_is_refused_for_its_number_at_once_counts_for_no_rate(
    start: Start, fake: Vendor
) -> None:
    running = await start(limits(requests="2/hour", concurrent=1))
    async with being_answered(running, fake):
        for _ in range(3):
            assert (await ask(running)).status_code == 429
    assert (await ask(running)).status_code == 200


async def test_an_address_has_no_more_answered_at_once(
    start: Start, fake: Vendor
) -> None:
    running = await start(limits(address_concurrent=1))
    async with being_answered(running, fake):
        assert "limits.address_concurrent" in (await ask(running)).text
    assert (await ask(running)).status_code == 200


async def test_the_models_of_a_pattern_have_no_more_answered_at_once(
    start: Start, fake: Vendor
) -> None:
    models = [{"match": "sil*", "concurrent": 1}]
    running = await start(limits(models=models))
    async with being_answered(running, fake):
        assert (await ask(running, "openai/silent")).status_code == 429
        assert (await ask(running)).status_code == 200
    assert (await ask(running, "openai/silent")).status_code == 200


@pytest.mark.parametrize("path", DIALECTS)
async def test_too_many_at_once_is_told_in_the_dialect_of_the_caller(
    start: Start, fake: Vendor, path: str
) -> None:
    running = await start(limits(concurrent=1))
    async with being_answered(running, fake):
        refused = await running.client.post(path, json={"model": "m", **DIALECTS[path]})
    assert refused.status_code == 429
    assert refused.json()["error"]["type"] == "rate_limit_error"
    assert ("type" in refused.json()) is (path == "/v1/messages")


async def test_who_leaves_makes_room(start: Start, fake: Vendor) -> None:
    ended = asyncio.Event()

    class Watcher(Plugin[PluginConfig]):
        manifest = Manifest("watcher", "1")

        def setup(self, add: Contributions) -> None:
            add.hook(RequestFailed, lambda event: ended.set())

    models = [{"match": "*", "concurrent": 1}]
    running = await start(limits(concurrent=1, models=models), Watcher)
    async with httpx.AsyncClient(base_url=running.url) as leaver:
        body = {"model": "openai/silent", "messages": [SAID]}
        asking = asyncio.create_task(leaver.post("/v1/chat/completions", json=body))
        await fake.waiting.wait()
        asking.cancel()
        await asyncio.wait({asking})
    await ended.wait()
    assert (await ask(running)).status_code == 200


async def test_as_many_as_come_at_once_no_more_get_through(
    start: Start, fake: Vendor
) -> None:
    running = await start(limits(requests="20/hour"))
    answers = await asyncio.gather(*(ask(running) for _ in range(60)))
    assert [each.status_code for each in answers].count(200) == 20 == len(fake.seen)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("local", "local"),
    ],
)
def test_all_addresses_of_one_host_are_one(address: str, network: str) -> None:
    assert network_of(address) == network


def test_a_redis_without_its_library_is_told_at_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(ConfigError, match=r"pip install 'ccproxy-server\[redis\]'"):
        in_redis("redis://127.0.0.1:1", "sliding")


@pytest.mark.parametrize("url", ["redis://:secret@host", "redis://:secret@host:x"])
def test_a_url_that_leads_to_no_redis_is_told_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError, match="no URL of a Redis") as error:
        in_redis(url, "sliding")
    assert "secret" not in str(error.value)


async def test_two_limits_of_one_pattern_both_hold(start: Start, fake: Vendor) -> None:
    models = [
        {"match": "*", "requests": "5/hour", "concurrent": 2},
        {"match": "*", "requests": "1/day", "concurrent": 2},
    ]
    running = await start(limits(models=models))
    answers = [await ask(running) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 429]
    assert "1 times per day" in answers[1].text


@pytest.mark.services
@pytest.mark.xdist_group("redis")
@pytest.mark.parametrize("window", ["sliding", "fixed"])
async def test_several_gateways_count_together_in_a_redis(
    start: Start, redis_url: str, window: str
) -> None:
    token = uuid4().hex
    settings = {
        "security": {"client_tokens": [token]},
        **limits(requests="3/hour", window=window, redis_url=redis_url),
    }
    gateways = [await start(settings) for _ in range(2)]
    who = {"x-api-key": token}
    answers = [await ask(gateways[turn % 2], headers=who) for turn in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    left = [each.headers["ratelimit-remaining"] for each in answers]
    assert left == ["2", "1", "0", "0"]
    assert 3590 <= int(answers[-1].headers["retry-after"]) <= 3600


async def test_a_redis_that_is_not_there_refuses_nobody(start: Start) -> None:
    """And is asked once, by rates or by amounts, and told of once."""
    nobody = {"tokens": "1/hour", "redis_url": "redis://127.0.0.1:1"}
    running = await start(limits(requests="1/hour", **nobody))
    with capture_logs() as logs:
        for _ in range(2):
            assert (await ask(running)).status_code == 200
    assert [each["event"] for each in logs].count("limits_not_counted") == 1


@pytest.mark.parametrize(("rate", "again"), [("1/minute", None), ("1/hour", "false")])
async def test_who_would_wait_for_long_is_told_not_to(
    start: Start, rate: str, again: str | None
) -> None:
    """An SDK would wait for an hour without a word."""
    running = await start(limits(requests=rate))
    await ask(running)
    refused = await ask(running)
    assert refused.status_code == 429
    assert refused.headers.get("x-should-retry") == again
