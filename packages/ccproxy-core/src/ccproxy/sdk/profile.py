"""What a provider's plugin knows of an account."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias


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
        limits: Windows of use, the shortest first.
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
    limits: tuple[LimitWindow, ...] = field(default=())


ProfileAdapter: TypeAlias = Callable[[], Awaitable[Sequence[ProfileFields]]]
"""Fetches the facts of all accounts of a provider that have a login.

Raises ``CCProxyError`` if it can't; the last known profile then stays, marked stale.
"""
