"""The shape of decoded JSON, and how to read it when it may have any shape."""

from typing import TypeAlias

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
JsonObject: TypeAlias = dict[str, Json]

MOST_TOKENS = 10**12
"""What no request uses; sums of as much as that still fit into a database."""


def text(value: Json) -> str:
    """Return a string, empty for anything else."""
    return value if isinstance(value, str) else ""


def number(value: Json) -> int:
    """Return a whole number, zero for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def count(value: Json) -> int:
    """Return a number of tokens, zero for what can be none."""
    return value if type(value) is int and 0 <= value <= MOST_TOKENS else 0


def an_object(value: Json) -> JsonObject:
    """Return an object, empty for anything else."""
    return value if isinstance(value, dict) else {}


def objects(value: Json) -> list[JsonObject]:
    """Return the objects of a list; nothing for anything else."""
    if not isinstance(value, list):
        return []
    return [entry for entry in value if isinstance(entry, dict)]


def strings(value: Json) -> tuple[str, ...]:
    """Return a string alone, or those of a list."""
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list):
        return ()
    return tuple(entry for entry in value if isinstance(entry, str))
