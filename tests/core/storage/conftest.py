"""A plugin with migrations, as a package one can import."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Scripts = Callable[..., str]


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
