"""Client keys in a gateway's memory: current, and there when the database is not."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ccproxy.models.client_key import ClientKey
from ccproxy.services.client_keys import ClientKeys
from ccproxy.storage.database import Database
from ccproxy.storage.keys import with_keys

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
DIGEST = bytes(range(32))
KEY = ClientKey(
    name="ci",
    digest=DIGEST.hex(),
    created_at=NOW,
    expires_at=NOW + timedelta(hours=1),
)


async def test_a_key_is_found_until_it_expires_or_is_revoked(
    database: Database,
) -> None:
    times = [NOW, NOW + timedelta(hours=1), NOW]
    keys = ClientKeys(database, lambda: times.pop(0))
    await with_keys(database, lambda rows: rows.create(KEY))
    assert keys.find(DIGEST) is None
    await keys.read()
    assert [keys.find(DIGEST), keys.find(DIGEST)] == [KEY, None]
    assert keys.find(bytes(32)) is None
    await with_keys(database, lambda rows: rows.delete("ci"))
    await keys.read()
    assert keys.find(DIGEST) is None


async def test_what_is_made_elsewhere_is_known_after_a_while(
    database: Database,
) -> None:
    keys = ClientKeys(database, lambda: NOW, every=0.01)
    await keys.start()
    try:
        await with_keys(database, lambda rows: rows.create(KEY))
        while keys.find(DIGEST) is None:
            # The readings wait in line behind this one.
            await with_keys(database, lambda rows: rows.list())
    finally:
        await keys.stop()


async def test_a_database_that_fails_takes_no_key_away(tmp_path: Path) -> None:
    file = tmp_path / "keys.duckdb"
    database = Database(f"duckdb:///{file}")
    await with_keys(database, lambda rows: rows.create(KEY))
    keys = ClientKeys(database, lambda: NOW)
    await keys.read()
    await database.close()
    with capture_logs() as logs:
        for _ in range(3):
            await keys.read()
    assert [each["event"] for each in logs] == ["keys_not_read"]
    assert keys.find(DIGEST) == KEY
