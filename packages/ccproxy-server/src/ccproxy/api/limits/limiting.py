"""Puts the limits together as the settings say; imported only if there are any."""

from limits import parse

from ccproxy.api.forward import Admit
from ccproxy.api.limits.admission import Admission
from ccproxy.api.limits.charging import Charging
from ccproxy.api.limits.counters import in_memory, in_redis
from ccproxy.api.limits.guard import Guard
from ccproxy.api.limits.model_limits import ModelLimits
from ccproxy.api.limits.term_table import TermTable
from ccproxy.api.limits.till import Till
from ccproxy.api.limits.turnstile import Turnstile
from ccproxy.api.middleware.limiter import Limiter
from ccproxy.config.sections import Limits
from ccproxy.sdk import ASGIApp
from ccproxy.services.pricing import Pricing
from ccproxy.services.spending import Spending


class Limiting:
    """All limits of a gateway.

    Args:
        settings: What they are.
        pricing: Tells what models cost.
        spending: Keeps what is spent, if anybody has a budget.
        guard: Stops agents that have run away, if it is enabled.

    Attributes:
        admit: Lets a request in once it has been read.

    Raises:
        ConfigError: The library for Redis is not installed.
    """

    def __init__(
        self,
        settings: Limits,
        pricing: Pricing,
        spending: Spending | None = None,
        guard: Guard | None = None,
    ) -> None:
        url, window = settings.redis_url, settings.window
        counters = (
            in_redis(url.get_secret_value(), window) if url else in_memory(window)
        )
        self._close = counters.close
        self._turnstile = Turnstile(counters.rates)
        self._settings = settings
        models = ModelLimits(settings.models if settings.enabled else ())
        table, till = TermTable(settings), Till(counters.amounts, spending)
        self._charging = Charging(table, till, pricing)
        self.admit: Admit = Admission(self._turnstile, models, self._charging, guard)

    async def close(self) -> None:
        """Charge what has ended, and end the connections to where the counts are."""
        await self._charging.close()
        await self._close()

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
