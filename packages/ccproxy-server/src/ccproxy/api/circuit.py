"""Who has failed of late, and for how long they are passed over.

A circuit is closed while all is well. It opens after some failures in a row, or at once
when an upstream says for how long it is not to be asked. When that time is over it is
half open: one request tries, and what comes of it closes the circuit or opens it again.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import TypeAlias

from ccproxy.hooks.events import CircuitState

Key: TypeAlias = tuple[str, str]
"""A provider, and its model or account."""
Told: TypeAlias = Callable[[Key, CircuitState, CircuitState], None]
"""Told of a change: whose, the state before, and the state now."""

MOST = 1000
"""Circuits that are kept; names of models come from clients."""
LONGEST = 8 * 86400.0
"""Seconds; no vendor's limit is for longer than a week."""


class Circuit:
    """One of them.

    Args:
        failures: In a row, after which it opens; 0 is never.
        seconds: For how long it opens, if nobody says.

    Attributes:
        told: The state that others know of.
    """

    __slots__ = ("_failed", "_failures", "_seconds", "_trying", "_until", "told")

    def __init__(self, failures: int, seconds: float) -> None:
        self.told = CircuitState.CLOSED
        self._failures = failures
        self._seconds = seconds
        self._failed = 0
        self._until: float | None = None
        self._trying = False

    def state(self, now: float) -> CircuitState:
        """Tell the state at a moment."""
        if self._until is None:
            return CircuitState.CLOSED
        return CircuitState.OPEN if now < self._until else CircuitState.HALF_OPEN

    def wait(self, now: float) -> float:
        """Tell the seconds until a request may try; 0 if one may."""
        return max(0.0, (self._until or 0.0) - now)

    def admit(self, now: float) -> bool:
        """Let a request pass, or not; half open, only the first."""
        state = self.state(now)
        if state is CircuitState.HALF_OPEN and not self._trying:
            self._trying = True
            return True
        return state is CircuitState.CLOSED

    def fail(self, now: float, wait: float | None = None) -> None:
        """Take note of a failure.

        Args:
            now: The moment.
            wait: Seconds for which the upstream wants not to be asked.
        """
        self._failed += 1
        if wait is not None:
            self._open(now + min(wait, LONGEST))
        elif self._failures and (self._until or self._failed >= self._failures):
            self._open(now + self._seconds)
        self._trying = False

    def let_go(self) -> None:
        """Take note that the one who tries has learned nothing."""
        self._trying = False

    def _open(self, until: float) -> None:
        self._until = max(until, self._until or 0.0)


class Circuits:
    """All that are not closed, or have begun to fail.

    Args:
        failures: In a row, after which one opens; 0 is never.
        seconds: For how long it opens, if nobody says.
        clock: Monotonic.
        told: Called when one has opened, half opened or closed.
    """

    def __init__(
        self,
        failures: int,
        seconds: float,
        clock: Callable[[], float],
        told: Told | None = None,
    ) -> None:
        self._failures = failures
        self._seconds = seconds
        self._clock = clock
        self._told = told
        self._known: OrderedDict[Key, Circuit] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def __iter__(self) -> Iterator[tuple[Key, CircuitState, float]]:
        """Yield those that are not closed, with the seconds they are still open."""
        now = self._clock()
        for key, circuit in self._known.items():
            if (state := circuit.state(now)) is not CircuitState.CLOSED:
                yield key, state, circuit.wait(now)

    def wait(self, key: Key) -> float:
        """Tell the seconds until a request may try; 0 if one may."""
        circuit = self._known.get(key)
        return circuit.wait(self._clock()) if circuit else 0.0

    def admit(self, key: Key) -> bool:
        """Let a request pass, or not."""
        circuit = self._known.get(key)
        if circuit is None:
            return True
        now = self._clock()
        admitted = circuit.admit(now)
        if admitted:
            self._tell(key, circuit, circuit.state(now))
        return admitted

    def fail(self, key: Key, wait: float | None = None) -> None:
        """Take note of a failure; see ``Circuit.fail``."""
        circuit = self._known.get(key)
        if circuit is None:
            circuit = self._known[key] = Circuit(self._failures, self._seconds)
        self._known.move_to_end(key)
        now = self._clock()
        circuit.fail(now, wait)
        self._tell(key, circuit, circuit.state(now))
        if len(self._known) > MOST:
            self._close(next(iter(self._known)))

    def succeed(self, key: Key) -> None:
        """Take note of an answer: all is well."""
        if key in self._known:
            self._close(key)

    def let_go(self, key: Key) -> None:
        """Take note that the one who tries has learned nothing."""
        if key in self._known:
            self._known[key].let_go()

    def _close(self, key: Key) -> None:
        self._tell(key, self._known.pop(key), CircuitState.CLOSED)

    def _tell(self, key: Key, circuit: Circuit, state: CircuitState) -> None:
        before, circuit.told = circuit.told, state
        if before is not state and self._told is not None:
            self._told(key, before, state)
