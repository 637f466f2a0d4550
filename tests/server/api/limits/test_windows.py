"""Windows in memory: never too many, and forgotten without a pause."""

import pytest
from limits import parse

from ccproxy.api.limits.rates import Counted
from ccproxy.api.limits.rates_memory import MemoryRates
from ccproxy.api.limits.windows import SWEPT, Windows
from fakes.clock import Clock

pytestmark = pytest.mark.unit

ONE = Counted(parse("3/minute"), "a")


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_what_has_ended_is_forgotten_a_little_at_a_time() -> None:
    """No request pays for a thousand others."""
    windows: Windows[list[float]] = Windows(list, lambda held: held[0])
    for number in range(1000):
        windows.find(f"old {number}").append(60)
    windows.find("new").append(120)
    windows.sweep(60)
    assert len(windows) == 1001 - SWEPT
    for _ in range(1000):
        windows.sweep(60)
    assert len(windows) == 1
    assert windows.get("new") == [120]
    for _ in range(2):
        windows.sweep(120)
        windows.find("last").append(1)


def test_there_are_never_more_than_the_most() -> None:
    """Those used longest ago are forgotten first."""
    windows: Windows[list[float]] = Windows(list, lambda held: held[0], most=10)
    for number in range(100):
        windows.find("used").append(1000)
        windows.find(str(number)).append(1000)
        windows.sweep(0)
        assert len(windows) <= 10
    assert windows.get("used") == [1000] * 100
    assert windows.get("1") is None


@pytest.mark.parametrize("window", ["sliding", "fixed"])
async def test_a_window_that_begins_anew_takes_no_more_room(
    clock: Clock, window: str
) -> None:
    rates = MemoryRates("fixed" if window == "fixed" else "sliding", clock, most=5)
    for _ in range(50):
        clock.now += 60
        left = [(await rates.take([ONE])).standing for _ in range(3)]
        assert [each and each.remaining for each in left] == [2, 1, 0]
        await rates.take([ONE._replace(key="b")])
    assert len(rates) == 2


async def test_callers_who_come_once_leave_nothing_behind(clock: Clock) -> None:
    rates = MemoryRates("sliding", clock)
    for number in range(1000):
        await rates.take([ONE._replace(key=str(number))])
        clock.now += 1
    assert len(rates) <= 60
