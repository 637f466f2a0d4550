"""Rates: counted by all or by none, and told exactly."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from limits import parse
from limits.aio.storage import MemoryStorage
from limits.errors import StorageError
from structlog.testing import capture_logs

from ccproxy.api.limits.outage import PAUSE, QUIET
from ccproxy.api.limits.rates import Counted, StoredRates
from ccproxy.api.limits.rates_memory import MemoryRates
from ccproxy.api.standing import Standing
from fakes.clock import Clock

pytestmark = pytest.mark.unit

MINE = Counted(parse("2/minute"), "mine")
OURS = Counted(parse("3/minute"), "ours")


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_a_sliding_rate_says_when_its_oldest_request_is_past(
    clock: Clock,
) -> None:
    rates = MemoryRates("sliding", clock)
    assert (await rates.take([MINE])).standing == Standing(2, 1, 60)
    clock.now += 30
    assert (await rates.take([MINE])).standing == Standing(2, 0, 30)
    clock.now += 10.5
    taken = await rates.take([MINE])
    assert (taken.refused_by, taken.standing) == ("mine", Standing(2, 0, 19.5))
    clock.now += taken.standing.wait if taken.standing else 0
    assert (await rates.take([MINE])).refused_by is None


async def test_a_fixed_rate_says_when_its_window_ends(clock: Clock) -> None:
    rates = MemoryRates("fixed", clock)
    for left in (1, 0):
        assert (await rates.take([MINE])).standing == Standing(2, left, 60)
    clock.now += 20
    taken = await rates.take([MINE])
    assert (taken.refused_by, taken.standing) == ("mine", Standing(2, 0, 40))
    clock.now += 40
    assert (await rates.take([MINE])).refused_by is None


@pytest.mark.parametrize("window", ["sliding", "fixed"])
async def test_what_one_rate_refuses_no_other_counts(clock: Clock, window: str) -> None:
    rates = MemoryRates("fixed" if window == "fixed" else "sliding", clock)
    for _ in range(9):
        last = await rates.take([OURS, MINE])
    assert last.refused_by == "mine"
    taken = await rates.take([OURS])
    assert (taken.refused_by, taken.standing) == (None, Standing(3, 0, 60))


async def test_the_rate_of_which_least_is_left_is_told(clock: Clock) -> None:
    rates = MemoryRates("sliding", clock)
    assert (await rates.take([OURS, MINE])).standing == Standing(2, 1, 60)


@settings(max_examples=60)
@given(st.lists(st.integers(0, 160), max_size=30), st.integers(1, 4))
def test_no_minute_ever_has_more_than_its_rate(
    quarters: Sequence[int], amount: int
) -> None:
    """And whoever is refused gets through when the wait is over."""

    async def run() -> None:
        clock = Clock()
        rates = MemoryRates("sliding", clock)
        rate = [Counted(parse(f"{amount}/minute"), "k")]
        through = []
        for pause in quarters:
            clock.now += pause / 4  # of a second, which floats hold exactly
            taken = await rates.take(rate)
            if taken.refused_by is not None and taken.standing is not None:
                clock.now += taken.standing.seconds
                taken = await rates.take(rate)
            assert taken.refused_by is None
            through.append(clock.now)
        for first, last in zip(through, through[amount:], strict=False):
            assert last - first >= 60

    asyncio.run(run())


class Elsewhere(MemoryStorage):
    """A storage that can't be reached, or does not answer."""

    silent = False
    asked = 0

    async def acquire_entry(
        self, key: str, limit: int, expiry: int, amount: int = 1
    ) -> bool:
        self.asked += 1
        if self.silent:
            await asyncio.Event().wait()
        raise StorageError(ConnectionError("redis://:secret@host is down"))


async def test_a_storage_that_fails_refuses_nobody_and_is_told_once(
    clock: Clock,
) -> None:
    rates = StoredRates(Elsewhere(), "sliding", clock)
    with capture_logs() as logs:
        for _ in range(3):
            taken = await rates.take([MINE])
            assert (taken.refused_by, taken.standing) == (None, None)
            clock.now += PAUSE
    assert [each["event"] for each in logs] == ["limits_not_counted"]
    assert "secret" not in str(logs)
    clock.now += QUIET
    with capture_logs() as logs:
        await rates.take([MINE])
    assert len(logs) == 1


async def test_a_storage_that_is_silent_holds_nobody_up(clock: Clock) -> None:
    storage = Elsewhere()
    storage.silent = True
    rates = StoredRates(storage, "sliding", clock, patience=0.01)
    with capture_logs() as logs:
        taken = await rates.take([MINE])
    assert taken.refused_by is None
    assert logs[0]["reason"] == "it does not answer"


async def test_a_storage_that_was_silent_is_left_alone_for_a_while(
    clock: Clock,
) -> None:
    """Or each request would wait for it."""
    storage = Elsewhere()
    storage.silent = True
    rates = StoredRates(storage, "sliding", clock, patience=0.01)
    for pause, asked in ((0, 1), (PAUSE - 1, 1), (1, 2)):
        clock.now += pause
        await rates.take([MINE])
        assert storage.asked == asked


def test_a_wait_is_told_in_whole_seconds_and_never_as_none() -> None:
    assert [Standing(1, 0, wait).seconds for wait in (-1, 0, 0.2, 19.5)] == [
        1,
        1,
        1,
        20,
    ]
    assert Standing(600, 12, 19.5).headers() == [
        (b"ratelimit-limit", b"600"),
        (b"ratelimit-remaining", b"12"),
        (b"ratelimit-reset", b"20"),
        (b"x-ccproxy-ratelimit-unit", b"requests"),
    ]
