"""How a choice is asked what the caller asks."""

from ccproxy.api.answers import Answers
from ccproxy.api.asked import Asked
from ccproxy.api.asking import Asking, as_it_came, translated
from ccproxy.api.attempt import Attempt
from ccproxy.api.attention import Attention
from ccproxy.api.choice import Choice
from ccproxy.api.exchange import Exchange
from ccproxy.api.foreign import NOTE, is_elsewhere, without_reasoning
from ccproxy.api.relay import Relay
from ccproxy.api.renamed import RenamedRelay
from ccproxy.api.translated import TranslatedRelay
from ccproxy.dialects import Endpoint
from ccproxy.hooks.bus import HookBus
from ccproxy.sdk import JsonObject, Send
from ccproxy.sdk.json import encode

_FOLLOWING = (Endpoint.RESPONSES, Endpoint.COMPACT)
"""Operations that may go on from an earlier answer."""


class Wording:
    """Words requests for providers, with what each of them remembers in mind.

    Args:
        bus: Told of chunks of the answers.
    """

    def __init__(self, bus: HookBus) -> None:
        self._bus = bus
        self._answers = Answers()

    def attempt(self, asked: Asked, choice: Choice, spoken: Endpoint) -> Attempt:
        """Word a request for a choice.

        Args:
            asked: What is asked.
            choice: Who is asked.
            spoken: The operation of the provider's.

        Raises:
            PreviousAnswerError: It goes on from an answer that nobody keeps.
            UntranslatableError: It can't be said in the provider's dialect.
        """
        exchange, send = asked.exchange, asked.send
        payload, body = asked.payload, asked.body
        if asked.endpoint in _FOLLOWING:
            payload, body, send = self._remembered(asked, choice, spoken)
        if spoken is asked.endpoint:
            asking = _as_it_came(asked, choice, payload, body)
        else:
            asking = translated(
                exchange,
                asked.endpoint,
                spoken,
                choice.target,
                payload=payload,
                scope=asked.scope,
            )
        relay = _relay(exchange, asking, send, asked.attention, self._bus)
        return Attempt(exchange, choice, asking.request, relay)

    def _remembered(
        self, asked: Asked, choice: Choice, spoken: Endpoint
    ) -> tuple[JsonObject, bytes, Send]:
        """Ask with all that was said, where the provider does not remember it.

        Where there are several choices the gateway remembers what each has answered:
        the next may be asked to go on from it.
        """
        caller, send = asked.exchange.caller, asked.send
        payload, body = asked.payload, asked.body
        keeps = spoken in _FOLLOWING and choice.provider.keeps_answers
        if not keeps or (asked.several and self._answers.knows(caller, payload)):
            payload = self._answers.expand(caller, payload)
        if payload is not asked.payload:
            body = encode(payload)
        if asked.endpoint is Endpoint.RESPONSES and (asked.several or not keeps):
            send = self._answers.watch(caller, payload, len(body), send)
        return payload, body, send


def _relay(
    exchange: Exchange, asking: Asking, send: Send, attention: Attention, bus: HookBus
) -> Relay:
    """Make what passes the answer on."""
    dialect = exchange.match.dialect
    if dialect is None:
        msg = "only paths of a dialect are relayed"
        raise ValueError(msg)
    told = exchange, dialect, send, attention, bus
    if asking.translation is not None:
        return TranslatedRelay(*told, translation=asking.translation)
    if asking.renamed is not None:
        return RenamedRelay(*told, name=asking.renamed)
    return Relay(*told)


def _as_it_came(
    asked: Asked, choice: Choice, payload: JsonObject, body: bytes
) -> Asking:
    exchange = asked.exchange
    if asked.several and _has_moved(asked, choice):
        own = without_reasoning(asked.endpoint.dialect, payload)
        if own is not payload:
            exchange.note([NOTE])
            exchange.moved, payload, body = True, own, encode(own)
    return as_it_came(
        exchange,
        asked.endpoint,
        choice.target,
        payload=payload,
        body=body,
        scope=asked.scope,
    )


def _has_moved(asked: Asked, choice: Choice) -> bool:
    first, dialect = asked.choices[0], asked.endpoint.dialect
    return asked.exchange.moved or is_elsewhere(choice, first, dialect)
