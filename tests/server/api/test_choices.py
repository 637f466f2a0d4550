"""In which order those who could answer are asked."""

from collections.abc import Sequence

import orjson
import pytest

from ccproxy.api.affinity import MOST, Affinity, Seat
from ccproxy.api.callers import conversation_of
from ccproxy.api.choice import Choice
from ccproxy.api.choices import Choices
from ccproxy.api.exchange import Exchange
from ccproxy.api.routing import Kind, Match, Target
from ccproxy.api.setback import Blame, Setback, wait_in_body, wait_in_headers
from ccproxy.errors import UpstreamError
from ccproxy.sdk import Account, Endpoint, JsonObject, NoCredential, Provider

pytestmark = pytest.mark.unit

SESSION = "0f8fad5b-d9cb-469f-a165-70867728950e"


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def provider(name: str, *accounts: str, used: Sequence[float | None] = ()) -> Provider:
    known = [*used, *[None] * len(accounts)]
    return Provider(
        name=name,
        base_url="http://x.invalid",
        endpoints=[Endpoint.RESPONSES],
        accounts=[
            Account(each, NoCredential(), part)
            for each, part in zip(accounts, known, strict=False)
        ],
    )


def exchange(conversation: str | None = None, model: str = "m") -> Exchange:
    headers = {} if conversation is None else {b"session-id": conversation.encode()}
    made = Exchange(
        id="1",
        match=Match(Kind.MODEL, "/v1/responses", Endpoint.RESPONSES),
        method="POST",
        headers=headers,
        began=0.0,
    )
    made.model_requested = model
    return made


def setback(choice: Choice, blame: Blame, wait: float | None = None) -> Setback:
    error = UpstreamError("no")
    return Setback(choice=choice, blame=blame, why="x", error=error, wait=wait)


class Desk:
    """Choices among two providers, the first with two accounts."""

    def __init__(self, *used: float | None) -> None:
        self.clock = Clock()
        self.choices = Choices(2, 30, 3600, clock=self.clock)
        self.targets = [
            Target(provider("a", "one", "two", used=used), "x"),
            Target(provider("b"), "y"),
        ]

    def order(self, asked: Exchange) -> list[str]:
        return [str(each) for each in self.choices.order(asked, {}, self.targets)]

    def answer(self, asked: Exchange, place: int = 0) -> str:
        choice = self.choices.order(asked, {}, self.targets)[place]
        assert self.choices.admit(choice)
        self.choices.answered(asked, choice, 200)
        self.clock.now += 1
        return str(choice)

    def choice(self, name: str) -> Choice:
        found = self.choices.order(exchange(), {}, self.targets)
        return next(each for each in found if str(each) == name)


def test_the_route_orders_providers_and_the_provider_its_accounts() -> None:
    assert Desk().order(exchange()) == ["a/x (one)", "a/x (two)", "b/y"]


def test_a_conversation_that_begins_goes_to_the_account_used_least() -> None:
    assert Desk(80.0, 20.0).order(exchange("c"))[0] == "a/x (two)"


def test_a_conversation_stays_with_its_account_however_much_that_is_used() -> None:
    desk = Desk(80.0, 20.0)
    assert desk.answer(exchange("c"), 1) == "a/x (one)"
    for _ in range(3):
        assert desk.answer(exchange("c")) == "a/x (one)"
    assert desk.order(exchange("d"))[0] == "a/x (two)"


def test_conversations_spread_over_accounts_whose_use_is_unknown() -> None:
    desk = Desk()
    first = [desk.answer(exchange(name)) for name in "cdef"]
    assert first == ["a/x (one)", "a/x (two)", "a/x (one)", "a/x (two)"]


def test_requests_of_no_known_conversation_stay_with_the_first_account() -> None:
    desk = Desk()
    assert {desk.answer(exchange()) for _ in range(3)} == {"a/x (one)"}


def test_a_conversation_stays_with_its_fallback_while_the_cache_is_warm() -> None:
    desk = Desk()
    assert desk.answer(exchange("c"), 2) == "b/y"
    assert desk.order(exchange("c"))[0] == "b/y"
    assert desk.order(exchange("d"))[0] == "a/x (one)"
    assert desk.order(exchange("c", model="small"))[0] == "a/x (one)"
    desk.clock.now += 3600
    assert desk.order(exchange("c"))[0] == "a/x (one)"


def test_another_callers_conversation_of_that_name_is_another() -> None:
    desk = Desk()
    desk.answer(exchange("c"), 2)
    other = exchange("c")
    other.caller = "somebody else"
    assert desk.order(other)[0] == "a/x (one)"


def test_a_limit_rests_an_account_and_no_other() -> None:
    desk = Desk()
    one, two = desk.choice("a/x (one)"), desk.choice("a/x (two)")
    desk.choices.failed(setback(one, Blame.LIMIT, 600))
    assert not desk.choices.admit(one)
    assert desk.choices.admit(two)
    desk.clock.now += 600
    assert [desk.choices.admit(one), desk.choices.admit(one)] == [True, False]


def test_a_refused_login_rests_its_account_for_the_usual_time() -> None:
    desk = Desk()
    one = desk.choice("a/x (one)")
    desk.choices.failed(setback(one, Blame.LOGIN))
    assert not desk.choices.admit(one)
    desk.clock.now += 30
    assert desk.choices.admit(one)


def test_a_model_that_fails_rests_for_all_accounts() -> None:
    desk = Desk()
    one, two = desk.choice("a/x (one)"), desk.choice("a/x (two)")
    for _ in range(2):
        desk.choices.failed(setback(one, Blame.MODEL))
    assert not desk.choices.admit(two)


def test_a_callers_own_limit_is_nobody_elses() -> None:
    desk = Desk()
    target = desk.targets[1]
    own = Choice(target, own={"x-api-key": "theirs"})
    desk.choices.failed(setback(own, Blame.LIMIT, 600))
    assert desk.choices.admit(Choice(target))


def test_when_all_rest_the_error_says_for_how_long() -> None:
    desk = Desk()
    found = desk.choices.order(exchange(), {}, desk.targets)
    for choice, wait in zip(found, (600, 60, 300), strict=True):
        desk.choices.failed(setback(choice, Blame.LIMIT, wait))
    error = desk.choices.resting(found)
    assert error.retry_after.total_seconds() == 60
    assert error.message == "All that could answer have failed of late: a/x, b/y."


@pytest.mark.parametrize(
    ("headers", "payload", "name"),
    [
        ({b"x-claude-code-session-id": b"c"}, {}, "c"),
        ({b"session-id": b"c", b"thread-id": b"t"}, {"prompt_cache_key": "p"}, "c"),
        ({b"session_id": b"c"}, {}, "c"),
        ({b"conversation_id": b"c"}, {}, "c"),
        ({}, {"prompt_cache_key": "p"}, "p"),
        ({}, {"metadata": {"user_id": f"user_1_session_{SESSION}"}}, SESSION),
        ({}, {"metadata": {"user_id": '{"session_id":"s"}'}}, "s"),
        ({}, {"metadata": {"user_id": "somebody"}}, None),
        ({}, {"metadata": {"user_id": 5}}, None),
        ({}, {"metadata": None, "prompt_cache_key": 5}, None),
        ({b"session-id": b"c" * 300}, {}, "c" * 256),
        ({}, {}, None),
    ],
)
def test_a_conversation_is_called_what_the_client_calls_it(
    headers: dict[bytes, bytes], payload: JsonObject, name: str | None
) -> None:
    assert conversation_of(headers, payload) == name


def test_only_the_latest_conversations_are_remembered() -> None:
    affinity = Affinity(60, Clock())
    for number in range(MOST + 1):
        affinity.keep("", str(number), Seat("a", "x"))
    assert affinity.seat("", "0") is None
    assert affinity.seat("", "1") == Seat("a", "x")


def test_without_a_time_nothing_is_remembered() -> None:
    affinity = Affinity(0, Clock())
    affinity.keep("", "c", Seat("a", "x"))
    assert affinity.seat("", "c") is None


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ((b"retry-after", b"7"), 7),
        ((b"retry-after", b"1.5"), 1.5),
        ((b"retry-after-ms", b"250"), 0.25),
        ((b"retry-after", b"Thu, 01 Jan 1970 00:01:40 GMT"), 90),
        ((b"retry-after", b"Thu, 01 Jan 1970 00:00:01 GMT"), 0),
        ((b"retry-after", b"soon"), None),
        ((b"retry-after", b"-1"), None),
        ((b"retry-after", b"nan"), None),
        ((b"retry-after", b""), None),
        ((b"date", b"7"), None),
    ],
)
def test_the_wait_is_read_from_headers(
    header: tuple[bytes, bytes], wait: float | None
) -> None:
    assert wait_in_headers([header], now=10) == wait


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        ({"resets_in_seconds": 60, "resets_at": 5}, 60),
        ({"resets_at": 25}, 15),
        ({"resets_at": 5}, 0),
        ({"resets_at": "soon"}, None),
        ("busy", None),
    ],
)
def test_the_wait_is_read_from_what_codex_says(
    error: JsonObject | str, wait: float | None
) -> None:
    assert wait_in_body(orjson.dumps({"error": error}), now=10) == wait
    assert wait_in_body(b"<html>", now=10) is None
