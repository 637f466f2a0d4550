"""Account facts: fetched in one place, kept in the database, refreshed by events."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import structlog

from ccproxy.errors import (
    CCProxyError,
    UnknownProviderError,
    UpstreamTimeoutError,
)
from ccproxy.hooks.bus import HookBus
from ccproxy.hooks.events import (
    AuthEvent,
    AuthLogin,
    AuthLogout,
    AuthTokenRefreshed,
    Event,
    ProfileUpdated,
)
from ccproxy.sdk import AccountProfile, ProfileAdapter, ProfileFields
from ccproxy.security.sanitizer import mask_text
from ccproxy.services.profile_fields import check_names
from ccproxy.services.profile_writes import (
    Changed,
    delete_those,
    found_fields,
    write_fields,
)
from ccproxy.storage.database import Database
from ccproxy.storage.profiles import with_profiles

if TYPE_CHECKING:
    from ccproxy.storage.repositories.profile_repository import ProfileRepository

Adapters: TypeAlias = Callable[[], Mapping[str, ProfileAdapter]]
Clock: TypeAlias = Callable[[], datetime]

TTL = timedelta(minutes=5)
"""How long facts count as fresh."""
FETCH_TIMEOUT = 30.0
"""Seconds a provider may take to tell its facts."""

_log = structlog.get_logger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class ProfileService:
    """Knows the accounts of all providers; ``ctx.profiles`` of plugins.

    Args:
        database: Where they are kept.
        bus: Told of changes; tells of logins.
        adapters: Tells who fetches, by provider; asked each time.
        ttl: How long facts count as fresh.
        clock: The time, aware.
    """

    def __init__(
        self,
        database: Database,
        bus: HookBus,
        adapters: Adapters,
        *,
        ttl: timedelta = TTL,
        clock: Clock = _now,
    ) -> None:
        self._database = database
        self._bus = bus
        self._adapters = adapters
        self._ttl = ttl
        self._clock = clock
        self._cache: dict[str, tuple[datetime, AccountProfile | None]] = {}
        self._writes = Counter[str]()
        self._logouts = Counter[str]()
        self._flights: dict[str, asyncio.Task[AccountProfile | None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._writing: set[asyncio.Task[Changed]] = set()

    @property
    def providers(self) -> tuple[str, ...]:
        """Those whose accounts can be asked about, by name."""
        return tuple(sorted(self._adapters()))

    @property
    def known(self) -> tuple[AccountProfile, ...]:
        """The active accounts that need not be looked up."""
        return tuple(each for _, each in self._cache.copy().values() if each)

    def start(self) -> None:
        """Follow logins from now on."""
        self._bus.subscribe("profiles", AuthLogin, self._on_new_tokens)
        self._bus.subscribe("profiles", AuthTokenRefreshed, self._on_new_tokens)
        self._bus.subscribe("profiles", AuthLogout, self._on_logout)

    async def close(self) -> None:
        """Give up what is being fetched; what is being written is."""
        tasks = [*self._tasks, *self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *self._writing, return_exceptions=True)

    # -- reading

    async def accounts(self, provider: str | None = None) -> Sequence[AccountProfile]:
        """Return what is kept of all accounts, or a provider's, the active one first.

        Raises:
            StorageError: The database can't be used.
        """
        return await with_profiles(
            self._database, lambda profiles: profiles.list(provider)
        )

    async def load_profile(self, provider: str) -> AccountProfile | None:
        """Return what is kept of the provider's active account; nobody is asked.

        Raises:
            StorageError: The database can't be used.
        """
        accounts = await self.accounts(provider)
        return next((each for each in accounts if each.active), None)

    async def get_cached(self, provider: str) -> AccountProfile | None:
        """Return the active account, asked anew only if that was long ago.

        Raises:
            CCProxyError: As ``refresh_profile`` does.
        """
        at, profile = self._cache.get(provider, (None, None))
        if at is not None and self._clock() - at < self._ttl:
            return profile
        return await self.refresh_profile(provider)

    async def refresh_profile(self, provider: str) -> AccountProfile | None:
        """Ask the provider anew, and return its active account.

        However many ask at once, the provider is asked once. If it can't be asked, what
        was known stays, marked stale.

        Raises:
            CCProxyError: It can't be asked, and nothing is known from before.
            UnknownProviderError: Nobody can ask this provider.
            StorageError: The database can't be used.
        """
        flight = self._flights.get(provider)
        if flight is None:
            flight = asyncio.create_task(self._fetch(provider, self._adapter(provider)))
            self._flights[provider] = flight
            flight.add_done_callback(lambda done: self._landed(provider, done))
        return await asyncio.shield(flight)

    # -- writing

    async def update_fields(
        self, provider: str, *, account: str | None = None, **fields: object
    ) -> tuple[str, ...]:
        """Write facts of an account, and tell ``ProfileUpdated`` if any changed.

        Args:
            provider: Whose account.
            account: The provider's own key of it, which need not be known yet; by
                default the active account is written.
            fields: Named as in ``AccountProfile``.

        Returns:
            The names of those that changed.

        Raises:
            BadRequestError: A field is unknown, or not of its type; or no account is
                named, and none is active.
            StorageError: The database can't be used.
        """
        check_names(fields)
        now = self._clock()
        return await self._change(
            provider,
            lambda profiles: write_fields(profiles, provider, account, fields, now),
        )

    async def clear(self, provider: str, account: str | None = None) -> None:
        """Forget an account, or all of a provider.

        Raises:
            StorageError: The database can't be used.
        """
        await self._change(
            provider,
            lambda profiles: delete_those(
                profiles, provider, lambda key: account in {None, key}
            ),
        )

    async def _change(
        self, provider: str, unit: Callable[["ProfileRepository"], Changed]
    ) -> Changed:
        """Do a unit of work, and tell what changed, even if whoever asked goes away."""

        async def change() -> Changed:
            changed = await with_profiles(self._database, unit)
            self._written(provider, changed)
            return changed

        task = asyncio.create_task(change())
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        task.add_done_callback(_heard)
        return await asyncio.shield(task)

    def _written(self, provider: str, changed: Changed) -> None:
        self._cache.pop(provider, None)
        self._writes[provider] += 1
        if changed:
            self._bus.publish(
                ProfileUpdated(at=self._clock(), provider=provider, fields=changed)
            )

    # -- fetching

    def _adapter(self, provider: str) -> ProfileAdapter:
        adapters = self._adapters()
        if provider not in adapters:
            known = ", ".join(sorted(adapters)) or "none"
            msg = f"No profile can be had of {provider!r}."
            raise UnknownProviderError(msg, hint=f"There are: {known}.")
        return adapters[provider]

    async def _fetch(
        self, provider: str, adapter: ProfileAdapter
    ) -> AccountProfile | None:
        try:
            while not await self._has_stored(provider, adapter):
                pass  # somebody has logged out meanwhile: what was found may be old
        except CCProxyError as error:
            await self._failed(provider, error)
        writes = self._writes[provider]
        profile = await self.load_profile(provider)
        if self._writes[provider] == writes:  # else somebody knows better by now
            self._cache[provider] = (self._clock(), profile)
        return profile

    async def _has_stored(self, provider: str, adapter: ProfileAdapter) -> bool:
        """Ask, and write what was found; an account that is not among it has no login.

        Nothing is written once somebody has logged out. What was handed to the database
        before is deleted by what the logout hands to it.

        Returns:
            Whether nobody has logged out meanwhile.
        """
        logouts = self._logouts[provider]
        found = await self._ask(provider, adapter)
        known = {each.account: each for each in await self.accounts(provider)}
        for account in known.keys() - {one.account for one in found}:
            await self.clear(provider, account)
        for one in found:
            if logouts == self._logouts[provider]:
                fields = found_fields(one, known.get(one.account), self._clock())
                await self.update_fields(provider, account=one.account, **fields)
        return logouts == self._logouts[provider]

    async def _ask(
        self, provider: str, adapter: ProfileAdapter
    ) -> Sequence[ProfileFields]:
        try:
            async with asyncio.timeout(FETCH_TIMEOUT):
                return await adapter()
        except TimeoutError as error:
            msg = f"{provider} took more than {FETCH_TIMEOUT:.0f} seconds to answer."
            raise UpstreamTimeoutError(msg) from error

    async def _failed(self, provider: str, error: CCProxyError) -> None:
        """Mark what is known as stale.

        Raises:
            CCProxyError: The error, if nothing is known.
        """
        logouts = self._logouts[provider]
        known = await self.accounts(provider)
        if not known:
            raise error
        for each in known:
            if logouts == self._logouts[provider]:  # or it could be gone by now
                await self.update_fields(
                    provider,
                    account=each.account,
                    stale_since=each.stale_since or self._clock(),
                    stale_reason=mask_text(error.message),
                )

    def _landed(
        self, provider: str, flight: asyncio.Task[AccountProfile | None]
    ) -> None:
        if self._flights.get(provider) is flight:
            del self._flights[provider]
        _heard(flight)

    # -- following logins

    def _on_new_tokens(self, event: Event) -> None:
        if isinstance(event, AuthEvent):
            self._spawn(self._refresh_after(event.provider))

    def _on_logout(self, event: Event) -> None:
        if isinstance(event, AuthEvent):
            self._logouts[event.provider] += 1
            self._spawn(self._forget(event.provider, event.account))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _refresh_after(self, provider: str) -> None:
        """Fetch with the new tokens: what is being fetched may still use the old."""
        if provider not in self._adapters():
            return
        if flight := self._flights.get(provider):
            await asyncio.wait({flight})
        try:
            await self.refresh_profile(provider)
        except CCProxyError as error:
            _log.warning("profile_not_fetched", provider=provider, reason=str(error))

    async def _forget(self, provider: str, account: str | None) -> None:
        """Clear what a logout leaves behind; then see which other accounts remain.

        The account's name within ccproxy need not be the provider's key of it. If it is
        not, only the provider can tell whose login is gone.
        """
        try:
            if account is None or account in await self._keys(provider):
                await self.clear(provider, account)
        except CCProxyError as error:
            _log.warning("profile_not_cleared", provider=provider, reason=str(error))
            return
        if account is not None:
            await self._refresh_after(provider)

    async def _keys(self, provider: str) -> set[str]:
        return {each.account for each in await self.accounts(provider)}


def _heard(task: asyncio.Task[Any]) -> None:
    """Take note of an error: who waits gets it; if nobody does, it is no fault."""
    if not task.cancelled():
        task.exception()
