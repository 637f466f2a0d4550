"""All accounts of the provider: what their logins are, and keeping them good."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from ccproxy.plugins.codex.account import Account, Snapshot, changes
from ccproxy.plugins.codex.auth_server import AuthServer
from ccproxy.plugins.codex.login_file import Login, read_login
from ccproxy.plugins.codex.renewal import Renewal
from ccproxy.plugins.codex.store import CODEX_CLI, Stamp, Store, stamp_of
from ccproxy.sdk import LoginStatus
from ccproxy.sdk.errors import CCProxyError, CredentialError, UpstreamError
from ccproxy.sdk.events import AuthEvent

PROVIDER = "codex"
RECHECK = 1.0
"""Seconds between two looks at whether a file has changed."""
TICK = 1.0
"""Seconds between two looks while nobody asks."""
MARGIN = 300.0
"""Seconds before its end when a login is renewed. Codex CLI 0.169.0 was measured to do
so 290 seconds before, and not yet 330."""
UNREADABLE = 8 * 86400.0
"""Seconds after which a login is renewed whose end can't be read; Codex CLI's, too."""
REST = 30.0
"""Seconds after which a server that could not be asked, or whose answer was of no use,
is asked again."""


class Accounts:
    """Reads them, renews them in time, and tells of every change.

    Args:
        store: Our own logins.
        server: Renews them.
        codex_cli: Codex CLI's ``auth.json``; read, never written.
        publish: Told of logins, logouts and renewals, whoever made them.
        now: Tells the time in Unix seconds.
        monotonic: Measures the time between two looks.
        sleep: Waits between two looks while nobody asks.
    """

    def __init__(
        self,
        store: Store,
        server: AuthServer,
        codex_cli: Path,
        *,
        publish: Callable[[AuthEvent], None],
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.store = store
        self.server = server
        self._codex_cli = codex_cli
        self._publish = publish
        self._now = now
        self._monotonic = monotonic
        self._sleep = sleep
        self._renewal = Renewal(store, server, now)
        self._snapshot = Snapshot(CODEX_CLI)
        self._stamp: Stamp | None = None
        self._looked = -math.inf
        self._looking = asyncio.Lock()
        self._flights: dict[str, asyncio.Task[Login]] = {}
        self._resting: dict[str, tuple[float, CCProxyError]] = {}
        self._answered: dict[str, tuple[float, str]] = {}
        self._upkeep: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Read all logins, and keep them good from now on."""
        await self.look(force=True)
        self._upkeep = asyncio.create_task(self._keep_up())

    async def close(self) -> None:
        """Stop; what is being renewed comes to its end, lest its tokens be lost."""
        if self._upkeep is not None:
            self._upkeep.cancel()
            await asyncio.wait({self._upkeep})
        if self._flights:
            await asyncio.wait(self._flights.values())

    # -- reading

    @property
    def snapshot(self) -> Snapshot:
        """What was last read."""
        return self._snapshot

    def status(self, account: Account) -> LoginStatus:
        """Describe an account's login."""
        return account.status(self._now())

    def kept_in(self, name: str) -> str:
        """Say where an account's login is kept. Blocks."""
        return str(self._codex_cli) if name == CODEX_CLI else self.store.kept_in(name)

    def read(self, name: str) -> Login | LoginStatus:
        """Read one of our own logins as it is by now. Blocks."""
        return self._renewal.read(name)

    async def look(self, *, force: bool = False) -> Snapshot:
        """Read again what has changed, and tell of it.

        Args:
            force: Look now, even if that was done a moment ago.
        """
        if not (force or self._is_time()):
            return self._snapshot
        async with self._looking:
            if force or self._is_time():  # somebody may have looked meanwhile
                stamp = await asyncio.to_thread(self._stamps)
                if force or stamp != self._stamp:
                    self._take(stamp, await asyncio.to_thread(self._read))
                self._looked = self._monotonic()
        return self._snapshot

    def _is_time(self) -> bool:
        return self._monotonic() - self._looked >= RECHECK

    def _take(self, stamp: Stamp, fresh: Snapshot) -> None:
        is_first = self._stamp is None
        old, self._snapshot, self._stamp = self._snapshot, fresh, stamp
        if not is_first:
            at = datetime.now(UTC)
            for kind, name in changes(old, fresh):
                self._publish(kind(at=at, provider=PROVIDER, account=name))

    def _stamps(self) -> Stamp:
        """Tell what changes; taken before reading, lest a change in between be lost."""
        return self.store.stamp(), stamp_of(self._codex_cli)

    def _read(self) -> Snapshot:
        cli = Account(CODEX_CLI, read_login(self._codex_cli))
        names = self.store.names()
        accounts = {name: self._read_own(name) for name in names} | {CODEX_CLI: cli}
        chosen = self.store.active()
        if chosen not in accounts:
            chosen = next(iter(names), CODEX_CLI)
        return Snapshot(chosen, accounts)

    def _read_own(self, name: str) -> Account:
        held = self.read(name)
        attempt, unsaved = self._renewal.attempt(name), self._renewal.is_unsaved(name)
        return Account(name, held, attempt, unsaved)

    # -- keeping them good

    async def fresh(self, name: str | None = None) -> Login:
        """Return a login that is good by the clock, renewed if need be.

        Args:
            name: The account; by default the active one.

        Raises:
            CredentialError: There is none, or it has ended.
            UpstreamError: It has ended, and can't be renewed right now.
        """
        snapshot = await self.look()
        account = snapshot.accounts.get(name or snapshot.active)
        if account is None:
            raise CredentialError(f"There is no account {name}.")
        if not isinstance(account.held, Login):
            raise CredentialError(account.held.detail, hint=account.held.hint)
        if self._is_due(account):
            try:
                return await self.renew(account.name, account.held)
            except CCProxyError:
                if account.is_over(self._now()):
                    raise
        elif account.is_over(self._now()):
            raise self._ended(account)
        return account.held

    async def renew(
        self,
        name: str,
        old: Login,
        *,
        rejected: bool = False,
        insist: bool = False,
    ) -> Login:
        """Renew a login once, however many ask; see ``Renewal.renew``.

        Whoever asks may go away: a renewal that has begun comes to its end.

        Raises:
            CredentialError: It can't be renewed.
            UpstreamError: It can't be renewed right now.
        """
        flight = self._flights.get(name)
        if flight is None:
            if rejected and self._is_new(name, old):
                return old  # and is refused all the same
            until, why = self._resting.get(name, (-math.inf, None))
            if why is not None and self._monotonic() < until and not insist:
                raise UpstreamError(why.message, hint=why.hint)
            renewing = self._renewal.renew(name, old, rejected=rejected, insist=insist)
            flight = asyncio.create_task(self._fly(name, renewing, rejected=rejected))
            self._flights[name] = flight
            flight.add_done_callback(lambda done: self._landed(name, done))
        return await asyncio.shield(flight)

    async def _fly(
        self, name: str, renewing: Awaitable[Login], *, rejected: bool
    ) -> Login:
        self._resting.pop(name, None)
        try:
            login = await renewing
        except UpstreamError as error:
            self._resting[name] = self._monotonic() + REST, error
            raise
        else:
            if rejected:
                self._answered[name] = self._monotonic() + REST, login.access_token
            return login
        finally:
            await self.look(force=True)

    def _is_new(self, name: str, login: Login) -> bool:
        """Whether a refusal has led to this login a moment ago."""
        until, token = self._answered.get(name, (-math.inf, ""))
        return token == login.access_token and self._monotonic() < until

    def _landed(self, name: str, flight: asyncio.Task[Login]) -> None:
        del self._flights[name]
        if not flight.cancelled():
            flight.exception()  # whoever waits gets it; the status tells the others

    def _is_due(self, account: Account) -> bool:
        """Whether an account's login is to be renewed now."""
        login = account.held
        if not (account.is_own and isinstance(login, Login) and login.refresh_token):
            return False
        until, _ = self._resting.get(account.name, (-math.inf, None))
        if account.refused or self._monotonic() < until:
            return False
        if login.expires is not None:
            return login.expires - MARGIN <= self._now()
        return login.refreshed is None or login.refreshed + UNREADABLE <= self._now()

    def _ended(self, account: Account) -> CCProxyError:
        _, why = self._resting.get(account.name, (0.0, None))
        if why is not None and not account.refused:
            return UpstreamError(why.message, hint=why.hint)
        status = self.status(account)
        return CredentialError(status.detail, hint=status.hint)

    async def _keep_up(self) -> None:
        """Notice changes and renew in time, while nobody asks."""
        while True:
            await self._sleep(TICK)
            with suppress(OSError):  # such as too many open files: for a while only
                await self._tend_all()

    async def _tend_all(self) -> None:
        for account in (await self.look()).accounts.values():
            try:
                await self._tend(account)
            except (CCProxyError, OSError):
                continue  # told by the status

    async def _tend(self, account: Account) -> None:
        if isinstance(account.held, Login) and self._is_due(account):
            await self.renew(account.name, account.held)
        elif account.unsaved:
            await self._renewal.save_again(account.name)
            await self.look(force=True)
