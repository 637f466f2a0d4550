"""How often a caller may ask; only there if limits are enabled, or keys are."""

from collections.abc import Sequence
from functools import lru_cache

from limits import RateLimitItem, parse

from ccproxy.api.caller import address_of, caller_of
from ccproxy.api.exchange import Exchange, exchange_of
from ccproxy.api.limits.turnstile import Allowance, Turnstile
from ccproxy.api.routing import Kind
from ccproxy.sdk import ASGIApp, Receive, Scope, Send

BY_KEY = "the key's --"
"""How the options of ``ccproxy keys create`` begin, of a limit that a key has."""


class Limiter:
    """Limits model requests of each caller: of its client token, else of its address.

    Args:
        app: The next layer.
        turnstile: Counts.
        rate: Requests of a caller whose key says nothing else; ``None`` is any number.
        concurrent: The same at once; 0 is any number.
        address_rate: Requests of an address, whatever tokens it shows.
        address_concurrent: The same at once; 0 is any number.
    """

    def __init__(
        self,
        app: ASGIApp,
        turnstile: Turnstile,
        *,
        rate: RateLimitItem | None = None,
        concurrent: int = 0,
        address_rate: RateLimitItem | None = None,
        address_concurrent: int = 0,
    ) -> None:
        self._app = app
        self._turnstile = turnstile
        self._rate = rate
        self._concurrent = concurrent
        self._address_rate = address_rate
        self._address_concurrent = address_concurrent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it.

        Raises:
            LimitExceededError: The caller has asked too often.
        """
        exchange = exchange_of(scope)
        if exchange.match.kind is not Kind.MODEL:
            await self._app(scope, receive, send)
            return
        address = address_of(scope)
        allowances = [*self._own(exchange, address), *self._of_address(address)]
        await self._turnstile.enter(exchange, allowances)
        try:
            await self._app(scope, receive, send)
        finally:
            self._turnstile.leave(allowances)

    def _of_address(self, address: str) -> Sequence[Allowance]:
        if not self._address_rate and not self._address_concurrent:
            return ()
        return (
            Allowance(
                f"address/{address}",
                "This address",
                "limits.address_",
                self._address_rate,
                self._address_concurrent,
            ),
        )

    def _own(self, exchange: Exchange, address: str) -> Sequence[Allowance]:
        """Say what the caller is allowed: by its key, or else by the settings."""
        caller = caller_of(exchange, address)
        rate, concurrent = self._rate, self._concurrent
        rate_by = concurrent_by = "limits."
        if (key := exchange.key) is not None:
            if key.requests is not None:
                rate, rate_by = _parsed(key.requests), BY_KEY
            if key.concurrent is not None:
                concurrent, concurrent_by = key.concurrent, BY_KEY
        if rate_by == concurrent_by:
            return (Allowance(caller.key, caller.whose, rate_by, rate, concurrent),)
        return (
            Allowance(caller.key, caller.whose, rate_by, rate=rate),
            Allowance(caller.key, caller.whose, concurrent_by, concurrent=concurrent),
        )


@lru_cache(1024)
def _parsed(rate: str) -> RateLimitItem:
    return parse(rate)
