"""Account facts: fetched in one place, kept in the database, refreshed by events."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import structlog

from ccproxy.errors import (
    BadRequestError,
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
from ccproxy.services.profile_fields import (
    FACTS,
    STALENESS,
    changed_fields,
    check_names,
    known_fields,
    merged,
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
        self._writes: dict[str, int] = {}
        self._flights: dict[str, asyncio.Task[AccountProfile | None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def providers(self) -> tuple[str, ...]:
        """Those whose accounts can be asked about, by name."""
        return tuple(sorted(self._adapters()))

    def start(self) -> None:
        """Follow logins from now on."""
        self._bus.subscribe("profiles", AuthLogin, self._on_new_tokens)
        self._bus.subscribe("profiles", AuthTokenRefreshed, self._on_new_tokens)
        self._bus.subscribe("profiles", AuthLogout, self._on_logout)

    async def close(self) -> None:
        """Give up what is being fetched."""
        tasks = [*self._tasks, *self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

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

        def write(repository: "ProfileRepository") -> tuple[str, ...]:
            key = account if account is not None else _active(repository, provider)
            old = repository.get(provider, key)
            new = merged(old, provider, key, fields, now)
            repository.upsert(new)
            if new.active:
                repository.deactivate_others(provider, key)
            return changed_fields(old, new, fields)

        changed = await with_profiles(self._database, write)
        self._written(provider, changed)
        return changed

    async def clear(self, provider: str, account: str | None = None) -> None:
        """Forget an account, or all of a provider.

        Raises:
            StorageError: The database can't be used.
        """

        def delete(repository: "ProfileRepository") -> tuple[str, ...]:
            gone = [
                each
                for each in repository.list(provider)
                if account in {None, each.account}
            ]
            for each in gone:
                repository.delete(provider, each.account)
            return known_fields(gone)

        self._written(provider, await with_profiles(self._database, delete))

    def _written(self, provider: str, changed: tuple[str, ...]) -> None:
        self._cache.pop(provider, None)
        self._writes[provider] = self._writes.get(provider, 0) + 1
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
            async with asyncio.timeout(FETCH_TIMEOUT):
                found = await adapter()
        except TimeoutError:
            msg = f"{provider} took more than {FETCH_TIMEOUT:.0f} seconds to answer."
            await self._failed(provider, UpstreamTimeoutError(msg))
        except CCProxyError as error:
            await self._failed(provider, error)
        else:
            await self._store(provider, found)
        writes = self._writes.get(provider)
        profile = await self.load_profile(provider)
        if self._writes.get(provider) == writes:  # else somebody knows better by now
            self._cache[provider] = (self._clock(), profile)
        return profile

    async def _store(self, provider: str, found: Sequence[ProfileFields]) -> None:
        """Write what was found; an account that is not among it has no login."""
        for each in await self.accounts(provider):
            if each.account not in {one.account for one in found}:
                await self.clear(provider, each.account)
        for one in found:
            facts = {name: getattr(one, name) for name in FACTS}
            if one.limits is None:
                del facts["limits"]
            fresh = dict.fromkeys(STALENESS)
            await self.update_fields(provider, account=one.account, **facts, **fresh)

    async def _failed(self, provider: str, error: CCProxyError) -> None:
        """Mark what is known as stale.

        Raises:
            CCProxyError: The error, if nothing is known.
        """
        known = await self.accounts(provider)
        if not known:
            raise error
        for each in known:
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
        if not flight.cancelled():
            flight.exception()  # whoever waits gets it; if nobody does, it is no fault

    # -- following logins

    def _on_new_tokens(self, event: Event) -> None:
        if isinstance(event, AuthEvent):
            self._spawn(self._refresh_after(event.provider))

    def _on_logout(self, event: Event) -> None:
        if isinstance(event, AuthEvent):
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
        not, all go, and those that still have a login come back.
        """
        if flight := self._flights.pop(provider, None):
            flight.cancel()
            await asyncio.wait({flight})
        try:
            keys = {each.account for each in await self.accounts(provider)}
            await self.clear(provider, account if account in keys else None)
        except CCProxyError as error:
            _log.warning("profile_not_cleared", provider=provider, reason=str(error))
            return
        if account is not None:
            await self._refresh_after(provider)


def _active(repository: "ProfileRepository", provider: str) -> str:
    for each in repository.list(provider):
        if each.active:
            return each.account
    msg = f"No account of {provider!r} is active."
    raise BadRequestError(msg, hint="Name the account.")
