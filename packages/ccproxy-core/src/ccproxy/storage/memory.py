"""Memory that was freed goes back to the system."""

import ctypes
import sys


def give_back() -> None:
    """Ask the C library for it: glibc would keep 15 megabytes of one batch or another.

    A C library that is not asked so keeps what it likes.
    """
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    trim = getattr(library, "malloc_trim", None)
    if trim is not None:
        trim(0)
