"""Reading the parameters of a request that are told one by one."""

from collections.abc import Collection, Mapping

from ccproxy.dialects.conversation import Conversation, Setting
from ccproxy.dialects.json import Json, JsonObject, an_object


def read_settings(
    asked: Conversation, payload: JsonObject, names: Mapping[str, Setting]
) -> None:
    """Take the settings of a request by what its dialect calls them."""
    for name, setting in names.items():
        if payload.get(name) is not None:
            asked.settings[setting] = payload[name]


def leave_out_inner(
    asked: Conversation, payload: JsonObject, known: Mapping[str, Collection[str]]
) -> None:
    """Note what nobody reads of the objects among the parameters.

    Args:
        asked: Told of it.
        payload: The request.
        known: What is read of each, by its name.
    """
    for name, fields in known.items():
        told = an_object(payload.get(name))
        asked.left_out += [
            f"{name}.{each}" for each in told if each not in fields and told[each]
        ]


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
