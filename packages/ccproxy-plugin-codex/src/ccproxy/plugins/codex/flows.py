"""Ways to log in: in a browser here, by pasting its answer, by a code elsewhere."""

import asyncio
import base64
import secrets
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256

from ccproxy.plugins.codex.auth_server import AuthServer
from ccproxy.plugins.codex.callback import (
    HOST,
    PATH,
    Callback,
    WrongStateError,
    code_of,
    listening,
)
from ccproxy.plugins.codex.token import text
from ccproxy.sdk import LoginMethod, Person
from ccproxy.sdk.errors import CredentialError

Tokens = dict[str, str]


class Flows:
    """Makes logins, whichever way.

    Args:
        server: The vendor's.
        ports: On which a browser's answer may come.
        patience: Seconds the person may take.
        sleep: Waits between two questions after a code.
    """

    def __init__(
        self,
        server: AuthServer,
        *,
        ports: Sequence[int],
        patience: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._server = server
        self._ports = ports
        self._patience = patience
        self._sleep = sleep

    async def tokens(self, person: Person, method: LoginMethod) -> Tokens:
        """Log a person in.

        Raises:
            CredentialError: They took too long, or they or the vendor refused.
            UpstreamError: The vendor could not be asked.
        """
        flow = self._by_code if method is LoginMethod.DEVICE else self._by_browser
        try:
            async with asyncio.timeout(self._patience):
                return await flow(person, method)
        except TimeoutError as error:
            msg = f"Nobody logged in within {self._patience:.0f} seconds."
            hint = (
                "Log in again; plugins.codex.login_timeout says how long it may take."
            )
            raise CredentialError(msg, hint=hint) from error

    async def _by_browser(self, person: Person, method: LoginMethod) -> Tokens:
        verifier, state = _random(64), _random(32)
        async with listening(state, self._ports) as callback:
            if callback is None and method is LoginMethod.BROWSER:
                ports = ", ".join(map(str, self._ports))
                msg = f"Other programs use the ports a login needs: {ports}."
                raise CredentialError(msg, hint="Use --no-browser or --device.")
            port = callback.port if callback else self._ports[0]
            redirect = f"http://{HOST}:{port}{PATH}"
            url = self._server.authorize_url(redirect, _challenge(verifier), state)
            code = await self._code(person, method, url, state, callback)
        return await self._server.exchange(code, verifier, redirect)

    async def _code(
        self,
        person: Person,
        method: LoginMethod,
        url: str,
        state: str,
        callback: Callback | None,
    ) -> str:
        """Wait for the browser, and for what is pasted where there may be none."""
        if method is LoginMethod.BROWSER and callback and await person.browse(url):
            person.show(
                f"If no page opens, open this one:\n\n{url}\n\nWaiting for it …"
            )
            return await callback.code()
        person.show(
            f"Open this page on any machine:\n\n{url}\n\nIf the page it leads to can't "
            "be shown, paste that page's address here:"
        )
        ways: set[asyncio.Future[str]]
        ways = {asyncio.ensure_future(_pasted(person, state))}
        if callback is not None:
            ways.add(asyncio.ensure_future(callback.code()))
        return await _first(ways)

    async def _by_code(self, person: Person, method: LoginMethod) -> Tokens:
        del method
        asked = await self._server.device_code()
        code = text(asked.user_code)
        person.show(
            f"Open {asked.url} on any machine, and type the code {code}\n"
            "Do so only if it is you who logs in here. Waiting for it …"
        )
        while True:
            await self._sleep(asked.interval)
            tokens = await self._server.device_tokens(asked)
            if tokens is not None:
                return tokens


async def _first(ways: set[asyncio.Future[str]]) -> str:
    """Take the first that comes to an end, and give up the others."""
    try:
        done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _pasted(person: Person, state: str) -> str:
    """Read lines until one holds the code; where nothing more comes, wait on."""
    while (line := await person.read_line()) is not None:
        try:
            if code := _code_in(line.strip(), state):
                return code
        except WrongStateError as error:
            person.show(str(error))
    await asyncio.Event().wait()  # the browser may still answer
    raise AssertionError  # nobody sets it


def _code_in(pasted: str, state: str) -> str:
    """Find the code in an address, in its query, or in the code itself.

    A code alone says nothing of its login, but is worth nothing without our verifier.
    """
    if "=" not in pasted:
        return pasted
    query = pasted.rpartition("?")[2].partition("#")[0]
    return code_of(query, state)


def _random(size: int) -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(size)).decode().rstrip("=")


def _challenge(verifier: str) -> str:
    """Return the PKCE challenge, method S256 (RFC 7636, 4.2)."""
    digest = sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
