"""Records of requests in the database: found, listed and counted."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, Select, case, extract, func, or_, select
from sqlmodel import Session

from ccproxy.errors import UnknownRequestError
from ccproxy.models.captured import Bodies
from ccproxy.models.request_query import (
    GroupBy,
    RequestFilter,
    RequestGroup,
    RequestsPage,
    RequestStats,
    RequestSums,
)
from ccproxy.models.request_record import (
    COUNTS,
    LISTS,
    RequestRecord,
    first_id,
    id_beyond,
)
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
        is_by_time = by in _SECONDS
        key = _bucket(_SECONDS[by]) if is_by_time else _COLUMN[by.value]
        counts = select(key.label("key"), *_aggregates())
        asked = self._where(counts, wanted).group_by(key)
        if is_by_time:
            asked = asked.order_by(key.desc())
        else:
            asked = asked.order_by(func.count().desc(), key)
        rows = self._session.connection().execute(asked.limit(MOST_GROUPS)).all()
        groups = [_group(row, is_by_time=is_by_time) for row in rows]
        return RequestStats(
            by=by,
            groups=tuple(reversed(groups) if is_by_time else groups),
            total=_total(rows),
        )

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
        yield _COLUMN.id < id_beyond(wanted.until)


def _bucket(seconds: int) -> ColumnElement[Any]:
    """Return the epoch at which the row's minute, hour or day began, in UTC."""
    return func.floor(extract("epoch", _COLUMN.ended_at) / seconds) * seconds


def _aggregates() -> Iterator[ColumnElement[Any]]:
    for name, each in _sums():
        yield each.label(name)
        # Of the groups, so that the records are read but once.
        yield func.sum(each).over().label(f"total_{name}")
    yield func.avg(_COLUMN.duration).label("duration_mean")
    # A second percentile would cost as much as all the rest together.
    percentile = func.percentile_cont(0.95).within_group(_COLUMN.duration)
    yield percentile.label("duration_p95")


def _sums() -> Iterator[tuple[str, ColumnElement[Any]]]:
    yield "requests", func.count()
    yield "failed", func.count(_COLUMN.failure)
    yield "errors", func.count(case((_COLUMN.status >= 400, 1)))
    yield "counted", func.count(_COLUMN.output_tokens)
    yield "priced", func.count(_COLUMN.cost)
    for name in _SUMS:
        yield name, func.sum(_COLUMN[name])


def _record(row: Row[Any]) -> RequestRecord:
    values = row._asdict()
    values["ended_at"] = values["ended_at"].astimezone(UTC)
    values.update({name: tuple(orjson.loads(values[name])) for name in LISTS})
    return RequestRecord(**values)


def _group(row: Row[Any], *, is_by_time: bool) -> RequestGroup:
    values = row._asdict()
    key = values.pop("key")
    begins_at = datetime.fromtimestamp(float(key), UTC) if is_by_time else None
    return RequestGroup(key=None if is_by_time else key, begins_at=begins_at, **values)


def _total(rows: Sequence[Row[Any]]) -> RequestSums:
    """Take the sums of all groups, which each row tells."""
    if not rows:
        unknown = dict.fromkeys((*COUNTS, "cost"))
        zeros = dict.fromkeys(RequestSums.model_fields, 0)
        return RequestSums.model_validate(zeros | unknown)
    values = rows[0]._asdict()
    return RequestSums.model_validate(
        {name: values[f"total_{name}"] for name in RequestSums.model_fields}
    )
