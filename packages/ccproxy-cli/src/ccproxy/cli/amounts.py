"""Tokens and money, as people read them; what is unknown is a dash."""


def tokens(count: int | None) -> str:
    """Write a number of tokens."""
    return "-" if count is None else f"{count:,}"


def usd(cost: float | None) -> str:
    """Write US dollars; a request may cost a small part of a cent."""
    return "-" if cost is None else f"{cost:,.4f}"
