"""Opens the database for a moment; nobody holds it."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import NullPool, create_engine
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from ccproxy.errors import StorageError
from ccproxy.security.private import private_dir, private_file
from ccproxy.storage.descriptors import check_descriptors
from ccproxy.storage.failures import mapped
from ccproxy.storage.words import duckdb_file, held, is_held

_PAUSE = 0.05
"""Longest wait before the file is tried again, in seconds; jitter makes it less."""
_ADVISORY_LOCK = 0x63637078
"""What those who migrate agree on where the database is a PostgreSQL server."""


class Connections:
    """Opens connections to one database, one after the other.

    Args:
        url: SQLAlchemy's.
        patience: Seconds to try while another process has the file.
        given_up: Set when nobody is to wait for the file any longer.

    Attributes:
        name: The database in words, without its password.
        file: Where it is, if it is a DuckDB file.

    Raises:
        StorageError: The URL is none that can be used, or a library for it is missing.
    """

    def __init__(
        self,
        url: str,
        *,
        patience: float = 10.0,
        given_up: threading.Event | None = None,
    ) -> None:
        self._patience = patience
        self._given_up = given_up or threading.Event()
        parsed = _parse(url)
        self.name = parsed.render_as_string(hide_password=True)
        self.file = duckdb_file(url)
        self._engine = _engine(parsed, patience)
        self._lock: FileLock | None = None

    @contextmanager
    def open(self) -> Iterator[Connection]:
        """Lend a connection, and close it; what was not committed is undone.

        Raises:
            StorageError: It can't be opened, or what was done with it failed.
        """
        with mapped(self.name):
            if self.file is not None:
                check_descriptors()
                if not self.file.exists():
                    self._create(self.file)
            connection = self._connect()
            try:
                yield connection
            finally:
                connection.close()

    @contextmanager
    def exclusively(self) -> Iterator[Connection]:
        """Lend a connection while no one else migrates this database.

        Raises:
            StorageError: As ``open`` does, or somebody migrates for too long.
        """
        if self.file is not None:
            with (
                mapped(self.name),
                self._locked(self.file),
                self.open() as connection,
            ):
                yield connection
            return
        with self.open() as connection:
            self._lock_server(connection)
            yield connection  # closing the connection releases the lock

    def _lock_server(self, connection: Connection) -> None:
        milliseconds = max(1, round(self._patience * 1000))
        connection.exec_driver_sql(f"SET lock_timeout = {milliseconds}")
        try:
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({_ADVISORY_LOCK})")
        except OperationalError as error:
            raise _migrated_for_long(self.name) from error
        connection.exec_driver_sql("RESET lock_timeout")
        connection.commit()

    def _connect(self) -> Connection:
        until = time.monotonic() + self._patience
        while True:
            try:
                return self._engine.connect()
            except OperationalError as error:
                if not is_held(error):
                    raise
                if time.monotonic() >= until or self._given_up.is_set():
                    raise held(self.name, error) from error
            self._given_up.wait(random.uniform(0, _PAUSE))  # noqa: S311  (no secret)

    def _create(self, file: Path) -> None:
        """Make an empty database that only this user can read, from its first byte.

        DuckDB makes files as the umask says, and takes no empty file for a database.
        """
        with self._locked(file):
            if file.exists():
                return
            with (
                private_file(file) as made,
                _engine(URL.create("duckdb", database=str(made))).connect(),
            ):
                pass

    @contextmanager
    def _locked(self, file: Path) -> Iterator[None]:
        private_dir(file.parent)
        if self._lock is None:
            self._lock = FileLock(f"{file}.lock", mode=0o600)
        try:
            self._lock.acquire(timeout=self._patience)
        except Timeout as error:
            raise _migrated_for_long(str(file)) from error
        try:
            yield
        finally:
            self._lock.release()


def _migrated_for_long(name: str) -> StorageError:
    msg = f"Another process has been migrating the database {name} for long."
    return StorageError(msg, hint="See what it does, then try again.")


def _parse(url: str) -> URL:
    hint = "Write duckdb:////folder/file.duckdb or postgresql://host/name."
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StorageError("storage.url is no URL of a database.", hint=hint) from error
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in {"duckdb", "postgresql+psycopg"}:
        msg = f"storage.url names {parsed.drivername!r}, which is no database we know."
        raise StorageError(msg, hint=hint)
    if parsed.drivername == "duckdb" and parsed.database in {None, "", ":memory:"}:
        msg = "storage.url names a database in memory, which would be lost each time."
        raise StorageError(msg, hint=hint)
    return parsed


def _engine(url: URL, patience: float = 0) -> Engine:
    """Make what opens connections.

    Args:
        url: The database's.
        patience: Seconds a server may take to answer at all.
    """
    waits = {"connect_timeout": max(2, round(patience))}  # libpq knows no shorter one
    try:
        return create_engine(
            url,
            poolclass=NullPool,
            connect_args={} if url.drivername == "duckdb" else waits,
        )
    except ModuleNotFoundError as error:
        raise StorageError(
            "PostgreSQL needs psycopg, which is not installed.",
            hint='pip install "ccproxy-core[postgres]" "psycopg[binary]"',
        ) from error
