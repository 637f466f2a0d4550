"""What tests of storage share: a plugin's migrations, and what keeps records."""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from ccproxy.storage.database import Database
from ccproxy.storage.duckdb import RecordOptions, SimpleDuckDBStorage
from fakes.records import NOW

Scripts = Callable[..., str]
Open = Callable[..., Database]
Keep = Callable[..., SimpleDuckDBStorage]


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripts]:
    """Write a plugin's migrations, one body per revision, and tell their location."""
    package = tmp_path / "site" / "counting"
    folder = package / "migrations"
    folder.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(package.parent))

    def write(*bodies: str, rewrites: tuple[int, ...] = ()) -> str:
        for number, body in enumerate(bodies):
            before = repr(f"c{number - 1}") if number else None
            lines = [
                f'"""Step {number}."""',
                "import sqlalchemy as sa",
                "from alembic import op",
                f"revision = 'c{number}'",
                f"down_revision = {before}",
                f"rewrites = {number in rewrites}",
                "def upgrade():",
                *(f"    {line}" for line in body.splitlines()),
            ]
            (folder / f"step_{number}.py").write_text("\n".join(lines))
        return "counting:migrations"

    yield write
    sys.modules.pop("counting", None)


@pytest.fixture
async def keep(url: str, opened: Open) -> AsyncIterator[Keep]:
    """Make what keeps records in the database at ``url``; it stops with the test."""
    made: list[SimpleDuckDBStorage] = []

    def make(
        database: Database | None = None, **options: object
    ) -> SimpleDuckDBStorage:
        clock = options.pop("clock", lambda: NOW)
        price, priced = options.pop("price", None), options.pop("priced", None)
        made.append(
            SimpleDuckDBStorage(
                database or opened(url),
                RecordOptions(**options),  # type: ignore[arg-type]  # whatever is told
                price=price,  # type: ignore[arg-type]  # the same
                priced=priced,  # type: ignore[arg-type]  # the same
                clock=clock,  # type: ignore[arg-type]  # the same
            )
        )
        return made[-1]

    yield make
    for each in made:
        await each.stop(grace=0)
