"""A queue that never makes anybody wait."""

import asyncio

import pytest
import structlog

from ccproxy.concurrency.worker import QueueWorker

pytestmark = pytest.mark.unit


async def test_items_are_handed_over_in_order_and_in_batches() -> None:
    batches: list[list[int]] = []

    async def take(batch: list[int]) -> None:
        batches.append(batch)

    worker = QueueWorker("test", take, batch=3)
    for number in range(7):
        assert worker.put(number)
    worker.start()
    await worker.stop(grace=5)
    assert batches == [[0, 1, 2], [3, 4, 5], [6]]


async def test_a_full_queue_drops_counts_and_warns_once_per_interval() -> None:
    now = 0.0
    worker = QueueWorker("test", _nothing, size=2, warn_every=60, clock=lambda: now)
    with structlog.testing.capture_logs() as logs:
        taken = [worker.put(number) for number in range(5)]
        assert taken == [True, True, False, False, False]
        for passed in (59.0, 1.0, 59.0):
            now += passed
            worker.put(6)
    assert (worker.dropped, worker.depth) == (6, 2)
    told = [(line["event"], line["dropped"]) for line in logs]
    assert told == [("queue_full", 1), ("queue_full", 5)]


async def test_stopping_cuts_off_a_handler_that_hangs() -> None:
    async def hang(batch: list[int]) -> None:
        del batch
        await asyncio.Event().wait()

    worker = QueueWorker("test", hang)
    worker.start()
    worker.put(1)
    worker.put(2)
    await worker.stop(grace=0.01)
    assert worker.dropped >= 1


async def test_stopping_twice_or_before_the_start_does_nothing() -> None:
    worker = QueueWorker("test", _nothing)
    await worker.stop(grace=1)
    worker.start()
    await worker.stop(grace=1)
    await worker.stop(grace=1)
    assert worker.dropped == 0


async def test_a_batch_gathers_until_it_is_full() -> None:
    batches: asyncio.Queue[list[int]] = asyncio.Queue()
    worker = QueueWorker("test", batches.put, batch=3, linger=60)
    worker.start()
    for number in range(3):
        await asyncio.sleep(0)  # the worker has its first before the others come
        worker.put(number)
    assert await asyncio.wait_for(batches.get(), 5) == [0, 1, 2]
    await worker.stop(grace=5)


async def test_a_batch_that_does_not_fill_goes_when_its_time_is_over() -> None:
    batches: asyncio.Queue[list[int]] = asyncio.Queue()
    worker = QueueWorker("test", batches.put, batch=100, linger=0.01)
    worker.start()
    worker.put(1)
    worker.put(2)
    assert await asyncio.wait_for(batches.get(), 5) == [1, 2]
    await worker.stop(grace=5)


async def test_flushing_and_stopping_wait_for_nothing_to_gather() -> None:
    batches: list[list[int]] = []

    async def take(batch: list[int]) -> None:
        batches.append(batch)

    worker = QueueWorker("test", take, batch=100, linger=60)
    worker.start()
    for ending in (worker.flush(), worker.flush(), worker.stop(grace=5)):
        worker.put(1)
        await asyncio.wait_for(ending, 5)
    assert batches == [[1], [1], [1]]


async def test_flushing_waits_for_nothing_that_comes_later() -> None:
    """Or whoever flushes would wait for as long as others go on."""
    handled: list[int] = []

    async def take(batch: list[int]) -> None:
        handled.extend(batch)
        worker.put(handled[-1] + 1)
        await asyncio.sleep(0)  # others have their turn, as they have while one writes

    worker = QueueWorker("test", take, linger=60)
    worker.start()
    worker.put(1)
    worker.put(2)
    await asyncio.wait_for(worker.flush(), 5)
    assert {1, 2} <= {*handled}
    assert worker.depth


async def test_items_that_waited_too_long_are_one_warning_per_interval() -> None:
    now = 0.0
    worker = QueueWorker("test", _nothing, lag_warning=10, clock=lambda: now)
    worker.start()
    with structlog.testing.capture_logs() as logs:
        for waited in (10.0, 11.0, 20.0, 60.0):
            worker.put(1)
            worker.put(2)
            now += waited
            await worker.flush()
    told = [(line["event"], line["seconds"]) for line in logs]
    assert told == [("queue_lags", 11.0), ("queue_lags", 60.0)]
    await worker.stop(grace=5)


async def test_what_is_cut_off_is_counted_with_what_is_in_hand() -> None:
    async def hang(batch: list[int]) -> None:
        del batch
        await asyncio.Event().wait()

    worker = QueueWorker("test", hang, batch=2)
    for number in range(5):
        worker.put(number)
    worker.start()
    await worker.stop(grace=0.01)
    assert (worker.dropped, worker.depth) == (5, 0)


async def test_a_handler_that_raises_loses_its_batch_alone() -> None:
    handled: list[list[int]] = []

    async def take(batch: list[int]) -> None:
        if 2 in batch:
            raise ValueError("nobody can eat this")
        handled.append(batch)

    worker = QueueWorker("test", take, batch=2)
    worker.start()
    with structlog.testing.capture_logs() as logs:
        for batch in ([1, 2, 3, 4], [5, 2], [6]):
            for number in batch:
                worker.put(number)
            await worker.flush()
    assert (handled, worker.dropped, worker.depth) == ([[3, 4], [6]], 4, 0)
    lost = [(each["event"], each["lost"]) for each in logs]
    assert lost == [("queue_batch_lost", 2)] * 2
    await worker.stop(grace=5)


async def test_what_waits_behind_a_handler_that_raises_at_the_end_is_counted() -> None:
    async def raises(batch: list[int]) -> None:
        raise ValueError(batch)

    worker = QueueWorker("test", raises)
    for number in range(3):
        worker.put(number)
    worker.start()
    await worker.stop(grace=5)
    assert (worker.dropped, worker.depth) == (3, 0)


async def test_an_idle_worker_is_never_woken() -> None:
    worker = QueueWorker("test", _nothing, batch=10, linger=0.001)
    worker.start()
    worker.put(1)
    await worker.flush()
    loop = asyncio.get_running_loop()
    timers: list[object] = loop._scheduled  # type: ignore[attr-defined]  # no other way
    assert [each for each in timers if not each.cancelled()] == []  # type: ignore[attr-defined]  # timer handles
    await worker.stop(grace=5)


async def _nothing(batch: list[int]) -> None:
    del batch
