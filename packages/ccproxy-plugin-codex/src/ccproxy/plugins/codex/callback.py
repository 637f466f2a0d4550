"""The page on loopback to which the vendor sends the browser back.

Paths and ports are those of Codex CLI, read in the public repository openai/codex,
``codex-rs/login/src/server.rs``: the vendor redirects to no others. A login that waits
gives its port up when it is asked to with ``GET /cancel``, as Codex CLI's does.
"""

import asyncio
import errno
import hmac
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qs

from ccproxy.sdk.errors import CredentialError

HOST = "127.0.0.1"
PATH = "/auth/callback"
_LONGEST = 16 * 1024
"""Bytes a request's head may have."""
_PATIENCE = 10.0
"""Seconds a browser may take to send it."""
_CANCEL_TIMEOUT = 2.0
_TRIES = 20
_PAUSE = 0.1


class WrongStateError(CredentialError):
    """The answer belongs to another login."""


def code_of(query: str, state: str) -> str:
    """Read the code from the query of a redirect.

    Raises:
        WrongStateError: It answers another login.
        CredentialError: The login was denied, or there is no code.
    """
    told = {name: values[-1] for name, values in parse_qs(query).items()}
    if not hmac.compare_digest(told.get("state", "").encode(), state.encode()):
        msg = "This answer belongs to another login."
        raise WrongStateError(msg, hint="Use the page that was opened last.")
    if "error" in told:
        why = told.get("error_description") or told["error"]
        shown = "".join(each for each in why if each.isprintable())[:200]
        msg = f"The login was denied: {shown}"
        raise CredentialError(msg, hint="Log in again, and allow it.")
    if "code" not in told:
        raise CredentialError("The answer has no code.", hint="Log in again.")
    return told["code"]


@dataclass(frozen=True, slots=True)
class Page:
    """What the browser is shown."""

    status: str
    text: str

    def encode(self) -> bytes:
        """Write it as an HTTP answer; there is nothing in it to steal or to run."""
        body = (
            "<!doctype html><html lang=en><meta charset=utf-8><title>ccproxy</title>"
            f"<p>{escape(self.text)}</p></html>\n"
        ).encode()
        head = (
            f"HTTP/1.1 {self.status}\r\n"
            "content-type: text/html; charset=utf-8\r\n"
            f"content-length: {len(body)}\r\n"
            "cache-control: no-store\r\n"
            "content-security-policy: default-src 'none'\r\n"
            "referrer-policy: no-referrer\r\n"
            "connection: close\r\n\r\n"
        )
        return head.encode() + body


class Callback:
    """Waits for the redirect.

    Args:
        state: What ties the answer to this login.

    Attributes:
        port: Where it listens.
    """

    def __init__(self, state: str) -> None:
        self.port = 0
        self._state = state
        self._code: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._writers: set[asyncio.StreamWriter] = set()

    async def code(self) -> str:
        """Wait for the code.

        Raises:
            CredentialError: The login was denied, or has to make way for another.
        """
        return await asyncio.shield(self._code)

    async def listen(self, port: int) -> asyncio.Server:
        """Begin to listen.

        Raises:
            OSError: The port can't be had.
        """
        server = await asyncio.start_server(self.answer, HOST, port, limit=_LONGEST)
        self.port = server.sockets[0].getsockname()[1]
        return server

    def hang_up(self) -> None:
        """Close what browsers have opened in advance."""
        for writer in self._writers:
            writer.transport.abort()
        if self._code.done() and not self._code.cancelled():
            self._code.exception()  # nobody may have waited for it

    async def answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer one request; what it means counts also if nobody reads the answer."""
        self._writers.add(writer)
        outcome: str | CredentialError | None = None
        try:
            async with asyncio.timeout(_PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
                page, outcome = self._page(head.decode("latin-1"))
                writer.write(page.encode())
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        finally:
            self._writers.discard(writer)
            writer.close()
            self._settle(outcome)

    def _page(self, head: str) -> tuple[Page, str | CredentialError | None]:
        """Answer one request, and say what it means for the login.

        Browsers tell of pages that ask (Fetch Metadata): those can't end a login.
        """
        lines = head.split("\r\n")
        method, _, rest = lines[0].partition(" ")
        path, _, query = rest.partition(" ")[0].partition("?")
        is_own = _header(lines, "host") in {
            f"{HOST}:{self.port}",
            f"localhost:{self.port}",
        }
        is_a_pages = path == "/cancel" and _header(lines, "sec-fetch-site")
        if not is_own or is_a_pages:
            return Page("403 Forbidden", "This is not for you."), None
        if method != "GET":
            return Page("405 Method Not Allowed", "There is nothing to send."), None
        if path == "/cancel":
            msg = "Another login has taken this one's place."
            return Page("200 OK", msg), CredentialError(msg, hint="Finish that one.")
        if path != PATH:
            return Page("404 Not Found", "There is nothing here."), None
        return self._redirected(query)

    def _redirected(self, query: str) -> tuple[Page, str | CredentialError | None]:
        """Answer the redirect; one that belongs to another login means nothing."""
        try:
            code = code_of(query, self._state)
        except WrongStateError as error:
            return Page("400 Bad Request", str(error)), None
        except CredentialError as error:
            return Page("200 OK", error.message), error
        text = "ccproxy has its answer. You can close this page."
        return Page("200 OK", text), code

    def _settle(self, outcome: str | CredentialError | None) -> None:
        if outcome is None or self._code.done():
            return
        if isinstance(outcome, str):
            self._code.set_result(outcome)
        else:
            self._code.set_exception(outcome)


@asynccontextmanager
async def listening(state: str, ports: Sequence[int]) -> AsyncIterator[Callback | None]:
    """Listen on the first port that can be had; nothing if there is none.

    Args:
        state: See ``Callback``.
        ports: Those the vendor redirects to.
    """
    callback = Callback(state)
    server = await _listen(callback, ports)
    try:
        yield callback if server else None
    finally:
        if server is not None:
            server.close()
        callback.hang_up()


async def _listen(callback: Callback, ports: Sequence[int]) -> asyncio.Server | None:
    for port in ports:
        if server := await _try(callback, port):
            return server
        if not await _asked_to_make_way(port):
            continue
        for _ in range(_TRIES):
            if server := await _try(callback, port):
                return server
            await asyncio.sleep(_PAUSE)
    return None


async def _try(callback: Callback, port: int) -> asyncio.Server | None:
    try:
        return await callback.listen(port)
    except OSError as error:
        if error.errno in {errno.EADDRINUSE, errno.EACCES}:
            return None
        raise CredentialError(
            f"There is no listening on {HOST}:{port}: {error.strerror}.",
            hint="Use --no-browser or --device.",
        ) from error


async def _asked_to_make_way(port: int) -> bool:
    """Ask an older login to give its port up; say whether it will.

    It is on this machine, where the proxy of the gateway's client does not lead.
    """
    asked = f"GET /cancel HTTP/1.1\r\nhost: {HOST}:{port}\r\nconnection: close\r\n\r\n"
    try:
        async with asyncio.timeout(_CANCEL_TIMEOUT):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                writer.write(asked.encode())
                status = await reader.readline()
            finally:
                writer.close()
    except (OSError, ValueError):  # the latter for a line without an end
        return False
    return status.startswith(b"HTTP/1.") and status[9:10] == b"2"


def _header(lines: list[str], name: str) -> str:
    for line in lines[1:]:
        found, _, value = line.partition(":")
        if found.strip().lower() == name:
            return value.strip().lower()
    return ""
