"""The person at the terminal, as a login sees them."""

import asyncio
import os
import sys
import threading
import webbrowser

from ccproxy.cli.console import note
from ccproxy.sdk import LoginMethod

_STDIN = 0


class Terminal:
    """Shows on standard error, and reads what is pasted into standard input."""

    def __init__(self) -> None:
        self._lines: asyncio.Queue[str | None] | None = None

    def show(self, text: str) -> None:
        """Tell something that is no part of the answer."""
        note(text)

    async def browse(self, url: str) -> bool:
        """Open a page; a browser that has to be waited for holds nobody up."""
        return await asyncio.to_thread(webbrowser.open, url)

    async def read_line(self) -> str | None:
        """Wait for a line; ``None`` once there are no more."""
        if self._lines is None:
            self._lines = asyncio.Queue()
            loop = asyncio.get_running_loop()
            # A daemon: where the browser answers first, nobody will ever press Enter.
            reading = threading.Thread(
                target=_read, args=(loop, self._lines), daemon=True
            )
            reading.start()
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


def _read(loop: asyncio.AbstractEventLoop, into: "asyncio.Queue[str | None]") -> None:
    """Hand lines over until there are no more, or nobody wants them.

    The file is read directly: Python's own buffer, held by a thread that never ends,
    would keep the program from ending.
    """
    rest = b""
    try:
        while piece := os.read(_STDIN, 4096):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                loop.call_soon_threadsafe(
                    into.put_nowait, line.decode("utf-8", "replace")
                )
        if rest:
            loop.call_soon_threadsafe(into.put_nowait, rest.decode("utf-8", "replace"))
        loop.call_soon_threadsafe(into.put_nowait, None)
    except OSError:
        loop.call_soon_threadsafe(into.put_nowait, None)
    except RuntimeError:
        return  # the login has come to its end
