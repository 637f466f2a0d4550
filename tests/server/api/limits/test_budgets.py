"""Budgets and the limits of keys, through the whole gateway."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from ccproxy.hooks.events import Failure, RequestFailed
from ccproxy.models.client_key import ClientKey
from ccproxy.models.quota import parse_budget
from ccproxy.models.spending import SpentOn
from ccproxy.services.client_keys import ClientKeys
from ccproxy.services.spending import Spending
from ccproxy.storage.database import Database
from ccproxy.storage.keys import with_keys
from ccproxy.storage.spending import with_spending
from ccproxy.testing import RunningGateway
from fakes.holder import held
from fakes.vendor import Vendor
from fakes.world import Start, Witness

pytestmark = pytest.mark.integration

TOKEN = "sk-ccproxy-laptop"
DIGEST = sha256(TOKEN.encode()).hexdigest()
OWNER = f"token/{DIGEST[:16]}"
KEYS = {"security": {"keys": True, "client_tokens": ["the owner's"]}}
PRICED = {"prices": {"models": [{"match": "m*", "input": 10_000, "output": 10_000}]}}
"""A token costs a cent; an answer seven."""
CENT = 10_000


async def start_with_key(
    start: Start, settings: Mapping[str, object] | None = None, **facts: object
) -> RunningGateway:
    running = await start({**KEYS, **PRICED, **(settings or {})})
    told = {"name": "laptop", "digest": DIGEST, "created_at": datetime.now(UTC)}
    key = ClientKey(**told, **facts)  # type: ignore[arg-type]  # whatever a test says
    container = running.app.container
    await with_keys(container.get(Database), lambda keys: keys.create(key))
    await container.get(ClientKeys).read()
    running.client.headers["x-api-key"] = TOKEN
    return running


async def ask(running: RunningGateway, model: str = "openai/m") -> httpx.Response:
    body = {"model": model, "max_tokens": 5, "messages": []}
    said = {"messages": [{"role": "user", "content": "x"}]}
    return await running.client.post("/v1/messages", json=body | said)


async def kept(running: RunningGateway) -> SpentOn:
    """What the database knows of the key's spending, once the gateway has written."""
    await running.app.container.get(Spending).stop(5)
    today = datetime.now(UTC).date()
    database = running.app.container.get(Database)
    (row,) = await with_spending(database, lambda rows: rows.read(today))
    return row


async def test_a_key_has_a_budget_of_its_own(
    start: Start, fake: Vendor, witness: Witness
) -> None:
    running = await start_with_key(start, budgets=("0.50/day", "5/total"))
    answers = [await ask(running) for _ in range(5)]
    assert [each.status_code for each in answers] == [200] * 4 + [429]
    refused = answers[-1]
    assert "The key 'laptop' has a budget of 0.5 US dollars per day" in refused.text
    assert "of which 0.22 are left" in refused.text
    assert "the key's --budget sets it" in refused.text
    assert refused.headers["x-should-retry"] == "false"
    assert refused.headers["ratelimit-limit"] == "50"
    assert refused.headers["ratelimit-remaining"] == "22"
    assert 0 < int(refused.headers["retry-after"]) <= 86_400
    assert len(fake.seen) == 4
    ended = witness.ended[-1]
    assert isinstance(ended, RequestFailed)
    assert (ended.failure, ended.model_requested) == (Failure.LIMITED, "openai/m")
    row = await kept(running)
    assert (row.owner, row.spent.requests) == (OWNER, 4)
    assert (row.spent.tokens, row.spent.micros) == (28, 28 * CENT)


async def test_a_budget_that_never_begins_anew_tells_nobody_to_wait(
    start: Start,
) -> None:
    running = await start_with_key(start, budgets=("0.01/total",))
    refused = await ask(running)
    assert refused.status_code == 429
    assert "0.01 US dollars in total" in refused.text
    assert "retry-after" not in refused.headers
    assert refused.headers["x-should-retry"] == "false"


async def test_what_is_more_than_a_whole_budget_is_not_told_to_wait(
    start: Start,
) -> None:
    refused = await ask(await start_with_key(start, budgets=("0.01/day",)))
    assert refused.status_code == 429
    assert "Ask for a shorter answer, or raise the budget" in refused.text
    assert "retry-after" not in refused.headers


async def test_as_many_as_come_at_once_overrun_no_budget(
    start: Start, fake: Vendor
) -> None:
    running = await start_with_key(start, budgets=("1/day",))
    answers = await asyncio.gather(*(ask(running) for _ in range(40)))
    good = [each for each in answers if each.status_code == 200]
    assert 0 < len(good) == len(fake.seen) <= 100 // 7


async def test_what_fails_costs_nothing(start: Start) -> None:
    running = await start_with_key(start, budgets=("1/day",))
    for model in ("openai/503", "openai/gone"):
        await ask(running, model)
    spending = running.app.container.get(Spending)
    assert spending.left(OWNER, parse_budget("1/day")) == 100 * CENT


async def test_a_budget_does_not_begin_anew_with_another_gateway(
    start: Start, tmp_path: Path
) -> None:
    """Nor with this one, when it is started again."""
    storage = {"storage": {"url": f"duckdb:///{tmp_path}/kept.duckdb"}}
    running = await start_with_key(start, storage, budgets=("0.30/day",))
    assert (await ask(running)).status_code == 200
    await kept(running)
    again = await start({**KEYS, **PRICED, **storage})
    again.client.headers["x-api-key"] = TOKEN
    refused = await ask(again)
    assert refused.status_code == 429
    assert "of which 0.23 are left" in refused.text


async def test_a_budget_holds_while_another_process_has_the_database(
    start: Start, tmp_path: Path
) -> None:
    """No request waits for it; what was spent is written when it is free again."""
    file = tmp_path / "kept.duckdb"
    storage = {"storage": {"url": f"duckdb:///{file}"}}
    running = await start_with_key(start, storage, budgets=("0.50/day",))
    await ask(running)  # a price is looked up
    await running.app.container.get(Spending).queue.flush()
    with held(file):
        async with asyncio.timeout(1):
            answers = [await ask(running) for _ in range(4)]
    assert [each.status_code for each in answers] == [200] * 3 + [429]
    row = await kept(running)
    assert (row.spent.requests, row.spent.micros) == (4, 28 * CENT)


async def test_budgets_of_the_settings_hold_for_every_token(start: Start) -> None:
    limits = {"enabled": True, "budgets": ["0.30/month"]}
    tokens = {"security": {"client_tokens": ["first", "second"]}}
    running = await start({**PRICED, **tokens, "limits": limits})
    statuses = []
    for who in ("first", "first", "second"):
        running.client.headers["x-api-key"] = who
        answer = await ask(running)
        statuses.append(answer.status_code)
    assert statuses == [200, 429, 200]


async def test_a_key_without_limits_of_its_own_has_those_of_the_settings(
    start: Start,
) -> None:
    limits = {"enabled": True, "tokens": "30/hour", "budgets": ["0.01/day"]}
    running = await start_with_key(start, {"limits": limits}, tokens="1M/hour")
    refused = await ask(running)
    assert "limits.budgets sets it" in refused.text
    running = await start_with_key(start, {"limits": limits}, budgets=("5/day",))
    answers = [await ask(running) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 429]
    assert "the limit is set by limits.tokens." in answers[1].text


@pytest.mark.parametrize(
    ("facts", "setting"),
    [({"tokens": "30/hour"}, "--tokens"), ({"cost": "0.30/hour"}, "--cost")],
)
async def test_a_key_has_windows_of_its_own(
    start: Start, facts: dict[str, object], setting: str
) -> None:
    running = await start_with_key(start, {}, **facts)
    answers = [await ask(running) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 429]
    assert f"the limit is set by the key's {setting}." in answers[1].text
    running.client.headers["x-api-key"] = "the owner's"
    assert "ratelimit-limit" not in (await ask(running)).headers


async def test_a_key_without_a_budget_has_its_spending_kept_all_the_same(
    start: Start,
) -> None:
    running = await start_with_key(start)
    for model in ("openai/m", "openai/other"):
        assert "price" not in (await ask(running, model)).headers["x-ccproxy-notes"]
    row = await kept(running)
    assert (row.spent.requests, row.spent.unpriced) == (2, 1)
    assert (row.spent.tokens, row.spent.micros) == (14, 7 * CENT)


async def test_what_has_no_known_price_is_paid_from_no_budget_and_it_is_said(
    start: Start,
) -> None:
    running = await start_with_key(start, budgets=("0.01/day",))
    answer = await ask(running, "openai/other")
    assert answer.status_code == 200
    assert "its cost counts as nothing" in answer.headers["x-ccproxy-notes"]
