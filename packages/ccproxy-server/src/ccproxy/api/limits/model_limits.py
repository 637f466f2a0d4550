"""Limits of models; what is asked for is known once a request has been read."""

from collections.abc import Sequence

from limits import parse

from ccproxy.api.limits.turnstile import Allowance
from ccproxy.api.routing import Target
from ccproxy.config.sections import ModelLimit


class ModelLimits:
    """Tells what is allowed of the models that requests ask for.

    Args:
        limits: Patterns of models, and what they allow.
    """

    def __init__(self, limits: Sequence[ModelLimit]) -> None:
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

    def allowances(self, target: Target) -> Sequence[Allowance]:
        """Return those that hold.

        Args:
            target: Who is asked first.
        """
        return [
            allowance for pattern, allowance in self._limits if target.is_like(pattern)
        ]
