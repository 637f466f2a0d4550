"""Why a choice has not answered, and whether another may do better."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from time import time

import orjson

from ccproxy.api.attempt import Attempt
from ccproxy.api.choice import Choice
from ccproxy.api.held import Held, hold_all
from ccproxy.dialects.answer import Problem
from ccproxy.errors import (
    CCProxyError,
    CredentialError,
    DialectNotSpokenError,
    PreviousAnswerError,
    UntranslatableError,
    UpstreamConnectError,
    UpstreamDiedError,
    UpstreamError,
    UpstreamTimeoutError,
)
from ccproxy.sdk import UpstreamResponse

MOVABLE = (
    UpstreamError,
    CredentialError,
    DialectNotSpokenError,
    PreviousAnswerError,
    UntranslatableError,
)
"""Errors that another choice need not give."""


class Blame(Enum):
    """Whose fault it is."""

    MODEL = auto()
    """The provider's, with this model: whoever asks."""
    LIMIT = auto()
    """Nobody's: the account has used up what it may."""
    LOGIN = auto()
    """The account's: it is refused."""
    REQUEST = auto()
    """The request's: it can't be asked there."""


_BLAME = {
    401: Blame.LOGIN,
    402: Blame.LIMIT,
    403: Blame.LOGIN,
    408: Blame.MODEL,
    429: Blame.LIMIT,
}
"""The statuses below 500 that another choice need not give."""

_WAITS = {b"retry-after", b"retry-after-ms"}
_TELLING = {Blame.REQUEST: 0, Blame.LOGIN: 1, Blame.MODEL: 2, Blame.LIMIT: 2}


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is kept, to be told if nobody does better.

    Attributes:
        attempt: Can pass it on.
        answer: The whole of it.
    """

    attempt: Attempt
    answer: Held


@dataclass(slots=True, kw_only=True)
class Setback:
    """A choice that has not answered.

    Attributes:
        choice: Who was asked.
        blame: Whose fault it is.
        why: In words that complete "since openai/gpt-5.5 …".
        wait: Seconds for which the upstream wants not to be asked.
        error: What was raised, or would have been for what the upstream said.
        refusal: What the upstream said.
    """

    choice: Choice
    blame: Blame
    why: str
    error: CCProxyError
    wait: float | None = None
    refusal: Refusal | None = None

    @property
    def telling(self) -> tuple[bool, int]:
        """How much it says to the caller; an upstream's own words say most."""
        return self.refusal is not None, _TELLING[self.blame]

    async def keep(self, attempt: Attempt, response: UpstreamResponse) -> None:
        """Keep what the upstream said.

        Raises:
            UpstreamError: It broke off, or is far too long for an error.
        """
        self.refusal = Refusal(attempt, await hold_all(response))
        if self.wait is None:
            self.wait = wait_in_body(self.refusal.answer.body, time())

    def rules_out(self, choice: Choice) -> bool:
        """Tell whether another choice would fare no better."""
        whoever_asks = self.blame in {Blame.MODEL, Blame.REQUEST}
        return whoever_asks and choice.target.key == self.choice.target.key


def setback_of_error(choice: Choice, error: CCProxyError) -> Setback:
    """Read what was raised before an answer came."""
    blame, why = Blame.MODEL, "gave no answer"
    if isinstance(error, CredentialError):
        blame, why = Blame.LOGIN, "has no usable login"
    elif not isinstance(error, UpstreamError):
        blame, why = Blame.REQUEST, "can't be asked this"
    elif isinstance(error, UpstreamConnectError):
        why = "could not be reached"
    elif isinstance(error, UpstreamTimeoutError):
        why = "was silent for too long"
    elif isinstance(error, UpstreamDiedError):
        why = "broke off"
    return Setback(choice=choice, blame=blame, why=why, error=error)


def setback_of_answer(choice: Choice, response: UpstreamResponse) -> Setback | None:
    """Read the head of an answer; ``None`` if it is one that nobody would better."""
    if response.status < 400:
        return None
    blame = _BLAME.get(response.status)
    if blame is None and response.status >= 500:
        blame = Blame.MODEL
    if blame is None:
        return None
    wait = wait_in_headers(response.headers, time())
    return _setback(choice, blame, f"answered {response.status}", wait)


def setback_of_problem(choice: Choice, problem: Problem) -> Setback:
    """Read what a stream says in place of its content."""
    blame = _BLAME.get(problem.status, Blame.MODEL)
    why = f"failed with {problem.code or problem.status}"
    return _setback(choice, blame, why, problem.retry_after)


def _setback(choice: Choice, blame: Blame, why: str, wait: float | None) -> Setback:
    error = UpstreamError(f"{choice} {why}.")
    return Setback(choice=choice, blame=blame, why=why, error=error, wait=wait)


def most_telling(setbacks: Sequence[Setback]) -> Setback:
    """Pick the one to tell the caller of; of equals, the last.

    It is told with the least wait of all.
    """
    told = max(reversed(setbacks), key=lambda each: each.telling)
    waits = [each.wait for each in setbacks if each.wait is not None]
    if told.refusal is not None and waits:
        answer = told.refusal.answer
        kept = [each for each in answer.headers if each[0] not in _WAITS]
        seconds = str(math.ceil(min(waits))).encode()
        answer.headers = [*kept, (b"retry-after", seconds)]
    return told


def wait_in_headers(headers: Sequence[tuple[bytes, bytes]], now: float) -> float | None:
    """Read the seconds to wait, which may be written as a date (RFC 9110, 10.2.3).

    Args:
        headers: Names in lower case.
        now: Unix seconds.
    """
    told = dict(headers)
    if (wait := _number(told.get(b"retry-after-ms", b""))) is not None:
        return wait / 1000
    text = told.get(b"retry-after", b"")
    if not text or (wait := _number(text)) is not None:
        return wait if text else None
    try:
        date = parsedate_to_datetime(text.decode("latin-1"))
    except ValueError:
        return None
    return max(0.0, date.replace(tzinfo=date.tzinfo or UTC).timestamp() - now)


def wait_in_body(body: bytes, now: float) -> float | None:
    """Read when a used-up window begins anew, as the Codex backend tells it.

    ``{"error": {"resets_at", "resets_in_seconds"}}``, as read in the public repository
    openai/codex, ``codex-rs/codex-api/src/api_bridge.rs``.

    Args:
        body: Of an error.
        now: Unix seconds.
    """
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    error = payload.get("error") if isinstance(payload, dict) else None
    if not isinstance(error, dict):
        return None
    wait, moment = error.get("resets_in_seconds"), error.get("resets_at")
    if isinstance(wait, int | float) and wait >= 0:
        return float(wait)
    if isinstance(moment, int | float):
        return max(0.0, moment - now)
    return None


def _number(text: bytes) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number < 1e12 else None
