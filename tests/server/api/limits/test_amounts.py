"""Tokens and money per window: in memory and in a real Redis, by the same rules."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from typing import Literal, TypeAlias
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from structlog.testing import capture_logs

from ccproxy.api.limits.amounts import MemoryAmounts
from ccproxy.api.limits.amounts_redis import RedisAmounts
from ccproxy.api.limits.caps import SLICES, Amounts, Book, Cap, Claim, Claimed, Unit
from ccproxy.api.limits.outage import PAUSE
from ccproxy.api.limits.windows import SWEPT
from ccproxy.api.standing import Standing
from ccproxy.models.quota import Quota
from fakes.clock import Clock
from fakes.redis_server import ONE_REDIS

Window: TypeAlias = Literal["sliding", "fixed"]
Make: TypeAlias = Callable[[Window], Amounts]

MINUTE = Cap("minute", "I", "limits.tokens", Unit.TOKENS, Quota(100, "minute"))
HOUR = Cap("hour", "We", "limits.address_tokens", Unit.TOKENS, Quota(150, "hour"))


@pytest.fixture
def clock() -> Clock:
    return Clock(960.0)


@pytest.fixture(
    params=[
        pytest.param("memory", marks=pytest.mark.unit),
        pytest.param("redis", marks=ONE_REDIS),
    ]
)
async def make(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[Make]:
    """Make what counts amounts."""
    if request.param == "memory":
        yield lambda window: MemoryAmounts(window, clock)
        return
    async with Redis.from_url(request.getfixturevalue("redis_url")) as client:
        await client.flushdb()
        yield lambda window: RedisAmounts(client, window, clock, patience=5)


async def settle(amounts: Amounts, claims: Iterable[Claim], used: int) -> None:
    amounts.settle(claims, {Unit.TOKENS: used})
    await amounts.close()


async def claim(amounts: Amounts, amount: int, *caps: Cap) -> Claimed:
    return await amounts.claim([(cap, amount) for cap in caps or (MINUTE,)])


def told(claimed: Claimed) -> tuple[str | None, int, float]:
    """Who refused, what is left, and how long to wait."""
    refused_by = claimed.refused_by.key if claimed.refused_by else None
    assert claimed.standing is not None
    return refused_by, claimed.standing.remaining, claimed.standing.wait


@pytest.mark.parametrize("window", ["sliding", "fixed"])
async def test_what_is_claimed_nobody_else_can_have(make: Make, window: Window) -> None:
    amounts = make(window)
    assert told(await claim(amounts, 60))[:2] == (None, 40)
    refused = await claim(amounts, 41)
    assert (refused.refused_by, refused.claims) == (MINUTE, ())
    assert (await claim(amounts, 40)).refused_by is None


async def test_in_a_sliding_window_amounts_end_one_after_the_other(
    make: Make, clock: Clock
) -> None:
    """After the whole window, and at most a slice later."""
    amounts = make("sliding")
    assert told(await claim(amounts, 60)) == (None, 40, 61)
    clock.now += 30.5
    assert told(await claim(amounts, 40)) == (None, 0, 30.5)
    assert told(await claim(amounts, 50)) == ("minute", 0, 30.5)
    assert told(await claim(amounts, 61)) == ("minute", 0, 60.5)
    clock.now += 30.5
    assert told(await claim(amounts, 60)) == (None, 0, 30)


async def test_a_fixed_window_begins_with_the_first_and_ends_at_once(
    make: Make, clock: Clock
) -> None:
    amounts = make("fixed")
    assert told(await claim(amounts, 60)) == (None, 40, 60)
    clock.now += 50
    assert told(await claim(amounts, 40)) == (None, 0, 10)
    assert told(await claim(amounts, 1)) == ("minute", 0, 10)
    clock.now += 10
    assert told(await claim(amounts, 100)) == (None, 0, 60)


@pytest.mark.parametrize("window", ["sliding", "fixed"])
@pytest.mark.parametrize("used", [0, 20, 100, 250])
async def test_what_was_used_takes_the_place_of_what_was_claimed(
    make: Make, window: Window, used: int
) -> None:
    amounts = make(window)
    claimed = await claim(amounts, 60)
    await settle(amounts, claimed.claims, used)
    left = max(100 - used, 0)
    refused = await claim(amounts, left + 1)
    assert (refused.refused_by is not None) is (used > 0)  # more than all gets through
    if used in (20, 100):
        assert told(await claim(amounts, left))[:2] == (None, 0)


async def test_what_one_cap_refuses_no_other_counts(make: Make) -> None:
    amounts = make("sliding")
    for _ in range(3):
        last = await claim(amounts, 60, HOUR, MINUTE)
    assert last.refused_by == MINUTE
    assert told(await claim(amounts, 90, HOUR))[1] == 0


async def test_the_cap_of_which_the_least_part_is_left_is_told(make: Make) -> None:
    claimed = await claim(make("fixed"), 60, HOUR, MINUTE)
    assert claimed.standing == Standing(100, 40, 60, "tokens")


async def test_what_is_more_than_a_whole_cap_gets_through_alone(make: Make) -> None:
    amounts = make("sliding")
    claimed = await claim(amounts, 1000)
    assert claimed.refused_by is None
    assert (await claim(amounts, 1)).refused_by == MINUTE
    await settle(amounts, claimed.claims, 30)
    assert (await claim(amounts, 1000)).refused_by == MINUTE
    assert (await claim(amounts, 70)).refused_by is None


async def test_what_ends_late_changes_no_later_window(make: Make, clock: Clock) -> None:
    amounts = make("fixed")
    claimed = await claim(amounts, 60)
    clock.now += 60
    await claim(amounts, 10)
    await settle(amounts, claimed.claims, 100)
    assert told(await claim(amounts, 90)) == (None, 0, 60)


async def test_as_many_as_come_at_once_claim_no_more_than_there_is(make: Make) -> None:
    amounts = make("sliding")
    claims = await asyncio.gather(*(claim(amounts, 7) for _ in range(40)))
    assert sum(each.refused_by is None for each in claims) == 14


@pytest.mark.services
@pytest.mark.xdist_group("redis")
async def test_two_gateways_share_what_is_in_a_redis(
    redis_url: str, clock: Clock
) -> None:
    cap = replace(MINUTE, key=uuid4().hex)
    async with Redis.from_url(redis_url) as one, Redis.from_url(redis_url) as two:
        first, second = (
            RedisAmounts(each, "sliding", clock, patience=5) for each in (one, two)
        )
        claimed = await claim(first, 60, cap)
        assert (await claim(second, 60, cap)).refused_by == cap
        await settle(second, claimed.claims, 0)
        assert (await claim(second, 60, cap)).refused_by is None
        assert await one.pttl(f"ccproxy/sliding/amounts/{cap.key}") <= 61_000


@pytest.mark.unit
async def test_a_redis_that_is_not_there_refuses_nobody_and_is_told_once(
    clock: Clock,
) -> None:
    async with Redis(port=1, retry=Retry(NoBackoff(), 0)) as client:
        amounts = RedisAmounts(client, "sliding", clock, patience=5)
        with capture_logs() as logs:
            assert await claim(amounts, 60) == Claimed()
            clock.now += PAUSE
            assert await claim(amounts, 60) == Claimed()
            await settle(amounts, [Claim(MINUTE, 60, 1)], 1)
    assert [each["event"] for each in logs] == ["limits_not_counted"]


@pytest.mark.unit
async def test_windows_that_have_ended_are_forgotten_a_few_at_a_time(
    clock: Clock,
) -> None:
    amounts = MemoryAmounts("sliding", clock)
    for number in range(100):
        await claim(amounts, 1, replace(MINUTE, key=f"old {number}"))
    clock.now += 61
    await claim(amounts, 1)
    assert len(amounts) == 101 - SWEPT


@pytest.mark.unit
async def test_there_are_never_more_windows_than_the_most(clock: Clock) -> None:
    amounts = MemoryAmounts("sliding", clock, most=10)
    for number in range(100):
        claimed = await claim(amounts, 60, replace(MINUTE, key=str(number)))
        assert len(amounts) <= 10
    await settle(amounts, [claimed.claims[0]._replace(cap=MINUTE)], 1)  # forgotten
    assert (await claim(amounts, 60, replace(MINUTE, key="99"))).refused_by


@pytest.mark.unit
@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 100)), max_size=30),
    st.data(),
)
def test_no_minute_ever_has_more_than_its_tokens(
    asked: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Where nothing uses more than it has claimed; and whoever waits gets through."""

    async def run() -> None:
        clock = Clock(960.0)
        amounts = MemoryAmounts("sliding", clock)
        through: list[tuple[float, int]] = []
        for pause, amount in asked:
            clock.now += pause / 2
            claimed = await claim(amounts, amount)
            if claimed.refused_by is not None and claimed.standing is not None:
                clock.now += claimed.standing.wait
                claimed = await claim(amounts, amount)
            assert claimed.refused_by is None
            used = data.draw(st.integers(0, amount))
            await settle(amounts, claimed.claims, used)
            through.append((clock.now, used))
        for begin, _ in through:
            minute = [used for at, used in through if begin <= at < begin + 60]
            assert sum(minute) <= 100

    asyncio.run(run())


@pytest.mark.unit
def test_a_second_has_slices_too() -> None:
    cap = replace(MINUTE, quota=Quota(1, "second"))
    assert cap.until(999, Book(), fixed=False) == 1008 + 1000 - 1008 % (1000 // SLICES)
