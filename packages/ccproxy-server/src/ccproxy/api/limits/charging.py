"""Charges requests for the tokens and the money they use: a guess first, then for sure.

A request claims what it is guessed to use, so that as many as come at once overrun no
cap by more than the guesses are wrong by. When it is over, what it did use is put in
the place of its claim.
"""

import asyncio
import math
from dataclasses import replace
from typing import NamedTuple

from ccproxy.api.asked import Asked
from ccproxy.api.exchange import Exchange
from ccproxy.api.limits.guard import Session
from ccproxy.api.limits.term_table import TermTable
from ccproxy.api.limits.till import Taken, Till
from ccproxy.api.routing import Target
from ccproxy.dialects import Endpoint
from ccproxy.dialects.answer import Usage
from ccproxy.models.quota import MICROS
from ccproxy.prices.sheet import Sheet
from ccproxy.sdk import JsonObject
from ccproxy.services.pricing import Pricing

BYTES = 4
"""Bytes of a request's body for a token; its JSON is counted with its words."""
MOST_INPUT = 200_000
"""Tokens that a body is taken for at most, which images soon exceed."""
MOST_OUTPUT = 4096
"""Tokens that an answer is taken for at most, and where nothing is asked for: agents
ask for up to 64,000 and get some hundreds."""

_LENGTHS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
"""What the dialects call the longest answer."""


class Charge(NamedTuple):
    """What a request is charged with until it is over.

    Attributes:
        guess: What it may use.
        taken: What is taken for that.
        priced: Whether its cost matters.
        session: The session it belongs to, if sessions are watched.
    """

    guess: Usage
    taken: Taken
    priced: bool
    session: Session | None


class Charging:
    """Charges requests.

    Args:
        table: Finds the terms that hold.
        till: Takes what they are charged with.
        pricing: Tells what models cost.
    """

    def __init__(self, table: TermTable, till: Till, pricing: Pricing) -> None:
        self._table = table
        self._till = till
        self._pricing = pricing
        self._ending: set[asyncio.Task[None]] = set()

    async def begin(
        self, asked: Asked, target: Target, session: Session | None = None
    ) -> Charge | None:
        """Charge a request with what it may use, if anything limits that.

        Args:
            asked: What is asked.
            target: Who is asked first.
            session: Told what the request has used.

        Raises:
            LimitExceededError: There is no room for it.
        """
        if asked.endpoint is Endpoint.COUNT_TOKENS:
            return None  # which nobody pays for
        terms = self._table.terms(asked.exchange, asked.scope, target)
        if not terms.caps and terms.owner is None and session is None:
            return None
        guess = guessed(asked.payload, len(asked.body))
        cost, priced = 0, terms.need_a_price
        if priced:
            cost = await self._guessed_cost(asked, target, guess)
        taken = await self._till.take(asked.exchange, terms, guess.all, cost)
        kept = terms.owner is not None or (session is not None and session.priced)
        return Charge(guess, taken, priced or kept, session)

    def end(self, charge: Charge, exchange: Exchange, *, left: bool) -> None:
        """Charge a request that is over with what it has used.

        Args:
            charge: What it was charged with until now.
            exchange: The request's facts.
            left: Whether its client has left before it had all of the answer.
        """
        used = used_by(exchange, charge.guess, left=left)
        provider, model = exchange.provider or "", exchange.model or ""
        sheet = None
        if charge.priced and used is not None:
            quote = self._pricing.quote(provider, model)
            sheet = quote.sheet
            if not quote.final:
                self._end_later(charge, used, provider, model)
                return
        self._settle(charge, used, sheet)

    async def close(self) -> None:
        """Charge those that have ended, and whose price is still looked up."""
        if self._ending:
            await asyncio.wait(self._ending)

    def _end_later(
        self, charge: Charge, used: Usage, provider: str, model: str
    ) -> None:
        """Charge once the price has been looked up."""

        async def end() -> None:
            self._settle(charge, used, await self._pricing.sheet(provider, model))

        task = asyncio.create_task(end())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _settle(self, charge: Charge, used: Usage | None, sheet: Sheet | None) -> None:
        if used is None:
            self._till.give_back(charge.taken)
            return
        cost = _micros(sheet, used)
        self._till.settle(charge.taken, used.all, cost)
        if charge.session is not None:
            charge.session.add(used.all, cost or 0)

    async def _guessed_cost(self, asked: Asked, target: Target, guess: Usage) -> int:
        sheet = await self._pricing.sheet(target.provider.name, target.model)
        cost = _micros(sheet, guess)
        if cost is None:
            note = f"No price of {target} is known: its cost counts as nothing."
            asked.exchange.note([note])
        return cost or 0


def guessed(payload: JsonObject, size: int) -> Usage:
    """Guess what a request will use, with no look at what it says.

    Args:
        payload: The request.
        size: Bytes of it.
    """
    output = MOST_OUTPUT
    for name in _LENGTHS:
        asked = payload.get(name)
        if isinstance(asked, int) and 0 <= asked < output:
            output = asked
    return Usage(input=min(size // BYTES, MOST_INPUT), output=output)


def used_by(exchange: Exchange, guess: Usage, *, left: bool) -> Usage | None:
    """Tell what a request has used; ``None`` if it got no answer.

    Where an answer tells nothing the guess stays. So it does for a client that leaves
    before its answer begins, or tells what was written: leaving early makes nothing
    cheaper.

    Args:
        exchange: The request's facts.
        guess: What it was guessed to use.
        left: Whether its client has left before it had all of the answer.
    """
    told = exchange.usage
    if told is not None:
        if left and told.output < guess.output:
            # Messages tells at first what was read, and of one written token.
            return replace(told, output=guess.output)
        return told
    begun = exchange.asked_at if left else exchange.first_byte
    if begun is None or exchange.failure is not None:
        return None
    return guess if exchange.status is None or exchange.status < 400 else None


def _micros(sheet: Sheet | None, used: Usage) -> int | None:
    """Tell a cost in millionths of a dollar, what is less than one as one."""
    cost = sheet.cost(used) if sheet else None
    # Rounded first: 0.07 x 1,000,000 is a little more than 70,000.
    return None if cost is None else math.ceil(round(cost * MICROS, 3))
