"""How long a session may last, by a clock that is moved by hand."""

import pytest

from ccproxy.api.asked import Asked
from ccproxy.api.attention import Attention, Lookout
from ccproxy.api.exchange import Exchange
from ccproxy.api.limits.guard import IDLE, MOST, Guard
from ccproxy.api.routing import PathTable
from ccproxy.config.sections import Guard as GuardSettings
from ccproxy.dialects import Endpoint
from ccproxy.errors import LimitExceededError
from ccproxy.hooks.bus import HookBus
from ccproxy.sdk import Message
from fakes.clock import Clock

pytestmark = pytest.mark.unit

MINUTE = GuardSettings(enabled=True, session_seconds=60)


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def nothing(message: Message) -> None:
    raise AssertionError(message)


async def silence() -> Message:
    raise AssertionError


def asked(session: str = "s", endpoint: Endpoint = Endpoint.MESSAGES) -> Asked:
    match = PathTable((), ()).match(f"/v1/{endpoint.value}")
    headers = {b"session-id": session.encode()}
    exchange = Exchange(id="r", match=match, method="POST", headers=headers, began=0)
    attention = Attention(silence, Lookout())
    return Asked(exchange, endpoint, {}, b"{}", {}, nothing, attention, ())


def test_a_session_is_warned_and_then_over(clock: Clock) -> None:
    guard = Guard(MINUTE, HookBus(), clock)
    warnings = []
    for clock.now in (1000, 1047, 1048, 1059):
        request = asked()
        guard.watch(request)
        warnings.append(request.exchange.warning)
    assert warnings == [
        "",
        "",
        "This session has used 48 seconds of 60 seconds.",
        "This session has used 59 seconds of 60 seconds.",
    ]
    clock.now = 1060
    with pytest.raises(LimitExceededError, match=r"guard\.session_seconds") as error:
        guard.watch(asked())
    assert error.value.retry_after is None
    guard.watch(asked("another"))
    guard.watch(asked(endpoint=Endpoint.COUNT_TOKENS))


def test_a_session_begins_anew_after_a_long_silence(clock: Clock) -> None:
    guard = Guard(MINUTE, HookBus(), clock)
    guard.watch(asked())
    clock.now += IDLE + 1
    guard.watch(asked())


def test_a_session_that_is_refused_stays_so_however_often_it_asks(
    clock: Clock,
) -> None:
    guard = Guard(MINUTE, HookBus(), clock)
    guard.watch(asked())
    for _ in range(5):
        clock.now += IDLE / 2
        with pytest.raises(LimitExceededError):
            guard.watch(asked())


def test_only_the_latest_sessions_are_remembered(clock: Clock) -> None:
    guard = Guard(MINUTE, HookBus(), clock)
    first = guard.watch(asked())
    for number in range(MOST):
        guard.watch(asked(str(number)))
    assert guard.watch(asked()) is not first
