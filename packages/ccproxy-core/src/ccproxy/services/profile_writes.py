"""What is written of profiles, each within one unit of work."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from ccproxy.errors import BadRequestError
from ccproxy.sdk import AccountProfile, ProfileFields
from ccproxy.services.profile_fields import (
    FACTS,
    STALENESS,
    changed_fields,
    known_fields,
    merged,
)

if TYPE_CHECKING:
    from ccproxy.storage.repositories.profile_repository import ProfileRepository

Changed: TypeAlias = tuple[str, ...]
"""The names of fields that changed, sorted."""

LIMITS_UNKNOWN = "Its limits can't be asked for right now."


def write_fields(
    profiles: "ProfileRepository",
    provider: str,
    account: str | None,
    fields: Mapping[str, object],
    now: datetime,
) -> Changed:
    """Write facts of an account; by default the active one.

    Raises:
        BadRequestError: No account is named, and none is active; or a value is not of
            its type.
    """
    profiles.lock(provider)
    key = account if account is not None else _active(profiles, provider)
    if key is None:
        msg = f"No account of {provider!r} is active."
        raise BadRequestError(msg, hint="Name the account.")
    old = profiles.get(provider, key)
    new = merged(old, provider, key, fields, now)
    if old is None and "active" not in fields:  # it takes no other account's place
        new = replace(new, active=_active(profiles, provider) is None)
    profiles.upsert(new)
    if new.active:
        profiles.deactivate_others(provider, key)
    return changed_fields(old, new, fields)


def write_found(
    profiles: "ProfileRepository",
    provider: str,
    found: Sequence[ProfileFields],
    now: datetime,
) -> Changed:
    """Write all that a provider tells; an account that is not among it has no login."""
    profiles.lock(provider)
    keys = {one.account for one in found}
    changed = {*delete_those(profiles, provider, lambda key: key not in keys)}
    for one in found:
        fields = _facts(one, profiles.get(provider, one.account), now)
        changed.update(write_fields(profiles, provider, one.account, fields, now))
    return tuple(sorted(changed))


def _facts(
    found: ProfileFields, known: AccountProfile | None, now: datetime
) -> Mapping[str, object]:
    facts = {name: getattr(found, name) for name in FACTS}
    fresh = dict.fromkeys(STALENESS)
    if found.limits is not None:
        return {**facts, **fresh}
    if known is None or not known.limits:
        return {**facts, **fresh, "limits": ()}
    since = known.stale_since or now
    stale = {"stale_since": since, "stale_reason": LIMITS_UNKNOWN}
    return {**facts, "limits": known.limits, **stale}


def write_stale(
    profiles: "ProfileRepository", provider: str, reason: str, now: datetime
) -> Changed:
    """Write that what is known is old, and why."""
    profiles.lock(provider)
    changed: set[str] = set()
    for each in profiles.list(provider):
        fields = {"stale_since": each.stale_since or now, "stale_reason": reason}
        changed.update(write_fields(profiles, provider, each.account, fields, now))
    return tuple(sorted(changed))


def delete_those(
    profiles: "ProfileRepository", provider: str, wanted: Callable[[str], bool]
) -> Changed:
    """Delete the accounts whose keys are wanted."""
    gone = [each for each in profiles.list(provider) if wanted(each.account)]
    for each in gone:
        profiles.delete(provider, each.account)
    return known_fields(gone)


def _active(profiles: "ProfileRepository", provider: str) -> str | None:
    accounts = profiles.list(provider)
    return next((each.account for each in accounts if each.active), None)
