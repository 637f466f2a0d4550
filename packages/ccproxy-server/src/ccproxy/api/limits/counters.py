"""Where limits are counted: in this process, or in a Redis for several."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from limits.aio.storage import RedisStorage
from limits.errors import ConfigurationError

from ccproxy.api.limits.amounts import MemoryAmounts
from ccproxy.api.limits.caps import Amounts
from ccproxy.api.limits.outage import Outage
from ccproxy.api.limits.rates import PATIENCE, Rates, StoredRates
from ccproxy.api.limits.rates_memory import MemoryRates
from ccproxy.errors import ConfigError
from ccproxy.services.container import Close

if TYPE_CHECKING:
    from redis.asyncio import BlockingConnectionPool


@dataclass(frozen=True, slots=True)
class Counters:
    """Where limits are counted.

    Attributes:
        rates: Where requests are.
        amounts: Where tokens and money are.
        close: Ends the connections to there.
    """

    rates: Rates
    amounts: Amounts
    close: Close


def in_memory(window: Literal["sliding", "fixed"]) -> Counters:
    """Count in this process."""
    return Counters(MemoryRates(window), MemoryAmounts(window), _nothing)


def in_redis(url: str, window: Literal["sliding", "fixed"]) -> Counters:
    """Count in a Redis.

    Raises:
        ConfigError: The library for it is not installed, or the URL leads to none.
    """
    try:
        # Imported here: it comes with an extra.
        from redis.asyncio import Redis  # noqa: PLC0415

        from ccproxy.api.limits.amounts_redis import RedisAmounts  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            "limits.redis_url needs a library that is not installed.",
            hint="pip install 'ccproxy-server[redis]'",
        ) from error
    pool, storage = _connected(url, window)
    client, outage = Redis(connection_pool=pool), Outage(time.time)
    rates = StoredRates(storage, window, outage=outage)
    amounts = RedisAmounts(client, window, patience=PATIENCE, outage=outage)

    async def close() -> None:
        await amounts.close()
        await pool.disconnect()

    return Counters(rates, amounts, close)


def _connected(url: str, window: str) -> "tuple[BlockingConnectionPool, RedisStorage]":
    """Make a pool of connections, and the storage of rates on it.

    Windows of each kind have keys of their own, since what is in them differs.
    The pool lends out few connections and lets others wait; the library's own would
    open one for each of a thousand requests that come at once. Nor does it try again
    for seconds, with a request waiting, what is refused at once.

    Raises:
        ConfigError: The URL leads to no Redis.
    """
    from redis.asyncio import BlockingConnectionPool  # noqa: PLC0415  (an extra's)
    from redis.asyncio.retry import Retry  # noqa: PLC0415
    from redis.backoff import NoBackoff  # noqa: PLC0415

    try:
        retry = Retry(NoBackoff(), 1)
        pool = BlockingConnectionPool.from_url(url, timeout=PATIENCE, retry=retry)
        storage = RedisStorage(
            url,
            wrap_exceptions=True,
            implementation="redispy",
            key_prefix=f"ccproxy/{window}",
            connection_pool=pool,  # type: ignore[arg-type]  # its hints forget this one
        )
    except (ValueError, ConfigurationError):
        # Not told what it says, which is the URL with its password.
        msg = "limits.redis_url is no URL of a Redis."
        hint = "It reads like redis://127.0.0.1:6379/0, always with the port."
        raise ConfigError(msg, hint=hint) from None
    return pool, storage


async def _nothing() -> None:
    """Close what holds nothing open."""
