"""What a provider's plugin knows of an account."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitWindow:
    """How much of a limit is used, within a window of time.

    Attributes:
        name: What is limited, such as ``requests`` or ``5 hours``.
        used_percent: From 0 to 100.
        length: How long the window is, if that is known; windows are told apart by it.
        resets_at: When it begins anew, if that is known.
    """

    name: str
    used_percent: float
    length: timedelta | None = None
    resets_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileFields:
    """Facts of one account; what is not known is ``None``. Times are aware UTC.

    Attributes:
        account: The provider's own key of the account, stable over logins.
        active: Whether requests are made for this account right now.
        user_id: The person, in the provider's words.
        email: The person's address.
        plan: What is paid for, as the provider writes it.
        organization: The default organization's name or id.
        organization_role: The person's role in it.
        subscription_started_at: When the paid time began.
        subscription_expires_at: When it ends.
        limits: Windows of use, the shortest first; ``None`` if they can't be told now,
            which leaves those that are kept.
    """

    account: str
    active: bool = True
    user_id: str | None = None
    email: str | None = None
    plan: str | None = None
    organization: str | None = None
    organization_role: str | None = None
    subscription_started_at: datetime | None = None
    subscription_expires_at: datetime | None = None
    limits: tuple[LimitWindow, ...] | None = field(default=())


ProfileAdapter: TypeAlias = Callable[[], Awaitable[Sequence[ProfileFields]]]
"""Fetches the facts of all accounts of a provider that have a login.

Raises ``CCProxyError`` if it can't; the last known profile then stays, marked stale.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountProfile(ProfileFields):
    """Facts of one account as they are kept.

    Attributes:
        provider: Whose account.
        updated_at: When the facts were last known to be right.
        stale_since: When fetching them first failed, if it has failed since.
        stale_reason: Why it failed, masked.
    """

    limits: tuple[LimitWindow, ...] = field(default=())
    provider: str
    updated_at: datetime
    stale_since: datetime | None = None
    stale_reason: str | None = None


class Profiles(Protocol):
    """The account facts of all providers: ``ctx.profiles``."""

    async def load_profile(self, provider: str) -> AccountProfile | None:
        """Return what is kept of the provider's active account; nobody is asked.

        Raises:
            StorageError: The database can't be used.
        """

    async def refresh_profile(self, provider: str) -> AccountProfile | None:
        """Ask the provider anew, and return its active account.

        Raises:
            CCProxyError: It can't be asked, and nothing is known from before.
            UnknownProviderError: Nobody can ask this provider.
            StorageError: The database can't be used.
        """

    async def get_cached(self, provider: str) -> AccountProfile | None:
        """Return the active account, asked anew only if that was long ago.

        Raises:
            CCProxyError: As ``refresh_profile`` does.
        """

    async def update_fields(
        self, provider: str, *, account: str | None = None, **fields: object
    ) -> tuple[str, ...]:
        """Write facts of an account, and tell ``ProfileUpdated`` if any changed.

        Args:
            provider: Whose account.
            account: The provider's own key of it, which need not be known yet; by
                default the active account is written.
            fields: Named as in ``ProfileFields``.

        Returns:
            The names of those that changed.

        Raises:
            BadRequestError: A field is unknown, or not of its type; or no account is
                named, and none is active.
            StorageError: The database can't be used.
        """
