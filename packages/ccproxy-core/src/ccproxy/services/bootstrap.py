"""The one place where services are made and tied together."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeAlias

from ccproxy.concurrency.worker import QueueWorker
from ccproxy.config import Settings, paths
from ccproxy.dialects.masking import mask_said
from ccproxy.hooks.bus import HookBus
from ccproxy.http.pool import HTTPPoolManager, PoolOptions
from ccproxy.models.spending import SpentOn
from ccproxy.prices.book import PriceBook
from ccproxy.sdk import PluginContext, ProfileAdapter, Provider, Upstream
from ccproxy.sdk.vitals import QueueReading, Reading, Vitals
from ccproxy.services.client_keys import ClientKeys
from ccproxy.services.container import ServiceContainer
from ccproxy.services.costs import CostTeller, tell_costs
from ccproxy.services.pricing import Pricing
from ccproxy.services.profile import ProfileService
from ccproxy.services.request_log import RequestLog
from ccproxy.services.spending import Spending
from ccproxy.storage.bodies import BodyStorage
from ccproxy.storage.database import Database
from ccproxy.storage.duckdb import RecordOptions, SimpleDuckDBStorage

_Kept: TypeAlias = SimpleDuckDBStorage | BodyStorage | QueueWorker[SpentOn] | None
"""What writes behind, if anything is to be kept."""


def build_container(
    settings: Settings,
    *,
    adapters: Callable[[], Mapping[str, ProfileAdapter]] = dict,
    migrations: Callable[[], Mapping[str, str]] = dict,
    providers: Callable[[], Mapping[str, Provider]] = dict,
    upstream: Upstream | None = None,
) -> ServiceContainer:
    """Make the services; nothing is opened or started yet.

    Closing the container closes them, what was provided last first: queued hooks are
    delivered while the network is still there.

    Args:
        settings: The effective settings.
        adapters: Tells who fetches profiles, by provider.
        migrations: Tells where plugins have their migrations, by the plugin's name.
        providers: Tells who answers, by name.
        upstream: Stands in for the network below the relay, in tests.
    """
    container = ServiceContainer()
    container.provide(Settings, settings)
    pool = HTTPPoolManager(_pool_options(settings), upstream=upstream)
    container.provide(HTTPPoolManager, pool, close=pool.close)
    database = Database(settings.storage_url, migrations)
    container.provide(Database, database, close=database.close)
    _callers(settings, database, container)
    prices = PriceBook(settings.prices.models, lambda: _price_urls(providers()))
    pricing = Pricing(prices)
    container.provide(Pricing, pricing, close=pricing.close)
    bus = HookBus(
        timeout=settings.hooks.timeout_seconds, queue_size=settings.hooks.queue_size
    )
    storage = _storage(settings, database, container, prices, bus)
    bodies = _bodies(settings, database, container)
    container.provide(HookBus, bus, close=bus.stop)
    workers = settings.server.workers
    requests = RequestLog(database, bus, storage, workers, bodies=bodies)
    container.provide(RequestLog, requests)
    requests.start()
    profiles = ProfileService(database, bus, adapters)
    container.provide(ProfileService, profiles, close=profiles.close)
    profiles.start()
    kept: dict[str, _Kept] = {"request records": storage, "request bodies": bodies}
    if settings.keeps_spending:
        kept["spending"] = container.get(Spending).queue
    container.provide(Vitals, Vitals(partial(_read, pool, bus, kept, profiles)))
    return container


def plugin_context(
    container: ServiceContainer, data_dir: Path | None = None
) -> PluginContext:
    """Say what plugins may use of the services.

    Args:
        container: Made by ``build_container``, its pool open.
        data_dir: Where they keep files; by default the gateway's own folder.
    """
    return PluginContext(
        http=container.get(HTTPPoolManager).client,
        publish=container.get(HookBus).publish,
        profiles=container.get(ProfileService),
        database=container.get(Database),
        get=container.get,
        data_dir=data_dir or paths.data_dir(),
        workers=container.get(Settings).server.workers,
    )


def _read(
    pool: HTTPPoolManager,
    bus: HookBus,
    kept: Mapping[str, _Kept],
    profiles: ProfileService,
) -> Reading:
    """Read how the services are."""
    queues = [
        QueueReading(lane.name, lane.depth, lane.lag, lane.dropped)
        for lane in bus.lanes
    ]
    queues += [
        QueueReading(name, storage.depth, storage.lag, storage.dropped)
        for name, storage in kept.items()
        if storage is not None
    ]
    return Reading(
        queues=tuple(queues),
        hook_failures=bus.failures,
        connections=pool.connections,
        profiles=profiles.known,
    )


def _callers(
    settings: Settings, database: Database, container: ServiceContainer
) -> None:
    """Make what knows client keys, and what callers have spent, if that matters."""
    if settings.security.keys:
        keys = ClientKeys(database)
        container.provide(ClientKeys, keys, close=keys.stop)
    if settings.keeps_spending:
        spending, grace = Spending(database), settings.server.grace_seconds
        container.provide(Spending, spending, close=lambda: spending.stop(grace))


def _storage(
    settings: Settings,
    database: Database,
    container: ServiceContainer,
    prices: PriceBook,
    bus: HookBus,
) -> SimpleDuckDBStorage | None:
    """Make what keeps records, if they are to be kept, or else what prices them."""
    section = settings.storage
    grace = settings.server.grace_seconds
    if not section.request_log:
        teller = CostTeller(bus, prices.priced)
        container.provide(CostTeller, teller, close=lambda: teller.stop(grace))
        teller.start()
        return None
    options = RecordOptions(
        queue_size=section.queue_size,
        batch_size=section.batch_size,
        flush_seconds=section.flush_seconds,
        lag_warning=section.lag_warning_seconds,
        retention_days=section.retention_days,
        bodies_days=settings.capture.retention_days,
        archive_dir=section.archive_dir,
    )
    storage = SimpleDuckDBStorage(
        database, options, price=prices.priced, priced=partial(tell_costs, bus)
    )
    return container.provide(
        SimpleDuckDBStorage, storage, close=lambda: storage.stop(grace)
    )


def _bodies(
    settings: Settings, database: Database, container: ServiceContainer
) -> BodyStorage | None:
    """Make what keeps bodies, if some are to be kept."""
    if not settings.capture.providers:
        return None
    mask = partial(mask_said, most=settings.capture.max_bytes)
    bodies, grace = BodyStorage(database, mask), settings.server.grace_seconds
    return container.provide(BodyStorage, bodies, close=lambda: bodies.stop(grace))


def _price_urls(providers: Mapping[str, Provider]) -> dict[str, str]:
    """Tell at which API's prices each provider answers."""
    return {
        name: provider.priced_as or provider.base_url
        for name, provider in providers.items()
    }


def _pool_options(settings: Settings) -> PoolOptions:
    """Say the settings ``[http]`` in the pool's own words."""
    http = settings.http
    return PoolOptions(
        connect_timeout=http.connect_timeout,
        read_timeout=http.read_timeout,
        max_connections=http.max_connections,
        proxy=http.proxy.get_secret_value() if http.proxy else None,
        ca_file=http.ca_file,
        trust_env=http.trust_env,
    )
