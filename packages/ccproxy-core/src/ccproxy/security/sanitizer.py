"""Masks secrets by the name they go under and by their shape; pure functions.

``names`` tells which names, ``rules`` is the table of shapes. A masked secret keeps a
short fingerprint, so that two of them can be told apart and neither can be guessed.
"""

import json
import re
import reprlib
import sys
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from pathlib import PurePath
from typing import Final
from uuid import UUID

from ccproxy.security.names import is_secret_name, may_be_secret_name
from ccproxy.security.rules import ADDRESS, RULES
from ccproxy.security.signs import MASK, is_masked, is_rate, looks_random

GUESSABLE = 12
"""Characters; whoever has the fingerprint of a shorter secret could try them all."""
DEEPEST = 32
"""Levels of nesting that are looked into; what is deeper is masked as a whole."""
_SHORT = 64
"""Characters of the texts that logs say again and again."""
_LEVELS = 4
"""Of JSON within strings of JSON."""
_SCHEMES = frozenset({"bearer", "basic", "token"})
_ID = re.compile(r"[0-9a-f]{32}")
"""How our own ids look: each is seen once, and no rule is about such a text."""
_NAME = re.compile(r"[\w.-]{1,64}")
_ALL: Final = (*RULES, ADDRESS)
_HINTS: Final = tuple(dict.fromkeys(hint for rule in _ALL for hint in rule.hints))

_REPR = reprlib.Repr()
_REPR.maxother = sys.maxsize


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a value the masking is.

    Attributes:
        own: As in ``mask_text``.
        level: How many strings of JSON it is within.
        above: Identities of what it is within, as a value may hold itself.
    """

    own: bool = False
    level: int = 0
    above: tuple[int, ...] = ()


_LOG: Final = _Place()
_OWN: Final = _Place(own=True)


def mask_token(secret: str) -> str:
    """Replace a secret by a mask; a long one gets a fingerprint of eight hex digits."""
    if len(secret) < GUESSABLE:
        return MASK
    digest = blake2b(secret.encode("utf-8", "surrogatepass"), digest_size=4)
    return f"{MASK}{digest.hexdigest()}"


def mask_text(text: str, *, own: bool = False) -> str:
    """Mask what looks like a secret within a text.

    Args:
        text: What is about to be shown.
        own: Whether it is shown to the person it is about; then e-mail addresses stay.
    """
    return _in_text(text, _OWN if own else _LOG)


def mask_headers(
    headers: Iterable[tuple[str | bytes, str | bytes]],
) -> list[tuple[str, str]]:
    """Mask the values of headers, by name and by shape; names and order stay."""
    return [_header(_decoded(name), _decoded(value), _LOG) for name, value in headers]


def mask_json(value: object, name: str = "", *, own: bool = False) -> object:
    """Mask within any nesting of mappings and sequences, keeping their structure.

    Numbers, booleans and ``None`` stay; what JSON does not know becomes text. Under
    the name of a secret, all text is masked.

    Args:
        value: What is about to be shown.
        name: The name it goes under, if it has one.
        own: As in ``mask_text``.
    """
    return _in_value(value, name, _OWN if own else _LOG)


# -- values


def _in_value(value: object, name: str, place: _Place) -> object:
    """Mask within a value under its name, or that of a secret it is a part of."""
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, str):
        return _under(name, value, place)
    if isinstance(value, bytes | bytearray):
        return _under(name, _decoded(value), place)
    if isinstance(value, Mapping | Sequence | AbstractSet):
        return _in_several(value, name, place)
    return _under(name, _as_text(value), place)


def _in_several(
    value: Mapping[object, object] | Sequence[object] | AbstractSet[object],
    name: str,
    place: _Place,
) -> object:
    if id(value) in place.above or len(place.above) >= DEEPEST:
        return MASK
    within = replace(place, above=(*place.above, id(value)))
    if isinstance(value, Mapping):
        part_of = name if is_secret_name(name) else ""
        return {
            _key(key, place): _in_value(item, part_of or str(key), within)
            for key, item in value.items()
        }
    return [_in_item(item, name, within) for item in value]


def _in_item(item: object, name: str, place: _Place) -> object:
    """Mask within an item of a list, which may be a header: a name and a value."""
    if isinstance(item, tuple | list) and len(item) == 2 and not is_secret_name(name):
        first, second = item
        if isinstance(first, str | bytes) and isinstance(second, str | bytes):
            return [*_header(_decoded(first), _decoded(second), place)]
    return _in_value(item, name, place)


def _header(name: str, value: str, place: _Place) -> tuple[str, str]:
    """Mask a pair; its first text is the second's name, if it can be one."""
    under = name if _NAME.fullmatch(name) else ""
    return _in_text(name, place), _under(under, value, place)


def _under(name: str, text: str, place: _Place) -> str:
    """Mask a text by its name, or else by what it looks like."""
    if name:
        if is_secret_name(name):
            return _secret(text)
        if may_be_secret_name(name) and looks_random(text):
            return mask_token(text)
    return _in_text(text, place)


def _secret(text: str) -> str:
    """Mask a whole text, but for a scheme before it, what is masked, and rates."""
    scheme, space, rest = text.partition(" ")
    if not rest or scheme.lower() not in _SCHEMES:
        scheme, space, rest = "", "", text
    if not rest or is_masked(rest) or is_rate(rest):
        return text
    return scheme + space + mask_token(rest)


def _key(key: object, place: _Place) -> str:
    return _in_text(key if isinstance(key, str) else _as_text(key), place)


def _decoded(value: str | bytes | bytearray) -> str:
    if isinstance(value, str):
        return value
    return value.decode("utf-8", "backslashreplace")


def _as_text(value: object) -> str:
    """Write out what is no JSON, whatever becomes of it meanwhile."""
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, PurePath | UUID | Decimal | timedelta):
        return str(value)
    return _REPR.repr_instance(value, 1)


# -- texts


def _in_text(text: str, place: _Place) -> str:
    is_json = text[:1] in {"{", "["} and place.level < _LEVELS
    if len(text) <= _SHORT and not is_json:
        return _in_short(text, own=place.own)
    if not _has_hint(text.lower()):
        return text
    if is_json and (masked := _in_json(text, place)) is not None:
        return masked
    return _by_rules(text, own=place.own)


@lru_cache(maxsize=2048)
def _in_short(text: str, *, own: bool) -> str:
    is_plain = _ID.fullmatch(text) or not _has_hint(text.lower())
    return text if is_plain else _by_rules(text, own=own)


def _by_rules(text: str, *, own: bool) -> str:
    lower = text.lower()
    for rule in RULES if own else _ALL:
        if any(hint in lower for hint in rule.hints):
            text = rule.apply(text, mask_token)
    return text


def _in_json(text: str, place: _Place) -> str | None:
    """Mask within JSON; it is written anew only if something in it was masked."""
    try:
        value = json.loads(text, object_pairs_hook=_without_twins)
    except (ValueError, RecursionError):
        return None
    masked = _in_value(value, "", _Place(place.own, place.level + 1))
    if masked == value:
        return text
    return json.dumps(masked, ensure_ascii=False, separators=(",", ":"))


def _without_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Make an object; of two values under one name one would escape the masking."""
    made = dict(pairs)
    if len(made) < len(pairs):
        msg = "a name twice"
        raise ValueError(msg)
    return made


def _has_hint(lower: str) -> bool:
    for hint in _HINTS:  # noqa: SIM110  (twice as fast as any())
        if hint in lower:
            return True
    return False
