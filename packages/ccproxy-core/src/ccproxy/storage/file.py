"""A DuckDB file, opened with DuckDB's own module alone.

The request log writes this way: SQLAlchemy beside it would cost another 40 megabytes.
"""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ccproxy.errors import StorageError
from ccproxy.storage.descriptors import check_descriptors
from ccproxy.storage.words import USE_HINT, held, is_held, unusable

PAUSE = 0.05
"""Longest wait before a file is tried again, in seconds; jitter makes it less."""


@contextmanager
def opened(
    file: Path,
    *,
    patience: float,
    given_up: threading.Event,
    read_only: bool = False,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Lend a connection, and close it.

    Args:
        file: It must be there.
        patience: Seconds to try while another process has the file.
        given_up: Set when nobody is to wait for it any longer.
        read_only: Whether writing is refused.

    Raises:
        StorageError: It can't be opened, or what was done with it failed.
    """
    try:
        check_descriptors()
        with _connected(file, patience, given_up, read_only=read_only) as connection:
            yield connection
    except (duckdb.Error, OSError) as error:
        raise StorageError(unusable(str(file), error), hint=USE_HINT) from error


def _connected(
    file: Path, patience: float, given_up: threading.Event, *, read_only: bool
) -> duckdb.DuckDBPyConnection:
    # No extension is ever fetched from elsewhere, whatever a query names. One thread is
    # plenty for appending, and takes the least memory.
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False
    }
    if not read_only:
        config["threads"] = 1
    until = time.monotonic() + patience
    while True:
        try:
            return duckdb.connect(file, read_only, config)
        except duckdb.IOException as error:
            if not is_held(error):
                raise
            if time.monotonic() >= until or given_up.is_set():
                raise held(str(file), error) from error
        given_up.wait(random.uniform(0, PAUSE))  # noqa: S311  (no secret)
