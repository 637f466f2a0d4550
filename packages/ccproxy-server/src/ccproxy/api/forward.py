"""From a caller's request to a provider's answer."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from time import monotonic
from typing import TypeAlias

from ccproxy.api.asked import Asked, decode, model_of
from ccproxy.api.asking import endpoint_for
from ccproxy.api.attempt import Attempt
from ccproxy.api.attention import Attention, Interrupted, Lookout
from ccproxy.api.body import ClientLeftError, read_body
from ccproxy.api.callers import named_inside
from ccproxy.api.choice import Choice
from ccproxy.api.choices import Choices
from ccproxy.api.estimate import send_estimate
from ccproxy.api.exchange import Exchange
from ccproxy.api.key_check import for_key
from ccproxy.api.prelude import hold_prelude
from ccproxy.api.routing import ModelTable, Target
from ccproxy.api.setback import (
    MOVABLE,
    Setback,
    most_telling,
    setback_of_answer,
    setback_of_error,
    setback_of_problem,
)
from ccproxy.api.streams import OpenStreams
from ccproxy.api.wording import Wording
from ccproxy.dialects import Endpoint
from ccproxy.errors import ShuttingDownError
from ccproxy.hooks.bus import HookBus
from ccproxy.hooks.events import Failure
from ccproxy.sdk import Receive, Scope, Send, Upstream, UpstreamResponse

Admit: TypeAlias = Callable[[Asked, Target], AbstractAsyncContextManager[None]]
"""Lets a request in for as long as it is answered; entering raises if it may not."""


def admit_all(asked: Asked, target: Target) -> AbstractAsyncContextManager[None]:
    """Let every request in."""
    del asked, target
    return nullcontext()


class Forward:
    """The data plane.

    Args:
        models: Picks the providers.
        choices: Orders them, where there are several.
        network: Who answers for providers without an upstream of their own.
        streams: Where open streams are noted.
        bus: Told of chunks.
        admit: Lets a request in, once its model is known.
        max_body: Bytes a request body may have, decoded.
    """

    def __init__(
        self,
        models: ModelTable,
        choices: Choices,
        network: Upstream,
        *,
        streams: OpenStreams,
        bus: HookBus,
        admit: Admit,
        max_body: int,
    ) -> None:
        self._models = models
        self._choices = choices
        self._network = network
        self._streams = streams
        self._admit = admit
        self._max_body = max_body
        self._wording = Wording(bus)
        self._lookout = Lookout()

    async def __call__(
        self,
        exchange: Exchange,
        endpoint: Endpoint,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Answer one request.

        Raises:
            CCProxyError: It can't be answered, and nothing has been sent yet.
        """
        began = monotonic()
        try:
            body = await read_body(receive, exchange.headers, self._max_body)
        except ClientLeftError:
            exchange.fail(Failure.CLIENT_LEFT, "The client left while asking.")
            return
        exchange.waited_since(began)
        exchange.bytes_in = len(body)
        payload = decode(body)
        exchange.named_inside = named_inside(payload)
        exchange.model_requested = model_of(payload)
        exchange.streaming = payload.get("stream") is True
        targets = self._models.targets(exchange.match, exchange.model_requested)
        targets = for_key(exchange.key, targets)
        if exchange.copy is not None:
            exchange.copy.asks(body, (each.provider.name for each in targets))
        choices = self._choices.order(exchange, payload, targets)
        attention = Attention(receive, self._lookout)
        asked = Asked(
            exchange, endpoint, payload, body, scope, send, attention, choices
        )
        try:
            async with self._admit(asked, targets[0]):
                with attention:
                    await self._answer(asked)
        except Interrupted:
            if attention.failure is Failure.SHUTDOWN:
                msg = "The gateway is stopping."
                raise ShuttingDownError(msg, hint="Ask again.") from None
            exchange.client_left()

    async def _answer(self, asked: Asked) -> None:
        """Ask one choice after the other until one answers."""
        setbacks: list[Setback] = []
        for place, choice in enumerate(asked.choices, 1):
            if asked.several and not self._admits(asked, choice, setbacks):
                continue
            _turn_to(asked.exchange, choice, setbacks)
            mark = len(asked.exchange.notes)
            left = place < len(asked.choices)
            try:
                setback = await self._try(asked, choice, left=left)
            except BaseException:
                self._choices.let_go(choice)
                raise
            if setback is None:
                return
            del asked.exchange.notes[mark:]
            self._choices.failed(setback)
            setbacks.append(setback)
        if not setbacks:
            raise self._choices.resting(asked.choices)
        await self._tell(asked.exchange, setbacks)

    def _admits(
        self, asked: Asked, choice: Choice, setbacks: Sequence[Setback]
    ) -> bool:
        """Tell whether a choice is worth asking, after what has come of others."""
        if any(each.rules_out(choice) for each in setbacks):
            return False
        if self._choices.admit(choice):
            return True
        asked.exchange.note([f"Passed {choice} over, which has failed of late."])
        return False

    async def _try(self, asked: Asked, choice: Choice, *, left: bool) -> Setback | None:
        """Ask a choice, and pass its answer on.

        Args:
            asked: What is asked.
            choice: Who is asked.
            left: Whether others can still be asked.

        Returns:
            What kept it from answering.
        """
        exchange = asked.exchange
        try:
            spoken = endpoint_for(asked.endpoint, choice.provider)
            if spoken is None:
                self._choices.let_go(choice)
                asked.attention.release()
                await send_estimate(exchange, asked.payload, asked.send)
                return None
            exchange.dialect_out = spoken.dialect.value
            attempt = self._wording.attempt(asked, choice, spoken)
        except MOVABLE as error:
            return setback_of_error(choice, error)
        self._streams.add(attempt.relay)
        try:
            response = await self._head(attempt, several=asked.several, left=left)
            if isinstance(response, Setback):
                return response
            await attempt.pass_on(response)
        finally:
            self._streams.discard(attempt.relay)
        return None

    async def _head(
        self, attempt: Attempt, *, several: bool, left: bool
    ) -> UpstreamResponse | Setback:
        """Ask, and look at how the answer begins.

        Where there are other choices a refusal is held back, and so are the first
        events of a stream for as long as others can still be asked.
        """
        choice, exchange = attempt.choice, attempt.exchange
        try:
            response = await attempt.ask(self._network)
            setback = setback_of_answer(choice, response)
            if setback is None and left and attempt.is_stream(response):
                response, problem = await hold_prelude(response)
                if problem is not None:
                    setback = setback_of_problem(choice, problem)
            if setback is not None and several:
                await setback.keep(attempt, response)
                return setback
        except MOVABLE as error:
            return setback_of_error(choice, error)
        finally:
            if exchange.asked_at is not None:
                exchange.waited_since(exchange.asked_at)
        if setback is None:
            self._choices.answered(exchange, choice, response.status)
        else:
            self._choices.failed(setback)
        return response

    async def _tell(self, exchange: Exchange, setbacks: Sequence[Setback]) -> None:
        """Tell the caller of the one that says most; nobody has answered.

        Raises:
            CCProxyError: No upstream has said anything.
        """
        told = most_telling(setbacks)
        _turn_to(exchange, told.choice, [])
        others = [each for each in setbacks if each is not told]
        exchange.asked_before(str(each.choice) for each in others)
        if told.refusal is None:
            raise told.error
        attempt = told.refusal.attempt
        exchange.model = attempt.request.model
        exchange.dialect_out = attempt.request.endpoint.dialect.value
        self._streams.add(attempt.relay)
        try:
            await attempt.pass_on(told.refusal.answer)
        finally:
            self._streams.discard(attempt.relay)


def _turn_to(exchange: Exchange, choice: Choice, setbacks: Sequence[Setback]) -> None:
    """Note who is asked now, and in whose place."""
    target = choice.target
    exchange.turn_to(target.provider.name, target.model, choice.account_name)
    if setbacks:
        before = setbacks[-1]
        exchange.asked_before(str(each.choice) for each in setbacks)
        exchange.note([f"Asked {choice}, since {before.choice} {before.why}."])
