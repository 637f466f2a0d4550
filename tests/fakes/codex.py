"""The accounts of the codex plugin, with clocks and a vendor of the test's own."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from ccproxy.plugins.codex.accounts import Accounts
from ccproxy.plugins.codex.auth_server import AuthServer, Registration
from ccproxy.plugins.codex.credential import CodexCredential
from ccproxy.plugins.codex.login_file import new_login
from ccproxy.plugins.codex.logins import CodexLogins
from ccproxy.plugins.codex.store import Store
from ccproxy.sdk.disk import write_private
from ccproxy.sdk.events import AuthEvent
from fakes.chatgpt import CLIENT_ID, SCOPE, ChatGPT
from fakes.chatgpt import Person as Owner

START = datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()


def server(http: httpx.AsyncClient, url: str) -> AuthServer:
    registration = Registration(
        issuer=url,
        token_url=f"{url}/oauth/token",
        client_id=CLIENT_ID,
        scope=SCOPE,
        originator="ccproxy",
        user_agent="ccproxy/0",
    )
    return AuthServer(http, registration)


@dataclass
class Clock:
    """A clock that stands still, unless it is set."""

    seconds: float = START

    def __call__(self) -> float:
        return self.seconds


class Ticks:
    """Stands in for ``asyncio.sleep``: time passes when the test says so."""

    def __init__(self) -> None:
        self._due: asyncio.Queue[None] = asyncio.Queue()
        self.waiting = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.waiting.set()
        await self._due.get()

    async def end(self) -> None:
        """Let one pause end."""
        await self.waiting.wait()
        self.waiting.clear()
        self._due.put_nowait(None)

    async def tick(self) -> None:
        """Let one pause end, and wait for the next to begin."""
        await self.end()
        await self.waiting.wait()


@dataclass
class World:
    """One home, one vendor, and processes that share them."""

    home: Path
    vendor: ChatGPT
    http: httpx.AsyncClient
    clock: Clock = field(default_factory=Clock)
    monotonic: Clock = field(default_factory=Clock)
    ticks: Ticks = field(default_factory=Ticks)
    events: list[AuthEvent] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.home / "data" / "codex"

    @property
    def codex_cli(self) -> Path:
        return self.home / "auth.json"

    def store(self, *, write: Callable[[Path, bytes], None] = write_private) -> Store:
        return Store(self.folder, write=write)

    def keep(self, name: str = "default", owner: Owner | None = None) -> dict[str, str]:
        """Put a login into the store, as if it had been made at this moment."""
        tokens = self.vendor.login(owner)
        self.store().save(name, new_login(tokens, self.clock()))
        return tokens

    async def accounts(self, store: Store | None = None) -> Accounts:
        """All accounts, as another process would see them."""
        accounts = Accounts(
            store or self.store(),
            server(self.http, self.vendor.url),
            self.codex_cli,
            publish=self.events.append,
            now=self.clock,
            monotonic=self.monotonic,
            sleep=self.ticks.sleep,
        )
        await accounts.look(force=True)
        return accounts

    async def credential(self, store: Store | None = None) -> CodexCredential:
        credential = CodexCredential()
        credential.open(await self.accounts(store))
        return credential

    async def logins(
        self,
        *,
        ports: tuple[int, ...] = (0,),
        patience: float = 30.0,
        store: Store | None = None,
    ) -> CodexLogins:
        return CodexLogins(
            await self.credential(store),
            ports=ports,
            patience=patience,
            now=self.clock,
            sleep=self.ticks.sleep,
        )

    def told(self) -> list[tuple[str, str | None]]:
        """Names and accounts of the events so far, which are then forgotten."""
        told = [(event.name.value, event.account) for event in self.events]
        self.events.clear()
        return told
