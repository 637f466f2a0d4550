"""Histograms of seconds that cost little to add to.

The library's own walks through the bounds and takes two locks for each observation.
Hooks run on the event loop alone, so a list of counts is enough here.
"""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from time import time

from prometheus_client.metrics_core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar


class _Series:
    """The observations of one set of labels."""

    __slots__ = ("counts", "exemplars", "total")

    def __init__(self, buckets: int) -> None:
        self.counts = [0] * buckets
        self.exemplars: list[Exemplar | None] = [None] * buckets
        self.total = 0.0


class Histogram(Collector):
    """Counts how often something took how long.

    Args:
        name: The whole name of the metric.
        text: What it tells.
        labels: Names of its labels.
        bounds: Upper bounds of the buckets in seconds, ascending; what is longer has a
            bucket of its own.
    """

    def __init__(
        self, name: str, text: str, labels: tuple[str, ...], bounds: tuple[float, ...]
    ) -> None:
        self._name, self._text, self._labels = name, text, labels
        self._bounds = bounds
        self._les = [*(str(float(bound)) for bound in bounds), "+Inf"]
        self._series: dict[tuple[str, ...], _Series] = {}

    def observe(
        self,
        labels: tuple[str, ...],
        seconds: float,
        exemplar: dict[str, str] | None = None,
    ) -> None:
        """Count one observation, named by the exemplar if there is one."""
        series = self._series.get(labels)
        if series is None:
            series = self._series[labels] = _Series(len(self._les))
        bucket = bisect_left(self._bounds, seconds)
        series.counts[bucket] += 1
        series.total += seconds
        if exemplar is not None:
            series.exemplars[bucket] = Exemplar(exemplar, seconds, time())

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Tell all series; the scrape's thread calls it while the loop goes on."""
        family = HistogramMetricFamily(self._name, self._text, labels=self._labels)
        for labels, series in self._series.copy().items():
            up_to = accumulate(series.counts.copy())
            buckets = [
                (le, count, exemplar) if exemplar else (le, count)
                for le, count, exemplar in zip(
                    self._les, up_to, series.exemplars, strict=True
                )
            ]
            family.add_metric(labels, buckets, series.total)
        yield family
