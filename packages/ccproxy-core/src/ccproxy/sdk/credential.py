"""How requests to a provider are signed."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import httpx

from ccproxy.errors import CredentialError
from ccproxy.sdk.secret import Secret
from ccproxy.security.sanitizer import mask_token


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
    """A key that stays the same while the gateway runs.

    Args:
        secret: Where the key is; looked up by ``load``, at the latest when a request
            is to be signed.
        header: The header it goes into, in lower case.
        prefix: What stands before it, such as ``"Bearer "``.
        hint: What to do when there is no key.
        optional: Whether requests go unsigned when there is no key.
    """

    def __init__(
        self,
        secret: Secret,
        *,
        header: str,
        prefix: str = "",
        hint: str = "",
        optional: bool = False,
    ) -> None:
        self._secret = secret
        self._header = header
        self._prefix = prefix
        self._headers: Mapping[str, str] = {}
        self._failure: CredentialError | None = None
        self._status: LoginStatus | None = None
        self._optional = optional
        self._hint = hint or None

    async def load(self) -> None:
        """Look the key up; what goes wrong is told by ``status`` and ``headers``."""
        try:
            found, failure = await self._secret.find(), None
        except CredentialError as error:
            found, failure = None, error
            status = LoginStatus(LoginState.BROKEN, error.message, error.hint)
        else:
            if found:
                status = LoginStatus(LoginState.READY, f"API key from {found.source}")
            elif self._optional:
                status = LoginStatus(LoginState.NOT_NEEDED, "no API key, none needed")
            else:
                failure = CredentialError("There is no API key.", hint=self._hint)
                status = LoginStatus(LoginState.MISSING, "no API key", self._hint)
        self._headers = {self._header: self._prefix + found.key} if found else {}
        self._failure, self._status = failure, status

    @property
    def fingerprint(self) -> str:
        """What tells this key from others and can't be turned back into it."""
        return mask_token("".join(self._headers.values()).removeprefix(self._prefix))

    async def headers(self) -> Mapping[str, str]:
        """Return the one header, or none if the key is optional and absent.

        Raises:
            CredentialError: There is no key, or it can't be read.
        """
        if self._status is None:
            await self.load()
        if self._failure:
            raise CredentialError(self._failure.message, hint=self._failure.hint)
        return self._headers

    async def renew(self, rejected: Mapping[str, str]) -> bool:
        """Look again: the key's file may have been replaced since the start."""
        await self.load()
        return bool(self._headers) and self._headers != rejected

    def status(self) -> LoginStatus:
        """Tell where the key came from."""
        return self._status or LoginStatus(
            LoginState.MISSING, "API key not looked up yet", self._hint
        )


class NoCredential(Credential):
    """For providers that ask for none."""

    async def headers(self) -> Mapping[str, str]:
        """Return nothing."""
        return {}

    def status(self) -> LoginStatus:
        """Tell that none is needed."""
        return LoginStatus(LoginState.NOT_NEEDED, "no login needed")
