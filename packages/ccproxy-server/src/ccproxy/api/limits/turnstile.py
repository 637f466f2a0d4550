"""Lets requests through for which there is room, and keeps count of those inside."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from limits import RateLimitItem

from ccproxy.api.exchange import Exchange
from ccproxy.api.limits.rates import Counted, Rates
from ccproxy.api.standing import Standing
from ccproxy.errors import LimitExceededError

SOON = timedelta(seconds=1)
"""When to ask again while others are being answered; nobody knows for how long."""
AT_ONCE = "requests-at-once"
"""What is counted of those that are being answered."""


class Allowance(NamedTuple):
    """What somebody, or something, is allowed.

    Attributes:
        key: Tells whose it is from all others.
        whose: The same in words, for people; begins a sentence.
        settings: How the names of its settings begin, such as ``limits.address_``.
        rate: Requests in a window of time.
        concurrent: Requests at once; 0 is any number.
    """

    key: str
    whose: str
    settings: str
    rate: RateLimitItem | None = None
    concurrent: int = 0


class Turnstile:
    """Lets a request through if all allowances leave room for it.

    Args:
        rates: Counts what comes.
    """

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._inside: dict[str, int] = {}

    async def enter(self, exchange: Exchange, allowances: Sequence[Allowance]) -> None:
        """Let a request in; whoever got in has to ``leave`` at the end.

        Raises:
            LimitExceededError: There is no room for it; then no rate counts it.
        """
        inside = self._inside
        for each in allowances:
            if 0 < each.concurrent <= inside.get(each.key, 0):
                wait = SOON.total_seconds()
                exchange.standing = Standing(each.concurrent, 0, wait, AT_ONCE)
                raise _too_many_at_once(each)
        for each in allowances:
            if each.concurrent:
                inside[each.key] = inside.get(each.key, 0) + 1
        try:
            await self._count(exchange, allowances)
        except BaseException:
            self.leave(allowances)
            raise

    def leave(self, allowances: Sequence[Allowance]) -> None:
        """Let a request out that got in by these allowances."""
        for each in allowances:
            if not each.concurrent:
                continue
            self._inside[each.key] -= 1
            if not self._inside[each.key]:
                del self._inside[each.key]

    async def _count(self, exchange: Exchange, allowances: Sequence[Allowance]) -> None:
        counted = [Counted(each.rate, each.key) for each in allowances if each.rate]
        if not counted:
            return
        taken = await self._rates.take(counted)
        if taken.standing is None:
            return
        exchange.stands(taken.standing)
        for each in allowances:
            if each.rate and each.key == taken.refused_by:
                raise _too_many(each, each.rate, taken.standing)


def _too_many(
    allowance: Allowance, rate: RateLimitItem, standing: Standing
) -> LimitExceededError:
    return LimitExceededError(
        f"{allowance.whose} may ask {rate.amount} times per {rate.GRANULARITY.name}.",
        retry_after=timedelta(seconds=standing.seconds),
        hint=(
            f"Ask again in {standing.seconds} s; {allowance.settings}requests sets "
            "the limit."
        ),
    )


def _too_many_at_once(allowance: Allowance) -> LimitExceededError:
    return LimitExceededError(
        f"{allowance.whose} may have {allowance.concurrent} answered at once.",
        retry_after=SOON,
        hint=(
            f"Ask again when one has ended; {allowance.settings}concurrent sets the "
            "limit."
        ),
    )
