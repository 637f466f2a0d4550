"""Reading the parameters of a request that are told one by one."""

from collections.abc import Collection, Mapping

from ccproxy.dialects.conversation import Conversation, Setting
from ccproxy.dialects.json import Json, JsonObject


def read_settings(
    asked: Conversation, payload: JsonObject, names: Mapping[str, Setting]
) -> None:
    """Take the settings of a request by what its dialect calls them."""
    for name, setting in names.items():
        if payload.get(name) is not None:
            asked.settings[setting] = payload[name]


def leave_out(
    asked: Conversation,
    payload: JsonObject,
    known: Collection[str],
    meaningless: Mapping[str, Json],
) -> None:
    """Note what nobody reads.

    Args:
        asked: Told of it.
        payload: The request.
        known: What is read.
        meaningless: What says nothing when it has this value.
    """
    for name, value in payload.items():
        if name in known or value is None or value == meaningless.get(name, ...):
            continue
        asked.left_out.append(name)
