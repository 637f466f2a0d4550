"""Bringing the limits that answers tell of to the database, but not with every one."""

import asyncio
import time
from collections.abc import Callable

import structlog

from ccproxy.sdk import LimitWindow, Profiles
from ccproxy.sdk.errors import CCProxyError

PAUSE = 60.0
"""Seconds between two writings of what has hardly changed."""
NOTICEABLE = 1.0
"""By how much of a limit the use has changed, in percent, to be written at once."""

_Windows = tuple[LimitWindow, ...]
_log = structlog.get_logger(__name__)


class KeptLimits:
    """Writes them while requests go on.

    Args:
        provider: Whose they are.
        profiles: Where they are kept.
        monotonic: Measures the time between two writings.
    """

    def __init__(
        self,
        provider: str,
        profiles: Profiles,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._provider = provider
        self._profiles = profiles
        self._monotonic = monotonic
        self._last: dict[str, tuple[float, _Windows]] = {}
        self._writing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def note(self, account: str, limits: _Windows, *, active: bool) -> None:
        """Write an account's limits in a moment, if they are worth it.

        Args:
            account: The backend's key of it.
            limits: All that are known.
            active: Whether it is the one in use.
        """
        at, old = self._last.get(account, (0.0, ()))
        now = self._monotonic()
        if limits == old or not (now - at >= PAUSE or _differ(old, limits)):
            return
        self._last[account] = now, limits
        task = asyncio.create_task(self._write(account, active=active))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Let what is being written come to its end."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _write(self, account: str, *, active: bool) -> None:
        async with self._writing:  # one after the other, the newest last
            _, limits = self._last[account]
            try:
                await self._profiles.update_fields(
                    self._provider, account=account, active=active, limits=limits
                )
            except CCProxyError as error:
                _log.warning("limits_not_kept", reason=error.message)


def _differ(old: _Windows, new: _Windows) -> bool:
    """Whether a person would see that they are not the same."""
    before = {each.name: each.used_percent for each in old}
    after = {each.name: each.used_percent for each in new}
    return before.keys() != after.keys() or any(
        abs(used - before[name]) >= NOTICEABLE for name, used in after.items()
    )
