"""A place for counts that can't be reached: told in the log, now and then."""

from collections.abc import Callable

import structlog

from ccproxy.security.sanitizer import mask_text

QUIET = 60.0
"""Seconds in which the log tells only once of it."""

_log = structlog.get_logger(__name__)


class Outage:
    """Warns that nobody is limited, but not with each request.

    Args:
        clock: Seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._told = -QUIET

    def tell(self, error: Exception) -> None:
        """Say why."""
        now = self._clock()
        if now - self._told >= QUIET:
            self._told = now
            reason = mask_text(str(error) or "it does not answer")
            hint = "Nobody is limited until it answers; see limits.redis_url."
            _log.warning("limits_not_counted", reason=reason, hint=hint)
