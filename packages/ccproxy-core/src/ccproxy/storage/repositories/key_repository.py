"""Client keys in the database."""

from collections.abc import Sequence
from datetime import UTC, datetime

import orjson
from sqlmodel import Session, col, select

from ccproxy.models.client_key import ClientKey
from ccproxy.models.key_table import ClientKeyRow


class KeyRepository:
    """Adds, lists and deletes keys within one unit of work.

    Args:
        session: The unit of work's.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(self, key: ClientKey) -> bool:
        """Add a key, unless its name is taken, and tell whether it was free."""
        if self._session.get(ClientKeyRow, key.name) is not None:
            return False
        self._session.add(
            ClientKeyRow(
                name=key.name,
                digest=key.digest,
                created_at=key.created_at,
                expires_at=key.expires_at,
                models=orjson.dumps(key.models).decode(),
                providers=orjson.dumps(key.providers).decode(),
                requests=key.requests,
                concurrent=key.concurrent,
                tokens=key.tokens,
                cost=key.cost,
                budgets=orjson.dumps(key.budgets).decode(),
            )
        )
        self._session.flush()
        return True

    def list(self) -> Sequence[ClientKey]:
        """Return all keys, by name."""
        rows = self._session.exec(select(ClientKeyRow).order_by(col(ClientKeyRow.name)))
        return [_key(row) for row in rows]

    def delete(self, name: str) -> bool:
        """Delete a key, and tell whether it was there."""
        row = self._session.get(ClientKeyRow, name)
        if row is not None:
            self._session.delete(row)
            self._session.flush()
        return row is not None


def _key(row: ClientKeyRow) -> ClientKey:
    return ClientKey(
        name=row.name,
        digest=row.digest,
        created_at=_utc(row.created_at),
        expires_at=None if row.expires_at is None else _utc(row.expires_at),
        models=tuple(orjson.loads(row.models)),
        providers=tuple(orjson.loads(row.providers)),
        requests=row.requests,
        concurrent=row.concurrent,
        tokens=row.tokens,
        cost=row.cost,
        budgets=tuple(orjson.loads(row.budgets or "[]")),
    )


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)  # the database's clock has its own zone
