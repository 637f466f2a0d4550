"""The profile adapter: what the tokens say of each account, and how much is used."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

import structlog

from ccproxy.plugins.codex.credential import CodexCredential
from ccproxy.plugins.codex.kept_limits import KeptLimits
from ccproxy.plugins.codex.login_file import Login
from ccproxy.plugins.codex.usage import ask, by_length
from ccproxy.sdk import LimitWindow, ProfileFields
from ccproxy.sdk.errors import CredentialError, UpstreamError

_log = structlog.get_logger(__name__)


class CodexProfiles:
    """Fetches the facts of all accounts that have a login.

    Args:
        credential: Knows the accounts.
        usage_url: Where limits are told.
        headers: Who asks.
    """

    def __init__(
        self, credential: CodexCredential, usage_url: str, headers: Mapping[str, str]
    ) -> None:
        self._credential = credential
        self._usage_url = usage_url
        self._headers = headers
        self._known: dict[str, tuple[LimitWindow, ...]] = {}
        self._kept: KeptLimits | None = None

    def open(self, kept: KeptLimits) -> None:
        """Keep what answers tell there from now on."""
        self._kept = kept

    async def close(self) -> None:
        """Let what is being kept be kept."""
        if self._kept is not None:
            await self._kept.close()

    async def __call__(self) -> Sequence[ProfileFields]:
        """Fetch them; two logins to one account are one, the active one of them."""
        snapshot = await self._credential.accounts.look(force=True)
        found: dict[str, tuple[str, Login]] = {}
        for name, login in snapshot.logins():
            key = login.account_id or name
            if key not in found or name == snapshot.active:
                found[key] = name, login
        return await asyncio.gather(
            *(
                self._profile(key, name, login, active=name == snapshot.active)
                for key, (name, login) in found.items()
            )
        )

    def note(self, account: str, limits: tuple[LimitWindow, ...]) -> None:
        """Remember what an answer told of an account's limits, and keep it.

        They count where the endpoint can't be asked. An answer need not tell all.
        """
        known = {each.name: each for each in (*self._known.get(account, ()), *limits)}
        self._known[account] = tuple(sorted(known.values(), key=by_length))
        if self._kept is None:
            return
        snapshot = self._credential.accounts.snapshot
        names = [name for name, each in snapshot.logins() if each.account_id == account]
        if names:  # nobody has logged out meanwhile
            is_active = snapshot.active in names
            self._kept.note(account, self._known[account], active=is_active)

    def used(self, account: str) -> float | None:
        """Tell how much of an account's shortest limit is used, if that is known.

        Args:
            account: The backend's key of it.
        """
        shortest = next(iter(self._known.get(account, ())), None)
        if shortest is None:
            return None
        resets_at = shortest.resets_at
        begun_anew = resets_at is not None and resets_at <= datetime.now(UTC)
        return 0.0 if begun_anew else shortest.used_percent

    async def _profile(
        self, key: str, name: str, login: Login, *, active: bool
    ) -> ProfileFields:
        limits = await self._limits(key, name)
        logins = dict(self._credential.accounts.snapshot.logins())
        facts = logins.get(name, login).identity  # it may be newer by now
        return ProfileFields(
            account=key,
            active=active,
            limits=limits,
            **asdict(facts),
        )

    async def _limits(self, key: str, name: str) -> tuple[LimitWindow, ...] | None:
        """Ask for the limits; if that fails, those count that answers have told of.

        Of them only what has not begun anew is true. Where none is left, nothing is
        known.
        """
        login = self._credential.of(name)
        http = login.accounts.server.http
        try:
            self._known[key] = await ask(http, self._usage_url, self._headers, login)
        except (CredentialError, UpstreamError) as error:
            _log.warning("limits_not_fetched", account=name, reason=error.message)
            now = datetime.now(UTC)
            still = [
                each
                for each in self._known.get(key, ())
                if each.resets_at is not None and each.resets_at > now
            ]
            return tuple(still) or None
        return self._known[key]
