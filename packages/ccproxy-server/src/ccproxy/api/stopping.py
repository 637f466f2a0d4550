"""Hears the signal that ends the server, in whichever process it runs."""

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType


def on_stop_signal(callback: Callable[[], None]) -> None:
    """Call back, on the event loop, whenever SIGTERM or SIGINT comes.

    The server's own handler, which is set by now, goes first, but hears of the first
    signal only: at a second it would drop everything where it is. The lifespan's
    shutdown is no substitute: it comes only after all connections are closed.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # signals come to the main thread alone
    loop = asyncio.get_running_loop()
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)

        def heard(
            signum: int, frame: FrameType | None, before: object = before
        ) -> None:
            if callable(before) and not told.is_set():
                told.set()
                before(signum, frame)
            loop.call_soon_threadsafe(callback)

        signal.signal(number, heard)
