"""Client keys in the database: what is written is found, and no token is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ccproxy.models.client_key import ClientKey
from ccproxy.storage.database import Database
from ccproxy.storage.keys import with_keys

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 25, 12, 30, 15, 123456, UTC)
FULL = ClientKey(
    name="laptop",
    digest="ab" * 32,
    created_at=NOW,
    expires_at=NOW + timedelta(days=30),
    models=("gpt-*", "claude-*"),
    providers=("codex",),
    requests="60/minute",
    concurrent=4,
    tokens="1M/day",
    cost="2.50/hour",
    budgets=("5/day", "100/month"),
)
BARE = ClientKey(name="ci", digest="cd" * 32, created_at=NOW)


async def add(database: Database, key: ClientKey) -> bool:
    return await with_keys(database, lambda keys: keys.create(key))


async def test_keys_are_listed_by_name_as_they_were_written(
    database: Database,
) -> None:
    for key in (FULL, BARE):
        assert await add(database, key)
    found = await with_keys(database, lambda keys: keys.list())
    assert list(found) == [BARE, FULL]


async def test_a_name_is_taken_once(database: Database) -> None:
    other = replace(BARE, digest="ef" * 32)
    assert [await add(database, key) for key in (BARE, other)] == [True, False]
    assert list(await with_keys(database, lambda keys: keys.list())) == [BARE]


async def test_a_deleted_key_is_gone_and_its_name_free(database: Database) -> None:
    await add(database, BARE)
    gone = [await with_keys(database, lambda keys: keys.delete("ci")) for _ in range(2)]
    assert gone == [True, False]
    assert await add(database, BARE)


@pytest.mark.parametrize(
    ("provider", "model", "may"),
    [
        ("codex", "gpt-5.5", True),
        ("codex", "claude-opus", True),
        ("codex", "o3", False),
        ("openai", "gpt-5.5", False),
    ],
)
def test_a_key_is_for_its_providers_and_models(
    provider: str, model: str, may: bool
) -> None:
    assert FULL.may_ask(provider, model) is may
    assert BARE.may_ask(provider, model)


def test_a_key_expires_on_time() -> None:
    later = NOW + timedelta(days=30)
    assert [FULL.is_expired(at) for at in (NOW, later)] == [False, True]
    assert not BARE.is_expired(later)
