"""Stops agents that run in circles or away: a warning first, then no more answers."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

import structlog

from ccproxy.api.asked import Asked
from ccproxy.api.callers import conversation_of, session_of
from ccproxy.config.sections import Guard as GuardSettings
from ccproxy.dialects import Endpoint
from ccproxy.dialects.repetition import repetition
from ccproxy.errors import LimitExceededError
from ccproxy.hooks.bus import HookBus
from ccproxy.hooks.events import GuardTripped, Runaway
from ccproxy.models.quota import MICROS

SOON = 0.8
"""The part of a session's limit from which on it is warned of."""
IDLE = 3600.0
"""Seconds of silence after which a session begins anew."""
MOST = 4096
"""Sessions that are remembered."""
_LONGEST_TOOL = 100

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Session:
    """What a session has come to.

    Attributes:
        began: When it began, by a monotonic clock.
        seen: When it asked last.
        priced: Whether its cost matters.
        tokens: What it has used.
        micros: What that has cost, in millionths of a US dollar.
    """

    began: float
    seen: float
    priced: bool
    tokens: int = 0
    micros: int = 0

    def add(self, tokens: int, micros: int) -> None:
        """Note what an answer has used."""
        self.tokens += tokens
        self.micros += micros


@dataclass(frozen=True, slots=True)
class _Finding:
    """What tells of a runaway.

    Attributes:
        kind: In which way.
        what: The same in a sentence.
        refuse: Whether it is enough.
        setting: What sets how much that is.
        hint: What to do.
    """

    kind: Runaway
    what: str
    refuse: bool
    setting: str
    hint: str


class Guard:
    """Watches the requests of agents.

    Args:
        settings: What is too much.
        bus: Told of what is found.
        clock: Monotonic time.
    """

    def __init__(
        self,
        settings: GuardSettings,
        bus: HookBus,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._settings = settings
        self._bus = bus
        self._clock = clock
        self._sessions: OrderedDict[tuple[str, str], Session] = OrderedDict()

    def watch(self, asked: Asked) -> Session | None:
        """Look at a request; its answer warns of what is near to too much.

        Returns:
            Its session, if the client names one.

        Raises:
            LimitExceededError: It is too much.
        """
        if asked.endpoint is Endpoint.COUNT_TOKENS:
            return None
        name = conversation_of(asked.exchange.headers, asked.payload)
        session = self._session(asked.exchange.caller, name) if name else None
        found = [*self._repeats(asked), *self._spent(session)]
        finding = next((each for each in found if each.refuse), None)
        finding = finding or next(iter(found), None)
        if finding is not None:
            self._tell(asked, finding)
        return session

    def _session(self, caller: str, name: str) -> Session:
        now = self._clock()
        key = caller, name
        session = self._sessions.get(key)
        if session is None or now - session.seen > IDLE:
            session = Session(now, now, priced=self._settings.session_cost > 0)
            self._sessions[key] = session
        session.seen = now
        self._sessions.move_to_end(key)
        if len(self._sessions) > MOST:
            self._sessions.popitem(last=False)
        return session

    def _repeats(self, asked: Asked) -> Iterator[_Finding]:
        most = self._settings.repeats
        found = repetition(asked.endpoint.dialect, asked.payload) if most else None
        if found is None or found.times < max(most / 2, 2):
            return
        yield _Finding(
            Runaway.REPEATS,
            f"The tool {found.tool[:_LONGEST_TOOL]!r} was called {found.times} times "
            "with the same result.",
            found.times >= most,
            "guard.repeats",
            "Tell the agent what to do otherwise",
        )

    def _spent(self, session: Session | None) -> Iterator[_Finding]:
        if session is None:
            return
        settings = self._settings
        usd, seconds = session.micros / MICROS, session.seen - session.began
        for kind, used, most, words in (
            (Runaway.TOKENS, session.tokens, settings.session_tokens, "{:,} tokens"),
            (Runaway.COST, usd, settings.session_cost, "{:.2f} US dollars"),
            (Runaway.TIME, seconds, settings.session_seconds, "{:.0f} seconds"),
        ):
            if most and used >= SOON * most:
                yield _Finding(
                    kind,
                    f"This session has used {words.format(used)} of "
                    f"{words.format(most)}.",
                    used >= most,
                    f"guard.session_{_SETTINGS[kind]}",
                    "Begin a new session",
                )

    def _tell(self, asked: Asked, finding: _Finding) -> None:
        exchange = asked.exchange
        exchange.warning = finding.what
        self._bus.publish(
            GuardTripped(
                at=datetime.now(UTC),
                request_id=exchange.id,
                session=session_of(exchange.headers, exchange.named_inside),
                reason=finding.kind,
                refused=finding.refuse,
            )
        )
        _log.warning("guard_tripped", reason=finding.what, refused=finding.refuse)
        if finding.refuse:
            raise LimitExceededError(
                finding.what,
                retry_after=None,
                hint=f"{finding.hint}; the limit is set by {finding.setting}.",
            )
        exchange.note([finding.what])


_SETTINGS = {Runaway.TOKENS: "tokens", Runaway.COST: "cost", Runaway.TIME: "seconds"}
"""How the settings call what a session uses up."""
