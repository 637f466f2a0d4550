"""Lets a request in once it has been read, and charges it for what it uses."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ccproxy.api.asked import Asked
from ccproxy.api.attention import Interrupted
from ccproxy.api.limits.charging import Charging
from ccproxy.api.limits.guard import Guard
from ccproxy.api.limits.model_limits import ModelLimits
from ccproxy.api.limits.turnstile import Turnstile
from ccproxy.api.routing import Target
from ccproxy.hooks.events import Failure


class Admission:
    """All that is looked at when it is known what a request asks for.

    Args:
        turnstile: Counts requests.
        models: Tells how many there may be for a model.
        charging: Charges for tokens and money.
        guard: Stops agents that have run away, if it is enabled.
    """

    def __init__(
        self,
        turnstile: Turnstile,
        models: ModelLimits,
        charging: Charging,
        guard: Guard | None,
    ) -> None:
        self._turnstile = turnstile
        self._models = models
        self._charging = charging
        self._guard = guard

    @asynccontextmanager
    async def __call__(self, asked: Asked, target: Target) -> AsyncIterator[None]:
        """Let a request in for as long as it is answered.

        Args:
            asked: What is asked.
            target: Who is asked first.

        Raises:
            LimitExceededError: There is no room for it.
        """
        exchange = asked.exchange
        session = self._guard.watch(asked) if self._guard else None
        allowances = self._models.allowances(target)
        await self._turnstile.enter(exchange, allowances)
        try:
            charge = await self._charging.begin(asked, target, session)
            left = False
            try:
                yield
            except Interrupted:
                left = asked.attention.failure is Failure.CLIENT_LEFT
                raise
            finally:
                if charge is not None:
                    self._charging.end(charge, exchange, left=left)
        finally:
            self._turnstile.leave(allowances)
