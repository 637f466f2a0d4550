"""Records get their costs, and the list is looked at as seldom as can be."""

import sys
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from ccproxy.config.sections import Price
from ccproxy.models.request_record import RequestRecord
from ccproxy.prices import book
from ccproxy.prices.book import TRY_AGAIN, PriceBook, Quote
from ccproxy.prices.listed import Listed, Wanted
from ccproxy.prices.sheet import Rate, Sheet
from fakes.records import NOW, record

pytestmark = pytest.mark.unit

URLS = {"acme": "https://api.acme.test/v1", "home": "http://127.0.0.1:11434/v1"}
SHEET = Sheet(basis="a list", input=Rate(usual=1), output=Rate(usual=2))
MIDNIGHT = NOW.replace(hour=0) + timedelta(days=1)


class List:
    """Lists the models ``m`` of all providers, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def look_up(self, wanted: Sequence[Wanted]) -> list[Listed]:
        self.asked.append([each.model for each in wanted])
        end = MIDNIGHT
        while end <= max(each.at for each in wanted):
            end += timedelta(days=1)
        return [
            Listed(
                sheet=SHEET if each.model == "m" else None,
                begin=end - timedelta(days=1),
                end=end,
            )
            for each in wanted
        ]


def used(ended_at: datetime = NOW, **facts: object) -> RequestRecord:
    """A request that read a million tokens, and wrote as many."""
    usual = {"input_tokens": 1_000_000, "output_tokens": 1_000_000}
    return record(ended_at, **{**usual, **facts})


def test_a_model_is_looked_up_once_a_day_together_with_the_others() -> None:
    prices = List()
    priced = PriceBook((), lambda: URLS, prices.look_up).priced
    told = priced([used(), used(model="n"), used()])
    assert [(each.cost, each.cost_basis) for each in told] == [
        (3.0, "a list"),
        (None, None),
        (3.0, "a list"),
    ]
    priced([used(), used(model="n")])
    assert prices.asked == [["m", "n"]]
    priced([used(MIDNIGHT)])
    assert prices.asked == [["m", "n"], ["m"]]


@pytest.mark.parametrize(
    "facts",
    [
        {"provider": "home"},
        {"provider": "nobody"},
        {"provider": None},
        {"model": None},
        {"output_tokens": None},
    ],
)
def test_what_can_have_no_price_is_not_looked_up(facts: dict[str, object]) -> None:
    prices = List()
    kept = used(NOW, **facts)
    assert PriceBook((), lambda: URLS, prices.look_up).priced([kept]) == [kept]
    assert prices.asked == []


def test_prices_of_the_settings_come_first_and_the_first_that_matches() -> None:
    prices = List()
    own = (
        Price(match="m*", provider="home", input=0, output=1),
        Price(match="*", input=10, cache_read=1, output=20),
    )
    priced = PriceBook(own, lambda: URLS, prices.look_up).priced
    told = priced(
        [used(provider="home"), used(cache_read_tokens=1_000_000), used(model=None)]
    )
    assert [each.cost for each in told] == [1.0, 31.0, 30.0]
    assert {each.cost_basis for each in told} == {"settings"}
    assert prices.asked == []


def test_memory_of_prices_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "MOST", 2)
    prices = List()
    priced = PriceBook((), lambda: URLS, prices.look_up).priced
    for model in ("m", "n", "o", "o", "m"):
        priced([used(model=model)])
    assert prices.asked == [["m"], ["n"], ["o"], ["m"]]
    assert priced([used(), used(model="p"), used(model="q")])[0].cost == 3.0
    assert priced([used(), used(model="r")])[0].cost == 3.0


def test_the_list_itself_is_looked_at_in_another_process() -> None:
    urls = {"acme": "https://api.openai.com/v1"}
    (told,) = PriceBook((), lambda: urls).priced([used(model="gpt-5")])
    assert told.cost == pytest.approx(11.25)  # 1.25 + 10
    assert (told.cost_basis or "").startswith("genai-prices ")


def test_without_a_list_costs_are_unknown_and_it_is_left_alone_for_a_while(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "executable", "/dev/null")
    priced = PriceBook((), lambda: URLS).priced
    for at in (NOW, NOW + timedelta(minutes=9), NOW + TRY_AGAIN):
        assert priced([used(at)])[0].cost is None
    assert capsys.readouterr().out.count("prices_unavailable") == 2


def test_a_model_can_be_learnt_before_there_is_a_record_of_it() -> None:
    prices = List()
    kept = PriceBook((), lambda: URLS, prices.look_up)
    assert kept.quote("acme", "m", NOW) == Quote(None, final=False)
    kept.learn([("acme", "m"), ("acme", "n"), ("home", "m")], NOW)
    kept.learn([("acme", "m")], NOW)
    assert prices.asked == [["m", "n"]]
    assert kept.quote("acme", "m", NOW) == Quote(SHEET, final=True)
    assert kept.quote("acme", "n", NOW) == Quote(None, final=True)
    assert kept.quote("acme", "m", MIDNIGHT) == Quote(SHEET, final=False)


def test_what_needs_no_list_is_known() -> None:
    own = (Price(match="m", provider="home", input=0, output=1),)
    kept = PriceBook(own, lambda: URLS, List().look_up)
    assert kept.quote("home", "other", NOW) == Quote(None, final=True)
    quote = kept.quote("home", "m", NOW)
    assert quote.final
    assert quote.sheet is not None
    assert quote.sheet.basis == "settings"


def test_what_is_learnt_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "MOST", 2)
    kept = PriceBook((), lambda: URLS, List().look_up)
    for model in "abc":
        kept.learn([("acme", model)], NOW)
    known = [kept.quote("acme", model, NOW).final for model in "abc"]
    assert known == [False, False, True]
