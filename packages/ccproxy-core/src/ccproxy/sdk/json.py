"""Decoded JSON: its shape, and writing it."""

import orjson

from ccproxy.dialects.json import Json, JsonObject
from ccproxy.errors import BadRequestError

__all__ = ["Json", "JsonObject", "encode"]


def encode(payload: Json) -> bytes:
    """Write JSON; the same payload always gives the same bytes.

    Raises:
        BadRequestError: It is nested deeper than can be written. (What a client sends
            is read up to a depth of 1,024, and written up to 254.)
    """
    try:
        return orjson.dumps(payload)
    except orjson.JSONEncodeError as error:
        msg = f"The request can't be written as JSON: {error}."
        raise BadRequestError(msg, hint="Nest it less deeply.") from error
