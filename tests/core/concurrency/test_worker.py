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


async def test_a_full_queue_drops_counts_and_warns_once() -> None:
    worker = QueueWorker("test", _nothing, size=2)
    with structlog.testing.capture_logs() as logs:
        taken = [worker.put(number) for number in range(5)]
    assert taken == [True, True, False, False, False]
    assert worker.dropped == 3
    assert worker.depth == 2
    assert [line["event"] for line in logs] == ["queue_full"]


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


async def _nothing(batch: list[int]) -> None:
    del batch
