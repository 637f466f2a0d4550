"""A place for counts that can't be reached: left alone a while, told now and then."""

from collections.abc import Callable

import structlog

from ccproxy.security.sanitizer import mask_text

QUIET = 60.0
"""Seconds in which the log tells only once of it."""

PAUSE = 10.0
"""Seconds for which it is not asked again: each request would wait for it in vain."""

_log = structlog.get_logger(__name__)


class Outage:
    """Warns that nobody is limited, but not with each request, and spares them a wait.

    Args:
        clock: Seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._told = -QUIET
        self._until = 0.0

    @property
    def lasts(self) -> bool:
        """Whether it could not be reached a moment ago."""
        return self._clock() < self._until

    def tell(self, error: Exception) -> None:
        """Say why."""
        now = self._clock()
        self._until = now + PAUSE
        if now - self._told >= QUIET:
            self._told = now
            reason = mask_text(str(error) or "it does not answer")
            hint = "Nobody is limited until it answers; see limits.redis_url."
            _log.warning("limits_not_counted", reason=reason, hint=hint)
