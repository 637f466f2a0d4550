"""Sends metrics to a Pushgateway, where nobody can come to scrape them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

import httpx
import structlog
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

_log = structlog.get_logger(__name__)

LONGEST_PAUSE = 600.0
"""Seconds between two attempts while they fail; each pause is twice the one before."""

PATIENCE = 3.0
"""Seconds a push may take; the last one is within what a plugin has for its stop."""


class Pusher:
    """Pushes at intervals until it is stopped, and then once more.

    Each push replaces the one before (``PUT``). Source:
    https://github.com/prometheus/pushgateway#put-method

    Args:
        url: Where to, with the grouping key: ``.../metrics/job/NAME``.
        interval: Seconds between two pushes.
        written: Writes all metrics in the text format.
        http: Asks.
        sleep: Waits so many seconds.
        headers: What the Pushgateway asks for.
        patience: Seconds a push may take.
    """

    def __init__(
        self,
        url: str,
        interval: float,
        written: Callable[[], Awaitable[bytes]],
        http: httpx.AsyncClient,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        *,
        headers: Mapping[str, str] = MappingProxyType({}),
        patience: float = PATIENCE,
    ) -> None:
        self._url = url
        self._interval = interval
        self._written = written
        self._http = http
        self._sleep = sleep
        self._headers = {**headers, "content-type": CONTENT_TYPE_PLAIN_0_0_4}
        self._patience = patience
        self._is_failing = False
        self._task = asyncio.create_task(self._go_on(), name="metrics push")

    async def stop(self) -> None:
        """Push what has become of it all, once."""
        self._task.cancel()
        await asyncio.wait({self._task})
        await self._push()

    async def _go_on(self) -> None:
        pause = self._interval
        while True:
            await self._sleep(pause)
            went_well = await self._push()
            longest = max(self._interval, LONGEST_PAUSE)
            pause = self._interval if went_well else min(2 * pause, longest)

    async def _push(self) -> bool:
        """Push, and tell whether it went well; of an outage the log tells once."""
        try:
            async with asyncio.timeout(self._patience):
                answer = await self._http.put(
                    self._url, content=await self._written(), headers=self._headers
                )
            answer.raise_for_status()
        except (httpx.HTTPError, TimeoutError) as error:
            if not self._is_failing:
                reason = str(error) or type(error).__name__
                _log.warning("metrics_not_pushed", reason=reason)
            self._is_failing = True
            return False
        if self._is_failing:
            _log.info("metrics_pushed_again")
        self._is_failing = False
        return True
