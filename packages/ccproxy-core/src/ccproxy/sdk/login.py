"""Logins that a plugin makes and keeps itself: what ``ccproxy auth`` builds on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ccproxy.sdk.credential import LoginStatus


class LoginMethod(StrEnum):
    """How a person proves to the vendor who they are."""

    BROWSER = "browser"
    PASTE = "paste"
    DEVICE = "device"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLogin:
    """One account's login; never holds a secret.

    Attributes:
        account: The account's name within ccproxy.
        active: Whether requests are made for this account right now.
        status: Whether it can be used, and what to do if not.
        kept_in: Where the login is kept, in words.
        email: Whose it is, if that is known.
        plan: What is paid for, as the provider writes it.
        expires_at: When it has to be renewed, aware UTC, if that is known.
    """

    account: str
    active: bool
    status: LoginStatus
    kept_in: str
    email: str | None = None
    plan: str | None = None
    expires_at: datetime | None = None


class Person(Protocol):
    """What a login may ask of the person in front of it."""

    def show(self, text: str) -> None:
        """Tell them something, such as a code to type."""

    async def browse(self, url: str) -> bool:
        """Open a page in their browser; say whether there is one."""

    async def read_line(self) -> str | None:
        """Read what they paste; ``None`` if there is nothing more to come."""


class Logins(Protocol):
    """The logins of one provider; asked only while the plugin runs.

    An account is meant by its name; ``None`` stands for the one that is in use, or for
    a name of the plugin's choice where there is none yet.
    """

    async def accounts(self) -> Sequence[AccountLogin]:
        """Describe every login there is, the active one first.

        Raises:
            CredentialError: They can't be read.
        """

    async def log_in(
        self, account: str | None, person: Person, method: LoginMethod
    ) -> AccountLogin:
        """Make a login, or replace it by a new one.

        Raises:
            CCProxyError: The person or the vendor refused, or it can't be kept.
        """

    async def log_out(self, account: str | None) -> str:
        """Give a login up, and return a sentence that says what became of it.

        Raises:
            CredentialError: There is none, or it is not ours to give up.
        """

    async def refresh(self, account: str | None) -> AccountLogin:
        """Renew a login now.

        Raises:
            CCProxyError: It can't be renewed.
        """

    async def use(self, account: str) -> AccountLogin:
        """Make requests for this account from now on.

        Raises:
            CredentialError: There is no such login.
        """
