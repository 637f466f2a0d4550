"""Quotas are read as people write them."""

from collections.abc import Callable

import pytest

from ccproxy.models.quota import Quota, parse_budget, parse_tokens, parse_usd

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("parse", "text", "quota"),
    [
        (parse_tokens, "100000/hour", Quota(100_000, "hour")),
        (parse_tokens, "50k/minute", Quota(50_000, "minute")),
        (parse_tokens, "1M/day", Quota(1_000_000, "day")),
        (parse_usd, "2.50/hour", Quota(2_500_000, "hour")),
        (parse_usd, "0.000001/second", Quota(1, "second")),
        (parse_budget, "5/day", Quota(5_000_000, "day")),
        (parse_budget, "0/month", Quota(0, "month")),
        (parse_budget, "19.99/total", Quota(19_990_000, "total")),
    ],
)
def test_a_quota_is_read(
    parse: Callable[[str], Quota], text: str, quota: Quota
) -> None:
    assert parse(text) == quota


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_tokens, "1.5M/day"),
        (parse_tokens, "0/day"),
        (parse_tokens, "1G/day"),
        (parse_tokens, "1M/month"),
        (parse_usd, "5/month"),
        (parse_usd, "0/day"),
        (parse_usd, "$5/day"),
        (parse_usd, "0.0000001/day"),
        (parse_budget, "5/hour"),
        (parse_budget, "-5/day"),
        (parse_budget, "5"),
    ],
)
def test_what_reads_otherwise_is_refused(
    parse: Callable[[str], Quota], text: str
) -> None:
    with pytest.raises(ValueError, match="should read like"):
        parse(text)
