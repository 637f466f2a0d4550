"""The fields of a profile: which can be written, and what makes one right."""

from collections.abc import Iterable, Mapping
from dataclasses import fields as fields_of
from datetime import datetime
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from ccproxy.errors import BadRequestError
from ccproxy.sdk import AccountProfile, LimitWindow, ProfileFields

STALENESS = frozenset({"stale_since", "stale_reason"})
"""Fields that tell how old the facts are."""
FACTS = tuple(each.name for each in fields_of(ProfileFields) if each.name != "account")
"""Fields that an adapter fills."""
WRITABLE = STALENESS.union(FACTS)
"""Fields that may be written."""

_TYPES = get_type_hints(AccountProfile)
_CHECKS: Mapping[str, TypeAdapter[object]] = {
    name: TypeAdapter(_TYPES[name]) for name in WRITABLE
}
_UNSET: Mapping[str, object] = {"limits": ()}
"""What fields hold that nobody has written, where it is not ``None``."""


def check_names(fields: Mapping[str, object]) -> None:
    """Refuse fields that a profile does not have, or that only its service writes.

    Raises:
        BadRequestError: There is one.
    """
    if unknown := sorted(fields.keys() - WRITABLE):
        msg = f"A profile has no field {unknown[0]!r} that can be written."
        raise BadRequestError(msg, hint=f"There are: {', '.join(FACTS)}.")


def changed_fields(
    old: AccountProfile | None, new: AccountProfile, names: Iterable[str]
) -> tuple[str, ...]:
    """Return those of the names whose values differ, sorted."""
    return tuple(
        sorted(name for name in names if _value(old, name) != _value(new, name))
    )


def known_fields(profiles: Iterable[AccountProfile]) -> tuple[str, ...]:
    """Return the names of the facts that are known of any, sorted."""
    names = {name for each in profiles for name in changed_fields(None, each, FACTS)}
    return tuple(sorted(names))


def _value(profile: AccountProfile | None, name: str) -> object:
    return getattr(profile, name) if profile else _UNSET.get(name)


def merged(
    old: AccountProfile | None,
    provider: str,
    account: str,
    fields: Mapping[str, object],
    now: datetime,
) -> AccountProfile:
    """Return an account with some fields written anew.

    Args:
        old: What is known, if anything is.
        provider: Whose account.
        account: The provider's own key of it.
        fields: Values by name.
        now: When they were found to be so.

    Raises:
        BadRequestError: One is not of its type.
    """
    for name, value in fields.items():
        _check_type(name, value)
    kept: dict[str, Any] = {}
    if old is not None:
        kept = {name: getattr(old, name) for name in WRITABLE}
    only_stale = old is not None and fields.keys() <= STALENESS
    at = old.updated_at if old is not None and only_stale else now
    return AccountProfile(
        provider=provider, account=account, updated_at=at, **{**kept, **fields}
    )


def _check_type(name: str, value: object) -> None:
    try:
        _CHECKS[name].validate_python(value, strict=True)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[0]
        msg = f"The field {name!r} of a profile is wrong: {wrong['msg']}."
        raise BadRequestError(msg) from error
    if isinstance(value, datetime) and value.tzinfo is None:
        msg = f"The field {name!r} of a profile has no time zone."
        raise BadRequestError(msg)
    if isinstance(value, tuple):
        for window in value:
            _check(window)


def _check(window: LimitWindow) -> None:
    if not 0 <= window.used_percent <= 100:
        msg = f"The limit {window.name!r} of a profile is not from 0 to 100."
        raise BadRequestError(msg)
    if window.resets_at is not None and window.resets_at.tzinfo is None:
        msg = f"The limit {window.name!r} of a profile resets in no time zone."
        raise BadRequestError(msg)
