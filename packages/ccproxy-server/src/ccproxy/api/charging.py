"""Charges requests for the tokens and the money they use: a guess first, then for sure.

A request claims what it is guessed to use, so that as many as come at once overrun no
cap by more than the guesses are wrong by. When it is over, what it did use is put in
the place of its claim.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from ccproxy.api.asked import Asked
from ccproxy.api.cap_table import CapTable
from ccproxy.api.caps import Amounts, Cap, Claim, Unit
from ccproxy.api.exchange import Exchange
from ccproxy.api.routing import Target
from ccproxy.api.standing import Standing
from ccproxy.dialects import Endpoint
from ccproxy.dialects.answer import Usage
from ccproxy.errors import LimitExceededError
from ccproxy.models.quota import MICROS
from ccproxy.prices.sheet import Sheet
from ccproxy.sdk import JsonObject
from ccproxy.services.pricing import Pricing

BYTES = 4
"""Bytes of a request's body for a token; too many are counted rather than too few, as
its JSON is counted with its words."""
MOST_INPUT = 200_000
"""Tokens that a body is taken for at most, which images soon exceed."""
MOST_OUTPUT = 4096
"""Tokens that an answer is taken for at most, and where nothing is asked for: agents
ask for up to 64,000 and get some hundreds."""

_LENGTHS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
"""What the dialects call the longest answer."""


@dataclass(frozen=True, slots=True)
class Charge:
    """What a request is charged with until it is over.

    Attributes:
        guess: What it may use.
        claims: What it has claimed for that.
        priced: Whether its cost matters.
    """

    guess: Usage
    claims: Sequence[Claim]
    priced: bool


class Charging:
    """Charges requests.

    Args:
        table: Finds the caps that hold.
        amounts: Where they are counted.
        pricing: Tells what models cost.
    """

    def __init__(self, table: CapTable, amounts: Amounts, pricing: Pricing) -> None:
        self._table = table
        self._amounts = amounts
        self._pricing = pricing

    async def begin(self, asked: Asked, target: Target) -> Charge | None:
        """Charge a request with what it may use, if anything limits that.

        Raises:
            LimitExceededError: There is no room for it.
        """
        if asked.endpoint is Endpoint.COUNT_TOKENS:
            return None  # which nobody pays for
        caps = self._table.caps(asked.exchange, asked.scope, target)
        if not caps:
            return None
        guess = guessed(asked.payload, len(asked.body))
        priced = any(cap.unit is Unit.COST for cap in caps)
        amounts = {Unit.TOKENS: guess.all, Unit.COST: 0}
        if priced:
            amounts[Unit.COST] = await self._guessed_cost(asked, target, guess)
        claims = await self._claim(asked.exchange, caps, amounts)
        return Charge(guess, claims, priced)

    def end(self, charge: Charge | None, exchange: Exchange) -> None:
        """Charge a request that is over with what it has used."""
        if charge is None:
            return
        used = _used(exchange, charge.guess)
        cost = 0
        if charge.priced:
            sheet = self._pricing.at_hand(exchange.provider or "", exchange.model or "")
            cost = _micros(sheet, used) or 0
        self._amounts.settle(charge.claims, {Unit.TOKENS: used.all, Unit.COST: cost})

    async def _guessed_cost(self, asked: Asked, target: Target, guess: Usage) -> int:
        sheet = await self._pricing.sheet(target.provider.name, target.model)
        cost = _micros(sheet, guess)
        if cost is None:
            note = f"No price of {target} is known: it counts for no limit of cost."
            asked.exchange.note([note])
        return cost or 0

    async def _claim(
        self, exchange: Exchange, caps: Sequence[Cap], amounts: Mapping[Unit, int]
    ) -> Sequence[Claim]:
        claimed = await self._amounts.claim([(cap, amounts[cap.unit]) for cap in caps])
        if claimed.standing is None:
            return ()
        if claimed.refused_by is not None:
            exchange.standing = claimed.standing
            cap = claimed.refused_by
            raise _too_much(cap, amounts[cap.unit], claimed.standing)
        exchange.stands(claimed.standing)
        return claimed.claims


def guessed(payload: JsonObject, size: int) -> Usage:
    """Guess what a request will use, with no look at what it says.

    Args:
        payload: The request.
        size: Bytes of it.
    """
    lengths = [payload.get(name) for name in _LENGTHS]
    asked = [each for each in lengths if isinstance(each, int) and each >= 0]
    return Usage(
        input=min(size // BYTES, MOST_INPUT), output=min([*asked, MOST_OUTPUT])
    )


def _used(exchange: Exchange, guess: Usage) -> Usage:
    """Tell what a request has used: nothing, if it got no answer.

    Where an answer tells nothing the guess stays. So it does for a client that leaves
    before its answer tells: leaving early makes nothing cheaper.
    """
    if exchange.usage is not None:
        return exchange.usage
    begun = exchange.first_byte is not None and (exchange.status or 500) < 400
    return guess if begun and exchange.failure is None else Usage()


def _micros(sheet: Sheet | None, used: Usage) -> int | None:
    cost = sheet.cost(used) if sheet else None
    return None if cost is None else math.ceil(cost * MICROS)


def _too_much(cap: Cap, amount: int, standing: Standing) -> LimitExceededError:
    quota = cap.quota
    if cap.unit is Unit.TOKENS:
        what = f"use {quota.amount:,} tokens"
        may = f"This request may need {amount:,}."
    else:
        what = f"spend {quota.amount / MICROS:g} US dollars"
        may = f"This request may cost {amount / MICROS:.4f}."
    return LimitExceededError(
        f"{cap.whose} may {what} per {quota.per}. {may}",
        retry_after=timedelta(seconds=standing.seconds),
        hint=f"Ask again in {standing.seconds} s; {cap.setting} sets the limit.",
    )
