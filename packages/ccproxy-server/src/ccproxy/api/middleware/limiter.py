"""How often a caller may ask; only there when ``limits.enabled`` is set."""

import math
import time
from datetime import timedelta

from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from ccproxy.api.exchange import exchange_of
from ccproxy.api.routing import Kind
from ccproxy.errors import LimitExceededError
from ccproxy.sdk import ASGIApp, Receive, Scope, Send


class Limiter:
    """Counts model requests per caller: per client token, else per address.

    Args:
        app: The next layer.
        rate: Such as ``600/minute``.
    """

    def __init__(self, app: ASGIApp, rate: str) -> None:
        self._app = app
        self._rate = parse(rate)
        self._strategy = MovingWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it.

        Raises:
            LimitExceededError: The caller has asked too often.
        """
        exchange = exchange_of(scope)
        if exchange.match.kind is Kind.MODEL:
            caller = exchange.caller or (scope.get("client") or ("local",))[0]
            if not await self._strategy.hit(self._rate, caller):
                stats = await self._strategy.get_window_stats(self._rate, caller)
                wait = max(1, math.ceil(stats.reset_time - time.time()))
                msg = f"More than {self._rate} for this caller."
                raise LimitExceededError(
                    msg,
                    retry_after=timedelta(seconds=wait),
                    hint=f"Ask again in {wait} s; limits.requests sets the rate.",
                )
        await self._app(scope, receive, send)
