"""Limits that answers tell of are kept, without a writing for each answer."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from ccproxy.hooks.bus import HookBus
from ccproxy.plugins.codex.kept_limits import PAUSE, KeptLimits
from ccproxy.plugins.codex.profiles import CodexProfiles
from ccproxy.sdk import LimitWindow
from ccproxy.sdk.events import Event, ProfileUpdated
from ccproxy.services.profile import ProfileService
from ccproxy.storage.database import Database
from fakes.chatgpt import Person as Owner
from fakes.codex import Clock, World

pytestmark = pytest.mark.integration

HOURS = LimitWindow(name="5 hours", used_percent=40)
DAYS = LimitWindow(name="7 days", used_percent=10)


class Kept:
    """The writer on a real database, with a clock in hand and a count of writings."""

    def __init__(self, path: Path) -> None:
        self.clock = Clock()
        self.writings = 0
        bus = HookBus()
        bus.subscribe("test", ProfileUpdated, self._see)
        self.database = Database(f"duckdb:///{path}/data/ccproxy.duckdb")
        self.service = ProfileService(self.database, bus, dict)
        self.limits = KeptLimits("codex", self.service, monotonic=self.clock)

    def _see(self, event: Event) -> None:
        self.writings += 1

    async def told(self, *limits: LimitWindow) -> int:
        """Note what an answer tells; return how many writings that makes so far."""
        self.limits.note("acct-1", limits, active=True)
        await self.limits.close()
        return self.writings


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    made = Kept(tmp_path)
    yield made
    await made.service.close()
    await made.database.close()


async def test_what_has_hardly_changed_is_written_once_a_minute(kept: Kept) -> None:
    assert await kept.told(HOURS) == 1
    slightly = replace(HOURS, used_percent=40.9)
    assert await kept.told(HOURS) == 1
    assert await kept.told(slightly) == 1
    kept.clock.seconds += PAUSE
    assert await kept.told(slightly) == 2
    kept.clock.seconds += PAUSE
    assert await kept.told(slightly) == 2  # there is nothing new


async def test_what_has_changed_noticeably_is_written_at_once(kept: Kept) -> None:
    assert await kept.told(HOURS) == 1
    assert await kept.told(replace(HOURS, used_percent=41)) == 2
    assert await kept.told(HOURS, DAYS) == 3
    profile = await kept.service.load_profile("codex")
    assert profile is not None
    assert profile.limits == (HOURS, DAYS)


async def test_of_many_at_once_the_newest_stays(kept: Kept) -> None:
    for used in range(0, 100, 7):
        window = replace(HOURS, used_percent=used)
        kept.limits.note("acct-1", (window,), active=True)
    await kept.limits.close()
    profile = await kept.service.load_profile("codex")
    assert profile is not None
    assert profile.limits == (replace(HOURS, used_percent=98),)


async def test_a_database_that_cannot_be_used_stops_no_answer(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    await asyncio.wait_for(Kept(tmp_path).told(HOURS), 10)


async def test_only_accounts_with_a_login_are_kept_and_the_active_one_stays_so(
    world: World, kept: Kept
) -> None:
    world.keep("one")
    world.keep("two", Owner("acct-2"))
    profiles = CodexProfiles(await world.credential(), "http://unused.example", {})
    profiles.open(kept.limits)
    for account in ("acct-1", "acct-2", "acct-of-nobody"):
        profiles.note(account, (HOURS,))
    profiles.note("acct-1", (DAYS,))
    await profiles.close()
    told = await kept.service.accounts("codex")
    assert [(each.account, each.active, each.limits) for each in told] == [
        ("acct-1", True, (HOURS, DAYS)),
        ("acct-2", False, (HOURS,)),
    ]
