"""Metrics of a gateway with several workers, of which a scrape reaches but one.

Each worker writes what it counts to a file every few seconds; whoever is scraped adds
what the others have written. The library's own way, files that all values are kept in,
knows neither exemplars nor values that are read when somebody scrapes.
"""

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.samples import Sample

from ccproxy.sdk.disk import write_private

_OWN = ("process", "python", "ccproxy_build")
"""Of these everyone tells only what is so of itself."""
_LARGEST = (
    *("ccproxy_circuits", "ccproxy_limit"),
    *("ccproxy_plugins", "ccproxy_queue_lag"),
)
"""Of these the largest is told, where all else is added up: workers have the same
accounts, plugins and models, which a sum would count once for each worker; and a sum
of delays is none that anybody has."""


class Workers:
    """The workers of one gateway; a folder that all of them know.

    Args:
        folder: Where gateways with workers keep what they count.
        parent: The process that has started all of them.
    """

    def __init__(self, folder: Path, parent: int) -> None:
        self._folder = folder / _name(parent)
        self._file = self._folder / f"{_name(os.getpid())}.json"
        self._content = b""

    def sweep(self) -> None:
        """Remove what gateways have left that are gone."""
        with suppress(OSError):
            for each in self._folder.parent.iterdir():
                if not _runs(each.name):
                    shutil.rmtree(each, ignore_errors=True)

    def write(self, metrics: Iterable[Metric]) -> None:
        """Write what this worker counts, unless the file says so already.

        Raises:
            OSError: It can't be written.
        """
        told = [
            [each.name, each.documentation, each.type, _written(each)]
            for each in metrics
            if not each.name.startswith(_OWN)
        ]
        content = json.dumps(told).encode()
        if content != self._content or not self._file.exists():
            write_private(self._file, content)
            self._content = content

    def others(self) -> Iterator[Metric]:
        """Read what the others count; of one that is gone, what does not go away."""
        for file in sorted(self._folder.glob("[0-9]*.json")):
            if file == self._file:
                continue
            is_gone = not _runs(file.stem)
            with suppress(OSError, ValueError):
                for name, text, kind, samples in json.loads(file.read_bytes()):
                    if is_gone and kind == "gauge":
                        continue
                    metric = Metric(name, text, kind)
                    for each, labels, value in samples:
                        metric.add_sample(each, labels, value)
                    yield metric


class Together:
    """Stands in for a registry, and tells of all workers.

    Args:
        own: What this worker counts.
        workers: The others.
    """

    def __init__(self, own: CollectorRegistry, workers: Workers) -> None:
        self._own = own
        self._workers = workers

    def collect(self) -> Iterable[Metric]:
        """Add up what all of them count."""
        found: dict[str, Metric] = {}
        for metric in (*self._own.collect(), *self._workers.others()):
            known = found.get(metric.name)
            found[metric.name] = _added(known, metric) if known else metric
        return found.values()


def _added(one: Metric, other: Metric) -> Metric:
    """Add up two readings of a metric; exemplars are the first one's."""
    join = max if one.name.startswith(_LARGEST) else float.__add__
    samples = {_key(each): each for each in one.samples}
    for each in other.samples:
        key = _key(each)
        known = samples.get(key)
        if known is None:
            samples[key] = each
            continue
        value = (min if each.name.endswith("_created") else join)(
            float(known.value), float(each.value)
        )
        samples[key] = known._replace(value=value)
    added = Metric(one.name, one.documentation, one.type)
    added.samples = list(samples.values())
    return added


def _key(sample: Sample) -> tuple[str, frozenset[tuple[str, str]]]:
    return sample.name, frozenset(sample.labels.items())


def _written(metric: Metric) -> list[tuple[str, dict[str, str], float]]:
    return [(each.name, dict(each.labels), each.value) for each in metric.samples]


def _name(process: int) -> str:
    """Name a process such that a later one of its number has another name.

    Source: proc_pid_stat(5), of which the 22nd field is when the process began.
    """
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it is gone, or the system has no such file
        return f"{process}-{0 if _is_alive(process) else 'gone'}"
    return f"{process}-{fields[19]}"


def _runs(name: str) -> bool:
    """Tell whether the process of this name is there, not another of its number."""
    process = name.partition("-")[0]
    return process.isdigit() and name == _name(int(process))


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
