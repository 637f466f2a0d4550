"""Puts the limits together as the settings say; imported only if there are any."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from fnmatch import fnmatchcase

from limits import parse
from limits.aio.storage import RedisStorage, Storage
from limits.errors import ConfigurationError

from ccproxy.api.exchange import Exchange
from ccproxy.api.middleware.limiter import Limiter
from ccproxy.api.rates import PATIENCE, Rates
from ccproxy.api.routing import Target
from ccproxy.api.turnstile import Allowance, Turnstile
from ccproxy.api.windows import Windows
from ccproxy.config.sections import Limits, ModelLimit
from ccproxy.errors import ConfigError
from ccproxy.sdk import ASGIApp
from ccproxy.services.container import Close


class ModelLimits:
    """Limits the requests for models; what is asked for is known once it is read.

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
        self, exchange: Exchange, target: Target
    ) -> AbstractAsyncContextManager[None]:
        """Let a request in for as long as it is answered.

        Entering raises ``LimitExceededError`` if there is no room.

        Args:
            exchange: The request's facts.
            target: Who is asked first.
        """
        names = (target.model, str(target))
        allowances = [
            allowance
            for pattern, allowance in self._limits
            if any(fnmatchcase(name, pattern) for name in names)
        ]
        return self._turnstile.passing(exchange, allowances)


class Limiting:
    """All limits of a gateway.

    Args:
        settings: What they are.

    Attributes:
        models: Those of models.
        close: Ends the connections to where the counts are.

    Raises:
        ConfigError: The library for Redis is not installed.
    """

    def __init__(self, settings: Limits) -> None:
        url = settings.redis_url
        storage: Storage = Windows()
        self.close: Close = _nothing
        if url is not None:
            storage, self.close = _redis(url.get_secret_value(), settings.window)
        self._turnstile = Turnstile(Rates(storage, settings.window))
        self._settings = settings
        self.models = ModelLimits(
            self._turnstile, settings.models if settings.enabled else ()
        )

    def before(self, app: ASGIApp) -> ASGIApp:
        """Put the limits of callers before an app; if not enabled, those of keys."""
        settings = self._settings
        if not settings.enabled:
            return Limiter(app, self._turnstile)
        address_rate = settings.address_requests
        return Limiter(
            app,
            self._turnstile,
            rate=parse(settings.requests),
            concurrent=settings.concurrent,
            address_rate=parse(address_rate) if address_rate else None,
            address_concurrent=settings.address_concurrent,
        )


def _redis(url: str, window: str) -> tuple[RedisStorage, Close]:
    """Make the counts in a Redis, and what closes the connections to it.

    Windows of each kind have keys of their own, since what is in them differs.
    The pool lends out few connections and lets others wait; the library's own would
    open one for each of a thousand requests that come at once.
    """
    try:
        # Imported here: it comes with an extra.
        from redis.asyncio import BlockingConnectionPool  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            "limits.redis_url needs a library that is not installed.",
            hint="pip install 'ccproxy-server[redis]'",
        ) from error
    try:
        pool = BlockingConnectionPool.from_url(url, timeout=PATIENCE)
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
    return storage, pool.disconnect


async def _nothing() -> None:
    """Close what holds nothing open."""
