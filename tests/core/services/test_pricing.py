"""Prices on the event loop: looked up once, together, and without blocking anybody."""

import asyncio
import threading
from collections.abc import Sequence
from datetime import timedelta

import pytest

from ccproxy.prices.book import PriceBook
from ccproxy.prices.listed import Listed, Wanted
from ccproxy.prices.sheet import Rate, Sheet
from ccproxy.services.pricing import Pricing
from fakes.records import NOW

pytestmark = pytest.mark.unit

SHEET = Sheet(basis="a list", input=Rate(usual=1), output=Rate(usual=2))


class List:
    """Lists all models, as soon as it may."""

    def __init__(self) -> None:
        self.asked: list[set[str]] = []
        self.begun = threading.Event()
        self.may = threading.Event()

    def look_up(self, wanted: Sequence[Wanted]) -> list[Listed]:
        self.asked.append({each.model for each in wanted})
        self.begun.set()
        self.may.wait()
        end = NOW + timedelta(hours=1)
        return [Listed(sheet=SHEET, begin=NOW, end=end) for _ in wanted]


@pytest.fixture
def prices() -> List:
    return List()


@pytest.fixture
def pricing(prices: List) -> Pricing:
    urls = {"acme": "https://api.acme.test/v1", "home": "http://127.0.0.1/v1"}
    return Pricing(PriceBook((), lambda: urls, prices.look_up), lambda: NOW)


async def test_who_comes_while_the_list_is_looked_at_shares_the_next_look(
    pricing: Pricing, prices: List
) -> None:
    first = asyncio.create_task(pricing.sheet("acme", "a"))
    await asyncio.to_thread(prices.begun.wait)
    others = [
        asyncio.create_task(pricing.sheet("acme", model)) for model in ("b", "c", "b")
    ]
    await asyncio.sleep(0)  # so that they ask
    prices.may.set()
    assert await asyncio.gather(first, *others) == [SHEET] * 4
    assert prices.asked == [{"a"}, {"b", "c"}]
    assert pricing.quote("acme", "a").final
    assert await pricing.sheet("acme", "a") is SHEET
    assert len(prices.asked) == 2


async def test_what_has_no_price_is_not_looked_up(
    pricing: Pricing, prices: List
) -> None:
    assert await pricing.sheet("home", "a") is None
    assert await pricing.sheet("nobody", "a") is None
    assert prices.asked == []


async def test_who_stops_waiting_stops_nobody_else(
    pricing: Pricing, prices: List
) -> None:
    impatient = asyncio.create_task(pricing.sheet("acme", "a"))
    await asyncio.to_thread(prices.begun.wait)
    impatient.cancel()
    await asyncio.wait({impatient})
    prices.may.set()
    await pricing.close()
    assert pricing.quote("acme", "a").final
