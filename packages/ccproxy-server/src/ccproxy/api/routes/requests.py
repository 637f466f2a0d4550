"""``/api/requests``, ``/api/stats``, ``/api/events``: what has been asked of models."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from ccproxy.api.dependencies import get_request_log, get_settings
from ccproxy.api.errors import problem
from ccproxy.api.live import LiveRecords
from ccproxy.api.masked import MaskedJSON
from ccproxy.config import Settings
from ccproxy.models.captured import Bodies
from ccproxy.models.request_query import (
    GroupBy,
    RequestFilter,
    RequestsPage,
    RequestStats,
)
from ccproxy.models.request_record import RequestRecord
from ccproxy.services.request_log import RequestLog

_NO_DATABASE: dict[int | str, dict[str, Any]] = {
    503: problem("The database can't be used.")
}
_NO_RECORD: dict[int | str, dict[str, Any]] = {
    **_NO_DATABASE,
    404: problem("There is no such record."),
}
_NO_BODIES: dict[int | str, dict[str, Any]] = {
    **_NO_DATABASE,
    404: problem("There is no such record, or what was said is not kept."),
}
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events without an end.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}

router = APIRouter(prefix="/api", tags=["requests"])

Log = Annotated[RequestLog, Depends(get_request_log)]


class PageQuery(RequestFilter):
    """Which requests, and which page of them."""

    limit: int = Field(default=50, ge=1, le=1000)
    """How many at most."""
    cursor: str | None = Field(default=None, pattern="^[0-9a-f]{32}$")
    """What the page before gave as ``next``."""


class StatsQuery(RequestFilter):
    """Which requests, and what they are counted by."""

    by: GroupBy = GroupBy.HOUR
    """What they are counted by."""


@router.get("/requests", response_model=RequestsPage, responses=_NO_DATABASE)
async def list_requests(log: Log, query: Annotated[PageQuery, Query()]) -> Response:
    """List requests to models, the latest first."""
    page = await log.page(_filter(query), limit=query.limit, cursor=query.cursor)
    return await _masked(page)


@router.get("/requests/{id}", responses=_NO_RECORD)
async def one_request(log: Log, id: str) -> RequestRecord:  # noqa: A002  (the path's)
    """Tell of one request, by the record's id or by ``x-ccproxy-request-id``."""
    return await log.find(id)


@router.get("/requests/{id}/bodies", response_model=Bodies, responses=_NO_BODIES)
async def request_bodies(log: Log, id: str) -> Response:  # noqa: A002  (the path's)
    """Tell what was said in a request and its answer, masked, if that was captured."""
    return await _masked(await log.bodies(id))


@router.get("/stats", response_model=RequestStats, responses=_NO_DATABASE)
async def request_stats(log: Log, query: Annotated[StatsQuery, Query()]) -> Response:
    """Count requests by time or by what they have in common; add up their costs."""
    return await _masked(await log.stats(query.by, _filter(query)))


@router.get("/events", response_class=Response, responses=_STREAM)
async def live_requests(
    log: Log, settings: Annotated[Settings, Depends(get_settings)]
) -> Response:
    """Tell of requests as they end, each an event ``request`` with its record.

    An event ``missed`` tells how many were left out, if they came too fast. Requests
    to other server processes follow once they are in the database.
    """
    return LiveRecords(log, settings.server.keepalive_seconds or None)


async def _masked(answer: BaseModel) -> Response:
    """Write an answer in a thread: to mask a long one takes its time."""
    return await asyncio.to_thread(lambda: MaskedJSON(answer.model_dump(mode="json")))


def _filter(query: RequestFilter) -> RequestFilter:
    facts = query.model_dump(include=set(RequestFilter.model_fields))
    return RequestFilter(**facts)
