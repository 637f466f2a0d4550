"""Which terms hold for a request: its caller's, its address's, those of its model."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeAlias

from ccproxy.api.caller import Caller, address_of, caller_of
from ccproxy.api.exchange import Exchange
from ccproxy.api.limits.caps import Cap, Unit
from ccproxy.api.limits.terms import NO_TERMS, Budget, Terms
from ccproxy.api.middleware.limiter import BY_KEY
from ccproxy.api.routing import Target
from ccproxy.config.sections import Limits
from ccproxy.models.quota import Quota, parse_budget, parse_tokens, parse_usd
from ccproxy.sdk import Scope

Said: TypeAlias = tuple[Unit, str, str | None]
"""A unit, the name of what sets its cap, and what that says."""

_PARSE: dict[Unit, Callable[[str], Quota]] = {
    Unit.TOKENS: parse_tokens,
    Unit.COST: parse_usd,
}


class TermTable:
    """Finds the terms of requests.

    Args:
        settings: What is limited.
    """

    def __init__(self, settings: Limits) -> None:
        own = settings if settings.enabled else Limits()
        self._own = (own.tokens, own.cost)
        self._budgets = own.budgets
        self._address = _told("limits.address_", own.address_tokens, own.address_cost)
        self._of_models = [
            (each.match, _caps(_model(place, each.match), said))
            for place, each in enumerate(own.models)
            if (said := _told("limits.models.", each.tokens, each.cost))
        ]
        self._is_empty = not (
            any(self._own) or self._budgets or self._address or self._of_models
        )

    def terms(self, exchange: Exchange, scope: Scope, target: Target) -> Terms:
        """Return all that holds.

        Args:
            exchange: The request's facts.
            scope: ASGI's.
            target: Who is asked first.
        """
        if self._is_empty and exchange.key is None:
            return NO_TERMS
        address = address_of(scope)
        caller = caller_of(exchange, address)
        caps = list(_caps(caller, self._said(exchange)))
        if self._address:
            whom = Caller(f"address/{address}", "This address")
            caps += _caps(whom, self._address)
        for pattern, each in self._of_models:
            if target.is_like(pattern):
                caps += each
        budgets = self._budgets_of(exchange, caller)
        has_an_account = exchange.key is not None or budgets
        return Terms(caps, budgets, caller.key if has_an_account else None)

    def _budgets_of(self, exchange: Exchange, caller: Caller) -> Sequence[Budget]:
        setting, said = "limits.budgets", self._budgets
        if exchange.key is not None and exchange.key.budgets:
            setting, said = f"{BY_KEY}budget", exchange.key.budgets
        return _budgets(caller.whose, setting, said) if said else ()

    def _said(self, exchange: Exchange) -> Sequence[Said]:
        """Say what the caller's own caps are: its key's, or else the settings'."""
        tokens, cost = self._own
        key = exchange.key
        if key is None or (key.tokens is None and key.cost is None):
            return _told("limits.", tokens, cost)
        return (
            *_told(BY_KEY, key.tokens, key.cost),
            *_told(
                "limits.",
                tokens if key.tokens is None else None,
                cost if key.cost is None else None,
            ),
        )


@lru_cache(4096)
def _told(begin: str, tokens: str | None, cost: str | None) -> Sequence[Said]:
    said: Sequence[Said] = (
        (Unit.TOKENS, f"{begin}tokens", tokens),
        (Unit.COST, f"{begin}cost", cost),
    )
    return tuple(each for each in said if each[2] is not None)


def _model(place: int, pattern: str) -> Caller:
    whose = f"For models like {pattern}, all callers"
    return Caller(f"models/{place}/{pattern}", whose)


@lru_cache(4096)
def _caps(whom: Caller, said: Sequence[Said]) -> Sequence[Cap]:
    """Make the caps of a caller; the same are asked for again and again."""
    caps = []
    for unit, setting, text in said:
        quota = _PARSE[unit](text or "")
        key = f"{whom.key}/{unit}/{quota.per}"
        caps.append(Cap(key, whom.whose, setting, unit, quota))
    return caps


@lru_cache(4096)
def _budgets(whose: str, setting: str, said: Sequence[str]) -> Sequence[Budget]:
    return [Budget(whose, setting, parse_budget(each)) for each in said]
