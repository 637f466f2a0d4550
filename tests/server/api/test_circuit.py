"""Who has failed of late is passed over, for a while."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ccproxy.api.circuit import MOST, Circuit, Circuits
from ccproxy.hooks.events import CircuitState

pytestmark = pytest.mark.unit

CLOSED, OPEN, HALF_OPEN = CircuitState.CLOSED, CircuitState.OPEN, CircuitState.HALF_OPEN
KEY = ("openai", "gpt")


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_opens_after_failures_in_a_row_and_lets_one_try() -> None:
    circuit = Circuit(failures=2, seconds=30)
    circuit.fail(0)
    assert circuit.admit(0)
    circuit.fail(0)
    assert circuit.state(0) is OPEN
    assert not circuit.admit(29.9)
    assert circuit.state(30) is HALF_OPEN
    assert [circuit.admit(30), circuit.admit(30)] == [True, False]


def test_a_try_that_fails_opens_it_again() -> None:
    circuit = Circuit(failures=2, seconds=30)
    circuit.fail(0)
    circuit.fail(0)
    assert circuit.admit(30)
    circuit.fail(31)
    assert circuit.state(60.9) is OPEN
    assert circuit.wait(31) == 30


def test_a_try_that_teaches_nothing_leaves_it_to_the_next() -> None:
    circuit = Circuit(failures=1, seconds=30)
    circuit.fail(0)
    assert circuit.admit(30)
    circuit.let_go()
    assert circuit.admit(30)


def test_a_wait_opens_it_at_once_for_as_long_as_that() -> None:
    circuit = Circuit(failures=5, seconds=30)
    circuit.fail(0, wait=3600)
    assert circuit.wait(0) == 3600
    circuit.fail(1, wait=5)
    assert circuit.wait(1) == 3599  # who said so is still to be waited for


def test_without_a_number_of_failures_only_a_wait_opens_it() -> None:
    circuit = Circuit(failures=0, seconds=30)
    for _ in range(100):
        circuit.fail(0)
    assert circuit.state(0) is CLOSED
    circuit.fail(0, wait=1)
    assert circuit.state(0) is OPEN
    assert circuit.admit(1)
    circuit.fail(1)
    assert circuit.admit(1)


def test_every_change_is_told_once() -> None:
    told: list[tuple[CircuitState, CircuitState]] = []
    clock = Clock()
    circuits = Circuits(
        2, 30, clock, lambda _, before, state: told.append((before, state))
    )
    circuits.fail(KEY)
    assert told == []
    circuits.fail(KEY)
    circuits.fail(KEY)
    clock.now += 30
    assert circuits.admit(KEY)
    circuits.succeed(KEY)
    circuits.succeed(KEY)
    assert told == [(CLOSED, OPEN), (OPEN, HALF_OPEN), (HALF_OPEN, CLOSED)]


def test_those_that_are_not_closed_are_listed() -> None:
    clock = Clock()
    circuits = Circuits(2, 30, clock)
    circuits.fail(("a", "begins to fail"))
    circuits.fail(("b", "x"), wait=10)
    circuits.fail(("c", "y"), wait=1)
    clock.now += 1
    assert list(circuits) == [(("b", "x"), OPEN, 9), (("c", "y"), HALF_OPEN, 0)]


def test_names_that_clients_make_up_do_not_pile_up() -> None:
    told: list[CircuitState] = []
    circuits = Circuits(1, 30, Clock(), lambda *change: told.append(change[2]))
    for number in range(MOST + 10):
        circuits.fail(("a", str(number)))
    assert len(list(circuits)) == MOST
    assert told.count(CLOSED) == 10


class Life(RuleBasedStateMachine):
    """Whatever happens: a success closes it, and half open only one tries."""

    def __init__(self) -> None:
        super().__init__()
        self.circuit = Circuit(failures=3, seconds=10)
        self.now = 0.0
        self.in_a_row = 0
        self.until = 0.0
        self.trying = False

    @rule(seconds=st.sampled_from([0.5, 5.0, 20.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def somebody_asks(self) -> None:
        state = self.circuit.state(self.now)
        expected = state is CLOSED or (state is HALF_OPEN and not self.trying)
        assert self.circuit.admit(self.now) is expected
        if expected and state is HALF_OPEN:
            self.trying = True

    @rule(wait=st.sampled_from([None, None, 1.0, 60.0]))
    def it_fails(self, wait: float | None) -> None:
        self.circuit.fail(self.now, wait)
        self.in_a_row += 1
        if wait is not None:
            self.until = max(self.until, self.now + wait)
        elif self.until or self.in_a_row >= 3:
            self.until = max(self.until, self.now + 10)
        self.trying = False

    @rule()
    def the_one_who_tries_leaves(self) -> None:
        self.circuit.let_go()
        self.trying = False

    @invariant()
    def it_is_open_for_as_long_as_it_was_told(self) -> None:
        assert self.circuit.wait(self.now) == max(0.0, self.until - self.now)
        assert (self.circuit.state(self.now) is CLOSED) == (self.until == 0)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)
