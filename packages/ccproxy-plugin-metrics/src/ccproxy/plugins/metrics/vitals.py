"""What is read of the gateway itself when somebody scrapes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ccproxy.plugins.metrics.requests import PREFIX
from ccproxy.sdk import AccountProfile, LimitWindow
from ccproxy.sdk.vitals import ConnectionsReading, QueueReading, Reading

MOST_WINDOWS = 20
"""Limits of an account that are told of: those of which most is used."""


class VitalsCollector(Collector):
    """Turns a reading into metrics; between two scrapes it costs nothing.

    Args:
        read: Reads how the gateway is.
        clock: The time, aware.
    """

    def __init__(
        self,
        read: Callable[[], Reading],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._read = read
        self._clock = clock

    def collect(self) -> Iterable[Metric]:
        """Read, and tell."""
        reading = self._read()
        yield from _of_queues(reading.queues)
        yield CounterMetricFamily(
            f"{PREFIX}_hook_failures",
            "Deliveries of an event to a hook that have failed.",
            value=reading.hook_failures,
        )
        yield from _of_connections(reading.connections)
        yield from _of_limits(reading.profiles, self._clock())


def _of_queues(queues: Iterable[QueueReading]) -> Iterator[Metric]:
    depth = GaugeMetricFamily(
        f"{PREFIX}_queue_depth", "Items that wait in a queue.", labels=("queue",)
    )
    lag = GaugeMetricFamily(
        f"{PREFIX}_queue_lag_seconds",
        "For how long the oldest of them has waited.",
        labels=("queue",),
    )
    dropped = CounterMetricFamily(
        f"{PREFIX}_queue_dropped",
        "Items that will never be worked on.",
        labels=("queue",),
    )
    for each in queues:
        depth.add_metric((each.name,), each.depth)
        lag.add_metric((each.name,), each.lag)
        dropped.add_metric((each.name,), each.dropped)
    yield from (depth, lag, dropped)


def _of_connections(connections: ConnectionsReading) -> Iterator[Metric]:
    now = GaugeMetricFamily(
        f"{PREFIX}_upstream_connections",
        "Connections to upstreams.",
        labels=("state",),
    )
    now.add_metric(("in_use",), connections.in_use)
    now.add_metric(("idle",), connections.idle)
    yield now
    yield CounterMetricFamily(
        f"{PREFIX}_upstream_connections_opened",
        "Connections to upstreams that were opened.",
        value=connections.opened,
    )


def _of_limits(profiles: Iterable[AccountProfile], now: datetime) -> Iterator[Metric]:
    used = GaugeMetricFamily(
        f"{PREFIX}_limit_used_percent",
        "How much of a limit of the active account is used.",
        labels=("provider", "window"),
    )
    resets = GaugeMetricFamily(
        f"{PREFIX}_limit_reset_seconds",
        "How long until its window begins anew.",
        labels=("provider", "window"),
    )
    for profile in profiles:
        for name, window in _told_apart(profile).items():
            labels = (profile.provider, name)
            is_over = window.resets_at is not None and window.resets_at <= now
            # of an account at rest nobody says so: it would seem used up for good
            used.add_metric(labels, 0.0 if is_over else window.used_percent)
            if window.resets_at is not None:
                left = (window.resets_at - now).total_seconds()
                resets.add_metric(labels, max(0.0, left))
    yield from (used, resets)


def _told_apart(profile: AccountProfile) -> Mapping[str, LimitWindow]:
    """Find an account's windows by name; of a name that comes twice, the fuller one.

    The names are the provider's own, so there are only so many.
    """
    found: dict[str, LimitWindow] = {}
    fullest_first = sorted(profile.limits, key=lambda each: -each.used_percent)
    for window in fullest_first:
        if len(found) < MOST_WINDOWS:
            found.setdefault(window.name, window)
    return found
