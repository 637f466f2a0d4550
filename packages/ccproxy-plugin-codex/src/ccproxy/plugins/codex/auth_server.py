"""The vendor's auth server: codes into tokens, old tokens into new ones.

Requests and answers were read in the public repository openai/codex,
``codex-rs/login/src``: ``server.rs``, ``pkce.rs``, ``device_code_auth.rs``,
``auth/manager.rs`` and ``auth/revoke.rs``, and measured with Codex CLI 0.169.0.
"""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import httpx
import orjson

from ccproxy.plugins.codex.auth_error import AuthServerError, refusal
from ccproxy.plugins.codex.login_file import TOKENS, fits_a_header
from ccproxy.sdk import Json, JsonObject
from ccproxy.sdk.errors import CredentialError

TIMEOUT = 30.0
"""Seconds the server may take."""
REVOKE_TIMEOUT = 10.0
"""Seconds a logout waits; the vendor's own program waits as long."""
PUBLIC = frozenset({"client_id", "grant_type", "redirect_uri", "token_type_hint"})
"""What may be shown of what is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """As whom the server knows us, and where it is.

    Attributes:
        issuer: The server, without a slash at the end.
        token_url: Where tokens are had.
        client_id: Which program asks; the server knows no other of ours.
        scope: What is asked for.
        originator: The program's name, honestly.
        user_agent: The same with its version.
    """

    issuer: str
    token_url: str
    client_id: str
    scope: str
    originator: str
    user_agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode:
    """A code that a person types on another machine.

    Attributes:
        id: Tells the server which login is meant.
        user_code: What is typed.
        url: Where.
        interval: Seconds between two questions.
    """

    id: str
    user_code: str
    url: str
    interval: float


class AuthServer:
    """Asks it.

    Args:
        http: The gateway's client.
        registration: As whom we ask.
    """

    def __init__(self, http: httpx.AsyncClient, registration: Registration) -> None:
        self._http = http
        self._registration = registration

    @property
    def http(self) -> httpx.AsyncClient:
        """The gateway's client."""
        return self._http

    def authorize_url(self, redirect_uri: str, challenge: str, state: str) -> str:
        """Return the page on which a person logs in."""
        known = self._registration
        query = {
            "response_type": "code",
            "client_id": known.client_id,
            "redirect_uri": redirect_uri,
            "scope": known.scope,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "id_token_add_organizations": "true",
            "codex_cli_simplified_flow": "true",
            "state": state,
            "originator": known.originator,
        }
        return f"{known.issuer}/oauth/authorize?{urlencode(query)}"

    async def exchange(
        self, code: str, verifier: str, redirect_uri: str
    ) -> dict[str, str]:
        """Turn the code of a login into its tokens.

        Raises:
            CredentialError: The server refused.
            UpstreamError: It could not be asked.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": self._registration.client_id,
            "code_verifier": verifier,
        }
        try:
            response = await self._post(self._registration.token_url, form=form)
            tokens = self._tokens(response)
        except AuthServerError as error:
            if error.is_refusal:
                raise CredentialError(error.message, hint="Log in again.") from error
            raise
        if "access_token" not in tokens or "refresh_token" not in tokens:
            msg = f"{self.name} gave a login without tokens."
            raise CredentialError(msg, hint="Log in again.")
        return tokens

    async def refresh(self, refresh_token: str) -> dict[str, str]:
        """Spend a refresh token; what the answer leaves out stays as it was.

        Raises:
            AuthServerError: The server refused, or could not be asked.
        """
        asked = {
            "client_id": self._registration.client_id,
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
        }
        return self._tokens(await self._post(self._registration.token_url, json=asked))

    async def revoke(self, refresh_token: str) -> None:
        """Have the server forget a login.

        Raises:
            AuthServerError: It refused, or could not be asked.
        """
        asked = {
            "token": refresh_token,
            "token_type_hint": "refresh_token",
            "client_id": self._registration.client_id,
        }
        url = self._registration.token_url.rpartition("/")[0] + "/revoke"
        await self._post(url, json=asked, patience=REVOKE_TIMEOUT)

    async def device_code(self) -> DeviceCode:
        """Begin a login on another machine.

        Raises:
            CredentialError: The server offers none.
            UpstreamError: It could not be asked.
        """
        url = f"{self._registration.issuer}/api/accounts/deviceauth/usercode"
        try:
            told = _object(
                await self._post(url, json={"client_id": self._registration.client_id})
            )
        except AuthServerError as error:
            if error.status != 404:
                raise
            msg = f"{self.name} offers no login by code."
            hint = "Run it without --device, or with --no-browser."
            raise CredentialError(msg, hint=hint) from error
        code = told.get("user_code") or told.get("usercode")
        if not isinstance(code, str) or not isinstance(told.get("device_auth_id"), str):
            raise AuthServerError(f"{self.name} gave no code.")
        return DeviceCode(
            id=str(told["device_auth_id"]),
            user_code=code,
            url=f"{self._registration.issuer}/codex/device",
            interval=_interval(told.get("interval")),
        )

    async def device_tokens(self, asked: DeviceCode) -> dict[str, str] | None:
        """Ask for the tokens; nothing as long as the person hasn't typed the code.

        A server that is busy for a moment, or away, ends no login. Here it is the
        server that made the PKCE pair.

        Raises:
            CredentialError: The server refused.
            UpstreamError: It could not be asked.
        """
        url = f"{self._registration.issuer}/api/accounts/deviceauth/token"
        body = {"device_auth_id": asked.id, "user_code": asked.user_code}
        try:
            told = _object(await self._post(url, json=body))
        except AuthServerError as error:
            if error.status in {403, 404} or error.may_pass:
                return None
            raise
        return await self.exchange(
            str(told.get("authorization_code") or ""),
            str(told.get("code_verifier") or ""),
            f"{self._registration.issuer}/deviceauth/callback",
        )

    @property
    def name(self) -> str:
        """The server's host."""
        return (
            urlsplit(self._registration.token_url).hostname
            or self._registration.token_url
        )

    async def _post(
        self,
        url: str,
        *,
        json: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        patience: float = TIMEOUT,
    ) -> httpx.Response:
        headers = {
            "originator": self._registration.originator,
            "user-agent": self._registration.user_agent,
        }
        try:
            async with asyncio.timeout(patience):  # httpx's is one for each read
                response = await self._http.post(
                    url, json=json, data=form, headers=headers, timeout=patience
                )
        except (httpx.HTTPError, TimeoutError) as error:
            msg = f"{self.name} could not be asked: {type(error).__name__}."
            hint = "Check the network, [http] proxy and plugins.codex.issuer."
            raise AuthServerError(msg, hint=hint) from error
        if not response.is_success:
            sent = {**(json or {}), **(form or {})}
            secrets = [sent[name] for name in sent.keys() - PUBLIC]
            raise refusal(self.name, response, secrets)
        return response

    def _tokens(self, response: httpx.Response) -> dict[str, str]:
        """Read the tokens; a damaged one is none, lest good ones be lost with it."""
        told = _object(response)
        return {
            name: value
            for name in TOKENS
            if isinstance(value := told.get(name), str)
            and value
            and fits_a_header(value)
        }


def _interval(value: Json) -> float:
    """Read the pause; the vendor writes it as text."""
    try:
        seconds = float(value) if isinstance(value, str | int | float) else math.nan
    except ValueError:
        seconds = math.nan
    return min(max(seconds, 1.0), 60.0) if math.isfinite(seconds) else 5.0


def _object(response: httpx.Response) -> JsonObject:
    try:
        told = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        told = None
    if not isinstance(told, dict):
        host = response.request.url.host
        raise AuthServerError(f"{host} answered with something else than JSON.")
    return told
