"""Requests per window, in memory: exact, and never more than there is room for."""

import pytest

from ccproxy.api.windows import SWEPT, Windows
from fakes.clock import Clock

pytestmark = pytest.mark.unit


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_a_fixed_window_counts_from_the_first_on_and_then_anew(
    clock: Clock,
) -> None:
    windows = Windows(clock)
    assert [await windows.incr("a", 60) for _ in range(3)] == [1, 2, 3]
    assert (await windows.get("a"), await windows.get("b")) == (3, 0)
    clock.now = 1059
    assert await windows.get_expiry("a") == 1060
    clock.now = 1060
    assert await windows.get("a") == 0
    assert await windows.get_expiry("a") == 1060
    assert await windows.incr("a", 60) == 1


async def test_a_moving_window_has_room_again_when_its_oldest_is_past(
    clock: Clock,
) -> None:
    windows = Windows(clock)
    taken = []
    for clock.now in (1000, 1030, 1059.9, 1060, 1089, 1090):
        taken.append(await windows.acquire_entry("a", 2, 60))
    assert taken == [True, True, False, True, False, True]
    assert await windows.get_moving_window("a", 2, 60) == (1060, 2)


async def test_more_than_a_window_holds_never_fits(clock: Clock) -> None:
    assert not await Windows(clock).acquire_entry("a", 2, 60, amount=3)


async def test_a_window_in_which_nothing_came_is_empty(clock: Clock) -> None:
    windows = Windows(clock)
    assert await windows.get_moving_window("a", 2, 60) == (1000, 0)
    await windows.acquire_entry("a", 2, 60)
    clock.now = 2000
    assert await windows.get_moving_window("a", 2, 60) == (2000, 0)


async def test_what_has_ended_is_forgotten_a_little_at_a_time(clock: Clock) -> None:
    """No request pays for a thousand others."""
    windows = Windows(clock)
    for number in range(1000):
        await windows.incr(f"old {number}", 60)
    clock.now = 1060
    await windows.incr("new", 60)
    assert len(windows) == 1001 - SWEPT
    for number in range(1000):
        await windows.acquire_entry(f"new {number}", 1, 60)
    assert len(windows) == 1001


async def test_a_window_that_moves_on_is_kept(clock: Clock) -> None:
    windows = Windows(clock)
    for clock.now in (1000, 1050, 1100):
        assert await windows.acquire_entry("a", 3, 60)
    await windows.incr("b", 60)
    assert await windows.get_moving_window("a", 3, 60) == (1050, 2)
    clock.now = 1160
    await windows.incr("c", 60)
    assert len(windows) == 1


async def test_there_are_never_more_than_the_most(clock: Clock) -> None:
    """Those that would end first are forgotten first."""
    windows = Windows(clock, most=10)
    for number in range(100):
        clock.now += 1
        await windows.incr(f"fixed {number}", 1000)
        await windows.acquire_entry(f"moving {number}", 1, 1000)
        assert len(windows) <= 10
    assert await windows.get("fixed 99") == 1


async def test_a_window_that_begins_anew_takes_no_more_room(clock: Clock) -> None:
    windows = Windows(clock, most=5)
    for _ in range(50):
        clock.now += 60
        for count in (1, 2, 3):
            assert await windows.incr("a", 60) == count
            assert await windows.acquire_entry("b", 3, 60)
    assert len(windows) == 2


async def test_a_window_can_be_cleared_and_all_of_them(clock: Clock) -> None:
    windows = Windows(clock)
    for key in "abc":
        await windows.incr(key, 60)
    await windows.clear("a")
    await windows.clear("unknown")
    assert (await windows.get("a"), await windows.get("b")) == (0, 1)
    assert (await windows.check(), await windows.reset(), len(windows)) == (True, 2, 0)
