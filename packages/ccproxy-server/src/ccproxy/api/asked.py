"""A caller's request, as every choice is asked it."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from ccproxy.api.attention import Attention
from ccproxy.api.choice import Choice
from ccproxy.api.exchange import LONGEST_MODEL, Exchange
from ccproxy.dialects import Endpoint
from ccproxy.errors import BadRequestError
from ccproxy.sdk import JsonObject, Scope, Send


@dataclass(slots=True)
class Asked:
    """What a caller asks.

    Attributes:
        exchange: The facts of the request.
        endpoint: The operation.
        payload: The body, decoded.
        body: The body as it came.
        scope: ASGI's.
        send: ASGI's.
        attention: Interrupts the answer.
        choices: Who can be asked, in order.
    """

    exchange: Exchange
    endpoint: Endpoint
    payload: JsonObject
    body: bytes
    scope: Scope
    send: Send
    attention: Attention
    choices: Sequence[Choice]

    @property
    def several(self) -> bool:
        """Whether there is a choice."""
        return len(self.choices) > 1


def decode(body: bytes) -> JsonObject:
    """Read a request's body.

    Raises:
        BadRequestError: It is no JSON object.
    """
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        msg = f"The request body is not JSON: {error}."
        raise BadRequestError(msg) from error
    if not isinstance(payload, dict):
        msg = "The request body is not a JSON object."
        raise BadRequestError(msg)
    return payload


def model_of(payload: JsonObject) -> str:
    """Read which model is asked for.

    Raises:
        BadRequestError: None is, or not by a name.
    """
    model = payload.get("model")
    if not isinstance(model, str) or not model:
        msg = "The request names no model."
        raise BadRequestError(msg, hint="Set 'model' to a name; GET /v1/models lists.")
    if len(model) > LONGEST_MODEL:
        msg = f"The model's name is longer than {LONGEST_MODEL} characters."
        raise BadRequestError(msg)
    return model
