"""Records of requests in the database: found, listed and counted."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    case,
    extract,
    func,
    null,
    or_,
    select,
)
from sqlmodel import Session

from ccproxy.errors import UnknownRequestError
from ccproxy.models.captured import Bodies
from ccproxy.models.request_query import (
    GroupBy,
    RequestFilter,
    RequestGroup,
    RequestsPage,
    RequestStats,
)
from ccproxy.models.request_record import COUNTS, LISTS, RequestRecord, first_id
from ccproxy.models.request_table import request_records
from ccproxy.storage.body_rows import bodies_of

MOST_GROUPS = 1000

_SECONDS = {GroupBy.MINUTE: 60, GroupBy.HOUR: 3600, GroupBy.DAY: 86400}
_COLUMN = request_records.c
_SAME = (
    "provider",
    "model",
    "key",
    "client",
    "session",
    "repository",
    "branch",
    "failure",
)
"""Columns that a filter gives the value of."""
_ALIKE = ("provider", "model")
"""Those of which it may give a pattern; what has ``[1m]`` at its end is none."""
_ESCAPE = "!"
_AS_LIKE = str.maketrans(
    {each: _ESCAPE + each for each in "!%_"} | {"*": "%", "?": "_"}
)
_SUMS = ("bytes_in", "bytes_out", *COUNTS, "cost")


class RequestRepository:
    """Reads records within one unit of work.

    Args:
        session: The unit of work's.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, key: str) -> RequestRecord:
        """Return the record with this id, or else the last of the request's id.

        Raises:
            UnknownRequestError: There is none.
        """
        asked = (
            select(request_records)
            .where(or_(_COLUMN.id == key, _COLUMN.request_id == key))
            .order_by(_COLUMN.id.desc())
            .limit(1)
        )
        row = self._session.connection().execute(asked).first()
        if row is None:
            msg = f"There is no record of a request {key[:100]!r}."
            hint = "It is too old, or no request to a model, or never was."
            raise UnknownRequestError(msg, hint=hint)
        return _record(row)

    def bodies(self, key: str) -> Bodies:
        """Return what was said in a request.

        Args:
            key: As ``find`` takes it.

        Raises:
            UnknownRequestError: There is no record of it, or nothing was captured.
        """
        bodies = bodies_of(self._session, self.find(key))
        if bodies is None:
            msg = f"What was said in the request {key[:100]!r} is not kept."
            hint = (
                "capture.providers names those with whom it is, and"
                " capture.retention_days for how long."
            )
            raise UnknownRequestError(msg, hint=hint)
        return bodies

    def page(
        self, wanted: RequestFilter, *, limit: int, cursor: str | None = None
    ) -> RequestsPage:
        """Return the latest records, or those that follow a page.

        Args:
            wanted: Which.
            limit: How many at most.
            cursor: ``next`` of the page before.
        """
        asked = self._where(select(request_records), wanted)
        if cursor is not None:
            asked = asked.where(_COLUMN.id < cursor)
        asked = asked.order_by(_COLUMN.id.desc()).limit(limit + 1)
        rows = self._session.connection().execute(asked).all()
        shown = tuple(_record(row) for row in rows[:limit])
        return RequestsPage(
            requests=shown, next=shown[-1].id if len(rows) > limit else None
        )

    def ids_since(self, first: str) -> list[str]:
        """Return this id and those that follow, in their order."""
        asked = select(_COLUMN.id).where(_COLUMN.id >= first).order_by(_COLUMN.id)
        return [*self._session.connection().execute(asked).scalars()]

    def some(self, ids: Sequence[str]) -> list[RequestRecord]:
        """Return the records with these ids, in the order of the ids."""
        asked = select(request_records).where(_COLUMN.id.in_(ids)).order_by(_COLUMN.id)
        return [_record(row) for row in self._session.connection().execute(asked)]

    def stats(self, by: GroupBy, wanted: RequestFilter) -> RequestStats:
        """Count records, by time or by what they have in common."""
        if by in _SECONDS:
            bucket = _bucket(_SECONDS[by])
            rows = self._grouped(bucket, wanted, bucket.desc())
            latest = rows[:MOST_GROUPS]
            return RequestStats(by=by, groups=tuple(map(_time_group, reversed(latest))))
        key = _COLUMN[by.value]
        rows = self._grouped(key, wanted, func.count().desc(), key)
        groups = tuple(map(_group, rows[:MOST_GROUPS]))
        if len(rows) <= MOST_GROUPS:
            return RequestStats(by=by, groups=groups)
        others = self._others(key, wanted, [each.key for each in groups])
        return RequestStats(by=by, groups=groups, others=others)

    def _grouped(
        self,
        key: ColumnElement[Any],
        wanted: RequestFilter,
        *order: ColumnElement[Any],
    ) -> Sequence[Row[Any]]:
        """Count records by a key; one group more than is told shows that there are."""
        asked = select(key.label("key"), *_aggregates()).group_by(key).order_by(*order)
        asked = self._where(asked, wanted).limit(MOST_GROUPS + 1)
        return self._session.connection().execute(asked).all()

    def _others(
        self,
        key: ColumnElement[Any],
        wanted: RequestFilter,
        told: Sequence[str | None],
    ) -> RequestGroup:
        """Count the records of all groups that are not told."""
        unnamed = key.is_(None)
        named = key.not_in([each for each in told if each is not None])
        other = and_(~unnamed, named) if None in told else or_(unnamed, named)
        asked = self._where(select(null().label("key"), *_aggregates()), wanted)
        return _group(self._session.connection().execute(asked.where(other)).one())

    def _where(self, asked: Select[Any], wanted: RequestFilter) -> Select[Any]:
        asked = asked.where(*_conditions(wanted))
        if self._session.get_bind().dialect.name == "duckdb":
            return asked  # it would look at all ids, in place of none
        return asked.where(*_key_conditions(wanted))


def _conditions(wanted: RequestFilter) -> Iterator[ColumnElement[bool]]:
    for name in _SAME:
        value = getattr(wanted, name)
        if value is None:
            continue
        if name in _ALIKE and ("*" in value or "?" in value):
            pattern = value.translate(_AS_LIKE)
            yield _COLUMN[name].like(pattern, escape=_ESCAPE)
        else:
            yield _COLUMN[name] == value
    if wanted.status is not None:
        lowest = 100 * int(wanted.status[0])
        yield _COLUMN.status.between(lowest, lowest + 99)
    if wanted.failed is not None:
        yield _COLUMN.failure.is_not(None) == wanted.failed
    if wanted.since is not None:
        yield _COLUMN.ended_at >= wanted.since
    if wanted.until is not None:
        yield _COLUMN.ended_at < wanted.until


def _key_conditions(wanted: RequestFilter) -> Iterator[ColumnElement[bool]]:
    """Say the same times by the key, which sorts by them: PostgreSQL's only index."""
    if wanted.since is not None:
        yield _COLUMN.id >= first_id(wanted.since)
    if wanted.until is not None:
        yield _COLUMN.id < first_id(wanted.until + timedelta(milliseconds=1))


def _bucket(seconds: int) -> ColumnElement[Any]:
    """Return the epoch at which the row's minute, hour or day began, in UTC."""
    return func.floor(extract("epoch", _COLUMN.ended_at) / seconds) * seconds


def _aggregates() -> Iterator[ColumnElement[Any]]:
    yield func.count().label("requests")
    yield func.count(_COLUMN.failure).label("failed")
    yield func.count(case((_COLUMN.status >= 400, 1))).label("errors")
    yield func.count(_COLUMN.output_tokens).label("counted")
    yield func.count(_COLUMN.cost).label("priced")
    for name in _SUMS:
        yield func.sum(_COLUMN[name]).label(name)
    yield func.avg(_COLUMN.duration).label("duration_mean")
    # A second percentile would cost as much as all the rest together.
    percentile = func.percentile_cont(0.95).within_group(_COLUMN.duration)
    yield percentile.label("duration_p95")


def _record(row: Row[Any]) -> RequestRecord:
    values = row._asdict()
    values["ended_at"] = values["ended_at"].astimezone(UTC)
    values.update({name: tuple(orjson.loads(values[name])) for name in LISTS})
    return RequestRecord(**values)


def _group(row: Row[Any]) -> RequestGroup:
    return RequestGroup(begins_at=None, **row._asdict())


def _time_group(row: Row[Any]) -> RequestGroup:
    values = row._asdict()
    begins_at = datetime.fromtimestamp(float(values.pop("key")), UTC)
    return RequestGroup(key=None, begins_at=begins_at, **values)
