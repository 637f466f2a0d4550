"""Tokens and money, as people read them; what is unknown is a dash."""

LEAST = 0.0001
"""The smallest amount that is written out."""


def tokens(count: int | None) -> str:
    """Write a number of tokens."""
    return "-" if count is None else f"{count:,}"


def usd(cost: float | None) -> str:
    """Write US dollars; what costs a small part of a cent is not said to be free."""
    if cost is None:
        return "-"
    return f"<{LEAST}" if 0 < cost < LEAST else f"{cost:,.4f}"
