"""What is wrong with a value, said without saying the value if it may be a secret."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

from ccproxy.config.fields import KnownPath, is_plain, nearest
from ccproxy.config.keypath import KeyPath, dotted, follow
from ccproxy.errors import ConfigError

_QUOTING = {"assertion_error", "union_tag_invalid", "value_error"}
_SAFE = frozenset(get_args(ErrorType)) - _QUOTING
_OF_WHOLE_TABLE = _QUOTING | {"union_tag_not_found"}
_VERB = re.compile(r"(should|must|may|can|needs?|is|has|holds?|does)\b")
"""How a sentence goes on whose subject is the setting; any other stands for itself."""
_JSON = 'Here a list is JSON such as ["a", "b"], a table is JSON such as {"a": 1}.'
_NESTED = {"dict_type", "list_type", "model_type", "tuple_type"}
_TYPES = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "a table",
    "list_type": "a list",
    "model_type": "a table",
    "string_type": "text in quotes",
    "tuple_type": "a list",
}
_PLAIN = re.compile(r"[-+.\w]{1,8}|[-+]?[0-9]{1,20}", re.ASCII)
"""What people write where a number or a word is wanted; no secret is that short."""
_SHAPES = {
    bool: "a boolean",
    float: "a number",
    int: "an integer",
    type(None): "null",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        path: The key it is about.
        text: What is wrong with it, without the value.
        hint: What to do about it, if that is known.
        kind: pydantic's name of it.
        of_table: Whether it is about a table as a whole.
    """

    path: KeyPath
    text: str
    hint: str | None = None
    kind: str = ""
    of_table: bool = False

    @property
    def needs_all_layers(self) -> bool:
        """Whether another layer may mend it, so that one layer alone can't tell."""
        return self.kind == "missing" or (
            self.of_table and self.kind in _OF_WHOLE_TABLE
        )


def shape(value: object) -> str:
    """Describe a value by its type and size alone."""
    match value:
        case "":
            text = "an empty string"
        case str():
            text = f"a string of {_count(len(value), 'character')}"
        case list():
            text = f"a list of {len(value)}"
        case Mapping():
            text = f"a table of {_count(len(value), 'key')}"
        case _:
            text = _SHAPES.get(type(value), "a date or time")
    return text


def said(value: object, *, as_text: bool) -> str:
    """Quote a value that can't be a secret; what is not at all like it, is described.

    Somebody may have put a secret into the wrong place.

    Args:
        value: What stands where a number or one of a few words should be.
        as_text: Whether it was read out of text.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str() if _PLAIN.fullmatch(value):
            return value if as_text else f'the string "{value}"'
    return shape(value)


def unknown(path: KeyPath, value: object, known: Collection[KnownPath]) -> Problem:
    """Say that there is no such setting, and which one may be meant."""
    meant = nearest(path, known)
    return Problem(
        path,
        f"{dotted(path)} is not a setting; it holds {shape(value)}.",
        hint=f"Did you mean {dotted(meant)}?" if meant else None,
        kind="extra_forbidden",
    )


def explain(
    error: ErrorDetails,
    prefix: KeyPath,
    data: object,
    known: Mapping[KnownPath, bool],
    *,
    as_text: bool = False,
) -> Problem:
    """Turn one of pydantic's errors into a problem.

    Args:
        error: The error.
        prefix: The path of the table that was validated.
        data: That table.
        known: All paths its model knows, as ``known_paths`` does, below ``prefix``.
        as_text: Whether the value was read out of text.
    """
    kind = error["type"]
    below, value = follow(error["loc"], data)
    path = prefix + below
    if kind == "extra_forbidden":
        return unknown(path, value, known)
    if kind == "missing":
        path += tuple(error["loc"][-1:])
        return Problem(path, f"{dotted(path)} is missing.", kind=kind)
    of_table = isinstance(value, Mapping)
    demand = _demand(error, value)
    goes_on = _VERB.match(demand) is not None
    text = f"{dotted(path)}{' ' if goes_on else ': '}{demand}"
    if not (of_table and kind in _OF_WHOLE_TABLE):
        is_open = is_plain(path, known)
        found = said(value, as_text=as_text) if is_open else shape(value)
        text += f"{', but' if goes_on else '; it'} is {found}"
    hint = _JSON if as_text and kind in _NESTED and isinstance(value, str) else None
    return Problem(path, f"{text}.", hint, kind, of_table)


def fail(problems: Sequence[tuple[str | None, Problem]]) -> ConfigError:
    """Build the one error that tells all problems, each with its place."""
    texts = [
        f"{place}: {problem.text}" if place else problem.text
        for place, problem in problems
    ]
    if len(texts) == 1:
        return ConfigError(texts[0], hint=problems[0][1].hint)
    told = [
        f"{text} {problem.hint}" if problem.hint else text
        for text, (_, problem) in zip(texts, problems, strict=True)
    ]
    return ConfigError("\n".join([f"{len(told)} settings are wrong:", *told]))


def _demand(error: ErrorDetails, value: object) -> str:
    """Say what a value should be."""
    kind = error["type"]
    if kind in _TYPES:
        return f"should be {_TYPES[kind]}"
    text = error["msg"]
    if kind not in _SAFE:
        text = text.removeprefix("Value error, ").removeprefix("Assertion failed, ")
        if any(quote in text for quote in _quotes(value)):
            return "is not accepted"
    elif kind.endswith("_parsing"):
        text = text.partition(",")[0]  # what follows may quote the value
    for opening in (
        "Input should ",
        "String should ",
        "Value should ",
        "Tuple should ",
    ):
        text = text.replace(opening, "should ")
    return text.rstrip(".")


def _quotes(value: object) -> Iterator[str]:
    """Yield how a message might quote the texts inside a value."""
    match value:
        case Mapping():
            for inner in value.values():
                yield from _quotes(inner)
        case list():
            for inner in value:
                yield from _quotes(inner)
        case str() if value:
            yield value
            yield repr(value)[1:-1]


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
