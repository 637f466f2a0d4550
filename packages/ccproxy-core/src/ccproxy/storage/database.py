"""The database as the rest of the gateway sees it: units of work, off the event loop.

SQLAlchemy, Alembic and DuckDB are imported in the worker thread, when the database is
first used: together they take a second to import and sixty megabytes to keep, which a
gateway that only relays never needs.
"""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import structlog

from ccproxy.errors import StorageError
from ccproxy.storage.words import duckdb_file

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from sqlmodel import Session

    from ccproxy.storage.connections import Connections
    from ccproxy.storage.migrate import RunState, Upgraded

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class Database:
    """One database; each unit of work opens it, works and closes it.

    All work is done in one thread, in the order of asking.

    Args:
        url: SQLAlchemy's.
        migrations: Tells where the migrations of plugins are, by the plugin's name;
            asked when they are needed.
        patience: Seconds to try while another process has the file.

    Attributes:
        file: Where it is, if it is a DuckDB file.
    """

    def __init__(
        self,
        url: str,
        migrations: Callable[[], Mapping[str, str]] = dict,
        *,
        patience: float = 10.0,
    ) -> None:
        self.file = duckdb_file(url)
        self._url = url
        self._migrations = migrations
        self._patience = patience
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="database")
        self._connections: Connections | None = None
        self._given_up = threading.Event()
        self._is_current = False
        self._closed = False
        self._upgrading: asyncio.Future[None] | None = None
        self._child: subprocess.Popen[str] | None = None

    async def work(self, fn: Callable[["Session"], T]) -> T:
        """Do one unit of work and commit it, or nothing of it.

        The first one brings the database up to date, if that has not been done.

        Raises:
            StorageError: The database can't be used.
        """
        return await self._in_thread(lambda: self._unit(fn))

    async def work_on_file(
        self, fn: Callable[["DuckDBPyConnection"], T], *, patience: float
    ) -> T:
        """Do one unit of work on a DuckDB file, with DuckDB's own module alone.

        Args:
            fn: Does it; each statement is committed as it is done.
            patience: Seconds to try while another process has the file.

        Raises:
            StorageError: The database can't be used, or is no file.
        """
        return await self._in_thread(lambda: self._unit_on_file(fn, patience))

    async def upgrade(self) -> list["RunState"]:
        """Bring the database up to date.

        Returns:
            The states before, of those that were behind.

        Raises:
            StorageError: It can't be used, or is newer than the code; or the tables of
                a plugin could not be upgraded, which keeps nobody from the others.
        """
        return await self._in_thread(self._upgrade)

    async def try_upgrade(self) -> list[str]:
        """Bring the core's tables up to date, and those of plugins where it can be.

        Returns:
            Why it can't be, for each other plugin.

        Raises:
            StorageError: The database can't be used, or is newer than the code.
        """
        return await self._in_thread(self._brought_up)

    def start_upgrade(self) -> None:
        """Begin to bring the database up to date, in a process of its own.

        What that takes of memory is given back when it is done. If it fails, one
        warning says why, and whoever needs the database tries again. If it fails for a
        plugin alone, the warning is all: nobody tries again until the next start.
        """
        loop = asyncio.get_running_loop()
        self._upgrading = loop.run_in_executor(self._thread, self._upgrade_aside)

    async def states(self) -> list["RunState"]:
        """Tell how far the migrations are; nothing is changed.

        Raises:
            StorageError: The database can't be used.
        """
        return await self._in_thread(self._states)

    async def differences(self) -> list[str]:
        """Tell where the tables are not as the models say; raises as ``states``."""
        return await self._in_thread(self._differences)

    async def close(self) -> None:
        """Finish what was asked for; whoever waits for the file gives up."""
        self._closed = True
        self._given_up.set()
        if self._child is not None:
            self._child.terminate()
        await asyncio.to_thread(self._thread.shutdown)

    async def _in_thread(self, fn: Callable[[], T]) -> T:
        if self._closed:
            raise StorageError("The database is closed: the gateway is stopping.")
        return await asyncio.get_running_loop().run_in_executor(self._thread, fn)

    # -- in the thread

    def _opened(self) -> "Connections":
        # Imported here for the start, as the module's docstring says; so are all below.
        from ccproxy.storage.connections import Connections  # noqa: PLC0415

        if self._connections is None:
            self._connections = Connections(
                self._url, patience=self._patience, given_up=self._given_up
            )
        return self._connections

    def _unit(self, fn: Callable[["Session"], T]) -> T:
        from sqlmodel import Session  # noqa: PLC0415

        self._bring_up_to_date()
        with (
            self._opened().open() as connection,
            Session(connection, expire_on_commit=False) as session,
        ):
            result = fn(session)
            session.commit()
            return result

    def _unit_on_file(
        self, fn: Callable[["DuckDBPyConnection"], T], patience: float
    ) -> T:
        from ccproxy.storage.file import opened  # noqa: PLC0415
        from ccproxy.storage.memory import give_back  # noqa: PLC0415

        if self.file is None:
            raise StorageError("The database is no DuckDB file.")
        self._bring_up_to_date()
        try:
            with opened(self.file, patience=patience, given_up=self._given_up) as file:
                return fn(file)
        finally:
            give_back()

    def _bring_up_to_date(self) -> None:
        """Upgrade if that has not been done, or if the file has been deleted since."""
        if not self._is_current or (self.file is not None and not self.file.exists()):
            _warn_of(self._brought_up())

    def _brought_up(self) -> list[str]:
        """Upgrade what needs it, and tell what could not be."""
        if self.file is not None and not self._migrations():
            from ccproxy.storage.current import is_current  # noqa: PLC0415

            if is_current(self.file, self._given_up):
                self._is_current = True
                return []
        return [str(failure) for failure in self._upgraded().failures]

    def _upgrade(self) -> list["RunState"]:
        told = self._upgraded()
        if told.failures:
            raise told.failures[0]
        return told.done

    def _upgraded(self) -> "Upgraded":
        from ccproxy.storage import migrate  # noqa: PLC0415

        told = migrate.upgrade(self._opened(), self._migrations())
        self._is_current = True
        return told

    def _states(self) -> list["RunState"]:
        from ccproxy.storage import migrate  # noqa: PLC0415

        return migrate.states(self._opened(), self._migrations())

    def _differences(self) -> list[str]:
        from ccproxy.storage import migrate  # noqa: PLC0415

        return migrate.differences(self._opened())

    def _upgrade_aside(self) -> None:
        if self._closed:
            return
        order = {"url": self._url, "migrations": dict(self._migrations())}
        try:
            self._child = subprocess.Popen(
                # -P: or a module of the folder one works in could stand in for ours.
                [sys.executable, "-P", "-m", "ccproxy.storage.upgrade"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,  # Ctrl-C is for the gateway
            )
            # Not as an argument, which others could read: the URL may hold a password.
            said, traceback = self._child.communicate(json.dumps(order))
        except OSError as error:
            _log.warning("database_unavailable", reason=str(error))
            return
        told = (said or traceback).strip().rpartition("\n")[2]
        self._is_current = self._child.returncode == 0
        if self._is_current:
            _warn_of(json.loads(told))
        elif not self._closed:
            _log.warning("database_unavailable", reason=told)


def _warn_of(failures: Iterable[str]) -> None:
    for failure in failures:
        _log.warning("plugin_not_migrated", reason=failure)
