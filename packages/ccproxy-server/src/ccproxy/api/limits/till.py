"""Where requests pay: from windows of tokens and money, and from budgets."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from ccproxy.api.exchange import Exchange
from ccproxy.api.limits.caps import Amounts, Cap, Claim, Unit
from ccproxy.api.limits.terms import Budget, Terms
from ccproxy.api.standing import Standing
from ccproxy.errors import LimitExceededError
from ccproxy.models.quota import MICROS
from ccproxy.models.spending import Spent
from ccproxy.services.spending import Spending


class Taken(NamedTuple):
    """What is taken of a request until it is over.

    Attributes:
        claims: What it has claimed of caps.
        owner: Whose spending it will be, if that is kept.
        held: What is held of the budgets, in millionths of a US dollar.
    """

    claims: Sequence[Claim]
    owner: str | None
    held: int


class Till:
    """Takes guesses when requests come, and what they have used when they are over.

    Args:
        amounts: The windows of caps.
        spending: What callers have spent, if that is kept.
        clock: The time, aware UTC.
    """

    def __init__(
        self,
        amounts: Amounts,
        spending: Spending | None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._amounts = amounts
        self._spending = spending
        self._clock = clock

    async def take(
        self, exchange: Exchange, terms: Terms, tokens: int, micros: int
    ) -> Taken:
        """Take what a request may use.

        Args:
            exchange: The request's facts; it is told how it stands.
            terms: What holds.
            tokens: What it may use.
            micros: What that may cost, in millionths of a US dollar.

        Raises:
            LimitExceededError: There is no room for it; then nothing is taken.
        """
        spending = self._spending if terms.owner is not None else None
        held = 0
        if spending is not None and terms.owner is not None:
            self._check_budgets(spending, terms.owner, exchange, terms.budgets, micros)
            held = micros if terms.budgets else 0
            spending.hold(terms.owner, held)
        taken = Taken((), terms.owner, held)
        try:
            claims = await self._claim(exchange, terms.caps, tokens, micros)
        except BaseException:
            self.give_back(taken)
            raise
        return Taken(claims, terms.owner, held)

    def settle(self, taken: Taken, tokens: int, micros: int | None) -> None:
        """Take what a request has used in place of what was taken.

        Args:
            taken: What was taken.
            tokens: What it has used.
            micros: What that has cost; ``None`` is unknown, and counts as nothing.
        """
        cost = micros or 0
        self._replace(taken, tokens, cost)
        if self._spending is not None and taken.owner is not None:
            unpriced = int(micros is None)
            self._spending.add(taken.owner, Spent(1, tokens, cost, unpriced))

    def give_back(self, taken: Taken) -> None:
        """Give back what was taken of a request that has used nothing."""
        self._replace(taken, 0, 0)

    def _replace(self, taken: Taken, tokens: int, micros: int) -> None:
        self._amounts.settle(taken.claims, {Unit.TOKENS: tokens, Unit.COST: micros})
        if self._spending is not None and taken.owner is not None:
            self._spending.let_go(taken.owner, taken.held)

    def _check_budgets(
        self,
        spending: Spending,
        owner: str,
        exchange: Exchange,
        budgets: Sequence[Budget],
        micros: int,
    ) -> None:
        if not budgets:
            return
        spending.refresh()
        now = self._clock()
        for each in budgets:
            left = spending.left(owner, each.quota)
            if left < micros:
                exchange.standing = each.standing(left, now)
                raise _spent(each, left, micros, now)
            if (standing := each.standing(left - micros, now)) is not None:
                exchange.stands(standing)

    async def _claim(
        self, exchange: Exchange, caps: Sequence[Cap], tokens: int, micros: int
    ) -> Sequence[Claim]:
        if not caps:
            return ()
        amounts = {Unit.TOKENS: tokens, Unit.COST: micros}
        claimed = await self._amounts.claim([(cap, amounts[cap.unit]) for cap in caps])
        if claimed.standing is None:
            return ()
        if (cap := claimed.refused_by) is not None:
            exchange.standing = claimed.standing
            raise _too_much(cap, amounts[cap.unit], claimed.standing)
        exchange.stands(claimed.standing)
        return claimed.claims


def _too_much(cap: Cap, amount: int, standing: Standing) -> LimitExceededError:
    quota = cap.quota
    if cap.unit is Unit.TOKENS:
        what = f"use {quota.amount:,} tokens"
        may = f"This request may need {amount:,}."
    else:
        what = f"spend {_usd(quota.amount)} US dollars"
        may = f"This request may cost {_usd(amount)}."
    return LimitExceededError(
        f"{cap.whose} may {what} per {quota.per}. {may}",
        retry_after=timedelta(seconds=standing.seconds),
        hint=f"Ask again in {standing.seconds} s; the limit is set by {cap.setting}.",
    )


def _spent(budget: Budget, left: int, micros: int, now: datetime) -> LimitExceededError:
    quota, end = budget.quota, budget.ends_at(now)
    hint = f"{budget.setting} sets it."
    if micros > quota.amount:
        hint, end = f"Ask for a shorter answer, or raise the budget; {hint}", None
    elif end is not None:
        hint = f"Ask again on {end:%Y-%m-%d} (UTC); {hint}"
    when = "in total" if quota.per == "total" else f"per {quota.per}"
    return LimitExceededError(
        f"{budget.whose} has a budget of {_usd(quota.amount)} US dollars {when}, of "
        f"which {_usd(max(left, 0))} are left. This request may cost {_usd(micros)}.",
        retry_after=None if end is None else end - now,
        hint=hint,
    )


def _usd(micros: int) -> str:
    return f"{micros / MICROS:.4f}".rstrip("0").rstrip(".")
