"""How much of something is allowed in a window of time, as settings and keys say it."""

import re
from dataclasses import dataclass
from decimal import Decimal

MICROS = 1_000_000
"""Money is counted in millionths of a US dollar: whole numbers add up exactly."""

SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
"""The windows that pass; those of budgets follow the calendar."""

_TOKENS = re.compile(r"([1-9][0-9]*)([kM]?)/(second|minute|hour|day)")
_USD = re.compile(r"([0-9]+(?:\.[0-9]{1,6})?)/(second|minute|hour|day)")
_BUDGET = re.compile(r"([0-9]+(?:\.[0-9]{1,6})?)/(day|month|total)")
_TIMES = {"": 1, "k": 1000, "M": 1_000_000}


@dataclass(frozen=True, slots=True)
class Quota:
    """So much in a window.

    Attributes:
        amount: Tokens, or millionths of a US dollar.
        per: The window: ``hour`` and the like, ``month``, or ``total`` for ever.
    """

    amount: int
    per: str


def parse_tokens(text: str) -> Quota:
    """Read a number of tokens per unit of time, such as ``1M/day``.

    Raises:
        ValueError: It does not read so.
    """
    if not (found := _TOKENS.fullmatch(text)):
        raise ValueError("should read like 100000/hour, 50k/minute or 1M/day")
    return Quota(int(found[1]) * _TIMES[found[2]], found[3])


def parse_usd(text: str) -> Quota:
    """Read US dollars per unit of time, such as ``2.50/hour``; raises as for tokens."""
    found = _USD.fullmatch(text)
    if not found or not (amount := _micros(found[1])):
        raise ValueError("should read like 2.50/hour (or second, minute, day)")
    return Quota(amount, found[2])


def parse_budget(text: str) -> Quota:
    """Read US dollars of a budget, such as ``5/day``; raises as for tokens."""
    if not (found := _BUDGET.fullmatch(text)):
        raise ValueError("should read like 5/day, 100/month or 500/total")
    return Quota(_micros(found[1]), found[2])


def _micros(usd: str) -> int:
    return int(Decimal(usd) * MICROS)
