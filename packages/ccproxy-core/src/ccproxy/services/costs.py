"""What requests have cost, for those who count it: told in batches, a little later."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from ccproxy.concurrency.worker import QueueWorker
from ccproxy.hooks.bus import HookBus
from ccproxy.hooks.events import (
    Event,
    ModelCost,
    RequestCompleted,
    RequestEnded,
    RequestFailed,
    RequestsPriced,
)
from ccproxy.models.request_record import RequestRecord
from ccproxy.services.request_log import record_of
from ccproxy.storage.duckdb import Price

GATHER = 2.0
"""Seconds for which requests gather before they are priced."""
BATCH = 5000


class CostTeller:
    """Prices requests where no log does, as long as somebody wants to hear of it.

    Args:
        bus: Whose requests are priced, and where that is told.
        price: Puts costs to records, in a thread.
        gather: Seconds for which requests gather.
    """

    def __init__(self, bus: HookBus, price: Price, *, gather: float = GATHER) -> None:
        self._bus = bus
        self._price = price
        self._worker: QueueWorker[RequestRecord] = QueueWorker(
            "costs", self._tell, batch=BATCH, linger=gather
        )

    def start(self) -> None:
        """Follow requests from now on."""
        for event in (RequestCompleted, RequestFailed):
            self._bus.subscribe("costs", event, self._on_ended)

    async def stop(self, grace: float) -> None:
        """Tell what is not told yet.

        Args:
            grace: Seconds it may take.
        """
        await self._worker.stop(grace)

    def _on_ended(self, event: Event) -> None:
        if not isinstance(event, RequestEnded) or event.dialect_in is None:
            return
        if self._bus.wanted(RequestsPriced):
            self._worker.put(record_of(event))
            self._worker.start()

    async def _tell(self, batch: Sequence[RequestRecord]) -> None:
        tell_costs(self._bus, await asyncio.to_thread(self._price, batch))


def tell_costs(bus: HookBus, records: Sequence[RequestRecord]) -> None:
    """Publish what requests to each model have cost together."""
    if not bus.wanted(RequestsPriced):
        return
    costs: dict[tuple[str, str], list[float]] = {}
    for each in records:
        if each.cost is not None:
            key = each.provider or "", each.model or ""
            costs.setdefault(key, []).append(each.cost)
    told = tuple(
        ModelCost(provider=provider, model=model, requests=len(paid), usd=sum(paid))
        for (provider, model), paid in costs.items()
    )
    if told:
        bus.publish(RequestsPriced(at=datetime.now(UTC), costs=told))
