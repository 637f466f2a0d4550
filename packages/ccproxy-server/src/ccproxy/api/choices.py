"""In which order those who could answer are asked, and what is learnt of them."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from time import monotonic

from ccproxy.api.affinity import Affinity, Seat
from ccproxy.api.callers import conversation_of
from ccproxy.api.choice import Choice, callers_own
from ccproxy.api.circuit import Circuits, Key, Told
from ccproxy.api.exchange import Exchange
from ccproxy.api.routing import Target
from ccproxy.api.setback import Blame, Setback
from ccproxy.errors import UpstreamRestingError
from ccproxy.sdk import JsonObject


class Choices:
    """Orders the choices of a request.

    Where there is but one it is always asked: what is known of it is our guess, and
    nobody is to be locked out by a guess.

    Args:
        failures: In a row, after which a model is passed over; 0 is never.
        seconds: For how long, if nobody says.
        affinity: Seconds of silence after which a conversation may go elsewhere.
        clock: Monotonic.
        told: Called when a circuit of a provider's model has changed.

    Attributes:
        models: The circuits of models.
        accounts: The circuits of accounts.
    """

    def __init__(
        self,
        failures: int,
        seconds: float,
        affinity: float,
        *,
        clock: Callable[[], float] = monotonic,
        told: Told | None = None,
    ) -> None:
        self.models = Circuits(failures, seconds, clock, told)
        self.accounts = Circuits(failures, seconds, clock)
        self._seconds = seconds
        self._affinity = Affinity(affinity, clock)
        self._asked: dict[Key, float] = {}
        self._clock = clock

    def order(
        self, exchange: Exchange, payload: JsonObject, targets: Sequence[Target]
    ) -> Sequence[Choice]:
        """Order all choices: where the conversation is, then as the route says.

        Of the accounts of a provider the least used comes first, where it is a
        conversation that begins. A request of none that is known stays with the first
        account, since its cache may be there.
        """
        found = [each for target in targets for each in _of(exchange, target)]
        if len(found) == 1:
            return found
        exchange.conversation = conversation_of(exchange.headers, payload)
        if exchange.conversation is None:
            return found
        found.sort(key=self._use)
        places = {target.key: place for place, target in enumerate(targets)}
        seat = self._affinity.seat(*_key(exchange))
        exchange.moved = self._affinity.has_moved(*_key(exchange))
        return sorted(
            found,
            key=lambda each: (
                not _sits(each, seat, with_account=False),
                places[each.target.key],
                not _sits(each, seat, with_account=True),
            ),
        )

    def admit(self, choice: Choice) -> bool:
        """Tell whether a choice may be asked, where there are others."""
        account = choice.account_key
        if account is not None and not self.accounts.admit(account):
            return False
        if self.models.admit(choice.target.key):
            if account is not None:
                self._asked[account] = self._clock()
            return True
        if account is not None:
            self.accounts.let_go(account)
        return False

    def answered(self, exchange: Exchange, choice: Choice, status: int) -> None:
        """Take note of an answer, which may tell what is wrong with the request."""
        if self.models:
            self.models.succeed(choice.target.key)
        account = choice.account_key
        if account is not None:
            self.accounts.succeed(account)
        if exchange.conversation is not None and status < 400:
            seat = Seat(*choice.target.key, choice.account_name, exchange.moved)
            self._affinity.keep(*_key(exchange), seat)

    def failed(self, setback: Setback) -> None:
        """Take note of a choice that has not answered."""
        choice, blame = setback.choice, setback.blame
        account = choice.account_key
        if blame is Blame.MODEL or (
            blame is Blame.LIMIT and account is None and not choice.own
        ):
            self.models.fail(choice.target.key, setback.wait)
        elif account is not None and blame in {Blame.LIMIT, Blame.LOGIN}:
            wait = self._seconds if setback.wait is None else setback.wait
            self.accounts.fail(account, wait)
        self.let_go(choice)

    def let_go(self, choice: Choice) -> None:
        """Take note that asking has taught nothing."""
        self.models.let_go(choice.target.key)
        if choice.account_key is not None:
            self.accounts.let_go(choice.account_key)

    def resting(self, choices: Sequence[Choice]) -> UpstreamRestingError:
        """Make the error for a request whose choices are all passed over."""
        waits = [self._wait(choice) for choice in choices]
        names = ", ".join(dict.fromkeys(str(choice.target) for choice in choices))
        return UpstreamRestingError(
            f"All that could answer have failed of late: {names}.",
            retry_after=timedelta(seconds=max(1.0, min(waits))),
            hint="Ask again later; GET /api/providers tells how they are.",
        )

    def _use(self, choice: Choice) -> tuple[float, float]:
        """Rank a choice by how much its account is used, then by how lately."""
        account = choice.account
        if account is None or choice.account_key is None:
            return 0.0, 0.0
        return account.used_percent or 0.0, self._asked.get(choice.account_key, 0.0)

    def _wait(self, choice: Choice) -> float:
        account = choice.account_key
        wait = self.models.wait(choice.target.key)
        return wait if account is None else max(wait, self.accounts.wait(account))


def _of(exchange: Exchange, target: Target) -> Sequence[Choice]:
    """Make the choices of a target: one for each account, most have but one."""
    own = callers_own(exchange, target.provider)
    accounts = () if own else target.provider.accounts()
    if not accounts:
        return (Choice(target, None, own),)
    return [Choice(target, account) for account in accounts]


def _key(exchange: Exchange) -> tuple[str, str]:
    """Name a conversation; a client's helpers share its name and ask other models."""
    name = f"{exchange.model_requested} {exchange.conversation}"
    return exchange.caller, name


def _sits(choice: Choice, seat: Seat | None, *, with_account: bool) -> bool:
    if seat is None or choice.target.key != (seat.provider, seat.model):
        return False
    return not with_account or choice.account_name == seat.account
