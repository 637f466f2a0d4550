"""From a caller's request to a provider's answer."""

from collections.abc import Sequence

import orjson

from ccproxy.api.answers import Answers
from ccproxy.api.asked import Asked, decode
from ccproxy.api.asking import as_it_came, endpoint_for, translated
from ccproxy.api.attempt import Attempt
from ccproxy.api.attention import Attention, Interrupted
from ccproxy.api.body import ClientLeftError, read_body
from ccproxy.api.choice import Choice
from ccproxy.api.choices import Choices
from ccproxy.api.estimate import send_estimate
from ccproxy.api.exchange import Exchange
from ccproxy.api.prelude import hold_prelude
from ccproxy.api.routing import ModelTable
from ccproxy.api.setback import (
    MOVABLE,
    Setback,
    most_telling,
    setback_of_answer,
    setback_of_error,
    setback_of_problem,
)
from ccproxy.api.streams import OpenStreams
from ccproxy.api.translated import relay_for
from ccproxy.dialects import Endpoint
from ccproxy.errors import ShuttingDownError
from ccproxy.hooks.bus import HookBus
from ccproxy.hooks.events import Failure
from ccproxy.sdk import Receive, Scope, Send, Upstream, UpstreamResponse

_FOLLOWING = (Endpoint.RESPONSES, Endpoint.COMPACT)
"""Operations that may go on from an earlier answer."""


class Forward:
    """The data plane.

    Args:
        models: Picks the providers.
        choices: Orders them, where there are several.
        network: Who answers for providers without an upstream of their own.
        streams: Where open streams are noted.
        bus: Told of chunks.
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
        max_body: int,
    ) -> None:
        self._models = models
        self._choices = choices
        self._network = network
        self._streams = streams
        self._bus = bus
        self._max_body = max_body
        self._answers = Answers()

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
        try:
            body = await read_body(receive, exchange.headers, self._max_body)
        except ClientLeftError:
            exchange.fail(Failure.CLIENT_LEFT, "The client left while asking.")
            return
        exchange.bytes_in = len(body)
        attention = Attention(receive)
        payload = decode(body)
        asked = Asked(exchange, endpoint, payload, body, scope, send, attention)
        targets = self._models.targets(exchange.match, asked.model)
        exchange.model_requested = asked.model
        exchange.streaming = payload.get("stream") is True
        choices = self._choices.order(exchange, payload, targets)
        try:
            with attention:
                await self._answer(asked, choices)
        except Interrupted:
            if attention.failure is Failure.SHUTDOWN:
                msg = "The gateway is stopping."
                raise ShuttingDownError(msg, hint="Ask again.") from None
            exchange.client_left()

    async def _answer(self, asked: Asked, choices: Sequence[Choice]) -> None:
        """Ask one choice after the other until one answers."""
        several = len(choices) > 1
        setbacks: list[Setback] = []
        for place, choice in enumerate(choices):
            if several and not self._admits(asked, choice, setbacks):
                continue
            _turn_to(asked.exchange, choice, setbacks)
            mark = len(asked.exchange.notes)
            left = place + 1 < len(choices)
            try:
                setback = await self._try(asked, choice, several=several, left=left)
            except BaseException:
                self._choices.let_go(choice)
                raise
            if setback is None:
                return
            del asked.exchange.notes[mark:]
            self._choices.failed(setback)
            setbacks.append(setback)
        if not setbacks:
            raise self._choices.resting(choices)
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

    async def _try(
        self, asked: Asked, choice: Choice, *, several: bool, left: bool
    ) -> Setback | None:
        """Ask a choice, and pass its answer on.

        Args:
            asked: What is asked.
            choice: Who is asked.
            several: Whether there are other choices.
            left: Whether others can still be asked.

        Returns:
            What kept it from answering.
        """
        exchange = asked.exchange
        try:
            spoken = endpoint_for(asked.endpoint, choice.provider)
            if spoken is None:
                asked.attention.release()
                await send_estimate(exchange, asked.payload, asked.send)
                return None
            exchange.dialect_out = spoken.dialect.value
            attempt = self._attempt(asked, choice, spoken, several=several)
        except MOVABLE as error:
            return setback_of_error(choice, error)
        self._streams.add(attempt.relay)
        try:
            response = await self._head(attempt, several=several, left=left)
            if isinstance(response, Setback):
                return response
            await attempt.pass_on(response)
        finally:
            self._streams.discard(attempt.relay)
        return None

    def _attempt(
        self, asked: Asked, choice: Choice, spoken: Endpoint, *, several: bool
    ) -> Attempt:
        """Say it in the provider's dialect, and with the provider's memory in mind.

        Raises:
            PreviousAnswerError: It goes on from an answer that nobody keeps.
            UntranslatableError: It can't be said so.
        """
        exchange, endpoint, target = asked.exchange, asked.endpoint, choice.target
        payload, body, send = asked.payload, asked.body, asked.send
        if endpoint in _FOLLOWING:
            keeps = spoken in _FOLLOWING and choice.provider.keeps_answers
            if not keeps or (several and self._answers.knows(exchange.caller, payload)):
                expanded = self._answers.expand(exchange.caller, payload)
                if expanded is not payload:
                    payload, body = expanded, orjson.dumps(expanded)
            if endpoint is Endpoint.RESPONSES and (several or not keeps):
                send = self._answers.watch(exchange.caller, payload, len(body), send)
        if spoken is endpoint:
            asking = as_it_came(
                exchange,
                endpoint,
                target,
                payload=payload,
                body=body,
                scope=asked.scope,
            )
        else:
            asking = translated(exchange, endpoint, spoken, target, payload)
        relay = relay_for(
            exchange, asking.translation, send, asked.attention, self._bus
        )
        return Attempt(exchange, choice, asking.request, relay)

    async def _head(
        self, attempt: Attempt, *, several: bool, left: bool
    ) -> UpstreamResponse | Setback:
        """Ask, and look at how the answer begins.

        Where there are other choices a refusal is held back, and so are the first
        events of a stream for as long as others can still be asked.
        """
        choice = attempt.choice
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
        if setback is None:
            self._choices.answered(attempt.exchange, choice, response.status)
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
        exchange.fallbacks = [str(each.choice) for each in setbacks if each is not told]
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
    exchange.turn_to(*choice.target.key, choice.account_name)
    if setbacks:
        before = setbacks[-1]
        exchange.fallbacks.append(str(before.choice))
        exchange.note([f"Asked {choice}, since {before.choice} {before.why}."])
