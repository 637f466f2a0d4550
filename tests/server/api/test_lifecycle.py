"""STARTED, then exactly one of COMPLETED or FAILED, whatever happens."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from ccproxy.api.streams import OpenStreams
from ccproxy.hooks.events import (
    Failure,
    RequestCompleted,
    RequestEnded,
    RequestFailed,
    RequestStarted,
)
from ccproxy.plugins.openai import OpenAIPlugin
from ccproxy.sdk import Contributions, Manifest, Plugin, PluginConfig, Request, Route
from ccproxy.sdk import Response as Answer
from ccproxy.testing import RunningGateway, gateway
from fakes.vendor import Vendor, vendor
from fakes.world import Witness

pytestmark = pytest.mark.integration

Outcome: TypeAlias = tuple[int | None, Failure | None]
Step: TypeAlias = Callable[[RunningGateway, Vendor], Awaitable[None]]

PATH = "/openai/v1/chat/completions"
ROUTED = "/v1/chat/completions"
ROUTES = {
    "one": ["down", "openai/full", "openai/m"],
    "none": ["openai/503", "down"],
    "down": ["down/a", "down/b"],
    "dying": ["openai/full", "openai/die"],
}
"""Targets by the model's name."""


def body(model: str, *, stream: bool = True) -> dict[str, object]:
    messages = [{"role": "user", "content": "x"}]
    return {"model": model, "messages": messages, "stream": stream}


def post(model: str, *, stream: bool = True, path: str = PATH) -> Step:
    async def step(running: RunningGateway, fake: Vendor) -> None:
        del fake
        await running.client.post(path, json=body(model, stream=stream))

    return step


def get(path: str, method: str = "GET", **headers: str) -> Step:
    async def step(running: RunningGateway, fake: Vendor) -> None:
        del fake
        await running.client.request(method, path, headers=headers)

    return step


async def leave(running: RunningGateway, fake: Vendor) -> None:
    fake.waiting.clear()
    fake.aborted.clear()
    async with httpx.AsyncClient(base_url=running.url) as leaver:
        asking = asyncio.create_task(leaver.post(PATH, json=body("silent")))
        await fake.waiting.wait()
        asking.cancel()
        await asyncio.wait({asking})
    await fake.aborted.wait()


async def raw_junk(running: RunningGateway, fake: Vendor) -> None:
    del fake
    await running.client.post(PATH, content=b"{")


STEPS: dict[str, tuple[Step, Outcome]] = {
    "stream": (post("m"), (200, None)),
    "plain": (post("m", stream=False), (200, None)),
    "upstream 429": (post("busy"), (429, None)),
    "upstream 502": (post("html"), (502, None)),
    "no answer": (post("gone"), (502, Failure.UPSTREAM_DIED)),
    "death mid-stream": (post("die"), (200, Failure.UPSTREAM_DIED)),
    "early end": (post("cut"), (200, Failure.UPSTREAM_DIED)),
    "reported failure": (post("failed"), (200, Failure.UPSTREAM_FAILED)),
    "redirect": (post("moved"), (502, Failure.UPSTREAM_DIED)),
    "no connection": (
        post("m", path="/down/v1/chat/completions"),
        (502, Failure.UPSTREAM_UNREACHABLE),
    ),
    "a fallback answers": (post("one", path=ROUTED), (200, None)),
    "all fallbacks fail": (post("none", path=ROUTED), (503, None)),
    "no fallback is reached": (
        post("down", path=ROUTED),
        (502, Failure.UPSTREAM_UNREACHABLE),
    ),
    "a fallback dies": (post("dying", path=ROUTED), (200, Failure.UPSTREAM_DIED)),
    "client leaves": (leave, (None, Failure.CLIENT_LEFT)),
    "junk": (raw_junk, (400, Failure.BAD_REQUEST)),
    "no provider": (
        post("m", path="/gone/v1/chat/completions"),
        (404, Failure.BAD_REQUEST),
    ),
    "no page": (get("/nowhere"), (404, Failure.BAD_REQUEST)),
    "wrong method": (get(PATH), (405, Failure.BAD_REQUEST)),
    "refused host": (get("/", host="evil.example"), (403, Failure.REFUSED)),
    "health": (get("/health/live"), (200, None)),
    "models": (get("/openai/v1/models"), (200, None)),
    "plugin route": (get("/fine"), (200, None)),
    "broken plugin route": (get("/broken"), (500, Failure.INTERNAL)),
}


class Odd(Plugin[PluginConfig]):
    """Has a route that works and one that does not."""

    manifest = Manifest("odd", "1")

    def setup(self, add: Contributions) -> None:
        add.routes(Route("/fine", self.fine), Route("/broken", self.broken))

    async def fine(self, request: Request) -> Answer:
        return Answer(request.path.encode())

    async def broken(self, request: Request) -> Answer:
        raise ZeroDivisionError(request.path)


def test_each_kind_of_outcome_is_tried() -> None:
    failures = {failure for _, (_, failure) in STEPS.values()}
    elsewhere = {
        Failure.LIMITED,
        Failure.SHUTDOWN,
        Failure.NO_CREDENTIAL,
        Failure.UPSTREAM_TIMEOUT,
    }
    assert failures | elsewhere == {*Failure, None}


@settings(max_examples=12, deadline=None)
@given(st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=8))
async def test_started_then_exactly_one_end(names: list[str]) -> None:
    witness = Witness()
    async with vendor() as fake, run(fake, witness) as running:
        for name in names:
            fake.go.clear()
            await STEPS[name][0](running, fake)
    check_pairs(witness, [STEPS[name][1] for name in names])


async def test_every_step_alone() -> None:
    witness = Witness()
    async with vendor() as fake, run(fake, witness) as running:
        for name in STEPS:
            fake.go.clear()
            await STEPS[name][0](running, fake)
    check_pairs(witness, [outcome for _, outcome in STEPS.values()])


async def test_many_at_once_are_kept_apart() -> None:
    witness = Witness()
    async with vendor() as fake, run(fake, witness) as running:
        models = ["m", "busy", "cut", "die", "failed"] * 10
        await asyncio.gather(*(post(model)(running, fake) for model in models))
    by_id: dict[str, list[str]] = {}
    for event in witness.events:
        assert isinstance(event, RequestStarted | RequestEnded)
        by_id.setdefault(event.request_id, []).append(event.name)
    assert len(by_id) == 50
    assert all(len(names) == 2 for names in by_id.values())
    assert all(names[0] == "request_started" for names in by_id.values())


async def test_a_limited_request_fails_as_limited() -> None:
    witness = Witness()
    limited = {"limits": {"enabled": True, "requests": "2/hour"}}
    async with vendor() as fake, run(fake, witness, limited) as running:
        for _ in range(2):
            answer = await running.client.post(PATH, json=body("m"))
            assert answer.status_code == 200
        refused = await running.client.post(PATH, json=body("m"))
        assert (await running.client.get("/health/live")).status_code == 200
    assert refused.status_code == 429
    assert 3590 <= int(refused.headers["retry-after"]) <= 3600
    assert refused.json()["error"]["type"] == "rate_limit_error"
    assert len(fake.seen) == 2
    check_pairs(
        witness,
        [(200, None), (200, None), (429, Failure.LIMITED), (200, None)],
    )


async def test_what_somebody_may_want_to_mend_is_a_warning_in_the_log() -> None:
    with capture_logs() as logs:
        async with vendor() as fake, run(fake, Witness()) as running:
            for model in ("m", "busy", "html", "gone"):
                await running.client.post(PATH, json=body(model))
            await running.client.get("/nowhere")
    lines = [each for each in logs if each["event"] == "request"]
    assert [(each["status"], each["log_level"]) for each in lines] == [
        (200, "info"),
        (429, "info"),
        (502, "warning"),
        (502, "warning"),
        (404, "info"),
    ]


async def test_a_missing_credential_fails_as_such(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    witness = Witness()
    async with gateway(OpenAIPlugin, witness.plugin()) as running:
        answer = await running.client.post(PATH, json=body("m"))
    assert answer.status_code == 401
    assert "OPENAI_API_KEY" in answer.json()["error"]["message"]
    check_pairs(witness, [(401, Failure.NO_CREDENTIAL)])


async def test_stopping_ends_open_streams_with_a_terminal_event() -> None:
    witness = Witness()
    async with (
        vendor() as fake,
        run(fake, witness) as running,
        httpx.AsyncClient(base_url=running.url) as client,
    ):
        asking = asyncio.create_task(client.post(PATH, json=body("slow")))
        await fake.waiting.wait()
        fake.go.set()
        fake.waiting.clear()
        await fake.waiting.wait()  # the second piece, so the first is out
        running.app.container.get(OpenStreams).interrupt_all()
        stream = await asking
        refused = await client.post(PATH, json=body("m"))
    assert stream.status_code == 200
    assert b"The gateway was stopped" in stream.content
    assert b"[DONE]" not in stream.content
    assert refused.status_code == 503
    check_pairs(witness, [(200, Failure.SHUTDOWN), (503, Failure.SHUTDOWN)])


@pytest.mark.parametrize(
    ("given_id", "kept"),
    [
        ("abc-123_X.y", True),
        ("a" * 128, True),
        ("a" * 129, False),
        ("with space", False),
        ("../../etc/passwd", False),
        ("<script>", False),
        ("sk-" + "proj-abcdefghijklmnopqrstuvwx", False),
        ("", False),
    ],
)
async def test_a_callers_request_id_is_used_only_if_it_is_harmless(
    given_id: str, *, kept: bool
) -> None:
    witness = Witness()
    async with vendor() as fake, run(fake, witness) as running:
        answer = await running.client.get(
            "/health/live", headers={"x-request-id": given_id}
        )
    assert (answer.headers["x-ccproxy-request-id"] == given_id) is kept


def run(
    fake: Vendor, witness: Witness, more: Mapping[str, object] | None = None
) -> AbstractAsyncContextManager[RunningGateway]:
    openai = {
        "base_url": f"{fake.url}/v1",
        "api_key": fake.key,
        "instances": {"down": {"base_url": "http://127.0.0.1:9/v1"}},
    }
    routes = [{"match": name, "to": to} for name, to in ROUTES.items()]
    routing = {"routes": routes, "circuit_failures": 0}
    tree = {"plugins": {"openai": openai}, "routing": routing, **(more or {})}
    return gateway(OpenAIPlugin, Odd, witness.plugin(), settings=tree)


def check_pairs(witness: Witness, expected: list[Outcome]) -> None:
    """One at a time, so each start is followed by its own end."""
    events = witness.events
    assert len(events) == 2 * len(expected)
    for started, ended, (status, failure) in zip(
        events[::2], events[1::2], expected, strict=True
    ):
        assert isinstance(started, RequestStarted)
        assert isinstance(ended, RequestCompleted | RequestFailed)
        assert started.request_id == ended.request_id
        assert ended.status == status
        assert getattr(ended, "failure", None) == failure
