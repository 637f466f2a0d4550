"""Marks of tests that are about one kind of database, and files that are ready."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ccproxy.security.private import private_dir
from ccproxy.storage.connections import Connections
from ccproxy.storage.migrate import upgrade

on_a_server = pytest.mark.parametrize(
    "url",
    [
        pytest.param(
            "pg", marks=(pytest.mark.services, pytest.mark.xdist_group("postgres"))
        )
    ],
    indirect=True,
)
on_a_file = pytest.mark.parametrize("url", ["duckdb"], indirect=True)


def lay_tables(file: Path) -> None:
    """Put a DuckDB file there that has all tables, and no rows."""
    private_dir(file.parent)
    file.touch(0o600)
    file.write_bytes(_tables())


@cache
def _tables() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder, "ccproxy.duckdb")
        upgrade(Connections(f"duckdb:///{file}"), {})
        return file.read_bytes()
