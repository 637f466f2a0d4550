"""The network as an ``Upstream``: the relay's way out, on the pool's one session."""

import asyncio
from collections.abc import Sequence

import aiohttp
from yarl import URL

from ccproxy.errors import (
    UpstreamConnectError,
    UpstreamDiedError,
    UpstreamError,
    UpstreamTimeoutError,
)
from ccproxy.sdk.upstream import UpstreamRequest

_FAILURES = (aiohttp.ClientError, TimeoutError, ConnectionError)


class NetworkUpstream:
    """Asks over the session; answers are read raw, as they come.

    Args:
        session: The pool's session.
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def send(self, request: UpstreamRequest) -> "NetworkResponse":
        """Post the request and return when the head of the answer has come.

        Raises:
            UpstreamError: No answer came.
        """
        try:
            response = await self._session.post(
                URL(request.url, encoded=True),  # a query goes on as it came
                data=request.body,
                headers=request.headers,
                allow_redirects=False,
            )
        except _FAILURES as error:
            raise _translate(error, request.url, began=False) from error
        return NetworkResponse(response, request.url)


class NetworkResponse:
    """An answer over the network that has begun."""

    def __init__(self, response: aiohttp.ClientResponse, url: str) -> None:
        self.status = response.status
        self.headers: Sequence[tuple[bytes, bytes]] = [
            (name.lower(), value) for name, value in response.raw_headers
        ]
        self._response = response
        self._url = url

    async def chunk(self) -> bytes:
        """Wait for the next piece; empty at the end.

        Raises:
            UpstreamDiedError: The answer broke off.
            UpstreamTimeoutError: The upstream was silent for too long.
        """
        try:
            return await self._response.content.readany()
        except _FAILURES as error:
            raise _translate(error, self._url, began=True) from error

    def close(self) -> None:
        """Give the answer up and its connection with it, if it has not ended."""
        self._response.close()


def _translate(error: Exception, url: str, *, began: bool) -> UpstreamError:
    host = url.split("/", 3)[2].rpartition("@")[2]
    if isinstance(error, aiohttp.ConnectionTimeoutError | aiohttp.ClientConnectorError):
        return UpstreamConnectError(
            f"No connection to {host} could be made.",
            hint="Check that it runs, its base_url, and the network or proxy.",
        )
    if isinstance(error, asyncio.TimeoutError):
        return UpstreamTimeoutError(
            f"{host} was silent for too long.",
            hint="http.read_timeout says how long it may be.",
        )
    if isinstance(error, aiohttp.InvalidURL):
        return UpstreamConnectError(f"The base_url of {host} is not a legal URL.")
    if began:
        return UpstreamDiedError(f"{host} broke off in the middle of its answer.")
    return UpstreamDiedError(f"{host} closed the connection without an answer.")
