"""Walks the models of settings: which keys there are, and what is near to a typo."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from types import UnionType
from typing import Union, get_args, get_origin

from pydantic import BaseModel

from ccproxy.config.keypath import KeyPath

ANY = "*"
"""Stands in a path for any index of a list and any key of a table."""
KnownPath = tuple[str, ...]


def known_paths(model: type[BaseModel]) -> Iterator[KnownPath]:
    """Yield the path of each key a model knows, tables before what is in them."""
    for name, info in model.model_fields.items():
        key = info.alias or name
        yield (key,)
        for below, inner in _models(info.annotation):
            for path in known_paths(inner):
                yield (key, *below, *path)


def tables(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Return the keys of a model that are tables of known keys, with their models."""
    return {
        info.alias or name: inner
        for name, info in model.model_fields.items()
        for below, inner in _models(info.annotation)
        if not below
    }


def nearest(path: KeyPath, known: list[KnownPath]) -> KeyPath | None:
    """Return the path somebody most likely meant.

    That is a sibling of a similar name, or else the one key of that very name that is
    elsewhere.
    """
    *parents, name = path
    siblings = [
        other[-1]
        for other in known
        if len(other) == len(path)
        and all(a in (ANY, b) for a, b in zip(other, parents, strict=False))
    ]
    if close := get_close_matches(str(name), siblings, n=1):
        return (*parents, close[0])
    elsewhere = [other for other in known if other[-1] == name and ANY not in other]
    return elsewhere[0] if len(elsewhere) == 1 else None


def _models(annotation: object) -> Iterator[tuple[KnownPath, type[BaseModel]]]:
    """Yield the models inside an annotation, with the way to them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield (), annotation
        return
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        for argument in arguments:
            yield from _models(argument)
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        for below, model in _models(arguments[1]):
            yield (ANY, *below), model
    elif isinstance(origin, type) and issubclass(origin, (list, tuple)):
        for below, model in _models(arguments[0]):
            yield (ANY, *below), model
