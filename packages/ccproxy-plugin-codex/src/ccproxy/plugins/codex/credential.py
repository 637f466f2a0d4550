"""Signing requests with an account's login."""

from collections.abc import Iterable, Mapping
from contextvars import ContextVar

from ccproxy.plugins.codex.accounts import Accounts
from ccproxy.plugins.codex.login_file import Login
from ccproxy.sdk import Credential, LoginState, LoginStatus
from ccproxy.sdk.errors import CredentialError

_renewed: ContextVar[Login | None] = ContextVar("renewed", default=None)
"""What has become of the login that the request at hand was refused with."""


class CodexCredential(Credential):
    """Signs for the account that is in use, or for one of a name.

    Args:
        name: The account's name.
    """

    def __init__(self, name: str | None = None) -> None:
        self._name = name
        self._accounts: Accounts | None = None

    def open(self, accounts: Accounts) -> None:
        """Sign with these from now on."""
        self._accounts = accounts

    def of(self, name: str) -> "CodexCredential":
        """Return one that signs for an account, in use or not."""
        other = CodexCredential(name)
        other.open(self.accounts)
        return other

    @property
    def is_open(self) -> bool:
        """Whether the plugin has been started."""
        return self._accounts is not None

    @property
    def accounts(self) -> Accounts:
        """All accounts.

        Raises:
            CredentialError: The plugin has not been started.
        """
        if self._accounts is None:
            raise CredentialError("The plugin codex has not been started.")
        return self._accounts

    async def headers(self) -> Mapping[str, str]:
        """Return the headers of the login as it is by now.

        After a renewal they are of what was renewed: another account may have been
        chosen meanwhile, for requests to come.

        Raises:
            CredentialError: There is no login, or it has ended.
            UpstreamError: It has ended, and can't be renewed right now.
        """
        if (renewed := _renewed.get()) is not None:
            _renewed.set(None)
            return renewed.headers
        return (await self.accounts.fresh(self._name)).headers

    async def renew(self, rejected: Mapping[str, str]) -> bool:
        """See whether the login was renewed meanwhile, or renew it.

        The answer of the backend counts, not the clock. A login for another account
        does not answer a request that was made for this one.

        Raises:
            CredentialError: The login has ended.
            UpstreamError: It can't be renewed right now.
        """
        snapshot = await self.accounts.look(force=True)
        for name, login in snapshot.logins():
            if login.headers == rejected:
                if not snapshot.accounts[name].is_own:
                    return False
                newer = await self.accounts.renew(name, login, rejected=True)
                return _take(rejected, [newer])
        return _take(rejected, [login for _, login in snapshot.logins()])

    def status(self) -> LoginStatus:
        """Tell what was last read of the account."""
        if self._accounts is None:
            return LoginStatus(LoginState.MISSING, "The login was not looked at yet.")
        snapshot = self._accounts.snapshot
        return self._accounts.status(snapshot.accounts[self._name or snapshot.active])


def _take(rejected: Mapping[str, str], logins: Iterable[Login]) -> bool:
    """Sign next with a newer login of the same account, if there is one."""
    for login in logins:
        same = login.account_id == rejected.get("chatgpt-account-id")
        if same and login.headers != rejected:
            _renewed.set(login)
            return True
    return False
