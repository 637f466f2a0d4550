"""Limits of models; what is asked for is known once a request has been read."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext

from limits import parse

from ccproxy.api.asked import Asked
from ccproxy.api.exchange import Exchange
from ccproxy.api.limits.turnstile import Allowance, Turnstile
from ccproxy.api.routing import Target
from ccproxy.config.sections import ModelLimit


class ModelLimits:
    """Limits the requests for models.

    Args:
        turnstile: Counts.
        limits: Patterns of models, and what they allow.
    """

    def __init__(self, turnstile: Turnstile, limits: Sequence[ModelLimit]) -> None:
        self._turnstile = turnstile
        self._limits = [
            (
                each.match,
                Allowance(
                    f"models/{place}/{each.match}",
                    f"For models like {each.match}, all callers",
                    "limits.models.",
                    parse(each.requests) if each.requests else None,
                    each.concurrent,
                ),
            )
            for place, each in enumerate(limits)
        ]

    def __call__(
        self, asked: Asked, target: Target
    ) -> AbstractAsyncContextManager[None]:
        """Let a request in that is charged for nothing; see ``passing``."""
        return self.passing(asked.exchange, target)

    def passing(
        self, exchange: Exchange, target: Target
    ) -> AbstractAsyncContextManager[None]:
        """Let a request in for as long as it is answered.

        Entering raises ``LimitExceededError`` if there is no room.

        Args:
            exchange: The request's facts.
            target: Who is asked first.
        """
        allowances = [
            allowance for pattern, allowance in self._limits if target.is_like(pattern)
        ]
        if not allowances:
            return nullcontext()
        return self._turnstile.passing(exchange, allowances)
