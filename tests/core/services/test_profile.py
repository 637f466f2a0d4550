"""Account facts: fetched once, kept, told of, and old rather than gone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ccproxy.errors import (
    BadRequestError,
    CCProxyError,
    CredentialError,
    StorageError,
    UnknownProviderError,
    UpstreamError,
)
from ccproxy.hooks.bus import HookBus
from ccproxy.hooks.events import (
    AuthLogin,
    AuthLogout,
    AuthTokenRefreshed,
    Event,
    ProfileUpdated,
)
from ccproxy.sdk import LimitWindow, ProfileAdapter, ProfileFields
from ccproxy.services.profile import ProfileService
from ccproxy.storage.database import Database

pytestmark = pytest.mark.integration

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
ACCOUNT = ProfileFields(account="acc-1", email="a@example.com", plan="pro")


class Vendor:
    """Tells of its accounts, or fails, as the test wishes."""

    def __init__(self, *accounts: ProfileFields) -> None:
        self.accounts: Sequence[ProfileFields] = accounts
        self.failure: CCProxyError | None = None
        self.asked = 0
        self.free = asyncio.Event()
        self.free.set()

    async def __call__(self) -> Sequence[ProfileFields]:
        self.asked += 1
        accounts = self.accounts
        await self.free.wait()
        if self.failure is not None:
            raise self.failure
        return accounts


class World:
    """A service with one vendor, a clock in hand, and what was published."""

    def __init__(self, url: str) -> None:
        self.now = START
        self.vendor = Vendor(ACCOUNT)
        self.adapters: dict[str, ProfileAdapter] = {"acme": self.vendor}
        self.bus = HookBus()
        self.updates: list[ProfileUpdated] = []
        self.updated = asyncio.Event()
        self.bus.subscribe("test", ProfileUpdated, self._see)
        self.database = Database(url)
        self.service = ProfileService(
            self.database, self.bus, lambda: self.adapters, clock=lambda: self.now
        )
        self.service.start()

    def _see(self, event: Event) -> None:
        assert isinstance(event, ProfileUpdated)
        self.updates.append(event)
        self.updated.set()

    @property
    def told(self) -> list[tuple[str, tuple[str, ...]]]:
        return [(each.provider, each.fields) for each in self.updates]

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Wait for updates until something holds."""
        while not await holds():
            self.updated.clear()
            await asyncio.wait_for(self.updated.wait(), 10)

    async def plan(self) -> str | None:
        profile = await self.service.load_profile("acme")
        return profile.plan if profile else None


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = World(f"duckdb:///{tmp_path}/data/ccproxy.duckdb")
    yield world
    await world.service.close()
    await world.database.close()


async def test_what_is_fetched_is_kept_and_told_without_values(world: World) -> None:
    assert await world.service.load_profile("acme") is None
    profile = await world.service.refresh_profile("acme")
    assert profile is not None
    assert (profile.email, profile.plan, profile.updated_at) == (
        "a@example.com",
        "pro",
        START,
    )
    assert await world.service.load_profile("acme") == profile
    assert world.told == [("acme", ("active", "email", "plan"))]


async def test_nothing_is_told_when_nothing_changed(world: World) -> None:
    await world.service.refresh_profile("acme")
    world.updates.clear()
    world.now += timedelta(hours=1)
    profile = await world.service.refresh_profile("acme")
    assert world.updates == []
    assert profile is not None
    assert profile.updated_at == world.now


async def test_the_provider_is_asked_again_only_after_a_while(world: World) -> None:
    first = await world.service.get_cached("acme")
    world.now += timedelta(minutes=4, seconds=59)
    assert await world.service.get_cached("acme") is first
    assert world.vendor.asked == 1
    world.now += timedelta(seconds=1)
    await world.service.get_cached("acme")
    assert world.vendor.asked == 2


async def test_a_hundred_callers_at_once_make_one_fetch(world: World) -> None:
    world.vendor.free.clear()
    callers = [
        asyncio.create_task(world.service.get_cached("acme")) for _ in range(100)
    ]
    await asyncio.sleep(0)
    world.vendor.free.set()
    profiles = await asyncio.gather(*callers)
    assert world.vendor.asked == 1
    assert {each.plan for each in profiles if each} == {"pro"}
    assert len(world.updates) == 1


async def test_a_caller_that_leaves_does_not_end_the_fetch_of_others(
    world: World,
) -> None:
    world.vendor.free.clear()
    leaving = asyncio.create_task(world.service.refresh_profile("acme"))
    staying = asyncio.create_task(world.service.refresh_profile("acme"))
    await asyncio.sleep(0)
    leaving.cancel()
    world.vendor.free.set()
    profile = await staying
    assert profile is not None
    assert leaving.cancelled()
    assert world.vendor.asked == 1


async def test_a_write_is_seen_at_once(world: World) -> None:
    await world.service.get_cached("acme")
    limits = (LimitWindow(name="5 hours", used_percent=40),)
    changed = await world.service.update_fields("acme", account="acc-1", limits=limits)
    assert changed == ("limits",)
    assert world.told[-1] == ("acme", ("limits",))
    loaded = await world.service.load_profile("acme")
    assert loaded is not None
    assert (loaded.limits, loaded.plan) == (limits, "pro")
    assert await world.service.update_fields("acme", limits=limits) == ()
    assert len(world.updates) == 2


async def test_the_active_account_is_written_unless_another_is_named(
    world: World,
) -> None:
    with pytest.raises(BadRequestError, match="No account of 'acme' is active"):
        await world.service.update_fields("acme", plan="team")
    other = ProfileFields(account="acc-2", active=False, plan="free")
    world.vendor.accounts = (ACCOUNT, other)
    await world.service.refresh_profile("acme")
    await world.service.update_fields("acme", plan="team")
    accounts = await world.service.accounts("acme")
    assert [(each.account, each.plan) for each in accounts] == [
        ("acc-1", "team"),
        ("acc-2", "free"),
    ]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"colour": "red"}, "no field 'colour'"),
        ({"updated_at": START}, "no field 'updated_at'"),
        ({"plan": 5}, "'plan' of a profile is wrong"),
        ({"active": "yes"}, "'active' of a profile is wrong"),
        ({"subscription_expires_at": START.replace(tzinfo=None)}, "no time zone"),
        ({"limits": (LimitWindow(name="x", used_percent=101),)}, "not from 0 to 100"),
        (
            {
                "limits": (
                    LimitWindow(
                        name="x", used_percent=1, resets_at=START.replace(tzinfo=None)
                    ),
                )
            },
            "resets in no time zone",
        ),
    ],
)
async def test_fields_that_are_wrong_are_refused_and_nothing_is_written(
    world: World, fields: dict[str, object], message: str
) -> None:
    with pytest.raises(BadRequestError, match=message):
        await world.service.update_fields("acme", account="acc-1", **fields)
    assert await world.service.accounts() == []
    assert world.updates == []


async def test_a_failed_fetch_keeps_what_is_known_and_says_so(world: World) -> None:
    await world.service.refresh_profile("acme")
    world.vendor.failure = UpstreamError("acme is out of order.")
    world.now += timedelta(hours=1)
    failed_at = world.now
    stale = await world.service.refresh_profile("acme")
    assert stale is not None
    assert (stale.plan, stale.updated_at) == ("pro", START)
    assert (stale.stale_since, stale.stale_reason) == (
        failed_at,
        "acme is out of order.",
    )
    assert world.told[-1] == ("acme", ("stale_reason", "stale_since"))

    world.now += timedelta(hours=1)
    later = await world.service.refresh_profile("acme")
    assert later is not None
    assert later.stale_since == failed_at
    assert len(world.updates) == 2

    world.vendor.failure = None
    fresh = await world.service.refresh_profile("acme")
    assert fresh is not None
    assert (fresh.stale_since, fresh.stale_reason) == (None, None)
    assert fresh.updated_at == world.now


async def test_limits_that_cannot_be_had_stay_as_they_were_and_are_called_old(
    world: World,
) -> None:
    limits = (LimitWindow(name="5 hours", used_percent=40),)
    world.vendor.accounts = (replace(ACCOUNT, limits=limits),)
    await world.service.refresh_profile("acme")
    world.now += timedelta(hours=1)
    world.vendor.accounts = (replace(ACCOUNT, plan="team", limits=None),)
    old = await world.service.refresh_profile("acme")
    assert old is not None
    assert (old.plan, old.limits, old.stale_since) == ("team", limits, world.now)
    assert old.stale_reason == "Its limits can't be asked for right now."

    world.vendor.accounts = (replace(ACCOUNT, limits=()),)
    fresh = await world.service.refresh_profile("acme")
    assert fresh is not None
    assert (fresh.limits, fresh.stale_reason) == ((), None)


async def test_limits_nobody_ever_knew_make_nothing_old(world: World) -> None:
    world.vendor.accounts = (replace(ACCOUNT, limits=None),)
    profile = await world.service.refresh_profile("acme")
    assert profile is not None
    assert (profile.limits, profile.stale_reason) == ((), None)


async def test_a_failed_fetch_of_what_nobody_knows_is_an_error(world: World) -> None:
    world.vendor.failure = CredentialError("Nobody is logged in.", hint="Log in.")
    with pytest.raises(CredentialError, match="Nobody is logged in"):
        await world.service.get_cached("acme")
    world.vendor.failure = None
    assert await world.service.get_cached("acme") is not None


async def test_an_account_without_a_login_is_forgotten(world: World) -> None:
    other = ProfileFields(account="acc-2", active=False)
    world.vendor.accounts = (ACCOUNT, other)
    await world.service.refresh_profile("acme")
    assert [each.account for each in await world.service.accounts("acme")] == [
        "acc-1",
        "acc-2",
    ]
    world.vendor.accounts = (ACCOUNT,)
    await world.service.refresh_profile("acme")
    assert [each.account for each in await world.service.accounts("acme")] == ["acc-1"]


async def test_one_account_is_active(world: World) -> None:
    await world.service.refresh_profile("acme")
    await world.service.update_fields("acme", account="acc-2", active=True, plan="team")
    assert [
        (each.account, each.active) for each in await world.service.accounts("acme")
    ] == [("acc-2", True), ("acc-1", False)]
    assert await world.plan() == "team"


@pytest.mark.parametrize("event", [AuthLogin, AuthTokenRefreshed])
async def test_new_tokens_refresh_the_profile(
    world: World, event: type[AuthLogin | AuthTokenRefreshed]
) -> None:
    world.bus.publish(event(at=START, provider="acme"))

    async def is_pro() -> bool:
        return await world.plan() == "pro"

    await world.until(is_pro)
    assert world.vendor.asked == 1


async def test_new_tokens_are_used_though_a_fetch_is_under_way(world: World) -> None:
    world.vendor.free.clear()
    first = asyncio.create_task(world.service.refresh_profile("acme"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    world.vendor.accounts = (ProfileFields(account="acc-1", plan="team"),)
    world.bus.publish(AuthTokenRefreshed(at=START, provider="acme"))
    world.vendor.free.set()
    await first

    async def is_team() -> bool:
        return await world.plan() == "team"

    await world.until(is_team)
    assert world.vendor.asked == 2


async def test_a_logout_clears_the_profile(world: World) -> None:
    await world.service.refresh_profile("acme")
    await world.service.update_fields("other", account="acc-9", plan="free")
    world.bus.publish(AuthLogout(at=START, provider="acme"))

    async def is_gone() -> bool:
        return await world.service.accounts("acme") == []

    await world.until(is_gone)
    assert world.told[-1] == ("acme", ("active", "email", "plan"))
    assert [each.provider for each in await world.service.accounts()] == ["other"]
    assert world.vendor.asked == 1


async def test_a_fetch_that_a_logout_overtakes_brings_nothing_back(
    world: World,
) -> None:
    """Whoever waits for it gets what is true by then, and no cancellation."""
    await world.service.refresh_profile("acme")
    world.vendor.free.clear()
    fetching = asyncio.create_task(world.service.refresh_profile("acme"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    world.vendor.accounts = ()
    world.bus.publish(AuthLogout(at=START, provider="acme"))
    world.vendor.free.set()
    assert await fetching is None
    assert await world.service.accounts("acme") == []
    assert world.vendor.asked == 3


async def test_a_logout_while_the_provider_is_away_takes_no_other_account(
    world: World,
) -> None:
    other = ProfileFields(account="acc-2", active=False)
    world.vendor.accounts = (ACCOUNT, other)
    await world.service.refresh_profile("acme")
    world.vendor.failure = UpstreamError("acme is out of order.")
    world.bus.publish(AuthLogout(at=START, provider="acme", account="work"))

    async def are_stale() -> bool:
        return all(each.stale_since for each in await world.service.accounts("acme"))

    await world.until(are_stale)
    assert [each.account for each in await world.service.accounts("acme")] == [
        "acc-1",
        "acc-2",
    ]


async def test_a_write_is_whole_though_whoever_asked_goes_away(world: World) -> None:
    await world.service.get_cached("acme")
    writing = asyncio.create_task(world.service.update_fields("acme", plan="team"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing

    async def is_told() -> bool:
        return world.told[-1] == ("acme", ("plan",))

    await world.until(is_told)
    cached = await world.service.get_cached("acme")
    assert cached is not None
    assert world.vendor.asked == 2


async def test_an_account_nobody_knew_does_not_take_the_place_of_the_active_one(
    world: World,
) -> None:
    await world.service.update_fields("acme", account="first", plan="free")
    await world.service.update_fields("acme", account="second", plan="team")
    accounts = await world.service.accounts("acme")
    assert [(each.account, each.active) for each in accounts] == [
        ("first", True),
        ("second", False),
    ]


async def test_a_logout_of_one_account_leaves_those_that_have_a_login(
    world: World,
) -> None:
    other = ProfileFields(account="acc-2", active=False)
    world.vendor.accounts = (ACCOUNT, other)
    await world.service.refresh_profile("acme")
    world.vendor.accounts = (ACCOUNT,)
    world.bus.publish(AuthLogout(at=START, provider="acme", account="work"))

    async def is_one() -> bool:
        return [each.account for each in await world.service.accounts("acme")] == [
            "acc-1"
        ]

    await world.until(is_one)


async def test_events_of_providers_without_an_adapter_are_no_matter(
    world: World,
) -> None:
    world.bus.publish(AuthLogin(at=START, provider="unheard"))
    await world.service.refresh_profile("acme")
    assert [each.provider for each in await world.service.accounts()] == ["acme"]


async def test_an_unknown_provider_is_refused_with_those_there_are(
    world: World,
) -> None:
    with pytest.raises(UnknownProviderError, match="'nobody'") as error:
        await world.service.refresh_profile("nobody")
    assert error.value.hint == "There are: acme."
    assert world.service.providers == ("acme",)


async def test_without_a_database_the_error_says_so(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    world = World(f"duckdb:///{tmp_path}/data/ccproxy.duckdb")
    with pytest.raises(StorageError):
        await world.service.get_cached("acme")
    assert world.updates == []
    await world.service.close()
    await world.database.close()
