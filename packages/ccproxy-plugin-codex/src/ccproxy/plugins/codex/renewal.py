"""Renewing a login, once for all who ask, whatever process they are in.

A refresh token can be spent once; a second use ends the login, for the vendor takes it
for a theft. So: take the account's lock, read the login again, use it if somebody else
has renewed it, and only then ask. What is about to be spent is written down first, so
that a crash before the answer was kept does not look like a theft afterwards.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from ccproxy.plugins.codex.auth_error import AuthServerError
from ccproxy.plugins.codex.auth_server import AuthServer
from ccproxy.plugins.codex.claim import Claim
from ccproxy.plugins.codex.login_file import Login, login_of, renewed
from ccproxy.plugins.codex.store import Attempt, Store, log_in
from ccproxy.sdk import LoginState, LoginStatus
from ccproxy.sdk.errors import CredentialError, UpstreamError

_REASONS = {
    "refresh_token_expired": "its refresh token has expired",
    "refresh_token_reused": "its refresh token was used before",
    "refresh_token_invalidated": "the vendor has revoked it",
}
_INTERRUPTED = "an earlier renewal was cut short, and its tokens are lost"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Unsaved:
    """A renewed login that could not be written.

    Attributes:
        replaces: The fingerprint of what the file still holds.
        login: What it should hold.
        claim: Keeps other processes from spending what the file still holds.
    """

    replaces: str
    login: Login
    claim: Claim


class Renewal:
    """Renews the logins of a store.

    Args:
        store: Where they are.
        server: Renews them.
        now: Tells the time in Unix seconds.
    """

    def __init__(
        self, store: Store, server: AuthServer, now: Callable[[], float]
    ) -> None:
        self._store = store
        self._server = server
        self._now = now
        self._unsaved: dict[str, Unsaved] = {}
        self._noted: dict[str, Attempt] = {}

    def read(self, name: str) -> Login | LoginStatus:
        """Read a login as it is by now, written or not. Blocks."""
        held, unsaved = self._store.read(name), self._unsaved.get(name)
        if unsaved is None:
            return held
        if isinstance(held, Login):
            is_outdated = held.fingerprint != unsaved.replaces
        else:
            is_outdated = held.state is LoginState.MISSING
        if is_outdated:  # somebody has written another login, or removed it
            self._forget(name)
            return held
        return unsaved.login

    def is_unsaved(self, name: str) -> bool:
        """Tell whether a login is in memory only."""
        return name in self._unsaved

    def attempt(self, name: str) -> Attempt | None:
        """Read what is known of the last attempt, written or not. Blocks."""
        return self._noted.get(name) or self._store.attempt(name)

    async def renew(
        self, name: str, old: Login, *, rejected: bool, insist: bool = False
    ) -> Login:
        """Return a login that is newer than ``old``, or the same if there is none.

        Args:
            name: The account.
            old: What is no longer good.
            rejected: Whether the backend has refused its access token.
            insist: Whether to ask although the vendor has refused for good before.

        Raises:
            CredentialError: There is no login any more, or it can't be renewed.
            UpstreamError: The server could not be asked, or not now.
        """
        async with self._store.locked(name):
            held = await asyncio.to_thread(self.read, name)
            if isinstance(held, LoginStatus):
                raise CredentialError(held.detail, hint=held.hint)
            if held.access_token != old.access_token:
                return held
            if held.refresh_token is None:
                msg = f"The login {name} can't be renewed."
                raise CredentialError(msg, hint=log_in(name))
            before = await asyncio.to_thread(self.attempt, name)
            if before is None or before.spends != held.fingerprint:
                before = Attempt(held.fingerprint)
            elif before.refused is None:
                before = Attempt(held.fingerprint, interrupted=True)
            elif not insist:
                raise await self._refusal(
                    name, before, before.refused, rejected=rejected
                )
            return await self._spend(name, held, before, rejected=rejected)

    async def _spend(
        self, name: str, held: Login, attempt: Attempt, *, rejected: bool
    ) -> Login:
        known = self._unsaved.get(name)  # the file may hold what is older yet
        claim = known.claim if known else await self._claim(name)
        replaces = known.replaces if known else held.fingerprint
        try:
            login = await self._ask(name, held, attempt, rejected=rejected)
        except BaseException:
            if known is None:
                claim.release()
            raise
        self._unsaved[name] = Unsaved(replaces, login, claim)  # if saving it raises
        try:
            await self._save(name, login)
        except CredentialError as error:
            _log.warning("login_not_kept", account=name, reason=str(error))
        if login.access_token == held.access_token:
            raise AuthServerError(f"{self._server.name} gave no new access token.")
        return login

    async def _claim(self, name: str) -> Claim:
        """Make sure that nobody has spent what the file holds.

        Raises:
            UpstreamError: Somebody has, and keeps what came of it in memory.
        """
        claim = await asyncio.to_thread(self._store.claim, name)
        if claim is None:
            msg = f"Another ccproxy has renewed the login {name}, and can't keep it."
            hint = f"Let it write to {self._store.folder}, or use one ccproxy only."
            raise UpstreamError(msg, hint=hint)
        return claim

    async def _ask(
        self, name: str, held: Login, attempt: Attempt, *, rejected: bool
    ) -> Login:
        """Have the vendor renew a login."""
        await self._note(name, Attempt(attempt.spends, interrupted=attempt.interrupted))
        try:
            answer = await self._server.refresh(held.refresh_token or "")
        except AuthServerError as error:
            if error.is_final:
                raise await self._refusal(
                    name, attempt, error.code or "", rejected=rejected
                ) from error
            if error.is_refusal and not attempt.interrupted:  # nothing was spent
                await self._end_attempt(name)
            raise
        stored = renewed(held.stored, answer, self._now())
        login = login_of(stored, self._store.folder, log_in(name))
        if isinstance(login, LoginStatus):
            raise CredentialError(login.detail, hint=login.hint)
        return login

    async def save_again(self, name: str) -> None:
        """Try to write what could not be written; if it still can't, nothing is lost.

        Raises:
            CredentialError: It still can't.
        """
        async with self._store.locked(name):
            await asyncio.to_thread(self.read, name)  # it may be outdated
            unsaved = self._unsaved.get(name)
            if unsaved is not None:
                await self._save(name, unsaved.login)

    async def _save(self, name: str, login: Login) -> None:
        """Write an unsaved login.

        Raises:
            CredentialError: It can't be written.
        """
        await asyncio.to_thread(self._store.save, name, login.stored)
        self._forget(name)
        await self._end_attempt(name)

    def _forget(self, name: str) -> None:
        """Let an unsaved login go, unless a look has done so already."""
        unsaved = self._unsaved.pop(name, None)
        if unsaved is not None:
            unsaved.claim.release()

    async def _end_attempt(self, name: str) -> None:
        self._noted.pop(name, None)
        await asyncio.to_thread(self._store.end_attempt, name)

    async def _refusal(
        self, name: str, attempt: Attempt, code: str, *, rejected: bool
    ) -> CredentialError:
        """Remember that this token is of no use, and say so."""
        over = attempt.over or rejected
        known = Attempt(attempt.spends, code, attempt.interrupted, over)
        if known != attempt:
            await self._note(name, known)
        msg = f"The login {name} can't be renewed: {reason(known)}."
        return CredentialError(msg, hint=log_in(name))

    async def _note(self, name: str, attempt: Attempt) -> None:
        """Write the attempt down; where nothing can be written, remember it."""
        self._noted.pop(name, None)
        try:
            await asyncio.to_thread(self._store.note, name, attempt)
        except CredentialError:
            self._noted[name] = attempt


def reason(attempt: Attempt) -> str:
    """Say why a login can't be renewed."""
    if attempt.interrupted:
        return _INTERRUPTED
    return _REASONS.get(attempt.refused or "", "the vendor takes its token no more")
