"""How requests to a provider are signed."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import httpx

from ccproxy.errors import CredentialError


class LoginState(StrEnum):
    """Whether a provider can be used right now."""

    READY = "ready"
    NOT_NEEDED = "not-needed"
    CALLERS_OWN = "callers-own"
    MISSING = "missing"
    EXPIRED = "expired"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class LoginStatus:
    """A login in words; never holds a secret.

    Attributes:
        state: From a closed set.
        detail: What is known, for people.
        hint: What to do, when something is to be done.
    """

    state: LoginState
    detail: str
    hint: str | None = None

    @property
    def usable(self) -> bool:
        """Whether requests can be signed."""
        return self.state in _USABLE


_USABLE = {LoginState.READY, LoginState.NOT_NEEDED, LoginState.CALLERS_OWN}


class Credential(httpx.Auth):
    """Signs requests, and renews itself once when an upstream answers 401.

    It is an ``httpx.Auth``, so ``ctx.http`` takes it as it is; the relay asks for the
    bare headers, which spares it a request object per call (ADR 0003).
    """

    async def headers(self) -> Mapping[str, str]:
        """Return the headers that sign a request, names in lower case.

        Raises:
            CredentialError: There is no usable login.
        """
        raise NotImplementedError

    async def renew(self, rejected: Mapping[str, str]) -> bool:
        """Try to get a newer credential after a 401.

        Args:
            rejected: The headers the upstream refused; if others are known by now,
                a parallel request has renewed already.

        Returns:
            Whether asking again makes sense.
        """
        del rejected
        return False

    def status(self) -> LoginStatus:
        """Describe the login without asking anybody."""
        raise NotImplementedError

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Sign for ``httpx``; called by the client."""
        signed = await self.headers()
        request.headers.update(signed)
        response = yield request
        if response.status_code == 401 and await self.renew(signed):
            request.headers.update(await self.headers())
            yield request


class ApiKey(Credential):
    """A key that does not change.

    Args:
        header: The header it goes into, in lower case.
        key: The key, or ``None`` if none was found.
        prefix: What stands before it, such as ``"Bearer "``.
        hint: What to do when there is no key.
    """

    def __init__(
        self, header: str, key: str | None, *, prefix: str = "", hint: str
    ) -> None:
        self._headers = {header: prefix + key} if key else None
        self._hint = hint

    async def headers(self) -> Mapping[str, str]:
        """Return the one header.

        Raises:
            CredentialError: No key was found.
        """
        if self._headers is None:
            msg = "There is no API key."
            raise CredentialError(msg, hint=self._hint)
        return self._headers

    def status(self) -> LoginStatus:
        """Tell whether there is a key."""
        if self._headers is None:
            return LoginStatus(LoginState.MISSING, "no API key", self._hint)
        return LoginStatus(LoginState.READY, "API key")


class NoCredential(Credential):
    """For providers that ask for none."""

    async def headers(self) -> Mapping[str, str]:
        """Return nothing."""
        return {}

    def status(self) -> LoginStatus:
        """Tell that none is needed."""
        return LoginStatus(LoginState.NOT_NEEDED, "no login needed")
