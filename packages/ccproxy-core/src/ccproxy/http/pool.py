"""The owner of everything that talks HTTP: one aiohttp session, one httpx client on it.

The relay uses the session through ``NetworkUpstream``; all else (logins, lists of
models, plugins) uses the client. Nobody else builds either.
"""

import os
import ssl
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

import aiohttp
import httpx
from aiohttp.client_proto import ResponseHandler
from aiohttp.tracing import Trace
from httpx_aiohttp import AiohttpTransport

from ccproxy.errors import ConfigError
from ccproxy.http.upstream import NetworkUpstream
from ccproxy.sdk.upstream import Upstream
from ccproxy.sdk.vitals import ConnectionsReading


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolOptions:
    """How to reach the network; the settings ``[http]`` in the pool's own words.

    Attributes:
        connect_timeout: Seconds to make a connection.
        read_timeout: Seconds of silence within an answer.
        max_connections: Connections at a time, to all hosts together.
        proxy: URL of the proxy all requests go through.
        ca_file: Further certificate authorities, PEM.
        trust_env: Whether ``HTTPS_PROXY`` and its kin are heeded.
    """

    connect_timeout: float = 10.0
    read_timeout: float = 300.0
    max_connections: int = 1000
    proxy: str | None = None
    ca_file: Path | None = None
    trust_env: bool = False


class HTTPPoolManager:
    """Builds the session and the client once, lends them, closes them once.

    Args:
        options: How to reach the network.
        transport: Stands in for the network below the client, in tests.
        upstream: Stands in for the network below the relay, in tests.
    """

    def __init__(
        self,
        options: PoolOptions | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        upstream: Upstream | None = None,
    ) -> None:
        self._options = options or PoolOptions()
        self._transport = transport
        self._upstream = upstream
        self._client: httpx.AsyncClient | None = None
        self._connector: _Connector | None = None

    @property
    def connections(self) -> ConnectionsReading:
        """How many connections there are; none before the pool is open."""
        if self._connector is None:
            return ConnectionsReading(in_use=0, idle=0, opened=0)
        return self._connector.reading()

    @property
    def client(self) -> httpx.AsyncClient:
        """The one client.

        Raises:
            RuntimeError: The pool is not open.
        """
        if self._client is None:
            msg = "The HTTP pool is not open."
            raise RuntimeError(msg)
        return self._client

    @property
    def upstream(self) -> Upstream:
        """The relay's way out.

        Raises:
            RuntimeError: The pool is not open.
        """
        if self._upstream is None:
            msg = "The HTTP pool is not open."
            raise RuntimeError(msg)
        return self._upstream

    async def open(self) -> None:
        """Build the session and the client; needs the running loop.

        Raises:
            ConfigError: The CA file can't be used.
        """
        if self._client is not None:
            return
        tls = self._tls()
        session = self._session(tls)
        if self._upstream is None:
            self._upstream = NetworkUpstream(session)
        # Closing the client closes its transport, and that the session.
        transport = self._transport or AiohttpTransport(client=session, verify=tls)
        self._client = httpx.AsyncClient(
            transport=_Owning(transport, session),
            timeout=httpx.Timeout(
                self._options.read_timeout, connect=self._options.connect_timeout
            ),
            follow_redirects=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            headers={"user-agent": "ccproxy"},
            trust_env=False,
        )

    async def close(self) -> None:
        """Close both; a second time does nothing."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def _session(self, tls: ssl.SSLContext) -> aiohttp.ClientSession:
        if self._options.trust_env:
            # aiohttp means by it the logins of ~/.netrc, too: none of them is for us.
            os.environ["NETRC"] = os.devnull
        self._connector = _Connector(
            limit=self._options.max_connections, ssl=tls, keepalive_timeout=60
        )
        return aiohttp.ClientSession(
            connector=self._connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            proxy=self._options.proxy,
            requote_redirect_url=False,
            skip_auto_headers=("user-agent", "accept", "accept-encoding"),
            timeout=aiohttp.ClientTimeout(
                total=None,
                sock_connect=self._options.connect_timeout,
                sock_read=self._options.read_timeout,
            ),
            trust_env=self._options.trust_env,
        )

    def _tls(self) -> ssl.SSLContext:
        tls = ssl.create_default_context()
        if self._options.ca_file is not None:
            try:
                tls.load_verify_locations(self._options.ca_file)
            except (OSError, ssl.SSLError) as error:
                msg = f"The CA file {self._options.ca_file} can't be used."
                raise ConfigError(msg, hint="http.ca_file takes a PEM file.") from error
        return tls


class _Connector(aiohttp.TCPConnector):
    """Aiohttp's, that can be asked for its connections."""

    _opened = 0

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  (aiohttp's)
    ) -> ResponseHandler:
        connection = await super()._create_connection(req, traces, timeout)
        self._opened += 1
        return connection

    def reading(self) -> ConnectionsReading:
        """Count the connections."""
        return ConnectionsReading(
            in_use=len(self._acquired),
            idle=sum(map(len, list(self._conns.values()))),
            opened=self._opened,
        )


class _Owning(httpx.AsyncBaseTransport):
    """Closes the session with the transport, also where a test's stands in.

    It also tells a refused connection from one that took too long: httpx-aiohttp calls
    both a ``ConnectTimeout``.
    """

    def __init__(
        self, inner: httpx.AsyncBaseTransport, session: aiohttp.ClientSession
    ) -> None:
        self._inner = inner
        self._session = session

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._inner.handle_async_request(request)
        except httpx.ConnectTimeout as error:
            if isinstance(error.__cause__, aiohttp.ClientConnectorError):
                raise httpx.ConnectError(str(error)) from error
            raise

    async def aclose(self) -> None:
        await self._inner.aclose()
        if not self._session.closed:
            await self._session.close()
