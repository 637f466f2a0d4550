"""Profiles in the database."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

import orjson
from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlmodel import Session, col, select

from ccproxy.errors import StorageError
from ccproxy.models.profile import Profile, profile_key
from ccproxy.sdk import AccountProfile, LimitWindow

_OUR_LOCKS = 0x6363
"""Tells our locks on a PostgreSQL server from those of other programs."""
_FIELDS = tuple(each.name for each in fields(AccountProfile))


class ProfileRepository:
    """Creates, finds, changes and deletes profiles within one unit of work.

    Args:
        session: The unit of work's.
        patience: Seconds to wait for another unit on a server.
    """

    def __init__(self, session: Session, *, patience: float = 10.0) -> None:
        self._session = session
        self._patience = patience

    def lock(self, provider: str) -> None:
        """Keep other writers of a provider's accounts out until this unit has ended.

        A DuckDB file has one writer at a time anyway. A unit that never ends holds this
        one up for a bounded time, after which the server's error ends it.
        """
        if self._session.get_bind().dialect.name == "postgresql":
            connection = self._session.connection()
            milliseconds = max(1, round(self._patience * 1000))
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {milliseconds}")
            key = crc32(provider.encode()) - 2**31  # PostgreSQL's integers are signed
            connection.execute(
                text("SELECT pg_advisory_xact_lock(:ours, :key)"),
                {"ours": _OUR_LOCKS, "key": key},
            )

    def create(self, profile: AccountProfile) -> None:
        """Add an account.

        Raises:
            StorageError: It is there already.
        """
        if self._row(profile.provider, profile.account) is not None:
            msg = f"{profile.provider} has such an account already."
            raise StorageError(msg)
        self._session.add(Profile(**_values(profile)))
        self._session.flush()

    def get(self, provider: str, account: str) -> AccountProfile | None:
        """Return one account."""
        row = self._row(provider, account)
        return None if row is None else _profile(row)

    def list(self, provider: str | None = None) -> Sequence[AccountProfile]:
        """Return all accounts, or a provider's; the active one stands first."""
        asked = select(Profile).order_by(
            col(Profile.provider), col(Profile.active).desc(), col(Profile.account)
        )
        if provider is not None:
            asked = asked.where(Profile.provider == provider)
        return [_profile(row) for row in self._session.exec(asked)]

    def find_by_email(self, email: str) -> Sequence[AccountProfile]:
        """Return the accounts with this address, as it is written."""
        rows = self._session.exec(select(Profile).where(Profile.email == email))
        return [_profile(row) for row in rows]

    def find_by_user_id(self, user_id: str) -> Sequence[AccountProfile]:
        """Return the accounts of this person."""
        rows = self._session.exec(select(Profile).where(Profile.user_id == user_id))
        return [_profile(row) for row in rows]

    def upsert(self, profile: AccountProfile) -> None:
        """Write an account, whether or not it is there.

        One statement does it, so that processes on one server may do it at once.
        DuckDB understands PostgreSQL's.
        """
        values = _values(profile)
        insert = postgresql.insert(Profile).values(values)
        self._session.exec(
            insert.on_conflict_do_update(index_elements=["id"], set_=values)
        )
        self._session.expire_all()

    def deactivate_others(self, provider: str, account: str) -> None:
        """Leave the account the only active one of its provider."""
        asked = select(Profile).where(
            Profile.provider == provider,
            Profile.account != _storable(account),
            Profile.active,
        )
        for row in self._session.exec(asked):
            row.active = False
            self._session.add(row)
        self._session.flush()

    def delete(self, provider: str, account: str) -> bool:
        """Delete an account, and tell whether it was there."""
        row = self._row(provider, account)
        if row is not None:
            self._session.delete(row)
            self._session.flush()
        return row is not None

    def _row(self, provider: str, account: str) -> Profile | None:
        key = profile_key(provider, _storable(account))
        return self._session.exec(select(Profile).where(Profile.id == key)).first()


def _values(profile: AccountProfile) -> dict[str, Any]:
    values = {name: getattr(profile, name) for name in _FIELDS}
    for name, value in values.items():
        if isinstance(value, str):
            values[name] = _storable(value)
    key = profile_key(profile.provider, values["account"])
    return {**values, "id": key, "limits": _to_json(profile.limits)}


def _storable(text: str) -> str:
    """Return a text as every database can hold it: PostgreSQL's knows no NUL."""
    return text.replace("\0", "\ufffd")


def _profile(row: Profile) -> AccountProfile:
    values: dict[str, object] = {name: getattr(row, name) for name in _FIELDS}
    for name, value in values.items():
        if isinstance(value, datetime):
            values[name] = value.astimezone(
                UTC
            )  # the database's clock has its own zone
    values["limits"] = _from_json(row.limits)
    return AccountProfile(**values)  # type: ignore[arg-type]  # the same names and types


def _to_json(limits: Sequence[LimitWindow]) -> str:
    told = [
        {
            "name": each.name,
            "used_percent": each.used_percent,
            "length": each.length and each.length.total_seconds(),
            "resets_at": each.resets_at,
        }
        for each in limits
    ]
    return orjson.dumps(told).decode()


def _from_json(text: str) -> tuple[LimitWindow, ...]:
    told: Sequence[Mapping[str, float | str | None]] = orjson.loads(text)
    return tuple(_window(each) for each in told)


def _window(told: Mapping[str, float | str | None]) -> LimitWindow:
    length, resets_at = told["length"], told["resets_at"]
    return LimitWindow(
        name=str(told["name"]),
        used_percent=float(told["used_percent"] or 0),
        length=None if length is None else timedelta(seconds=float(length)),
        resets_at=None if resets_at is None else datetime.fromisoformat(str(resets_at)),
    )
