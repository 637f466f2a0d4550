"""The list of prices, as vendors' own APIs are found in it."""

from datetime import UTC, datetime, timedelta

import pytest

from ccproxy.dialects.answer import Usage
from ccproxy.prices.listed import Wanted, look_up
from ccproxy.prices.sheet import Rate
from fakes.records import NOW

pytestmark = pytest.mark.unit


def wanted(url: str, model: str, at: datetime = NOW) -> Wanted:
    return Wanted(url=url, model=model, at=at)


def test_a_model_of_anthropic_has_prices_for_the_cache_and_for_long_prompts() -> None:
    sheet = look_up(wanted("https://api.anthropic.com/v1", "claude-sonnet-4-5")).sheet
    assert sheet is not None
    assert sheet.basis.startswith("genai-prices ")
    assert sheet.input == Rate(usual=3, tiers=((200_000, 6),))
    assert sheet.cache_read == Rate(usual=0.3, tiers=((200_000, 0.6),))
    assert sheet.cache_write == Rate(usual=3.75, tiers=((200_000, 7.5),))
    assert sheet.cache_write_1h is not None
    assert sheet.cache_write_1h.usual == 6
    assert sheet.output == Rate(usual=15, tiers=((200_000, 22.5),))


def test_a_model_of_openai_costs_what_its_vendor_says() -> None:
    sheet = look_up(wanted("https://api.openai.com/v1", "gpt-5")).sheet
    assert sheet is not None
    used = Usage(input=86, cache_read=1920, output=300, reasoning=256)
    # 86 x 1.25 + 1,920 x 0.125 + 300 x 10 = 3,347.5
    assert sheet.cost(used) == pytest.approx(0.0033475)


@pytest.mark.parametrize(
    ("url", "model"),
    [
        ("https://api.openai.com/v1", "a-model-that-nobody-knows"),
        ("https://models.example.com/v1", "gpt-5"),
    ],
)
def test_what_is_not_listed_has_no_price(url: str, model: str) -> None:
    assert look_up(wanted(url, model)).sheet is None


def test_prices_hold_until_the_day_ends() -> None:
    told = look_up(wanted("https://api.openai.com/v1", "gpt-5"))
    assert told.begin == NOW
    assert told.end == datetime(2026, 11, 25, tzinfo=UTC)


def test_prices_by_the_time_of_day_hold_until_they_change() -> None:
    at = datetime(2025, 6, 1, 16, 10, tzinfo=UTC)
    url, model = "https://api.deepseek.com", "deepseek-chat"
    dear, cheap = (
        look_up(wanted(url, model, when)) for when in (at, at + timedelta(hours=1))
    )
    assert dear.end == cheap.begin - timedelta(minutes=30)
    assert dear.sheet != cheap.sheet
