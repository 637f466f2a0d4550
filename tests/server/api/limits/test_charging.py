"""What a request is charged with: a guess first, and what it used in the end."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ccproxy.api.asked import Asked
from ccproxy.api.attention import Attention, Lookout
from ccproxy.api.exchange import Exchange
from ccproxy.api.limits.amounts import MemoryAmounts
from ccproxy.api.limits.charging import MOST_INPUT, MOST_OUTPUT, Charging, guessed
from ccproxy.api.limits.term_table import TermTable
from ccproxy.api.limits.till import Till
from ccproxy.api.routing import PathTable, Target
from ccproxy.config.sections import Limits
from ccproxy.dialects import Endpoint
from ccproxy.dialects.answer import Usage
from ccproxy.models.client_key import ClientKey
from ccproxy.models.quota import parse_budget
from ccproxy.prices.book import PriceBook
from ccproxy.prices.listed import Listed, Wanted
from ccproxy.prices.sheet import Rate, Sheet
from ccproxy.sdk import Json, Message, Provider
from ccproxy.services.pricing import Pricing
from ccproxy.services.spending import Spending
from ccproxy.storage.database import Database

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SHEET = Sheet(basis="a list", input=Rate(usual=1), output=Rate(usual=2))
KEY = ClientKey(name="ci", digest="ab" * 32, created_at=NOW)
ACME = Provider(name="acme", base_url="https://api.acme.test", endpoints=())


def listed(wanted: Sequence[Wanted]) -> list[Listed]:
    end = NOW + timedelta(hours=1)
    return [Listed(sheet=SHEET, begin=NOW, end=end) for _ in wanted]


async def nothing(message: Message) -> None:
    raise AssertionError(message)


async def silence() -> Message:
    raise AssertionError


def asked_with_key() -> Asked:
    match = PathTable((), ()).match("/v1/messages")
    exchange = Exchange(id="r", match=match, method="POST", headers={}, began=0)
    exchange.key = KEY
    attention = Attention(silence, Lookout())
    return Asked(exchange, Endpoint.MESSAGES, {}, b"{}", {}, nothing, attention, ())


@pytest.mark.integration
async def test_who_has_no_limit_of_cost_does_not_wait_for_a_price(
    tmp_path: Path,
) -> None:
    """It is looked up when the request is over, to keep what the key has spent."""
    database = Database(f"duckdb:///{tmp_path}/kept.duckdb")
    spending = Spending(database, lambda: NOW)
    pricing = Pricing(
        PriceBook((), lambda: {"acme": ACME.base_url}, listed), lambda: NOW
    )
    till = Till(MemoryAmounts("sliding"), spending, lambda: NOW)
    charging = Charging(TermTable(Limits()), till, pricing)
    asked = asked_with_key()
    charge = await charging.begin(asked, Target(ACME, "m"))
    assert charge is not None
    assert not pricing.quote("acme", "m").final
    asked.exchange.turn_to("acme", "m", None)
    asked.exchange.usage = Usage(input=1_000_000, output=1_000_000)
    charging.end(charge, asked.exchange, left=False)
    budget = parse_budget("10/day")
    assert spending.left(KEY.owner, budget) == 10_000_000
    await charging.close()
    assert spending.left(KEY.owner, budget) == 7_000_000
    await spending.stop(5)
    await database.close()


@pytest.mark.unit
@pytest.mark.parametrize(
    ("payload", "size", "tokens"),
    [
        ({"max_tokens": 100}, 4000, (1000, 100)),
        ({"max_completion_tokens": 5}, 7, (1, 5)),
        ({"max_output_tokens": 0}, 0, (0, 0)),
        ({"max_tokens": 64_000}, 400, (100, MOST_OUTPUT)),
        ({"max_tokens": "many"}, 400, (100, MOST_OUTPUT)),
        ({}, 9_000_000, (MOST_INPUT, MOST_OUTPUT)),
    ],
)
def test_a_request_is_guessed_by_its_size_and_the_answer_it_asks_for(
    payload: dict[str, Json], size: int, tokens: tuple[int, int]
) -> None:
    guess = guessed(payload, size)
    assert (guess.input, guess.output) == tokens
