"""What ``ccproxy auth`` does with the provider's logins."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from ccproxy.plugins.codex.account import Account
from ccproxy.plugins.codex.accounts import Accounts
from ccproxy.plugins.codex.credential import CodexCredential
from ccproxy.plugins.codex.flows import Flows
from ccproxy.plugins.codex.login_file import Login, new_login
from ccproxy.plugins.codex.store import (
    CODEX_CLI,
    DEFAULT,
    LOG_IN_THERE,
    check_name,
    log_in,
)
from ccproxy.sdk import AccountLogin, LoginMethod, Person
from ccproxy.sdk.errors import CredentialError, UpstreamError

_LISTED = "`ccproxy auth list` tells who is logged in."


class CodexLogins:
    """The logins of the provider ``codex``.

    Args:
        credential: Knows all accounts, once the plugin has started.
        ports: On which a browser's answer may come.
        patience: Seconds a person may take to log in.
        now: Tells the time in Unix seconds.
        sleep: Waits between two questions after a code.
    """

    def __init__(
        self,
        credential: CodexCredential,
        *,
        ports: Sequence[int],
        patience: float,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._credential = credential
        self._ports = ports
        self._patience = patience
        self._now = now
        self._sleep = sleep

    async def accounts(self) -> Sequence[AccountLogin]:
        """Describe every login there is, the active one first."""
        snapshot = await self._accounts.look(force=True)
        shown = [
            await self._told(account)
            for account in snapshot.accounts.values()
            if account.is_own or isinstance(account.held, Login)
        ]
        return sorted(shown, key=lambda each: not each.active)

    async def log_in(
        self, account: str | None, person: Person, method: LoginMethod
    ) -> AccountLogin:
        """Make a login, or replace it by a new one.

        The first one of ours is in use at once; later ones only when that is asked for,
        so that a login takes no running conversation to another account.

        Raises:
            CredentialError: The person or the vendor refused, or it can't be kept.
            UpstreamError: The vendor could not be asked.
        """
        name, store = account or DEFAULT, self._accounts.store
        check_name(name)
        await asyncio.to_thread(store.check_writable)
        flows = Flows(
            self._accounts.server,
            ports=self._ports,
            patience=self._patience,
            sleep=self._sleep,
        )
        tokens = await flows.tokens(person, method)
        async with store.locked(name):
            await asyncio.to_thread(store.save, name, new_login(tokens, self._now()))
            await asyncio.to_thread(store.end_attempt, name)
            if store.active() is None:
                await asyncio.to_thread(store.choose, name)
        return await self._named(name)

    async def log_out(self, account: str | None) -> str:
        """Forget a login here, and have the vendor forget it.

        Raises:
            CredentialError: There is none, or it is Codex CLI's.
        """
        found = await self._own(account, otherwise=_LISTED)
        name, accounts = found.name, self._accounts
        async with accounts.store.locked(name):  # it may have been renewed meanwhile
            held = await asyncio.to_thread(accounts.read, name)
            await asyncio.to_thread(accounts.store.remove, name)
        await accounts.look(force=True)
        if not (isinstance(held, Login) and held.refresh_token):
            return f"The account {name} is logged out."
        try:
            await accounts.server.revoke(held.refresh_token)
        except UpstreamError as error:
            return (
                f"The account {name} is logged out here. The vendor still knows the "
                f"login: {error.message}"
            )
        return f"The account {name} is logged out."

    async def refresh(self, account: str | None) -> AccountLogin:
        """Renew a login now, also if the vendor has refused that before.

        Raises:
            CredentialError: There is none, it is Codex CLI's, or it can't be renewed.
            UpstreamError: The vendor could not be asked.
        """
        found = await self._own(account)
        if not isinstance(found.held, Login):
            raise CredentialError(found.held.detail, hint=found.held.hint)
        await self._accounts.renew(found.name, found.held, insist=True)
        return await self._named(found.name)

    async def use(self, account: str) -> AccountLogin:
        """Make requests for this account from now on.

        Raises:
            CredentialError: It has no login.
        """
        found = await self._find(account)
        await asyncio.to_thread(self._accounts.store.choose, found.name)
        return await self._named(found.name)

    @property
    def _accounts(self) -> Accounts:
        return self._credential.accounts

    async def _own(
        self, account: str | None, *, otherwise: str | None = None
    ) -> Account:
        found = await self._find(account, otherwise=otherwise)
        if not found.is_own:
            msg = "The login in use is Codex CLI's, and left to it."
            raise CredentialError(msg, hint=LOG_IN_THERE)
        return found

    async def _find(
        self, account: str | None, *, otherwise: str | None = None
    ) -> Account:
        """Find an account that has a login, or the remains of one.

        Args:
            account: Its name, or ``None`` for the one in use.
            otherwise: What to do if there is none; by default to log in.
        """
        snapshot = await self._accounts.look(force=True)
        name = account or snapshot.active
        found = snapshot.accounts.get(name)
        if found is None or not (found.is_own or isinstance(found.held, Login)):
            if account is None:
                hint = otherwise or log_in(DEFAULT)
                raise CredentialError("Nobody is logged in to codex.", hint=hint)
            msg = f"There is no login for the account {name}."
            hint = log_in(name) if name != CODEX_CLI else "Run `codex login`."
            raise CredentialError(msg, hint=otherwise or hint)
        return found

    async def _named(self, name: str) -> AccountLogin:
        snapshot = await self._accounts.look(force=True)
        return await self._told(snapshot.accounts[name])

    async def _told(self, account: Account) -> AccountLogin:
        accounts = self._accounts
        login = account.held if isinstance(account.held, Login) else None
        identity = login.identity if login else None
        expires = login.expires if login else None
        return AccountLogin(
            account=account.name,
            active=account.name == accounts.snapshot.active,
            status=accounts.status(account),
            kept_in=await asyncio.to_thread(accounts.kept_in, account.name),
            email=identity.email if identity else None,
            plan=identity.plan if identity else None,
            expires_at=datetime.fromtimestamp(expires, UTC) if expires else None,
        )
