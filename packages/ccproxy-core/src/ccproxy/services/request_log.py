"""The request log: what becomes of the events that end requests."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from functools import lru_cache
from operator import attrgetter

from ccproxy.hooks.bus import HookBus
from ccproxy.hooks.events import (
    Event,
    RequestCompleted,
    RequestEnded,
    RequestFailed,
)
from ccproxy.models.captured import Bodies
from ccproxy.models.request_query import (
    GroupBy,
    RequestFilter,
    RequestsPage,
    RequestStats,
)
from ccproxy.models.request_record import COLUMNS, LISTS, RequestRecord, new_id
from ccproxy.security.sanitizer import mask_text
from ccproxy.services.other_workers import OtherWorkers
from ccproxy.storage.bodies import BodyStorage
from ccproxy.storage.database import Database
from ccproxy.storage.duckdb import SimpleDuckDBStorage
from ccproxy.storage.requests import with_requests

FLUSH_PATIENCE = 1.0
"""Seconds for which somebody who reads waits for what is not written yet."""
LISTENER_SIZE = 1000
"""Records that may wait for one who listens; beyond it they miss some."""

_FAILED = tuple(each.name for each in fields(RequestFailed) if each.name in COLUMNS)
_ENDED = tuple(each.name for each in fields(RequestEnded) if each.name in COLUMNS)
"""Columns that an event knows under the same name."""
_facts_of_failed, _facts_of_ended = attrgetter(*_FAILED), attrgetter(*_ENDED)
_TOLD_BY_OTHERS = (
    "session",
    "client_version",
    "repository",
    "branch",
    "worktree",
    "model_requested",
    "model",
    "model_served",
)
"""Columns in which a caller may have put a secret; most requests tell the same."""


class Listener:
    """Hears of each record from now on, in a queue that nobody else waits for.

    Attributes:
        missed: How many records found the queue full.
    """

    def __init__(self) -> None:
        self.missed = 0
        self._queue: asyncio.Queue[RequestRecord | None] = asyncio.Queue()

    def tell(self, record: RequestRecord) -> None:
        """Queue a record."""
        if self._queue.qsize() >= LISTENER_SIZE:
            self.missed += 1
        else:
            self._queue.put_nowait(record)

    def end(self) -> None:
        """Let the listening end, once what is queued has been heard."""
        self._queue.put_nowait(None)

    async def next(self) -> RequestRecord | None:
        """Wait for the next record; ``None`` is the end."""
        return await self._queue.get()


class RequestLog:
    """Makes a record of each request to a model, keeps it, and tells of it.

    Args:
        database: Where the records are read.
        bus: Whose events are followed.
        storage: Where they are kept; without it they are only told to those who listen.
        workers: How many processes serve requests and keep records there.
        bodies: Where bodies are kept, if some are captured.

    Attributes:
        storage: The same.
        hears_all: Whether those who listen hear of the requests of all workers.
    """

    def __init__(
        self,
        database: Database,
        bus: HookBus,
        storage: SimpleDuckDBStorage | None,
        workers: int = 1,
        *,
        bodies: BodyStorage | None = None,
    ) -> None:
        self._database = database
        self._bus = bus
        self.storage = storage
        self._bodies = bodies
        self.hears_all = storage is not None or workers == 1
        self._others: OtherWorkers | None = None
        if storage is not None and workers > 1:
            self._others = OtherWorkers(database, self._tell)
        self._listeners: set[Listener] = set()
        self._hung_up = False

    def start(self) -> None:
        """Follow requests from now on."""
        for event in (RequestCompleted, RequestFailed):
            self._bus.subscribe("request log", event, self._on_ended)

    def hang_up(self) -> None:
        """End the listening of all who listen, or ever will: the gateway stops."""
        self._hung_up = True
        for listener in self._listeners:
            listener.end()

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        """Hear of records within the block, those of other workers once written."""
        listener = Listener()
        self._listeners.add(listener)
        if self._hung_up:
            listener.end()
        if self._others is not None:
            self._others.start()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            if self._others is not None and not self._listeners:
                self._others.stop()

    # -- reading

    async def page(
        self, wanted: RequestFilter, *, limit: int, cursor: str | None = None
    ) -> RequestsPage:
        """Return the latest records, or those that follow a page.

        Raises:
            StorageError: The database can't be used.
        """
        await self.flush()
        return await with_requests(
            self._database,
            lambda requests: requests.page(wanted, limit=limit, cursor=cursor),
        )

    async def find(self, key: str) -> RequestRecord:
        """Return a record, by its id or by the request's; raises as ``page`` does.

        Raises:
            UnknownRequestError: There is none.
        """
        await self.flush()
        return await with_requests(self._database, lambda requests: requests.find(key))

    async def bodies(self, key: str) -> Bodies:
        """Return what was said in a request; takes and raises what ``find`` does.

        Raises:
            UnknownRequestError: Nothing of it was captured, or it is kept no longer.
        """
        await self.flush()
        if self._bodies is not None:
            await self._bodies.flush(FLUSH_PATIENCE)
        return await with_requests(
            self._database, lambda requests: requests.bodies(key)
        )

    async def stats(self, by: GroupBy, wanted: RequestFilter) -> RequestStats:
        """Count records in groups; raises as ``page`` does."""
        await self.flush()
        return await with_requests(
            self._database, lambda requests: requests.stats(by, wanted)
        )

    async def flush(self) -> None:
        """Wait for a moment until what is known by now is priced and written."""
        if self.storage is not None:
            await self.storage.flush(FLUSH_PATIENCE)

    # -- following

    def _on_ended(self, event: Event) -> None:
        """Take an event; what asks for no model is the gateway's own business."""
        if not isinstance(event, RequestEnded) or event.dialect_in is None:
            return
        if self.storage is None and not self._listeners:
            return
        record = record_of(event)
        if self.storage is not None:
            self.storage.put(record)
        if self._listeners:
            if self._others is not None:
                self._others.pass_over(record)
            self._tell((record,), 0)

    def _tell(self, records: Sequence[RequestRecord], missed: int) -> None:
        for listener in self._listeners:
            listener.missed += missed
            for record in records:
                listener.tell(record)


def record_of(event: RequestEnded) -> RequestRecord:
    """Make the record of a request that has ended; what others have told is masked."""
    if isinstance(event, RequestFailed):
        facts = dict(zip(_FAILED, _facts_of_failed(event), strict=True))
        facts["reason"] = _kept(event.reason)
    else:
        facts = dict(zip(_ENDED, _facts_of_ended(event), strict=True))
    for name in _TOLD_BY_OTHERS:
        if facts[name]:
            facts[name] = _masked(facts[name])
    facts["request_id"] = mask_text(event.request_id)
    for name in LISTS:
        if facts[name]:
            facts[name] = tuple(map(_kept, facts[name]))
    return RequestRecord(id=new_id(event.at), ended_at=event.at, **facts)


@lru_cache(1024)
def _masked(text: str) -> str:
    return _kept(text)


def _kept(text: str) -> str:
    """Mask a text, and replace halves of surrogate pairs, which UTF-8 has not."""
    return mask_text(text).encode("utf-8", "replace").decode()
