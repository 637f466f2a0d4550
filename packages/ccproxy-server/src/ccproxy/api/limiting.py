"""Puts the limits together as the settings say; imported only if there are any."""

from limits import parse

from ccproxy.api.admission import Admission
from ccproxy.api.cap_table import CapTable
from ccproxy.api.charging import Charging
from ccproxy.api.counters import in_memory, in_redis
from ccproxy.api.middleware.limiter import Limiter
from ccproxy.api.model_limits import ModelLimits
from ccproxy.api.rates import Rates
from ccproxy.api.turnstile import Turnstile
from ccproxy.config.sections import Limits
from ccproxy.sdk import ASGIApp
from ccproxy.services.pricing import Pricing


class Limiting:
    """All limits of a gateway.

    Args:
        settings: What they are.
        pricing: Tells what models cost.

    Attributes:
        admit: Lets a request in once it has been read.
        close: Ends the connections to where the counts are.

    Raises:
        ConfigError: The library for Redis is not installed.
    """

    def __init__(self, settings: Limits, pricing: Pricing) -> None:
        url, window = settings.redis_url, settings.window
        counters = (
            in_redis(url.get_secret_value(), window) if url else in_memory(window)
        )
        self.close = counters.close
        self._turnstile = Turnstile(Rates(counters.requests, window))
        self._settings = settings
        models = settings.models if settings.enabled else ()
        self.admit = Admission(
            ModelLimits(self._turnstile, models),
            Charging(CapTable(settings), counters.amounts, pricing),
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
