"""Client keys at the gateway's door."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TypeAlias

import httpx
import pytest

from ccproxy.api.gateway import Gateway
from ccproxy.config import Layer, Layers
from ccproxy.models.client_key import ClientKey
from ccproxy.services.client_keys import ClientKeys
from ccproxy.storage.database import Database
from ccproxy.storage.keys import with_keys
from ccproxy.testing import RunningGateway
from fakes.vendor import KEY as VENDORS
from fakes.vendor import Vendor
from fakes.world import Start, Witness

pytestmark = pytest.mark.integration

TOKEN = "sk-ccproxy-laptop"
SETTINGS = {"security": {"keys": True, "client_tokens": ["the owner's"]}}
Give: TypeAlias = Callable[..., Awaitable[None]]


@pytest.fixture
async def running(start: Start) -> RunningGateway:
    return await start(SETTINGS)


@pytest.fixture
def give(running: RunningGateway) -> Give:
    """Make a key, and let the gateway read it."""
    return lambda **facts: give_in(running, **facts)


async def give_in(running: RunningGateway, **facts: object) -> None:
    told: dict[str, object] = {
        "name": "laptop",
        "digest": sha256(TOKEN.encode()).hexdigest(),
        "created_at": datetime.now(UTC),
        **facts,
    }
    key = ClientKey(**told)  # type: ignore[arg-type]  # whatever a test says
    container = running.app.container
    await with_keys(container.get(Database), lambda keys: keys.create(key))
    await container.get(ClientKeys).read()


async def ask(
    running: RunningGateway, model: str = "openai/m", token: str = TOKEN
) -> httpx.Response:
    return await running.client.post(
        "/v1/chat/completions",
        json={"model": model, "messages": [{"role": "user", "content": "x"}]},
        headers={"authorization": f"Bearer {token}"},
    )


async def test_a_key_opens_the_models(running: RunningGateway, give: Give) -> None:
    assert (await ask(running)).status_code == 401
    await give()
    assert (await ask(running)).status_code == 200
    models = await running.client.get("/v1/models", headers={"x-api-key": TOKEN})
    assert models.status_code == 200
    assert (await ask(running, token="the owner's")).status_code == 200


@pytest.mark.parametrize(
    "path", ["/api/status", "/api/requests", "/api/requests/r/bodies", "/nowhere"]
)
async def test_a_key_opens_nothing_else(
    running: RunningGateway, give: Give, path: str
) -> None:
    """The log of requests and the like are not for everybody who may ask a model."""
    await give()
    refused = await running.client.get(path, headers={"x-api-key": TOKEN})
    assert refused.status_code == 403
    assert "for models alone" in refused.text
    both = {"x-api-key": TOKEN, "authorization": "Bearer the owner's"}
    answer = await running.client.get(path, headers=both)
    assert answer.status_code == (
        200 if path in ("/api/status", "/api/requests") else 404
    )


async def test_an_expired_or_revoked_key_is_refused(
    running: RunningGateway, give: Give
) -> None:
    await give(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert (await ask(running)).status_code == 401
    container = running.app.container
    await with_keys(container.get(Database), lambda keys: keys.delete("laptop"))
    await give()
    assert (await ask(running)).status_code == 200
    await with_keys(container.get(Database), lambda keys: keys.delete("laptop"))
    await container.get(ClientKeys).read()
    refused = await ask(running)
    assert refused.status_code == 401
    assert "ccproxy keys create" in refused.text


async def test_a_keys_hash_is_no_key(running: RunningGateway, give: Give) -> None:
    await give()
    digest = sha256(TOKEN.encode()).hexdigest()
    assert (await ask(running, token=digest)).status_code == 401


async def test_a_key_asks_its_models_and_providers_only(
    running: RunningGateway, give: Give, fake: Vendor, witness: Witness
) -> None:
    await give(models=("m*",), providers=("openai",))
    assert (await ask(running, "openai/m")).status_code == 200
    for model in ("openai/other", "anthropic/m"):
        refused = await ask(running, model)
        assert refused.status_code == 403
        assert f"'laptop' may not ask {model}" in refused.text
    assert len(fake.seen) == 1
    assert witness.ended[-1].model_requested == "anthropic/m"


@pytest.mark.parametrize(
    ("patterns", "may"),
    [
        (("m",), True),
        (("openai/*",), True),
        (("x", "openai/m"), True),
        (("anthropic/*",), False),
        (("openai/x*",), False),
    ],
)
async def test_a_pattern_of_models_may_name_the_provider(
    running: RunningGateway, give: Give, patterns: tuple[str, ...], may: bool
) -> None:
    await give(models=patterns)
    assert (await ask(running)).status_code == (200 if may else 403)


async def test_a_key_is_told_of_its_models_only(
    running: RunningGateway, give: Give
) -> None:
    await give(models=("vendor-*",), providers=("openai",))

    async def listed(path: str, token: str = TOKEN) -> list[str]:
        answer = await running.client.get(path, headers={"x-api-key": token})
        return [each["id"] for each in answer.json()["data"]]

    assert await listed("/v1/models") == ["vendor-large"]
    assert await listed("/openai/v1/models") == ["vendor-large"]
    assert await listed("/anthropic/v1/models") == []
    assert len(await listed("/v1/models", "the owner's")) > 2


async def test_a_fallback_a_key_may_not_ask_is_left_out(
    start: Start, fake: Vendor
) -> None:
    routes = [{"match": "one", "to": ["openai/503", "anthropic/m"]}]
    running = await start({**SETTINGS, "routing": {"routes": routes}})
    await give_in(running, providers=("openai",))
    assert (await ask(running, "one")).status_code == 503
    assert (await ask(running, "one", token="the owner's")).status_code == 200
    assert [each.path for each in fake.seen].count("/v1/messages") == 1


async def test_a_key_has_limits_of_its_own_whether_or_not_others_have(
    running: RunningGateway, give: Give
) -> None:
    await give(requests="1/hour")
    answers = [await ask(running) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 429]
    assert "The key 'laptop' may ask 1 times per hour" in answers[1].text
    assert "the key's --requests sets the limit" in answers[1].text
    owner = await ask(running, token="the owner's")
    assert "ratelimit-limit" not in owner.headers


@pytest.mark.parametrize("facts", [{}, {"requests": "9/hour"}])
async def test_a_key_has_no_more_answered_at_once_than_it_may(
    start: Start, fake: Vendor, facts: dict[str, object]
) -> None:
    limits = {"enabled": True, "requests": "99/hour", "concurrent": 50}
    running = await start({**SETTINGS, "limits": limits})
    await give_in(running, concurrent=1, **facts)
    asking = asyncio.create_task(ask(running, "openai/silent"))
    await fake.waiting.wait()
    refused = await ask(running)
    assert refused.status_code == 429
    assert "The key 'laptop' may have 1 answered at once" in refused.text
    assert "the key's --concurrent sets the limit" in refused.text
    assert (await ask(running, token="the owner's")).status_code == 200
    fake.go.set()
    assert (await asking).status_code == 200
    assert (await ask(running)).status_code == 200


async def test_a_key_without_limits_has_those_of_the_settings(start: Start) -> None:
    limits = {"enabled": True, "requests": "1/hour"}
    running = await start({**SETTINGS, "limits": limits})
    await give_in(running, concurrent=5)
    answers = [await ask(running) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 429]
    assert "limits.requests sets the limit" in answers[1].text


async def test_who_asked_is_told_by_the_name_of_the_key(
    running: RunningGateway, give: Give, witness: Witness
) -> None:
    """A token of the settings has no name, but a place."""
    await give()
    for token in (TOKEN, "the owner's", "nobody's"):
        await ask(running, token=token)
    told = [each.key for each in witness.ended]
    assert told == ["laptop", "client_tokens[0]", None]


async def test_no_key_goes_upstream(start: Start, fake: Vendor) -> None:
    """In whichever headers it is shown, and beside the caller's own credential."""
    passing = {"plugins": {"anthropic": {"passthrough": True}}, **SETTINGS}
    running = await start(passing)
    await give_in(running)
    body = {
        "model": "m",
        "max_tokens": 5,
        "messages": [{"role": "user", "content": "x"}],
    }
    bearer = f"Bearer {TOKEN}"
    for headers in (
        {"authorization": bearer, "x-api-key": TOKEN},
        {"authorization": bearer, "x-api-key": VENDORS},
        {"authorization": "Bearer the owner's", "x-api-key": TOKEN},
    ):
        answer = await running.client.post("/v1/messages", json=body, headers=headers)
        assert answer.status_code == 200
        assert TOKEN not in str(fake.last.headers)


async def test_with_keys_everybody_has_to_show_something(start: Start) -> None:
    """Even before the first key is made; so it may listen beyond loopback, too."""
    running = await start({"security": {"keys": True}})
    assert (await ask(running, token="x")).status_code == 401
    assert (await running.client.get("/api/status")).status_code == 401
    exposed = {"server": {"host": "0.0.0.0"}, "security": {"keys": True}}
    gateway = Gateway(Layers(None, (Layer("test", exposed, strict=True),)), found=[])
    assert gateway.asks_for_a_token
