"""Asks a running gateway."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import quote, urlencode

import httpx
import typer
from pydantic import ValidationError

from ccproxy.cli.summaries import ProvidersSummary, Summary
from ccproxy.config import Settings
from ccproxy.config.address import base_url, client_tokens, is_loopback
from ccproxy.dialects.sse import EventSplitter, parse_event
from ccproxy.errors import (
    CCProxyError,
    CredentialError,
    StorageError,
    UnknownProviderError,
    UnknownRequestError,
    UpstreamConnectError,
    UpstreamTimeoutError,
)
from ccproxy.http.pool import HTTPPoolManager, PoolOptions
from ccproxy.loader.profiles import ProfilesStatus, ProfileStatus
from ccproxy.loader.status import PluginsStatus
from ccproxy.models.captured import Bodies
from ccproxy.models.request_query import (
    GroupBy,
    RequestFilter,
    RequestsPage,
    RequestStats,
)
from ccproxy.models.request_record import RECORD, RequestRecord
from ccproxy.sdk import JsonObject

TOKEN_VARIABLE = "CCPROXY_TOKEN"  # noqa: S105  (the name of it)
PATIENCE = 30.0
"""Seconds of silence after which a gateway is given up: more than it waits itself for
a database that another process has."""

_ELSEWHERE = "See whether it runs there, and whether this is its address."

AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True, slots=True)
class Target:
    """A gateway to talk to.

    Attributes:
        url: Where it is, without a slash at the end.
        token: The client token to show, if one is known.
        is_here: Whether it would be on this machine.
    """

    url: str
    token: str | None = field(default=None, repr=False)
    is_here: bool = True

    @classmethod
    def of(cls, settings: Settings, url: str | None = None) -> "Target":
        """Return the gateway of the settings, or the one at ``url``.

        The tokens of the settings are for the gateway of the settings alone.

        Raises:
            ConfigError: The file of client tokens can't be read.
            typer.BadParameter: That is no URL.
        """
        token = os.environ.get(TOKEN_VARIABLE) or None
        own = base_url(settings.server.host, settings.server.port)
        if url is None or url.rstrip("/") == own:
            tokens = client_tokens(settings.security)
            return cls(own, token or (tokens[0] if tokens else None))
        return cls(url.rstrip("/"), token, is_here=is_loopback(_host(url)))


def _host(url: str) -> str:
    """Return whom a URL names; the message does not quote it: it may hold a password.

    Raises:
        typer.BadParameter: It is none, or of another kind.
    """
    with suppress(httpx.InvalidURL):
        parsed = httpx.URL(url)
        if parsed.scheme in {"http", "https"} and parsed.host:
            return parsed.host
    msg = "It is no URL such as http://127.0.0.1:8000."
    raise typer.BadParameter(msg, param_hint="--url")


class GatewayClient:
    """What a command asks of a gateway.

    Args:
        http: Asks.
        target: Whom.
    """

    def __init__(self, http: httpx.AsyncClient, target: Target) -> None:
        self._http = http
        self._target = target

    @property
    def place(self) -> str:
        """Name it, in words."""
        return f"the gateway at {self._target.url}"

    @property
    def look_every(self) -> None:
        """Nobody has to look again and again: it tells what is new at once."""

    async def is_live(self) -> bool:
        """Tell whether it answers at all; no token is needed for that."""
        try:
            response = await self._send("GET", "/health/live")
        except UpstreamConnectError:
            return False
        return response.status_code == 200

    async def summary(self) -> Summary:
        """Tell its version.

        Raises:
            UpstreamConnectError: No gateway answers there.
            CredentialError: It asks for another client token.
        """
        summary = await self._get("/api/status", Summary.model_validate_json)
        if summary.name != "ccproxy":
            raise self._stranger()
        return summary

    async def plugins(self) -> PluginsStatus:
        """Tell of its plugins; raises as ``summary`` does."""
        return await self._get("/api/plugins/status", PluginsStatus.model_validate_json)

    async def providers(self) -> ProvidersSummary:
        """Tell of its providers; raises as ``summary`` does."""
        return await self._get("/api/providers", ProvidersSummary.model_validate_json)

    async def profiles(self, *, refresh: bool) -> ProfilesStatus:
        """Tell of all accounts; raises as ``summary`` does.

        Raises:
            StorageError: Its database can't be used.
        """
        query = "?refresh=true" if refresh else ""
        return await self._get(
            f"/api/profile{query}", ProfilesStatus.model_validate_json
        )

    async def profile(self, provider: str, *, refresh: bool) -> ProfileStatus:
        """Tell of a provider's accounts; raises as ``profiles`` does.

        Raises:
            UnknownProviderError: There is none of the name.
        """
        query = "?refresh=true" if refresh else ""
        path = f"/api/profile/{quote(provider, safe='')}{query}"
        return await self._get(path, ProfileStatus.model_validate_json)

    async def requests(self, wanted: RequestFilter, limit: int) -> RequestsPage:
        """Tell of the latest requests to models; raises as ``profiles`` does."""
        facts = wanted.model_dump(mode="json", exclude_none=True)
        query = urlencode({**facts, "limit": limit})
        return await self._get(
            f"/api/requests?{query}", RequestsPage.model_validate_json
        )

    async def stats(self, by: GroupBy, wanted: RequestFilter) -> RequestStats:
        """Count requests in groups; raises as ``profiles`` does."""
        facts = wanted.model_dump(mode="json", exclude_none=True)
        query = urlencode({**facts, "by": by.value})
        return await self._get(f"/api/stats?{query}", RequestStats.model_validate_json)

    async def request(self, key: str) -> RequestRecord:
        """Tell of one request; raises as ``profiles`` does.

        Raises:
            UnknownRequestError: There is no record of it.
        """
        return await self._get(
            f"/api/requests/{quote(key, safe='')}", RECORD.validate_json
        )

    async def bodies(self, key: str) -> Bodies:
        """Tell what was said in one; raises as ``request`` does."""
        path = f"/api/requests/{quote(key, safe='')}/bodies"
        return await self._get(path, Bodies.model_validate_json)

    async def live_requests(
        self, missed: Callable[[int], object]
    ) -> AsyncIterator[RequestRecord]:
        """Yield the records of requests as they end, until the gateway stops.

        Args:
            missed: Told how many were left out.

        Raises:
            UpstreamConnectError: No gateway answers there, or it is gone.
            CredentialError: It asks for another client token.
        """
        splitter = EventSplitter()
        try:
            async with self._http.stream(
                "GET",
                f"{self._target.url}/api/events",
                headers=self._headers(),
                timeout=httpx.Timeout(PATIENCE, read=None),
            ) as response:
                self._check_token(response)
                if response.headers.get("content-type") != "text/event-stream":
                    raise self._stranger()
                async for chunk in response.aiter_raw():
                    for event in map(parse_event, splitter.feed(chunk)):
                        if event.name == b"request":
                            yield RECORD.validate_json(event.data)
                        elif event.name == b"missed":
                            missed(int(event.data))
        except httpx.HTTPError as error:
            raise self._gone() from error

    async def ask(self, path: str, body: JsonObject) -> str:
        """Send a request as a client would, and return the answer's text.

        Raises:
            CCProxyError: The answer is an error, or there is none.
        """
        response = await self._send("POST", path, body)
        if response.status_code != 200:
            msg = f"{path} answered {response.status_code}."
            raise CCProxyError(msg)
        return response.text

    async def _get(self, path: str, read: Callable[[bytes], AnswerT]) -> AnswerT:
        response = await self._send("GET", path)
        if response.headers.get("content-type") == "application/problem+json":
            raise _error(response)
        try:
            return read(response.content)
        except ValidationError as error:
            raise self._stranger() from error

    async def _send(
        self, method: str, path: str, body: JsonObject | None = None
    ) -> httpx.Response:
        url = self._target.url
        try:
            response = await self._http.request(
                method, url + path, json=body, headers=self._headers()
            )
        except httpx.InvalidURL as error:
            raise CCProxyError(f"{url} is no URL.") from error
        except httpx.ReadTimeout as error:
            msg = f"The gateway at {url} has said nothing for {PATIENCE:.0f} seconds."
            hint = "Its log may tell why."
            raise UpstreamTimeoutError(msg, hint=hint) from error
        except httpx.HTTPError as error:
            raise self._gone() from error
        self._check_token(response)
        return response

    def _check_token(self, response: httpx.Response) -> None:
        if response.status_code == 401:
            wrong = "another" if self._target.token else "a"
            raise CredentialError(
                f"The gateway at {self._target.url} asks for {wrong} client token.",
                hint=f"Set {TOKEN_VARIABLE} to one of its security.client_tokens.",
            )

    def _headers(self) -> dict[str, str]:
        token = self._target.token
        return {"authorization": f"Bearer {token}"} if token else {}

    def _gone(self) -> UpstreamConnectError:
        return UpstreamConnectError(
            f"No gateway answers at {self._target.url}.",
            hint="Start one: ccproxy serve" if self._target.is_here else _ELSEWHERE,
        )

    def _stranger(self) -> UpstreamConnectError:
        hint = "Stop it, or choose another port: ccproxy serve --port 8001"
        return UpstreamConnectError(
            f"What answers at {self._target.url} is not ccproxy.",
            hint=hint if self._target.is_here else _ELSEWHERE,
        )


def _error(response: httpx.Response) -> CCProxyError:
    """Tell here what the gateway could not do there."""
    problem = response.json()
    kinds: dict[str, type[CCProxyError]] = {
        "unknown provider": UnknownProviderError,
        "unknown request": UnknownRequestError,
        "storage unavailable": StorageError,
    }
    kind = kinds.get(problem["title"], CCProxyError)
    return kind(problem["detail"], hint=problem.get("hint"))


@asynccontextmanager
async def connected(target: Target, settings: Settings) -> AsyncIterator[GatewayClient]:
    """Talk to a gateway; it is on this machine or near, so no proxy is used."""
    pool = HTTPPoolManager(
        PoolOptions(
            connect_timeout=2.0, read_timeout=PATIENCE, ca_file=settings.http.ca_file
        )
    )
    await pool.open()
    try:
        yield GatewayClient(pool.client, target)
    finally:
        await pool.close()
