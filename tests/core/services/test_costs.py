"""Costs of requests are told in batches, whether a log is kept or not."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ccproxy.hooks.bus import HookBus
from ccproxy.hooks.events import Event, ModelCost, RequestCompleted, RequestsPriced
from ccproxy.models.request_record import RequestRecord
from ccproxy.services.costs import CostTeller, tell_costs
from fakes.records import NOW, record

pytestmark = pytest.mark.unit


def completed(dialect_in: str | None = "openai-chat") -> RequestCompleted:
    return RequestCompleted(
        at=NOW,
        request_id="r",
        method="POST",
        route="/v1/chat/completions",
        provider="acme",
        model="m",
        status=200,
        duration=1.5,
        dialect_in=dialect_in,
    )


def cents(records: Sequence[RequestRecord]) -> Sequence[RequestRecord]:
    """Say that each request has cost a quarter of a dollar."""
    return [replace(each, cost=0.25) for each in records]


def test_known_costs_are_told_by_model() -> None:
    bus = HookBus()
    told: list[Event] = []
    bus.subscribe("test", RequestsPriced, told.append)
    tell_costs(
        bus,
        [
            record(cost=0.25),
            record(cost=0.5, model="dear"),
            record(),
            record(cost=0.125),
        ],
    )
    (event,) = told
    assert isinstance(event, RequestsPriced)
    assert event.costs == (
        ModelCost(provider="acme", model="m", requests=2, usd=0.375),
        ModelCost(provider="acme", model="dear", requests=1, usd=0.5),
    )


def test_of_costs_that_are_unknown_nothing_is_told() -> None:
    bus = HookBus()
    told: list[Event] = []
    bus.subscribe("test", RequestsPriced, told.append)
    tell_costs(bus, [record(), record()])
    assert told == []


async def test_without_a_log_costs_are_told_too() -> None:
    bus = HookBus()
    told: list[Event] = []
    bus.subscribe("test", RequestsPriced, told.append)
    teller = CostTeller(bus, cents)
    teller.start()
    for event in (completed(), completed(), completed(dialect_in=None)):
        bus.publish(event)
    await teller.stop(5)
    (priced,) = told
    assert isinstance(priced, RequestsPriced)
    assert priced.costs == (ModelCost(provider="acme", model="m", requests=2, usd=0.5),)


async def test_costs_nobody_wants_to_hear_of_are_not_looked_up() -> None:
    asked: list[Sequence[RequestRecord]] = []

    def price(records: Sequence[RequestRecord]) -> Sequence[RequestRecord]:
        asked.append(records)
        return records

    bus = HookBus()
    teller = CostTeller(bus, price)
    teller.start()
    bus.publish(completed())
    await teller.stop(5)
    assert asked == []
