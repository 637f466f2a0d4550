"""A person who logs in, by doing over HTTP what a browser would."""

import asyncio
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import httpx


class Browser:
    """Opens pages and follows where they lead.

    Args:
        mend: Changes the address the vendor leads to, before it is opened.
    """

    def __init__(self, mend: Callable[[str], str] = str) -> None:
        self.pages: list[httpx.Response] = []
        self.shown: list[str] = []
        self.opened: list[str] = []
        self.typed: asyncio.Queue[str | None] = asyncio.Queue()
        self.is_there = True
        self._mend = mend
        self._visits: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()

    async def saw(self, texts: int = 0, pages: int = 0) -> None:
        """Wait until so many texts were shown, and pages opened."""
        while len(self.shown) < texts or len(self.pages) < pages:
            self._changed.clear()
            await self._changed.wait()

    def show(self, text: str) -> None:
        self.shown.append(text)
        self._changed.set()

    async def browse(self, url: str) -> bool:
        self.opened.append(url)
        if self.is_there:
            visit = asyncio.create_task(self.visit(url))
            self._visits.add(visit)
        return self.is_there

    async def read_line(self) -> str | None:
        return await self.typed.get()

    async def visit(self, url: str) -> None:
        """Go through the vendor's page, and on to where it leads."""
        await self.open(self._mend(await self.answer(url)))

    async def answer(self, url: str) -> str:
        """Go through the vendor's page, and return the address it leads to."""
        page = await self.open(url)
        assert page.status_code == 302, page.text
        return page.headers["location"]

    async def open(
        self, url: str, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False) as client:
            page = await client.get(url, headers=headers)
        self.pages.append(page)
        self._changed.set()
        return page

    async def finished(self) -> None:
        """Wait for what was opened."""
        await asyncio.gather(*self._visits)

    @property
    def page_shown(self) -> str:
        """The address that was printed."""
        (url,) = [
            word
            for text in self.shown
            for word in text.split()
            if word.startswith("http")
        ]
        return url


def query(url: str) -> dict[str, str]:
    """The parameters of an address."""
    return {name: each[0] for name, each in parse_qs(urlsplit(url).query).items()}
