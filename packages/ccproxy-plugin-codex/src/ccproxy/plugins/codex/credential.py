"""Signing requests with an account's login."""

from collections.abc import Mapping

from ccproxy.plugins.codex.accounts import Accounts
from ccproxy.plugins.codex.login_file import Login
from ccproxy.sdk import Credential, LoginState, LoginStatus
from ccproxy.sdk.errors import CredentialError


class CodexCredential(Credential):
    """Signs for the account that is in use; ``start`` tells whose logins there are."""

    def __init__(self) -> None:
        self._accounts: Accounts | None = None

    def open(self, accounts: Accounts) -> None:
        """Sign with these from now on."""
        self._accounts = accounts

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

        Raises:
            CredentialError: There is no login, or it has ended.
            UpstreamError: It has ended, and can't be renewed right now.
        """
        return (await self.accounts.fresh()).headers

    async def renew(self, rejected: Mapping[str, str]) -> bool:
        """See whether the login was renewed meanwhile, or renew it.

        The answer of the backend counts, not the clock. A login for another account
        does not answer a request that was made for this one.

        Raises:
            CredentialError: The login has ended.
            UpstreamError: It can't be renewed right now.
        """
        return await renew(self.accounts, rejected)

    def status(self) -> LoginStatus:
        """Tell what was last read of the account in use."""
        if self._accounts is None:
            return LoginStatus(LoginState.MISSING, "The login was not looked at yet.")
        snapshot = self._accounts.snapshot
        return self._accounts.status(snapshot.accounts[snapshot.active])


class AccountCredential(Credential):
    """Signs for one account, in use or not.

    Args:
        accounts: All accounts.
        name: Which one.
    """

    def __init__(self, accounts: Accounts, name: str) -> None:
        self._accounts = accounts
        self._name = name

    async def headers(self) -> Mapping[str, str]:
        """Return the account's headers; raises as ``CodexCredential`` does."""
        return (await self._accounts.fresh(self._name)).headers

    async def renew(self, rejected: Mapping[str, str]) -> bool:
        """Renew the login; raises as ``CodexCredential`` does."""
        return await renew(self._accounts, rejected)

    def status(self) -> LoginStatus:
        """Tell what was last read of it."""
        return self._accounts.status(self._accounts.snapshot.accounts[self._name])


async def renew(accounts: Accounts, rejected: Mapping[str, str]) -> bool:
    """Renew the login whose headers were rejected, whichever it is by now."""
    snapshot = await accounts.look(force=True)
    for name, login in snapshot.logins():
        if login.headers == rejected:
            if not snapshot.accounts[name].is_own:
                return False
            newer = await accounts.renew(name, login, rejected=True)
            return _is_another(newer, rejected)
    return any(_is_another(login, rejected) for _, login in snapshot.logins())


def _is_another(login: Login, rejected: Mapping[str, str]) -> bool:
    """Whether it is a newer login of the same account."""
    same = login.account_id == rejected.get("chatgpt-account-id")
    return same and login.headers != rejected
