"""A login is renewed in time, once for all, and its end is told plainly."""

import asyncio
import errno
import os
import signal
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Never

import orjson
import pytest

from ccproxy.plugins.codex.accounts import REST, TICK, Accounts
from ccproxy.plugins.codex.login_file import Login, renewed
from ccproxy.sdk import LoginState, LoginStatus
from ccproxy.sdk.disk import write_private
from ccproxy.sdk.errors import CredentialError, UpstreamError
from fakes.chatgpt import Person as Owner
from fakes.codex import World

pytestmark = pytest.mark.integration

DAY = 86400.0
AuthJson = Callable[..., Path]


def status(accounts: Accounts) -> LoginStatus:
    snapshot = accounts.snapshot
    return accounts.status(snapshot.accounts[snapshot.active])


def tokens_of(world: World, name: str = "default") -> Mapping[str, object]:
    stored = orjson.loads((world.folder / f"{name}.json").read_bytes())
    tokens: Mapping[str, object] = stored["tokens"]
    return tokens


def almost_over(world: World, left: float = 299) -> None:
    world.clock.seconds += world.vendor.lifetime - left


# -- in time


@pytest.mark.parametrize(("left", "times"), [(-60, 1), (299, 1), (301, 0)])
async def test_it_is_renewed_five_minutes_before_its_end(
    world: World, left: float, times: int
) -> None:
    world.keep()
    almost_over(world, left)
    accounts = await world.accounts()
    assert (await accounts.fresh()).access_token == tokens_of(world)["access_token"]
    assert world.vendor.refreshes == times
    assert world.told() == [("auth_token_refreshed", "default")] * times


@pytest.mark.parametrize(("days", "times"), [(7.9, 0), (8, 1)])
async def test_one_whose_end_cannot_be_read_is_renewed_after_eight_days(
    world: World, days: float, times: int
) -> None:
    tokens = {**world.vendor.login(), "access_token": "opaque"}
    stored = renewed({"auth_mode": "chatgpt"}, tokens, world.clock())
    world.store().save("default", stored)
    world.clock.seconds += days * DAY
    await (await world.accounts()).fresh()
    assert world.vendor.refreshes == times


async def test_fifty_who_ask_at_once_cause_one_renewal(world: World) -> None:
    world.keep()
    almost_over(world)
    accounts = await world.accounts()
    got = await asyncio.gather(*(accounts.fresh() for _ in range(50)))
    assert len({login.access_token for login in got}) == 1
    assert world.vendor.refreshes == 1


async def test_fifty_who_are_refused_at_once_cause_one_renewal(world: World) -> None:
    world.keep()
    credential = await world.credential()
    rejected = await credential.headers()
    assert all(await asyncio.gather(*(credential.renew(rejected) for _ in range(50))))
    assert world.vendor.refreshes == 1
    assert await credential.headers() != rejected


async def test_whoever_asks_may_leave_and_the_renewal_ends_well(world: World) -> None:
    world.keep()
    almost_over(world)
    accounts = await world.accounts()
    world.vendor.go.clear()
    asking = asyncio.create_task(accounts.fresh())
    await world.vendor.spent.wait()
    asking.cancel()
    closing = asyncio.create_task(accounts.close())
    world.vendor.go.set()
    await closing
    refresh_token = world.vendor.families[0].refresh_token
    assert tokens_of(world)["refresh_token"] == refresh_token


async def test_idle_logins_are_renewed_too_those_not_in_use_as_well(
    world: World,
) -> None:
    world.keep("one")
    world.keep("two", Owner("acct-2"))
    accounts = await world.accounts()
    await accounts.open()
    await world.ticks.tick()
    assert world.vendor.refreshes == 0
    almost_over(world)
    world.monotonic.seconds += TICK
    await world.ticks.tick()
    assert world.vendor.refreshes == 2
    await accounts.close()


async def test_what_another_process_does_is_noticed_while_idle(world: World) -> None:
    accounts = await world.accounts()
    await accounts.open()
    for act, told in (
        (world.keep, "auth_login"),
        (world.keep, "auth_token_refreshed"),
        (partial(world.keep, owner=Owner("acct-2")), "auth_login"),
        (partial(world.store().remove, "default"), "auth_logout"),
    ):
        act()
        world.monotonic.seconds += TICK
        await world.ticks.tick()
        assert world.told() == [(told, "default")]
    await accounts.close()


async def test_a_login_made_elsewhere_serves_the_next_request(world: World) -> None:
    credential = await world.credential()
    with pytest.raises(CredentialError):
        await credential.headers()
    world.keep()
    world.monotonic.seconds += 1
    assert (await credential.headers())["chatgpt-account-id"] == "acct-1"


async def test_another_account_serves_once_another_process_has_chosen_it(
    world: World,
) -> None:
    world.keep("one")
    world.keep("two", Owner("acct-2"))
    credential = await world.credential()
    assert (await credential.headers())["chatgpt-account-id"] == "acct-1"
    world.store().choose("two")
    world.monotonic.seconds += 1
    assert (await credential.headers())["chatgpt-account-id"] == "acct-2"
    world.store().choose("nobody")
    world.monotonic.seconds += 1
    assert (await credential.headers())["chatgpt-account-id"] == "acct-1"


# -- what is kept


async def test_keys_that_mean_nothing_to_us_are_kept(world: World) -> None:
    world.keep()
    path = world.folder / "default.json"
    stored = orjson.loads(path.read_bytes())
    stored["new_key"], stored["tokens"]["other"] = {"a": 1}, 2
    write_private(path, orjson.dumps(stored))
    accounts = await world.accounts()
    almost_over(world)
    await accounts.fresh()
    after = orjson.loads(path.read_bytes())
    assert (after["new_key"], after["tokens"]["other"]) == ({"a": 1}, 2)


async def test_an_answer_without_new_tokens_keeps_the_old(world: World) -> None:
    world.vendor.keeps_refresh_token = True
    before = world.keep()
    almost_over(world)
    login = await (await world.accounts()).fresh()
    assert login.access_token != before["access_token"]
    assert tokens_of(world)["refresh_token"] == before["refresh_token"]
    assert tokens_of(world)["id_token"] == before["id_token"]


@pytest.mark.parametrize("access", [{}, {"access_token": "dam aged"}])
async def test_an_answer_without_an_access_token_makes_the_old_no_younger(
    world: World, access: dict[str, str]
) -> None:
    """The new refresh token is kept, and an access token asked for again later."""
    before = world.keep()
    almost_over(world)
    accounts = await world.accounts()
    end = held(accounts).expires
    world.vendor.failures = [(200, {"refresh_token": "next", **access})]
    login = await accounts.fresh()
    assert (login.access_token, login.expires) == (before["access_token"], end)
    assert tokens_of(world)["refresh_token"] == "next"
    await accounts.fresh()  # which leaves the vendor in peace
    world.clock.seconds += 299
    with pytest.raises(UpstreamError, match="no new access token"):
        await accounts.fresh()


async def test_a_damaged_id_token_costs_no_new_refresh_token(world: World) -> None:
    before = world.keep()
    almost_over(world)
    answer = {**world.vendor.login(), "id_token": "dam\naged"}
    world.vendor.failures = [(200, answer)]
    login = await (await world.accounts()).fresh()
    assert login.access_token == answer["access_token"]
    assert tokens_of(world)["refresh_token"] == answer["refresh_token"]
    assert tokens_of(world)["id_token"] == before["id_token"]


# -- clocks


async def test_a_clock_that_is_ahead_does_not_renew_for_ever(world: World) -> None:
    vendors = world.clock()
    world.vendor.now = lambda: vendors
    world.clock.seconds += 30 * DAY
    world.keep()
    accounts = await world.accounts()
    await accounts.fresh()
    world.clock.seconds += world.vendor.lifetime - 300
    await accounts.fresh()
    await accounts.fresh()
    assert world.vendor.refreshes == 1


async def test_a_refusal_counts_more_than_a_clock_that_is_behind(world: World) -> None:
    world.keep()
    credential = await world.credential()
    rejected = await credential.headers()
    world.clock.seconds -= 30 * DAY
    assert await credential.renew(rejected)
    assert world.vendor.refreshes == 1


# -- failures


async def test_a_vendor_that_is_busy_ends_no_login_that_is_still_good(
    world: World,
) -> None:
    world.keep()
    almost_over(world)
    accounts = await world.accounts()
    world.vendor.failures = [(503, "busy"), (503, "busy")]
    await accounts.fresh()
    await accounts.fresh()
    assert len(world.vendor.failures) == 1  # it was left in peace
    world.clock.seconds += 300
    with pytest.raises(UpstreamError, match="answered 503, busy"):
        await accounts.fresh()
    world.vendor.failures.clear()
    world.monotonic.seconds += REST
    await accounts.fresh()
    assert world.vendor.refreshes == 1
    assert world.store().attempt("default") is None


@pytest.mark.parametrize(("status", "open_ended"), [(429, False), (502, True)])
async def test_an_answer_that_may_hide_a_success_is_remembered_as_one(
    world: World, status: int, open_ended: bool
) -> None:
    """A proxy's 502 does not say whether the vendor has spent the token."""
    world.keep()
    almost_over(world)
    world.vendor.failures = [(status, "no")]
    await (await world.accounts()).fresh()
    assert (world.store().attempt("default") is not None) is open_ended


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"error": {"code": "refresh_token_expired"}}, "has expired"),
        ({"error": "refresh_token_reused"}, "was used before"),
        ({"code": "refresh_token_invalidated"}, "has revoked it"),
        ({"error": "invalid_grant", "error_description": "x"}, "no more"),
    ],
)
async def test_a_refusal_for_good_is_remembered_and_told(
    world: World, body: object, why: str
) -> None:
    world.keep()
    almost_over(world)
    accounts = await world.accounts()
    world.vendor.failures = [(401, body)]
    await accounts.fresh()
    told = status(accounts)
    assert (told.state, told.hint) == (
        LoginState.READY,
        "Run `ccproxy auth login codex`.",
    )
    assert why in told.detail
    world.clock.seconds += 300
    for process in (accounts, await world.accounts()):
        with pytest.raises(CredentialError, match="auth login codex"):
            await process.fresh()
        assert status(process).state is LoginState.EXPIRED
    assert world.vendor.refreshes == 0
    await accounts.renew("default", held(accounts), insist=True)
    assert status(accounts).state is LoginState.READY
    assert status(accounts).hint is None


def held(accounts: Accounts, name: str = "default") -> Login:
    login = accounts.snapshot.accounts[name].held
    assert isinstance(login, Login)
    return login


async def test_a_login_the_vendor_has_ended_is_over_whatever_the_clock_says(
    world: World,
) -> None:
    """A spent token was used again: the vendor has ended all that came of the login."""
    world.keep("work")
    credential = await world.credential()
    world.vendor.revoke(world.vendor.families[0])
    rejected = await credential.headers()
    with pytest.raises(CredentialError, match="has revoked it") as caught:
        await credential.renew(rejected)
    assert caught.value.hint == "Run `ccproxy auth login codex --account work`."
    with pytest.raises(CredentialError, match="has ended: the vendor has revoked it"):
        await credential.headers()  # nobody is asked any more
    assert credential.status().state is LoginState.EXPIRED
    assert (await world.credential()).status().state is LoginState.EXPIRED


async def test_a_new_login_after_a_refusal_is_a_good_one(world: World) -> None:
    world.keep()
    accounts = await world.accounts()
    world.vendor.revoke(world.vendor.families[0])
    with pytest.raises(CredentialError):
        await accounts.renew("default", held(accounts), rejected=True)
    world.keep()
    await accounts.look(force=True)
    assert (status(accounts).state, status(accounts).hint) == (LoginState.READY, None)


async def test_a_backend_that_refuses_new_tokens_too_causes_no_further_renewals(
    world: World,
) -> None:
    world.keep()
    credential = await world.credential()
    assert await credential.renew(await credential.headers())
    assert not await credential.renew(await credential.headers())
    assert world.vendor.refreshes == 1
    world.monotonic.seconds += REST
    assert await credential.renew(await credential.headers())


async def test_a_refusal_while_the_vendor_is_busy_does_not_ask_it_again(
    world: World,
) -> None:
    world.keep()
    credential = await world.credential()
    rejected = await credential.headers()
    world.vendor.failures = [(503, "busy"), (503, "busy")]
    for _ in range(2):
        with pytest.raises(UpstreamError, match="answered 503, busy"):
            await credential.renew(rejected)
    assert len(world.vendor.failures) == 1


async def test_a_login_of_another_account_does_not_answer_for_the_old_one(
    world: World,
) -> None:
    world.keep()
    credential = await world.credential()
    rejected = await credential.headers()
    world.keep(owner=Owner("acct-2"))
    assert not await credential.renew(rejected)
    assert (await credential.headers())["chatgpt-account-id"] == "acct-2"
    assert world.vendor.refreshes == 0


async def test_a_request_that_was_refused_is_made_again_for_the_same_account(
    world: World,
) -> None:
    world.keep("one")
    world.keep("two", Owner("acct-2"))
    credential = await world.credential()
    rejected = await credential.headers()
    world.store().choose("two")
    assert await credential.renew(rejected)
    again, later = await credential.headers(), await credential.headers()
    assert again["chatgpt-account-id"] == rejected["chatgpt-account-id"] == "acct-1"
    assert again != rejected
    assert later["chatgpt-account-id"] == "acct-2"


async def test_the_login_of_codex_cli_is_never_renewed(
    world: World, auth_json: AuthJson
) -> None:
    path = auth_json(world.vendor.login(), last_refresh=None)
    before = path.read_bytes()
    credential = await world.credential()
    assert not await credential.renew(await credential.headers())
    almost_over(world, 0)
    with pytest.raises(CredentialError, match="expired at"):
        await credential.headers()
    assert (world.vendor.refreshes, path.read_bytes()) == (0, before)


async def test_a_login_without_a_refresh_token_ends(world: World) -> None:
    tokens = world.vendor.login()
    del tokens["refresh_token"]
    world.store().save("default", renewed({}, tokens, world.clock()))
    credential = await world.credential()
    with pytest.raises(CredentialError, match="can't be renewed"):
        await credential.renew(await credential.headers())
    almost_over(world, 0)
    with pytest.raises(CredentialError, match="expired at"):
        await credential.headers()


# -- a folder that can't be written to


async def test_where_nothing_can_be_kept_the_login_lives_in_memory(
    world: World,
) -> None:
    world.keep()
    full = True

    def write(path: Path, content: bytes) -> None:
        (read_only if full else write_private)(path, content)

    accounts = await world.accounts(world.store(write=write))
    await accounts.open()
    for times in (1, 2):
        almost_over(world)
        login = await accounts.fresh()
        assert world.vendor.refreshes == times
        assert login.access_token != tokens_of(world)["access_token"]
    assert "can't be kept on disk" in status(accounts).detail
    assert "Let this user write there" in str(status(accounts).hint)
    kept = (world.folder / "default.json").read_bytes()
    (world.folder / "default.json").write_text("torn")
    await accounts.look(force=True)
    assert (await accounts.fresh()).access_token == login.access_token
    (world.folder / "default.json").write_bytes(kept)
    full = False
    world.monotonic.seconds += TICK
    await world.ticks.tick()
    assert tokens_of(world)["access_token"] == login.access_token
    assert status(accounts).hint is None
    await accounts.close()


async def test_tokens_are_not_lost_whatever_saving_them_raises(world: World) -> None:
    world.keep()
    almost_over(world)
    odd = True

    def write(path: Path, content: bytes) -> None:
        if odd and path.suffix == ".json":
            raise NotImplementedError
        write_private(path, content)

    accounts = await world.accounts(world.store(write=write))
    with pytest.raises(NotImplementedError):
        await accounts.fresh()
    login = await accounts.fresh()
    assert login.access_token in world.vendor.families[0].access
    assert world.vendor.refreshes == 1
    odd = False
    await accounts.open()
    await world.ticks.tick()
    assert tokens_of(world)["access_token"] == login.access_token
    await accounts.close()


async def test_the_background_renewal_survives_what_goes_wrong(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.keep()
    accounts = await world.accounts()
    await accounts.open()
    almost_over(world)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "glob", too_many_files)
        world.monotonic.seconds += TICK
        await world.ticks.tick()
    world.vendor.failures = [(503, "busy")]
    for _ in range(2):
        world.monotonic.seconds += REST
        await world.ticks.tick()
    assert (world.vendor.failures, world.vendor.refreshes) == ([], 1)
    await accounts.close()


def too_many_files(folder: Path, pattern: str) -> Never:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


# -- processes


async def renewing(world: World, dies: str = "-") -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fakes.renewing"),
        *(str(world.home), world.vendor.url, str(world.clock()), dies),
        cwd=Path(__file__).parents[1],
        stdout=asyncio.subprocess.PIPE,
    )


async def test_two_processes_that_renew_at_once_renew_once(world: World) -> None:
    world.keep()
    almost_over(world)
    both = [await renewing(world) for _ in range(2)]
    first, second = await asyncio.gather(*(each.communicate() for each in both))
    assert [each.returncode for each in both] == [0, 0]
    assert first[0] == second[0] == str(tokens_of(world)["access_token"]).encode()
    assert world.vendor.refreshes == 1


async def test_in_a_read_only_home_no_second_process_spends_what_the_first_has(
    world: World,
) -> None:
    """A refresh token that is spent twice ends the login for both."""
    world.keep()
    almost_over(world)
    accounts = await world.accounts(world.store(write=read_only))
    login = await accounts.fresh()
    other = await renewing(world, "read-only")
    told, _ = await other.communicate()
    assert (told.decode(), other.returncode) == (tokens_of(world)["access_token"], 0)
    assert world.vendor.refreshes == 1
    assert login.access_token in world.vendor.families[0].access
    almost_over(world)
    await accounts.fresh()
    assert world.vendor.refreshes == 2
    third = await world.accounts(world.store(write=read_only))
    with pytest.raises(UpstreamError, match="Another ccproxy has renewed") as caught:
        await third.fresh()
    assert "use one ccproxy only" in str(caught.value.hint)


async def test_once_it_is_kept_the_other_process_takes_it(world: World) -> None:
    world.keep()
    almost_over(world)
    full = True

    def write(path: Path, content: bytes) -> None:
        (read_only if full else write_private)(path, content)

    accounts = await world.accounts(world.store(write=write))
    login = await accounts.fresh()
    await accounts.open()
    full = False
    world.monotonic.seconds += TICK
    await world.ticks.tick()
    await accounts.close()
    other = await world.accounts()
    assert (await other.fresh()).access_token == login.access_token
    almost_over(world)
    await other.fresh()
    assert world.vendor.refreshes == 2


async def test_a_refusal_for_good_is_remembered_where_nothing_can_be_written(
    world: World,
) -> None:
    world.keep()
    accounts = await world.accounts(world.store(write=read_only))
    world.vendor.revoke(world.vendor.families[0])
    almost_over(world)
    await accounts.fresh()
    await accounts.fresh()
    asked = [path for path, _ in world.vendor.seen if path == "/oauth/token"]
    assert len(asked) == 1
    assert "has revoked it" in status(accounts).detail


def read_only(path: Path, content: bytes) -> None:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


@pytest.mark.parametrize(
    ("dies", "refreshes"),
    [(".renewal", 0), ("before:.json", 1), (".json", 1)],
    ids=["before it asked", "before it kept the answer", "after it kept the answer"],
)
async def test_a_kill_leaves_the_login_alive_or_says_what_became_of_it(
    world: World, dies: str, refreshes: int
) -> None:
    world.keep()
    almost_over(world)
    process = await renewing(world, dies)
    await process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert world.vendor.refreshes == refreshes
    accounts = await world.accounts()
    login = await accounts.fresh()  # what is kept is good for five minutes yet
    lost = dies == "before:.json"
    assert (login.access_token in world.vendor.families[0].access) is not lost
    assert ("cut short" in status(accounts).detail) is lost
