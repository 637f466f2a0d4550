"""Hooks observe, and can do no harm."""

import asyncio
import time
from datetime import UTC, datetime

import pytest
import structlog

from ccproxy.hooks.bus import HookBus
from ccproxy.hooks.events import (
    EVENTS,
    Event,
    HookEvent,
    PluginFailed,
    PluginStarted,
    StreamChunk,
)

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def started(name: str = "x") -> PluginStarted:
    return PluginStarted(at=NOW, plugin=name)


def chunk(data: bytes = b"x") -> StreamChunk:
    return StreamChunk(at=NOW, request_id="1", data=data)


async def test_plain_functions_are_called_at_once_in_the_order_of_subscription() -> (
    None
):
    bus = HookBus()
    seen: list[str] = []
    bus.subscribe("b", PluginStarted, lambda _: seen.append("first"))
    bus.subscribe("a", PluginStarted, lambda _: seen.append("second"))
    bus.publish(started())
    assert seen == ["first", "second"]


async def test_coroutine_functions_of_one_owner_see_events_in_order() -> None:
    bus = HookBus()
    seen: list[str] = []

    async def on_started(event: Event) -> None:
        await asyncio.sleep(0)
        seen.append(event.name)

    async def on_failed(event: Event) -> None:
        seen.append(event.name)

    bus.subscribe("a", PluginStarted, on_started)
    bus.subscribe("a", PluginFailed, on_failed)
    bus.start()
    bus.publish(started())
    bus.publish(PluginFailed(at=NOW, plugin="x", reason="y"))
    await bus.stop()
    assert seen == [HookEvent.PLUGIN_STARTED, HookEvent.PLUGIN_FAILED]


async def test_a_raising_hook_is_logged_and_the_others_are_told() -> None:
    bus = HookBus()
    seen: list[Event] = []

    def fail(event: Event) -> None:
        raise ValueError(event.name)

    async def fail_later(event: Event) -> None:
        raise ValueError(event.name)

    bus.subscribe("bad", PluginStarted, fail)
    bus.subscribe("bad", PluginStarted, fail_later)
    bus.subscribe("good", PluginStarted, seen.append)
    bus.start()
    with structlog.testing.capture_logs() as logs:
        bus.publish(started())
        await bus.stop()
    assert len(seen) == 1
    assert bus.failures == 2
    assert [line["event"] for line in logs] == ["hook_failed", "hook_failed"]


async def test_a_hanging_hook_is_cut_off_and_the_next_event_comes() -> None:
    bus = HookBus(timeout=0.01)
    seen: list[str] = []

    async def hang_once(event: Event) -> None:
        seen.append(event.name)
        if len(seen) == 1:
            await asyncio.Event().wait()

    bus.subscribe("a", PluginStarted, hang_once)
    bus.start()
    bus.publish(started())
    bus.publish(started())
    with structlog.testing.capture_logs():
        await bus.stop()
    assert len(seen) == 2
    assert bus.failures == 1


async def test_publishing_never_waits_for_a_slow_hook() -> None:
    bus = HookBus()

    async def slow(event: Event) -> None:
        del event
        await asyncio.sleep(0.05)

    bus.subscribe("a", PluginStarted, slow)
    bus.start()
    began = time.monotonic()
    for _ in range(100):
        bus.publish(started())
    assert time.monotonic() - began < 0.05
    with structlog.testing.capture_logs():
        await bus.stop(grace=0)


async def test_chunks_never_push_out_a_life_cycle_event() -> None:
    """However many chunks overflow their lane, a life-cycle event is delivered."""
    bus = HookBus(queue_size=5)
    seen: list[str] = []

    async def note(event: Event) -> None:
        seen.append(event.name)

    bus.subscribe("a", StreamChunk, note)
    bus.subscribe("a", PluginStarted, note)
    with structlog.testing.capture_logs():
        for _ in range(50):
            bus.publish(chunk())
        bus.publish(started())
    bus.start()
    await bus.stop()
    assert seen.count(HookEvent.PLUGIN_STARTED) == 1
    assert seen.count(HookEvent.STREAM_CHUNK) == 5


async def test_nobody_builds_an_event_nobody_wants() -> None:
    bus = HookBus()
    assert not bus.wanted(StreamChunk)
    bus.subscribe("a", StreamChunk, lambda _: None)
    assert bus.wanted(StreamChunk)


async def test_a_slow_plain_function_is_named_in_the_log() -> None:
    bus = HookBus()
    bus.subscribe("lazy", PluginStarted, lambda _: time.sleep(0.06))
    with structlog.testing.capture_logs() as logs:
        bus.publish(started())
    assert [(line["event"], line["owner"]) for line in logs] == [("hook_slow", "lazy")]


def test_every_event_has_a_name_of_its_own_and_is_documented() -> None:
    assert sorted(event.name for event in EVENTS) == sorted(HookEvent)
    assert all(event.__doc__ for event in EVENTS)


@pytest.mark.parametrize("error", [asyncio.CancelledError, SystemExit])
async def test_no_kind_of_failure_ends_an_owners_lane(
    error: type[BaseException],
) -> None:
    """Not even that of something cancelled which the hook waited for."""
    bus = HookBus()
    seen: list[str] = []

    async def fail_once(event: Event) -> None:
        seen.append(event.name)
        if len(seen) == 1:
            raise error

    bus.subscribe("a", PluginStarted, fail_once)
    bus.start()
    with structlog.testing.capture_logs():
        for _ in range(3):
            bus.publish(started())
        await bus.stop()
    assert len(seen) == 3
    assert bus.failures == 1
