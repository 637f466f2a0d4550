"""Walks the models of settings: which keys there are, and what is near to a typo."""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from ccproxy.config.keypath import KeyPath
from ccproxy.security.names import is_secret_name

ANY = "*"
"""Stands in a path for any index of a list and any key of a table."""
KnownPath = tuple[str, ...]


def known_paths(model: type[BaseModel]) -> dict[KnownPath, bool]:
    """Return the path of each key a model knows, tables before what is in them.

    Each comes with whether its value can't be a secret, whatever somebody writes: it
    is a number, true or false, or one of a few words.
    """
    paths: dict[KnownPath, bool] = {}
    for name, info in model.model_fields.items():
        key = info.alias or name
        is_secret = is_secret_name(key)
        paths[(key,)] = _is_plain(info.annotation) and not is_secret
        if get_origin(info.annotation) in (list, tuple):
            inside = get_args(info.annotation)[0]
            paths[(key, ANY)] = _is_plain(inside) and not is_secret
        for below, inner in _models(info.annotation):
            for path, is_plain in known_paths(inner).items():
                paths[(key, *below, *path)] = is_plain
    return paths


def tables(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Return the keys of a model that are tables of known keys, with their models."""
    return {
        info.alias or name: inner
        for name, info in model.model_fields.items()
        for below, inner in _models(info.annotation)
        if not below
    }


def is_plain(path: KeyPath, known: Mapping[KnownPath, bool]) -> bool:
    """Tell whether what stands at a path can't be a secret."""
    return any(plain and _is_at(other, path) for other, plain in known.items())


def nearest(path: KeyPath, known: Collection[KnownPath]) -> KeyPath | None:
    """Return the path somebody most likely meant.

    That is a sibling of a similar name, or else the one key of that very name that is
    elsewhere.
    """
    *parents, name = path
    siblings = [other[-1] for other in known if _is_at((*other[:-1], name), path)]
    if close := get_close_matches(str(name), siblings, n=1):
        return (*parents, close[0])
    elsewhere = [other for other in known if other[-1] == name and ANY not in other]
    return elsewhere[0] if len(elsewhere) == 1 else None


def _is_at(known: KeyPath, path: KeyPath) -> bool:
    return len(known) == len(path) and all(
        a in (ANY, b) for a, b in zip(known, path, strict=True)
    )


def _is_plain(annotation: object) -> bool:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _is_plain(arguments[0])
    if origin in (Union, UnionType):
        return all(_is_plain(each) for each in arguments if each is not NoneType)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return True
    return origin is Literal or annotation in (bool, int, float)


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
