"""What is told of profiles: the schema of ``GET /api/profile``."""

import asyncio
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime

from pydantic import AwareDatetime

from ccproxy.errors import CCProxyError, StorageError
from ccproxy.loader.status import Shown
from ccproxy.sdk import AccountProfile, LimitWindow, Provider
from ccproxy.services.profile import ProfileService


class LimitStatus(Shown):
    """How much of a limit is used."""

    name: str
    """What is limited."""
    used_percent: float
    """From 0 to 100."""
    length_seconds: float | None
    """How long the window is, if that is known."""
    resets_at: AwareDatetime | None
    """When it begins anew, if that is known."""


class Staleness(Shown):
    """Why the facts are old."""

    since: AwareDatetime
    """When fetching them first failed."""
    age_seconds: float
    """Time since the facts were last known to be right."""
    reason: str
    """Why fetching failed; masked."""


class AccountStatus(Shown):
    """One account; what is not known is ``null``."""

    account: str
    """The provider's own key of it."""
    active: bool
    """Whether requests are made for it right now."""
    user_id: str | None
    """The person, in the provider's words."""
    email: str | None
    """The person's address."""
    plan: str | None
    """What is paid for, as the provider writes it."""
    organization: str | None
    """The default organization's name or id."""
    organization_role: str | None
    """The person's role in it."""
    subscription_started_at: AwareDatetime | None
    """When the paid time began."""
    subscription_expires_at: AwareDatetime | None
    """When it ends."""
    limits: tuple[LimitStatus, ...]
    """Windows of use, the shortest first."""
    updated_at: AwareDatetime
    """When the facts were last known to be right."""
    stale: Staleness | None
    """Set if fetching the facts has failed since."""


class ProfileStatus(Shown):
    """What is known of a provider's accounts."""

    provider: str
    """Its name."""
    login: str
    """State of its login, as in ``/api/providers``."""
    detail: str
    """The login in words."""
    hint: str | None
    """What to do about the login, if something is to be done."""
    problem: str | None
    """Why nothing is known, if asking failed."""
    accounts: tuple[AccountStatus, ...]
    """Its accounts, the active one first."""


class ProfilesStatus(Shown):
    """All providers, by name."""

    profiles: tuple[ProfileStatus, ...]
    """Those of the plugins that run."""


async def profiles_status(
    profiles: ProfileService, providers: Iterable[Provider], *, refresh: bool = False
) -> ProfilesStatus:
    """Tell of several providers, all asked at once; see ``profile_status``."""
    told = await asyncio.gather(
        *(profile_status(profiles, each, refresh=refresh) for each in providers)
    )
    return ProfilesStatus(profiles=tuple(sorted(told, key=lambda each: each.provider)))


async def profile_status(
    profiles: ProfileService, provider: Provider, *, refresh: bool = False
) -> ProfileStatus:
    """Tell what is known of a provider's accounts.

    Args:
        profiles: Knows them.
        provider: Whose.
        refresh: Whether it is asked now, and not only if that was long ago.

    Raises:
        StorageError: The database can't be used.
    """
    problem = None
    ask = profiles.refresh_profile if refresh else profiles.get_cached
    if provider.name in profiles.providers:
        try:
            await ask(provider.name)
        except StorageError:
            raise
        except CCProxyError as error:
            problem = str(error)
    login = provider.login()
    return ProfileStatus(
        provider=provider.name,
        login=login.state.value,
        detail=login.detail,
        hint=login.hint,
        problem=problem,
        accounts=tuple(map(_account, await profiles.accounts(provider.name))),
    )


def _account(profile: AccountProfile) -> AccountStatus:
    facts = asdict(profile)
    stale = None
    if profile.stale_since is not None:
        age = datetime.now(UTC) - profile.updated_at
        stale = Staleness(
            since=profile.stale_since,
            age_seconds=round(age.total_seconds(), 1),
            reason=profile.stale_reason or "",
        )
    return AccountStatus(
        **{name: facts[name] for name in AccountStatus.model_fields if name in facts}
        | {"limits": tuple(map(_limit, profile.limits)), "stale": stale}
    )


def _limit(window: LimitWindow) -> LimitStatus:
    return LimitStatus(
        name=window.name,
        used_percent=window.used_percent,
        length_seconds=window.length and window.length.total_seconds(),
        resets_at=window.resets_at,
    )
