"""A plugin with tables of its own works on them while the gateway runs."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from ccproxy.sdk import Contributions, Manifest, Plugin, PluginConfig, PluginContext
from ccproxy.testing import gateway

pytestmark = pytest.mark.integration

SCRIPT = '''"""Days."""
import sqlalchemy as sa
from alembic import op
revision = "days_0"
down_revision = None
def upgrade():
    op.create_table("days", sa.Column("day", sa.String(), primary_key=True))
'''


class Days(Plugin[PluginConfig]):
    """Notes the days on which it was started."""

    manifest = Manifest("days", "1")
    noted: int = 0

    def setup(self, add: Contributions) -> None:
        add.migrations("days_plugin:migrations")

    async def start(self, ctx: PluginContext) -> None:
        type(self).noted = await ctx.database.work(_note)


def _note(session: Session) -> int:
    session.execute(text("INSERT INTO days VALUES ('monday')"))
    return int(session.scalar(text("SELECT count(*) FROM days")) or 0)


async def test_the_tables_are_there_when_the_plugin_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "days_plugin" / "migrations"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("")
    (folder / "days_0.py").write_text(SCRIPT)
    monkeypatch.syspath_prepend(str(tmp_path))
    async with gateway(Days) as running:
        status = (await running.client.get("/api/plugins/status")).json()["plugins"]
    states = {each["name"]: each["state"] for each in status}
    assert states["days"] == "running"
    assert Days.noted == 1
