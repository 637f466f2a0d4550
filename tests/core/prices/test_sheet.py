"""What a request costs, worked out by hand."""

import pytest

from ccproxy.dialects.answer import Usage
from ccproxy.prices.sheet import Rate, Sheet

pytestmark = pytest.mark.unit

SHEET = Sheet(
    basis="a test",
    input=Rate(usual=3, tiers=((200_000, 6), (500_000, 7))),
    cache_read=Rate(usual=0.3, tiers=((200_000, 0.6),)),
    cache_write=Rate(usual=3.75),
    cache_write_1h=Rate(usual=6),
    output=Rate(usual=15, tiers=((200_000, 22.5),)),
)


def test_each_token_is_paid_once_at_the_price_of_its_kind() -> None:
    request = Usage(
        input=1000,
        cache_read=100_000,
        cache_write=20_000,
        cache_write_1h=5000,
        output=2000,
        reasoning=500,
    )
    # 1,000 x 3 + 100,000 x 0.3 + 15,000 x 3.75 + 5,000 x 6 + 2,000 x 15 = 149,250
    assert SHEET.cost(request) == pytest.approx(0.14925)


def test_reasoning_is_part_of_the_output_and_may_have_a_price_of_its_own() -> None:
    dear = SHEET.model_copy(update={"reasoning": Rate(usual=30)})
    request = Usage(output=2000, reasoning=500)
    assert SHEET.cost(request) == pytest.approx(0.03)  # 2,000 x 15
    assert dear.cost(request) == pytest.approx(0.0375)  # 1,500 x 15 + 500 x 30


@pytest.mark.parametrize(
    ("read", "cost"),
    [
        (199_000, 0.0927),  # 1,000 x 3 + 199,000 x 0.3 + 2,000 x 15: not above it
        (199_001, 0.1704006),  # 1,000 x 6 + 199,001 x 0.6 + 2,000 x 22.5
        (600_000, 0.412),  # 1,000 x 7 + 600,000 x 0.6 + 2,000 x 22.5
    ],
)
def test_a_long_prompt_makes_all_of_its_tokens_dearer(read: int, cost: float) -> None:
    request = Usage(input=1000, cache_read=read, output=2000)
    assert SHEET.cost(request) == pytest.approx(cost)


def test_what_has_no_price_of_its_own_costs_what_it_is_a_part_of() -> None:
    plain = Sheet(basis="a test", input=Rate(usual=2), output=Rate(usual=8))
    request = Usage(input=1, cache_read=2, cache_write=4, cache_write_1h=3, output=1)
    assert plain.cost(request) == pytest.approx(22e-6)  # 7 x 2 + 1 x 8


def test_a_request_may_have_a_price_of_its_own() -> None:
    fee = SHEET.model_copy(update={"request": 0.005})
    assert fee.cost(Usage(input=1000)) == pytest.approx(0.008)


def test_what_is_unknown_is_unknown_and_never_zero() -> None:
    half = Sheet(basis="a test", input=Rate(usual=2))
    assert half.cost(Usage(output=1)) is None
    assert half.cost(Usage(input=1)) == pytest.approx(2e-6)


def test_what_is_free_costs_nothing() -> None:
    free = Sheet(basis="a test", input=Rate(usual=0), output=Rate(usual=0))
    assert free.cost(Usage(input=10, output=10)) == 0.0
