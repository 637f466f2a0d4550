"""Whether files can be opened, seen to before DuckDB tries."""

import os
from contextlib import ExitStack

SPARE = 32
"""Descriptors that have to be free: others take some while a database is opened."""


def check_descriptors() -> None:
    """Find out that files can be opened, before a database is.

    A process that has as many open as it may, for all its connections, would not
    outlive that: DuckDB 1.5 looks into ``/proc/self/cgroup`` first, and ends it where
    that can't be opened.

    Raises:
        OSError: Too many are open.
    """
    with ExitStack() as opened:
        for _ in range(SPARE):
            opened.callback(os.close, os.open(os.devnull, os.O_RDONLY))
