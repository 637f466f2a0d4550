"""What is written of profiles, each within one unit of work."""

from collections.abc import Callable, Mapping
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


def found_fields(
    found: ProfileFields, known: AccountProfile | None, now: datetime
) -> Mapping[str, object]:
    """Return what to write of an account that a provider has told of.

    Args:
        found: What it has told.
        known: What is kept, if anything is.
        now: When it was told.
    """
    facts = {name: getattr(found, name) for name in FACTS}
    fresh = dict.fromkeys(STALENESS)
    if found.limits is not None:
        return {**facts, **fresh}
    if known is None or not known.limits:
        return {**facts, **fresh, "limits": ()}
    since = known.stale_since or now
    stale = {"stale_since": since, "stale_reason": LIMITS_UNKNOWN}
    return {**facts, "limits": known.limits, **stale}


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
