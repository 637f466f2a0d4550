"""The request log for a minute at a time; ``make soak`` runs this, no other target."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from ccproxy.storage.duckdb import SimpleDuckDBStorage
from fakes.databases import on_a_file
from fakes.holder import held
from fakes.records import record

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300), on_a_file]

Keep = Callable[..., SimpleDuckDBStorage]

STEP = 0.05
"""Seconds; as often so many records come at once."""
LATE = 0.25
"""Seconds the loop may be late."""
PATIENCE = 60.0


async def put(storage: SimpleDuckDBStorage, a_second: int, seconds: float) -> int:
    """Put records for so long, never waiting, and tell how many that were."""
    number = 0
    async for due in _steps(seconds):
        while number < due * a_second:
            storage.put(record())
            number += 1
    return number


async def _steps(seconds: float) -> AsyncIterator[float]:
    """Yield the seconds that have passed, and see that the loop is not held up."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for step in itertools.count(1):
        if (due := step * STEP) > seconds:
            return
        await asyncio.sleep(began + due - loop.time())  # pace is what is tested
        assert loop.time() - began < due + LATE
        yield due


async def test_five_thousand_records_a_second_are_written_for_a_minute(
    keep: Keep,
) -> None:
    storage = keep()
    number = await put(storage, 5000, 60)
    await storage.flush(PATIENCE)
    assert (storage.written, storage.dropped) == (number, 0) == (300_000, 0)


@pytest.mark.parametrize("a_second", [200, 1000])
async def test_a_file_held_for_half_a_minute_blocks_nothing_and_the_counts_add_up(
    keep: Keep, url: str, a_second: int
) -> None:
    """What the queue can hold is written; what it can't is counted."""
    storage = keep()
    await put(storage, a_second, 1)
    await storage.flush(PATIENCE)
    before = storage.written
    with held(Path(url.removeprefix("duckdb:///"))) as holder:
        number = await put(storage, a_second, 30)
        assert storage.written == before
        holder.kill()
    await storage.flush(PATIENCE)
    assert storage.written + storage.dropped == before + number
    assert (storage.dropped > 0) is (number > 10_000 + 5000)
