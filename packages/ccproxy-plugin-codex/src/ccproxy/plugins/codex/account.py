"""One account, and what has happened to all of them between two looks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ccproxy.plugins.codex.login_file import LOG_IN, Login
from ccproxy.plugins.codex.renewal import reason
from ccproxy.plugins.codex.store import CODEX_CLI, Attempt, log_in
from ccproxy.sdk import LoginState, LoginStatus
from ccproxy.sdk.events import AuthEvent, AuthLogin, AuthLogout, AuthTokenRefreshed


@dataclass(frozen=True, slots=True)
class Account:
    """One account as it was last read.

    Attributes:
        name: Its name.
        held: Its login, or why there is none.
        attempt: The last attempt to renew it, if it did not go well.
        unsaved: Whether the login is in memory only.
    """

    name: str
    held: Login | LoginStatus
    attempt: Attempt | None = None
    unsaved: bool = False

    @property
    def is_own(self) -> bool:
        """Whether the login is ours to renew."""
        return self.name != CODEX_CLI

    @property
    def refused(self) -> bool:
        """Whether the vendor has refused for good to renew this login."""
        return (
            self.attempt is not None
            and self.attempt.refused is not None
            and isinstance(self.held, Login)
            and self.attempt.spends == self.held.fingerprint
        )

    def is_over(self, now: float) -> bool:
        """Whether the login is of no use, as far as is known.

        Args:
            now: Unix seconds.
        """
        if self.refused and self.attempt is not None and self.attempt.over:
            return True
        expires = self.held.expires if isinstance(self.held, Login) else None
        return expires is not None and expires <= now

    def status(self, now: float) -> LoginStatus:
        """Describe the login.

        Args:
            now: Unix seconds.
        """
        login = self.held
        if not isinstance(login, Login):
            return login
        if self.refused and self.attempt is not None:
            return self._status_of_refused(login, self.attempt, now)
        detail = f"{self._title(login)}{_until(login)}"
        if login.expires is not None and self.is_over(now):
            ended = f"The {self._title(login)} expired at {_time(login.expires)}."
            if not self.is_own:
                hint = (
                    f"{LOG_IN} Any use of `codex` renews a login that is not too old."
                )
                return LoginStatus(LoginState.EXPIRED, ended, hint)
            if login.refresh_token is None:
                return LoginStatus(LoginState.EXPIRED, ended, log_in(self.name))
            detail += ", renewed when it is used"
        if self.unsaved:
            hint = "Let this user write there: it lasts until ccproxy stops."
            return LoginStatus(
                LoginState.READY, f"{detail}; it can't be kept on disk", hint
            )
        return LoginStatus(LoginState.READY, detail)

    def _status_of_refused(
        self, login: Login, attempt: Attempt, now: float
    ) -> LoginStatus:
        """Describe a login that is good for what is left of it."""
        why, hint = reason(attempt), log_in(self.name)
        title = self._title(login)
        if self.is_over(now):
            detail = f"The {title} has ended: {why}."
            return LoginStatus(LoginState.EXPIRED, detail, hint)
        detail = f"{title}{_until(login)}, and no longer: {why}"
        return LoginStatus(LoginState.READY, detail, hint)

    def _title(self, login: Login) -> str:
        whose = self.name if self.is_own else "of Codex CLI"
        plan = login.identity.plan
        return f"ChatGPT login {whose}" + (f", plan {plan}" if plan else "")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All accounts as they were last read.

    Attributes:
        active: The name of the one requests are made for.
        accounts: By name; Codex CLI's is always there, with or without a login.
    """

    active: str
    accounts: Mapping[str, Account] = field(default_factory=dict)

    def logins(self) -> Iterator[tuple[str, Login]]:
        """Yield those that have a login."""
        for name, account in self.accounts.items():
            if isinstance(account.held, Login):
                yield name, account.held


def changes(old: Snapshot, new: Snapshot) -> Sequence[tuple[type[AuthEvent], str]]:
    """Tell what has happened between two looks, by account."""
    before, after = dict(old.logins()), dict(new.logins())
    told: list[tuple[type[AuthEvent], str]] = []
    told += [(AuthLogout, name) for name in before if name not in after]
    for name, login in after.items():
        was = before.get(name)
        if was is None or was.account_id != login.account_id:
            told.append((AuthLogin, name))
        elif was.access_token != login.access_token:
            told.append((AuthTokenRefreshed, name))
    return told


def _until(login: Login) -> str:
    return "" if login.expires is None else f", until {_time(login.expires)}"


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
