"""Lets a request in once it has been read, and charges it for what it uses."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ccproxy.api.asked import Asked
from ccproxy.api.limits.charging import Charging
from ccproxy.api.limits.guard import Guard
from ccproxy.api.limits.model_limits import ModelLimits
from ccproxy.api.routing import Target


class Admission:
    """All that is looked at when it is known what a request asks for.

    Args:
        models: Limits the requests for models.
        charging: Charges for tokens and money.
        guard: Stops agents that have run away, if it is enabled.
    """

    def __init__(
        self, models: ModelLimits, charging: Charging, guard: Guard | None
    ) -> None:
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
        async with self._models.passing(exchange, target):
            charge = await self._charging.begin(asked, target, session)
            try:
                yield
            finally:
                if charge is not None:
                    self._charging.end(charge, asked)
