"""What DuckDB leaves in memory after a batch goes back to the system.

It is a large library for a small job that is done once in a while: without this, a
gateway at rest would keep 40 megabytes for the last batch it wrote.
"""

import ctypes
import mmap
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

LIBRARY = "/_duckdb."
"""What the path of DuckDB's library has in it."""


def give_back() -> None:
    """Tell the C library that memory was freed, and the kernel what rests till then.

    glibc would keep 15 megabytes of one batch or another. The library's code, another
    20, stays in the system's cache of files, from where the next batch has it back in a
    millisecond or two. A system that can't be told so keeps what it likes.
    """
    if sys.platform != "linux":
        return
    c = ctypes.CDLL(None)
    trim = getattr(c, "malloc_trim", None)  # musl has none
    if trim is not None:
        trim(0)
    with suppress(OSError):  # /proc may be closed to us, or no file can be opened
        for begin, end in _code_of(LIBRARY):
            c.madvise(
                ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), mmap.MADV_DONTNEED
            )


def _code_of(library: str) -> Iterator[tuple[int, int]]:
    """Tell where the code of a library is: pages of its file that nobody writes to."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, mode, *file = line.split(maxsplit=5)
        if mode == "r-xp" and file and library in file[-1]:
            begin, _, end = span.partition("-")
            yield int(begin, 16), int(end, 16)
