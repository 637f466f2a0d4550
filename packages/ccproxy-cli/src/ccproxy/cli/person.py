"""The person at the terminal, as a login sees them."""

import asyncio
import os
import sys
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress

from ccproxy.cli.console import note
from ccproxy.sdk import LoginMethod

_STDIN = 0
_OPENING = 3.0
"""Seconds after which a browser counts as open: some programs end only with it."""


class Terminal:
    """Shows on standard error, and reads what is pasted into standard input."""

    def __init__(self) -> None:
        self._lines: asyncio.Queue[str | None] | None = None

    def show(self, text: str) -> None:
        """Tell something that is no part of the answer."""
        note(text)

    async def browse(self, url: str) -> bool:
        """Open a page; a browser that has to be waited for is not."""
        loop = asyncio.get_running_loop()
        opened: asyncio.Future[bool] = loop.create_future()
        _in_the_background(_open, url, loop, opened)
        done, _ = await asyncio.wait({opened}, timeout=_OPENING)
        return opened.result() if done else True

    async def read_line(self) -> str | None:
        """Wait for a line; ``None`` once there are no more."""
        if self._lines is None:
            self._lines = asyncio.Queue()
            _in_the_background(_read, asyncio.get_running_loop(), self._lines)
        return await self._lines.get()


def usual_method() -> LoginMethod:
    """Choose the way to log in that works where this runs.

    Without a browser the person goes to another machine: with a terminal they can bring
    its answer back here, without one the code alone needs nothing of them.
    """
    if _has_browser():
        return LoginMethod.BROWSER
    return LoginMethod.PASTE if sys.stdin.isatty() else LoginMethod.DEVICE


def _has_browser() -> bool:
    """Tell whether a page can be shown; text browsers would take the terminal."""
    on_a_desktop = sys.platform in {"darwin", "win32"} or any(
        map(os.environ.get, ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))
    )
    if not on_a_desktop:
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def _in_the_background(work: Callable[..., None], *arguments: object) -> None:
    """Work in a thread that keeps nothing from ending.

    Where the browser answers, nobody will ever press Enter, nor close the page.
    """
    threading.Thread(target=work, args=arguments, daemon=True).start()


def _open(
    url: str, loop: asyncio.AbstractEventLoop, opened: "asyncio.Future[bool]"
) -> None:
    """Open a page, and say whether there is a browser, if anybody still listens."""
    is_there = webbrowser.open(url)
    with suppress(RuntimeError):  # the login has come to its end
        loop.call_soon_threadsafe(opened.set_result, is_there)


def _read(loop: asyncio.AbstractEventLoop, into: "asyncio.Queue[str | None]") -> None:
    """Hand lines over until there are no more, or nobody wants them.

    The file is read directly: Python's own buffer, held by a thread that never ends,
    would keep the program from ending.
    """
    rest = b""
    with suppress(RuntimeError):  # the login has come to its end
        while piece := _piece():
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                loop.call_soon_threadsafe(
                    into.put_nowait, line.decode(errors="replace")
                )
        if rest:
            loop.call_soon_threadsafe(into.put_nowait, rest.decode(errors="replace"))
        loop.call_soon_threadsafe(into.put_nowait, None)


def _piece() -> bytes:
    """Read what there is; nothing at the end, or where there is no standard input."""
    try:
        return os.read(_STDIN, 4096)
    except OSError:
        return b""
