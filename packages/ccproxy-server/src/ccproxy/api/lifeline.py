"""Ends a process with whoever it runs for, and when its terminal closes."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress


def stop_after(wait: Callable[[], object]) -> None:
    """Have SIGTERM sent to this process once a wait is over, in a thread of its own."""

    def watch() -> None:
        wait()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()


def stop_with_parent() -> None:
    """Stop a worker whose supervisor is gone, or it would keep the port for good.

    A terminal that closes tells all processes; the supervisor alone has to heed it.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        stop_after(parent.join)


def stop_with_stdin() -> None:
    """Stop when standard input ends, as it does with the program that holds it."""

    def read() -> None:
        with suppress(OSError):  # it was closed before we began
            while os.read(0, 4096):
                pass

    stop_after(read)


def stop_on_hangup() -> None:
    """Take a terminal that closes for SIGTERM; under nohup it stays ignored."""
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
