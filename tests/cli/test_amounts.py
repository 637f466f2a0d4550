"""Tokens and money, as people read them."""

import pytest

from ccproxy.cli.amounts import tokens, usd

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("cost", "text"),
    [
        (None, "-"),
        (0.0, "0.0000"),
        (0.00001, "<0.0001"),
        (0.0001, "0.0001"),
        (0.14925, "0.1492"),
        (1234.5, "1,234.5000"),
    ],
)
def test_what_is_unknown_or_very_little_is_not_written_as_nothing(
    cost: float | None, text: str
) -> None:
    assert usd(cost) == text


def test_tokens_are_written_with_commas() -> None:
    assert (tokens(None), tokens(0), tokens(1234567)) == ("-", "0", "1,234,567")
