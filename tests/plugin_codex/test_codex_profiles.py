"""What the tokens and the backend tell of an account, however oddly they tell it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.plugins.codex import token
from ccproxy.plugins.codex.profiles import CodexProfiles
from ccproxy.plugins.codex.usage import (
    length_in_words,
    usage_url,
    windows,
    windows_in,
)
from ccproxy.sdk import Json, JsonObject, LimitWindow
from fakes.chatgpt import Person as Owner
from fakes.chatgpt import make_jwt
from fakes.codex import World

pytestmark = pytest.mark.unit

AuthJson = Callable[..., Path]
WHO = {"originator": "ccproxy", "user-agent": "ccproxy/0"}
RESETS = datetime(2027, 1, 1, tzinfo=UTC)


def window(seconds: Json, used: Json = 40, **more: Json) -> JsonObject:
    told: JsonObject = {"used_percent": used, "limit_window_seconds": seconds}
    return {**told, "reset_at": RESETS.timestamp(), **more}


def usage(*slots: JsonObject) -> JsonObject:
    names = ("primary_window", "secondary_window")
    return {"rate_limit": {**dict(zip(names, slots, strict=False))}}


async def profiles_of(world: World) -> CodexProfiles:
    url = usage_url(f"{world.vendor.url}/backend-api/codex")
    return CodexProfiles(await world.credential(), url, WHO)


# -- tokens


def test_the_tokens_tell_whose_login_it_is() -> None:
    assert token.identity(make_jwt(Owner().claims()), "opaque") == token.Identity(
        user_id="user-of-acct-1",
        email="ada@example.com",
        plan="plus",
        organization="Two",
        organization_role="owner",
        subscription_started_at=datetime(2026, 1, 5, 10, tzinfo=UTC),
        subscription_expires_at=datetime(2027, 1, 5, 10, tzinfo=UTC),
    )


def test_what_the_id_token_does_not_tell_the_access_token_may() -> None:
    access = make_jwt(
        {
            "https://api.openai.com/profile": {"email": "b@example.com"},
            "https://api.openai.com/auth": {"user_id": "u", "chatgpt_plan_type": "hc"},
        }
    )
    assert token.identity(make_jwt({"sub": "never"}), access) == token.Identity(
        user_id="u", email="b@example.com", plan="hc"
    )


def test_an_organization_that_is_not_the_default_is_not_told() -> None:
    organizations: list[Json] = [{"id": "org-1", "title": "One", "role": "owner"}]
    claims: JsonObject = {
        "https://api.openai.com/auth": {"organizations": organizations}
    }
    assert token.identity(make_jwt(claims), "").organization is None


@pytest.mark.parametrize(
    ("told", "at"),
    [
        ("2026-11-22T23:27:58.684850268Z", "2026-11-22T23:27:58.684850+00:00"),
        ("2026-11-22T23:27:58+02:00", "2026-11-22T21:27:58+00:00"),
        ("2026-11-22", "2026-11-22T00:00:00+00:00"),
        (1_700_000_000, "2023-11-14T22:13:20+00:00"),
        (None, None),
        ("soon", None),
        (True, None),
        ([], None),
        (-5, None),
        (10**18, None),
    ],
)
def test_a_date_is_read_in_any_form_or_is_none(told: Json, at: str | None) -> None:
    moment = token.moment(told)
    assert (moment and moment.isoformat()) == at


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                [
                    "https://api.openai.com/auth",
                    "https://api.openai.com/profile",
                    "email",
                    "exp",
                    "iat",
                    "organizations",
                    "is_default",
                    "chatgpt_subscription_active_until",
                    "rate_limit",
                    "additional_rate_limits",
                    "primary_window",
                    "used_percent",
                    "limit_window_seconds",
                    "reset_at",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(["email", token.OPENAI_CLAIMS]), json_values))
def test_whatever_a_token_claims_is_a_fact_or_nothing(claims: JsonObject) -> None:
    signed = make_jwt(claims)
    facts = token.identity(signed, signed)
    assert facts.email is None or isinstance(facts.email, str)
    at = facts.subscription_expires_at
    assert at is None or at.tzinfo is UTC
    assert token.lifetime(signed) is None or token.expiry(signed) is not None


@given(st.text(alphabet="aZ0_-=.é \n", max_size=40))
def test_a_malformed_token_tells_nothing(text: str) -> None:
    assert token.identity(text, text) == token.Identity()
    assert token.lifetime(text) is None
    assert not token.is_fedramp(text)


# -- limits


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("https://chatgpt.com/backend-api/codex", "/backend-api/wham/usage"),
        ("https://chatgpt.com/other", "/other/api/codex/usage"),
        ("https://chatgpt.com/codex", "/api/codex/usage"),
    ],
)
def test_the_endpoint_is_beside_the_backend(base: str, url: str) -> None:
    assert usage_url(base) == f"https://chatgpt.com{url}"


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(hours=5), "5 hours"),
        (timedelta(minutes=299), "5 hours"),
        (timedelta(minutes=10079), "7 days"),
        (timedelta(days=30), "30 days"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(seconds=7), "7 seconds"),
    ],
)
def test_windows_are_named_by_their_length(length: timedelta, words: str) -> None:
    assert length_in_words(length) == words


def test_the_slot_of_a_window_says_nothing() -> None:
    """On the free plan the weekly window comes first, or alone."""
    told = windows(usage(window(604800, 100), window(18000, "12.5")))
    assert [(each.name, each.used_percent) for each in told] == [
        ("5 hours", 12.5),
        ("7 days", 100),
    ]
    assert told[0] == LimitWindow(
        name="5 hours",
        used_percent=12.5,
        length=timedelta(hours=5),
        resets_at=RESETS,
    )


def test_further_limits_are_told_by_their_names() -> None:
    more: Json = [
        {"limit_name": "spark", **usage(window(18000))},
        {"metered_feature": "review", **usage(window(604800))},
        {"limit_name": ["no text"], **usage(window(60))},
        "odd",
    ]
    told = windows({**usage(window(18000)), "additional_rate_limits": more})
    names = [each.name for each in told]
    assert names == ["other, 1 minute", "5 hours", "spark, 5 hours", "review, 7 days"]


ESCAPE = "\x1b[31mr\x00ed\x9b"
"""Text that colours a terminal."""


def test_nothing_that_a_terminal_would_obey_comes_from_a_token_or_the_vendor() -> None:
    organizations: list[Json] = [{"title": ESCAPE, "role": ESCAPE, "is_default": True}]
    ours: JsonObject = {"chatgpt_plan_type": ESCAPE, "organizations": organizations}
    claims: JsonObject = {"email": ESCAPE, token.OPENAI_CLAIMS: ours}
    facts = token.identity(make_jwt(claims), "")
    told = windows(
        {"additional_rate_limits": [{"limit_name": ESCAPE, **usage(window(18000))}]}
    )
    for shown in (facts.email, facts.plan, facts.organization, facts.organization_role):
        assert shown == "[31mred"
    assert told[0].name == "[31mred, 5 hours"


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        {},
        {"rate_limit": None},
        {"rate_limit": {"primary_window": False}},
        usage(window(18000, "")),
        usage(window(18000, None)),
        usage(window(18000, -1)),
    ],
)
def test_odd_limits_are_passed_over(told: Json) -> None:
    assert windows(told) == ()


@settings(max_examples=200)
@given(json_values)
def test_any_answer_gives_windows_that_a_profile_takes(told: Json) -> None:
    for each in windows(told):
        assert 0 <= each.used_percent <= 100
        assert each.resets_at is None or each.resets_at.tzinfo is UTC


def test_the_headers_of_answers_tell_limits_too() -> None:
    """Values are loose: text, halves, empty, minutes that miss one."""
    reset = str(int(RESETS.timestamp())).encode()
    told = windows_in(
        [
            (b"x-codex-primary-used-percent", b"12.5"),
            (b"x-codex-primary-window-minutes", b"10079"),
            (b"x-codex-primary-reset-at", reset),
            (b"x-codex-secondary-used-percent", b""),
            (b"x-codex-bengalfox-primary-used-percent", b"3"),
            (b"x-codex-bengalfox-primary-window-minutes", b"299"),
            (b"x-codex-credits-unlimited", b"False"),
            (b"content-type", b"text/event-stream"),
        ]
    )
    assert [(each.name, each.used_percent) for each in told] == [
        ("codex-bengalfox, 5 hours", 3),
        ("7 days", 12.5),
    ]
    assert told[1].resets_at == RESETS
    assert windows_in([(b"x-request-id", b"r1")]) == ()


# -- profiles


async def test_every_account_that_has_a_login_has_a_profile(
    world: World, auth_json: AuthJson
) -> None:
    world.keep("one")
    world.keep("two", Owner("acct-2", "bob@example.com"))
    auth_json(world.vendor.login(Owner("acct-3")))
    world.vendor.usage = usage(window(18000))
    told = await (await profiles_of(world))()
    assert {each.account: each.active for each in told} == {
        "acct-1": True,
        "acct-2": False,
        "acct-3": False,
    }
    assert [len(each.limits or ()) for each in told] == [1, 1, 1]
    (first,) = [each for each in told if each.active]
    assert (first.email, first.organization) == ("ada@example.com", "Two")


async def test_two_logins_to_one_account_are_one_profile(
    world: World, auth_json: AuthJson
) -> None:
    world.keep("one")
    world.keep("two")
    auth_json(world.vendor.login())
    world.store().choose("two")
    (told,) = await (await profiles_of(world))()
    assert (told.account, told.active) == ("acct-1", True)


async def test_where_limits_cannot_be_had_the_last_known_ones_count(
    world: World,
) -> None:
    world.keep()
    past = datetime.now(UTC) - timedelta(hours=1)
    over = window(18000, reset_at=past.timestamp())
    world.vendor.usage = usage(over, window(604800))
    profiles = await profiles_of(world)
    (told,) = await profiles()
    assert [each.name for each in told.limits or ()] == ["5 hours", "7 days"]
    world.vendor.usage = {}
    world.vendor.has_limits = False
    (told,) = await profiles()
    assert [each.name for each in told.limits or ()] == ["7 days"]
    assert told.plan == "plus"


async def test_an_account_whose_login_has_ended_still_has_its_facts(
    world: World,
) -> None:
    world.keep()
    world.vendor.revoke(world.vendor.families[0])
    (told,) = await (await profiles_of(world))()
    assert (told.email, told.limits) == ("ada@example.com", None)


async def test_a_login_that_is_due_is_renewed_before_it_is_asked_about(
    world: World,
) -> None:
    world.keep()
    world.clock.seconds += world.vendor.lifetime
    world.vendor.person = Owner(plan="pro")
    (told,) = await (await profiles_of(world))()
    assert (told.plan, world.vendor.refreshes) == ("pro", 1)
