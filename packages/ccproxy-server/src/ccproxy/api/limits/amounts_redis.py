"""Tokens and money per window of time, counted in a Redis for several gateways.

A window is a hash: amounts by when they end to count. What is claimed and the looking
before it are one script, so that nobody comes in between.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from ccproxy.api.limits.caps import Book, Claim, Claimed, Unit, Wanted, reckon
from ccproxy.api.limits.outage import Outage

if TYPE_CHECKING:
    from redis.asyncio import Redis

_CLAIM = """
local now = tonumber(ARGV[1])
local told, refused = {}, false
for i, key in ipairs(KEYS) do
  local kept, used = {}, 0
  local book = redis.call('HGETALL', key)
  for n = 1, #book, 2 do
    if tonumber(book[n]) <= now then
      redis.call('HDEL', key, book[n])
    else
      used = used + tonumber(book[n + 1])
      table.insert(kept, book[n])
      table.insert(kept, book[n + 1])
    end
  end
  told[i] = kept
  local amount, most = tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1])
  refused = refused or used > most - math.min(amount, most)
end
if refused then
  return told
end
for i, key in ipairs(KEYS) do
  local ends = ARGV[3 * i + 2]
  if ARGV[2] == 'fixed' and told[i][1] then
    ends = told[i][1]
  end
  redis.call('HINCRBY', key, ends, ARGV[3 * i])
  redis.call('PEXPIRE', key, string.format('%d', tonumber(ends) - now))
end
return told
"""
"""Claims of all windows or of none, and returns what they held before."""

_SETTLE = """
for i, key in ipairs(KEYS) do
  if redis.call('HEXISTS', key, ARGV[2 * i - 1]) == 1 then
    redis.call('HINCRBY', key, ARGV[2 * i - 1], ARGV[2 * i])
  end
end
"""


class RedisAmounts:
    """The windows of caps; where they can't be reached nobody is limited.

    Args:
        client: Of the Redis.
        window: How windows follow each other.
        clock: Seconds since the epoch.
        patience: Seconds to wait for it.
        outage: Notes that it can't be reached, also for others who count there.
    """

    def __init__(
        self,
        client: "Redis",
        window: Literal["sliding", "fixed"],
        clock: Callable[[], float] = time.time,
        *,
        patience: float,
        outage: Outage | None = None,
    ) -> None:
        from redis.exceptions import RedisError  # noqa: PLC0415  (an extra's)

        self._failures = (RedisError, TimeoutError)
        self._window = window
        self._prefix = f"ccproxy/{window}/amounts/"
        self._clock = clock
        self._patience = patience
        self._claim = client.register_script(_CLAIM)
        self._settle = client.register_script(_SETTLE)
        self._outage = outage or Outage(clock)
        self._settling: set[asyncio.Task[None]] = set()

    async def claim(self, wanted: Sequence[Wanted]) -> Claimed:
        """Claim of all caps, or of none if one of them leaves no room."""
        if self._outage.lasts:
            return Claimed()
        now, is_fixed = int(self._clock() * 1000), self._window == "fixed"
        arguments: list[int | str] = [now, self._window]
        for cap, amount in wanted:
            until = cap.until(now, Book(), fixed=is_fixed)
            arguments += [amount, cap.quota.amount, until]
        keys = [self._prefix + cap.key for cap, _ in wanted]
        try:
            async with asyncio.timeout(self._patience):
                told = await self._claim(keys=keys, args=arguments)
        except self._failures as error:
            self._outage.tell(error)
            return Claimed()
        return reckon(wanted, [_book(each) for each in told], now, fixed=is_fixed)

    def settle(self, claims: Iterable[Claim], used: Mapping[Unit, int]) -> None:
        """Put what was used in the place of what was claimed, a little later."""
        keys: list[str] = []
        arguments: list[int] = []
        for each in claims:
            keys.append(self._prefix + each.cap.key)
            arguments += [each.until, used[each.cap.unit] - each.amount]
        if keys:
            task = asyncio.create_task(self._send(keys, arguments))
            self._settling.add(task)
            task.add_done_callback(self._settling.discard)

    async def close(self) -> None:
        """End what is under way."""
        if self._settling:
            await asyncio.wait(self._settling)

    async def _send(self, keys: Sequence[str], arguments: Sequence[int]) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await self._settle(keys=keys, args=arguments)
        except self._failures as error:
            self._outage.tell(error)  # what was claimed stays until its window ends


def _book(told: Sequence[bytes]) -> Book:
    """Read a window; a Redis does not tell its fields in their order."""
    numbers = [int(each) for each in told]
    amounts = dict(sorted(zip(numbers[::2], numbers[1::2], strict=True)))
    return Book(amounts, sum(amounts.values()))
