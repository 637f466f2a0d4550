"""A scrape of any worker tells of all of them, and of no gateway that is gone."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text

from ccproxy.plugins.metrics.workers import Together, Workers
from fakes.process import serving

PARENT = os.getppid()
COUNTED = re.compile(r"^ccproxy_requests_total.* ([\d.]+)$", re.MULTILINE)
OPEN = re.compile(r"^ccproxy_requests_in_flight ([\d.]+)$", re.MULTILINE)


class Counted:
    """What a worker counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        own = {"registry": self.registry, "namespace": "ccproxy"}
        self.requests = Counter("requests", "x", ("model",), **own)  # type: ignore[arg-type]
        self.open = Gauge("open", "x", **own)  # type: ignore[arg-type]
        self.used = Gauge("limit_used_percent", "x", **own)  # type: ignore[arg-type]
        self.taken = Histogram("taken", "x", buckets=(1, 2), **own)  # type: ignore[arg-type]


@pytest.fixture
def counted() -> Counted:
    counted = Counted()
    counted.requests.labels("a").inc(2)
    counted.open.set(1)
    counted.used.set(40)
    counted.taken.observe(0.5)
    return counted


def write_as(name: str, folder: Path, counted: Counted) -> None:
    """Write what another worker would, whose name is this."""
    workers = Workers(folder, PARENT)
    workers.write(counted.registry.collect())
    (own,) = folder.glob(f"*/{os.getpid()}-*.json")
    own.rename(own.with_name(f"{name}.json"))


def name_of(process: int) -> str:
    """Name a process that lives as a folder of workers does."""
    stat = Path(f"/proc/{process}/stat").read_text()
    return f"{process}-{stat.rpartition(')')[2].split()[19]}"


def told(folder: Path, counted: Counted) -> dict[str, float]:
    """Read what a scrape of this worker tells, by sample."""
    together = Together(counted.registry, Workers(folder, PARENT))
    text = generate_latest(together).decode()
    return {
        each.name + "".join(each.labels.values()): each.value
        for family in parse_text(text)
        for each in family.samples
    }


@pytest.mark.unit
def test_what_workers_count_is_added_up(tmp_path: Path, counted: Counted) -> None:
    other = Counted()
    other.requests.labels("a").inc(5)
    other.requests.labels("b").inc()
    other.open.set(3)
    other.used.set(90)
    other.taken.observe(1.5)
    write_as(name_of(PARENT), tmp_path, other)  # a process that lives
    found = told(tmp_path, counted)
    assert found["ccproxy_requests_totala"] == 7
    assert found["ccproxy_requests_totalb"] == 1
    assert found["ccproxy_open"] == 4
    assert found["ccproxy_limit_used_percent"] == 90
    assert found["ccproxy_taken_bucket1.0"] == 1
    assert found["ccproxy_taken_bucket2.0"] == 2
    assert found["ccproxy_taken_sum"] == 2


@pytest.mark.unit
def test_a_worker_that_has_died_leaves_its_counts_and_no_gauge(
    tmp_path: Path, counted: Counted
) -> None:
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as dead:
        name = name_of(dead.pid)
    write_as(name, tmp_path, counted)
    found = told(tmp_path, counted)
    assert found["ccproxy_requests_totala"] == 4
    assert found["ccproxy_open"] == 1


@pytest.mark.unit
def test_a_process_that_has_the_number_of_a_dead_worker_brings_no_gauge_back(
    tmp_path: Path, counted: Counted
) -> None:
    write_as(f"{PARENT}-1", tmp_path, counted)
    assert told(tmp_path, counted)["ccproxy_open"] == 1


@pytest.mark.unit
def test_a_model_that_all_workers_pass_over_is_counted_once(tmp_path: Path) -> None:
    one = CollectorRegistry()
    Gauge("ccproxy_circuits", "x", registry=one).set(1)
    workers = Workers(tmp_path, PARENT)
    workers.write(one.collect())
    (own,) = tmp_path.glob("*/*.json")
    own.rename(own.with_name(f"{name_of(PARENT)}.json"))
    (circuits,) = Together(one, workers).collect()
    assert [each.value for each in circuits.samples] == [1]


@pytest.mark.unit
def test_what_has_not_changed_is_not_written_again(
    tmp_path: Path, counted: Counted
) -> None:
    workers = Workers(tmp_path, PARENT)

    def inode_after_writing() -> int:
        workers.write(counted.registry.collect())
        (file,) = tmp_path.glob("*/*.json")
        return file.stat().st_ino

    first = inode_after_writing()
    assert inode_after_writing() == first
    counted.open.set(2)
    assert inode_after_writing() != first
    (file,) = tmp_path.glob("*/*.json")
    file.unlink()
    assert inode_after_writing()


@pytest.mark.unit
def test_what_a_gateway_has_left_that_is_gone_is_swept(
    tmp_path: Path, counted: Counted
) -> None:
    write_as(name_of(PARENT), tmp_path, counted)
    (own,) = tmp_path.iterdir()
    for name in ("999999999-0", f"{PARENT}-1", "1-gone", "other"):
        (tmp_path / name).mkdir()
    Workers(tmp_path, PARENT).sweep()
    assert [*tmp_path.iterdir()] == [own]


@pytest.mark.unit
def test_what_can_not_be_read_counts_nothing(tmp_path: Path, counted: Counted) -> None:
    write_as(name_of(PARENT), tmp_path, counted)
    (file,) = tmp_path.glob("*/*.json")
    file.write_text(json.dumps([["half"]]))
    assert told(tmp_path, counted)["ccproxy_requests_totala"] == 2


def chat(model: str, *, stream: bool = False) -> dict[str, object]:
    said = [{"role": "user", "content": "hello " * 100}]
    return {"model": model, "messages": said, "stream": stream}


async def ask(url: str, times: int) -> str:
    """Ask so often, each over a new connection; return what is told then."""
    for _ in range(times):
        async with httpx.AsyncClient(base_url=url) as fresh:
            await fresh.post("/v1/chat/completions", json=chat("sandbox-echo"))
    async with httpx.AsyncClient(base_url=url) as fresh:
        return (await fresh.get("/metrics")).text


@pytest.mark.e2e
async def test_one_worker_tells_what_another_has_counted_that_was_killed(
    tmp_path: Path,
) -> None:
    """Before its death all of it, and then no request that it had open."""
    async with serving(tmp_path, "--workers", "2") as server, asyncio.timeout(30):
        first, second = _children(server.process.pid)
        with stopped(second):
            await ask(server.url, 5)
        while _shared_by(first, tmp_path, "ccproxy_requests_total") < 5:
            await ask(server.url, 0)
        with stopped(first):
            text = await ask(server.url, 7)
        assert sum(map(float, COUNTED.findall(text))) == 12
        with stopped(second):
            async with httpx.AsyncClient(base_url=server.url) as client:
                slow = chat("sandbox-slow", stream=True)
                url = "/v1/chat/completions"
                async with client.stream("POST", url, json=slow) as answer:
                    async for _ in answer.aiter_raw():
                        open_ = _shared_by(
                            first, tmp_path, "ccproxy_requests_in_flight"
                        )
                        if open_ == 1:
                            break
                    assert open_ == 1
                    os.kill(first, signal.SIGKILL)
        while OPEN.findall(text := await ask(server.url, 0)) != ["0.0"]:
            pass  # its parent has not noticed yet
        assert sum(map(float, COUNTED.findall(text))) == 12


def _children(process: int) -> list[int]:
    """Name the workers; the process that watches over resources is none."""
    told = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [
        int(each)
        for each in told
        if "resource_tracker" not in Path(f"/proc/{each}/cmdline").read_text()
    ]


def _shared_by(worker: int, home: Path, metric: str) -> float:
    """Tell what a worker has let the others know of."""
    counts: list[float] = [
        value
        for file in home.rglob(f"{worker}-*.json")
        for _, _, _, samples in json.loads(file.read_bytes())
        for name, _, value in samples
        if name == metric
    ]
    return sum(counts)


@contextmanager
def stopped(process: int) -> Iterator[None]:
    """Hold a worker, so that the other gets all connections."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)
