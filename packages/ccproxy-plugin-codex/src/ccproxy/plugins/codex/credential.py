"""Signing requests with the login Codex CLI keeps."""

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from ccproxy.plugins.codex.login_file import LOG_IN, Login, read_login
from ccproxy.sdk import Credential, LoginState, LoginStatus
from ccproxy.sdk.errors import CredentialError

RECHECK = 1.0
"""Seconds between two looks at whether the file has changed."""

Stamp = tuple[int, ...]
"""What changes when a file does; empty if there is none."""


class CodexCredential(Credential):
    """The login in a file that another program renews.

    Args:
        path: Codex CLI's ``auth.json``.
        now: Tells the time in Unix seconds.
        monotonic: Measures the time between two looks at the file.
    """

    def __init__(
        self,
        path: Path,
        *,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._now = now
        self._monotonic = monotonic
        self._known: Login | LoginStatus = LoginStatus(
            LoginState.MISSING, "Codex CLI's login was not looked at yet."
        )
        self._stamp: Stamp | None = None
        self._looked = -math.inf
        self._lock = asyncio.Lock()

    async def load(self) -> None:
        """Read the file now, whether it has changed or not."""
        async with self._lock:
            self._stamp, self._known = await asyncio.to_thread(_read, self._path)
            self._looked = self._monotonic()

    async def headers(self) -> Mapping[str, str]:
        """Return the headers of the login the file holds by now.

        Raises:
            CredentialError: There is no ChatGPT login, or it has expired.
        """
        await self._look_again()
        status = self.status()
        if not isinstance(self._known, Login) or not status.usable:
            raise CredentialError(status.detail, hint=status.hint)
        return _headers(self._known)

    async def renew(self, rejected: Mapping[str, str]) -> bool:
        """Read the file again: Codex CLI may have renewed the login meanwhile."""
        await self.load()
        return isinstance(self._known, Login) and _headers(self._known) != rejected

    def status(self) -> LoginStatus:
        """Tell what the file said when it was last read."""
        if isinstance(self._known, LoginStatus):
            return self._known
        plan = f", plan {self._known.plan}" if self._known.plan else ""
        expires = self._known.expires
        if expires is None:
            return LoginStatus(LoginState.READY, f"ChatGPT login of Codex CLI{plan}")
        moment = f"{datetime.fromtimestamp(expires, UTC):%Y-%m-%d %H:%M} UTC"
        if expires <= self._now():
            return LoginStatus(
                LoginState.EXPIRED,
                f"The ChatGPT login of Codex CLI expired at {moment}.",
                f"{LOG_IN} Any use of `codex` renews a login that is not too old.",
            )
        detail = f"ChatGPT login of Codex CLI{plan}, until {moment}"
        return LoginStatus(LoginState.READY, detail)

    async def _look_again(self) -> None:
        async with self._lock:
            if self._monotonic() - self._looked < RECHECK:
                return
            if await asyncio.to_thread(_stamp, self._path) != self._stamp:
                self._stamp, self._known = await asyncio.to_thread(_read, self._path)
            self._looked = self._monotonic()


def _headers(login: Login) -> Mapping[str, str]:
    signed = {"authorization": f"Bearer {login.access_token}"}
    if login.account_id:
        signed["chatgpt-account-id"] = login.account_id
    return signed


def _read(path: Path) -> tuple[Stamp, Login | LoginStatus]:
    """Read stamp and file, in this order: a change in between is seen next time."""
    return _stamp(path), read_login(path)


def _stamp(path: Path) -> Stamp:
    try:
        facts = path.expanduser().stat()
    except (OSError, RuntimeError):
        return ()
    return facts.st_mtime_ns, facts.st_size, facts.st_ino
