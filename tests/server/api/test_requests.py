"""``/api/requests``, ``/api/stats`` and ``/api/events``: what was asked of models."""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from ccproxy.models.request_record import COUNTS
from ccproxy.services.request_log import LISTENER_SIZE, RequestLog
from ccproxy.storage.database import Database
from ccproxy.storage.duckdb import SimpleDuckDBStorage
from ccproxy.testing import RunningGateway, gateway
from fakes.databases import lay_tables
from fakes.holder import held
from fakes.records import NOW, kept, records

pytestmark = pytest.mark.integration

ON = {"storage": {"request_log": True, "retention_days": 10_000}}
CHAT = {"model": "sandbox-echo", "messages": [{"role": "user", "content": "secret"}]}


@pytest.fixture
async def running() -> AsyncIterator[RunningGateway]:
    async with gateway(settings=ON) as running:
        yield running


async def get(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def ask(
    running: RunningGateway, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    return await running.client.post("/v1/chat/completions", json=CHAT, headers=headers)


async def heard(lines: AsyncIterator[str]) -> tuple[str, str]:
    """Return the next event's name and data."""
    event = ""
    async for line in lines:
        name, _, value = line.partition(": ")
        if name == "event":
            event = value
        elif name == "data":
            return event, value
    return event, ""


async def test_a_request_to_a_model_is_kept_without_what_was_said(
    running: RunningGateway,
) -> None:
    headers = {"user-agent": "claude-cli/2.1.197 (external)", "session-id": "talk-1"}
    answer = await ask(running, headers)
    key = answer.headers["x-ccproxy-request-id"]
    told = await get(running.client, f"/api/requests/{key}")
    assert told["request_id"] == key
    expected: dict[str, object] = {
        "client": "claude-code",
        "client_version": "2.1.197",
        "session": "talk-1",
        "repository": None,
        "method": "POST",
        "route": "/v1/chat/completions",
        "provider": "sandbox",
        "account": None,
        "fallbacks": [],
        "model_requested": "sandbox-echo",
        "model": "sandbox-echo",
        "model_served": "sandbox-echo",
        "dialect_in": "openai-chat",
        "dialect_out": "openai-chat",
        "status": 200,
        "failure": None,
        "reason": None,
        "streaming": False,
        "bytes_in": len(answer.request.content),
        "bytes_out": len(answer.content),
        "chunks": 1,
        "notes": [],
        "cost": None,
        "cost_basis": None,
    }
    assert {name: told[name] for name in expected} == expected
    assert "secret" not in json.dumps(told)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", CHAT),
        (
            "/v1/chat/completions",
            {**CHAT, "stream": True, "stream_options": {"include_usage": True}},
        ),
        ("/v1/messages", {**CHAT, "max_tokens": 9}),
        ("/v1/messages", {**CHAT, "max_tokens": 9, "stream": True}),
        ("/v1/responses", {"model": "sandbox-echo", "input": "x"}),
        ("/v1/responses", {"model": "sandbox-echo", "input": "x", "stream": True}),
    ],
)
async def test_what_an_answer_has_used_is_kept_in_every_dialect(
    running: RunningGateway, path: str, body: dict[str, Any]
) -> None:
    answer = await running.client.post(path, json=body)
    assert answer.status_code == 200
    key = answer.headers["x-ccproxy-request-id"]
    told = await get(running.client, f"/api/requests/{key}")
    assert told["streaming"] == body.get("stream", False)
    assert (told["chunks"] > 1) == told["streaming"]
    assert told["model_served"] == "sandbox-echo"
    assert told["input_tokens"] > 0
    assert told["output_tokens"] > 0
    assert told["tool_calls"] == 0
    assert 0 < told["overhead"] < told["ttfb"]
    assert 0 < told["upstream_ttfb"] < told["ttfb"]
    assert all(told[name] is not None for name in COUNTS)
    (group,) = (await get(running.client, "/api/stats?by=model"))["groups"]
    assert group["counted"] == 1
    assert [group[name] for name in COUNTS] == [told[name] for name in COUNTS]


async def test_what_a_stream_was_not_asked_to_tell_is_unknown_and_never_zero(
    running: RunningGateway,
) -> None:
    answer = await running.client.post(
        "/v1/chat/completions", json={**CHAT, "stream": True}
    )
    key = answer.headers["x-ccproxy-request-id"]
    told = await get(running.client, f"/api/requests/{key}")
    assert all(told[name] is None for name in COUNTS)
    (group,) = (await get(running.client, "/api/stats?by=model"))["groups"]
    assert (group["counted"], group["input_tokens"]) == (0, None)


async def test_requests_are_counted_by_the_key_that_was_shown() -> None:
    tokens = {"security": {"client_tokens": ["first", "second"]}}
    async with gateway(settings={**ON, **tokens}) as running:
        for token in ("second", "first", "second"):
            await ask(running, {"authorization": f"Bearer {token}"})
        running.client.headers["x-api-key"] = "first"
        groups = (await get(running.client, "/api/stats?by=key"))["groups"]
        page = await get(running.client, "/api/requests?key=client_tokens[0]")
    counted = [(each["key"], each["requests"]) for each in groups]
    assert counted == [("client_tokens[1]", 2), ("client_tokens[0]", 1)]
    assert [each["key"] for each in page["requests"]] == ["client_tokens[0]"]


@pytest.mark.parametrize(
    "named",
    [
        {"prompt_cache_key": "talk-2"},
        {"metadata": {"user_id": '{"session_id":"talk-2"}'}},
    ],
)
async def test_a_conversation_that_the_body_names_is_kept(
    running: RunningGateway, named: dict[str, object]
) -> None:
    body = {**CHAT, **named, "max_tokens": 9}
    path = "/v1/messages" if "metadata" in named else "/v1/chat/completions"
    await running.client.post(path, json=body)
    page = await get(running.client, "/api/requests?session=talk-2")
    assert len(page["requests"]) == 1


async def test_costs_are_told_by_the_settings_and_added_up_by_branch() -> None:
    prices = {"models": [{"match": "sandbox-*", "input": 0, "output": 2_000_000}]}
    async with gateway(settings={**ON, "prices": prices}) as running:
        for branch in ("main", "fix%2Fx"):
            told = {"x-ccproxy-repository": "acme", "x-ccproxy-branch": branch}
            answer = await ask(running, told)
        key = answer.headers["x-ccproxy-request-id"]
        kept = await get(running.client, f"/api/requests/{key}")
        assert (kept["repository"], kept["branch"]) == ("acme", "fix/x")
        assert kept["cost"] == 2 * kept["output_tokens"]
        assert kept["cost_basis"] == "settings"
        by_branch = await get(running.client, "/api/stats?by=branch&repository=acme")
    groups = {each["key"]: each for each in by_branch["groups"]}
    assert {*groups} == {"main", "fix/x"}
    assert groups["fix/x"]["cost"] == kept["cost"]
    assert groups["fix/x"]["priced"] == 1


async def test_what_was_refused_is_kept_and_what_asks_the_gateway_is_not(
    running: RunningGateway,
) -> None:
    await running.client.get("/api/status")
    await running.client.get("/v1/models")
    await running.client.post("/v1/messages", content=b"not json")
    page = await get(running.client, "/api/requests")
    (only,) = page["requests"]
    assert (only["status"], only["failure"]) == (400, "bad_request")
    assert only["reason"].startswith("The request body is not JSON")
    assert page["next"] is None


async def test_pages_follow_each_other_and_filters_hold(
    running: RunningGateway,
) -> None:
    storage = running.app.container.get(SimpleDuckDBStorage)
    for each in (*records(5, provider="a"), *records(2, provider="b")):
        storage.put(each)
    path = "/api/requests?provider=a&status=2xx&limit=3"
    first = await get(running.client, path)
    second = await get(running.client, f"{path}&cursor={first['next']}")
    sizes = [len(each["requests"]) for each in (first, second)]
    assert (sizes, second["next"]) == ([3, 2], None)
    until = await get(running.client, f"/api/requests?until={NOW:%Y-%m-%dT%H:%M:%SZ}")
    assert until["requests"] == []


async def test_stats_count_by_what_is_asked(running: RunningGateway) -> None:
    await ask(running)
    await ask(running)
    by_model = await get(running.client, "/api/stats?by=model")
    (group,) = by_model["groups"]
    assert (group["key"], group["requests"]) == ("sandbox-echo", 2)
    by_hour = await get(running.client, "/api/stats")
    (group,) = by_hour["groups"]
    assert (group["key"], group["requests"]) == (None, 2)
    assert group["begins_at"].endswith(":00:00Z")


async def test_the_status_counts_what_became_of_records(
    running: RunningGateway,
) -> None:
    await ask(running)
    await get(running.client, "/api/requests")  # waits until all is written
    status = await get(running.client, "/api/status")
    counts = {name: status[f"records_{name}"] for name in ("written", "waiting")}
    assert counts == {"written": 1, "waiting": 0}
    assert status["records_dropped"] == 0
    async with gateway() as other:
        status = await get(other.client, "/api/status")
    assert status["records_written"] is None


@pytest.mark.parametrize(
    "query",
    ["limit=0", "cursor=x", "status=6xx", "since=2026-11-24T00:00:00", "modle=x"],
)
async def test_a_query_that_says_nothing_is_refused(
    running: RunningGateway, query: str
) -> None:
    answer = await running.client.get(f"/api/requests?{query}")
    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.json()["detail"]


async def test_a_request_nobody_made_is_a_problem(running: RunningGateway) -> None:
    answer = await running.client.get("/api/requests/nobody")
    assert answer.status_code == 404
    assert answer.json()["title"] == "unknown request"


async def test_requests_are_told_as_they_end_even_if_none_is_kept() -> None:
    async with (
        gateway() as running,
        running.client.stream("GET", "/api/events") as stream,
    ):
        lines = stream.aiter_lines()
        assert stream.headers["content-type"] == "text/event-stream"
        key = (await ask(running)).headers["x-ccproxy-request-id"]
        event, data = await heard(lines)
        assert (event, json.loads(data)["request_id"]) == ("request", key)
        page = await get(running.client, "/api/requests")
        assert page["requests"] == []


async def test_a_worker_that_knows_of_no_others_requests_says_so() -> None:
    several = {"server": {"workers": 2}}
    for settings, said in ((several, "of this server process alone"), ({}, "keep-")):
        async with (
            gateway(settings=settings) as running,
            running.client.stream("GET", "/api/events") as stream,
        ):
            assert (await anext(stream.aiter_lines())).startswith(f": {said}")


async def test_a_listener_that_is_too_slow_is_told_how_many_it_missed() -> None:
    async with gateway() as running:
        log = running.app.container.get(RequestLog)
        with log.listening() as listener:
            for each in records(LISTENER_SIZE + 5):
                listener.tell(each)
            assert listener.missed == 5
            assert await listener.next() is not None


async def test_listening_ends_when_the_gateway_begins_to_stop() -> None:
    async with gateway() as running:
        async with running.client.stream("GET", "/api/events") as stream:
            lines = stream.aiter_lines()
            assert await anext(lines) == ": keep-alive"
            running.app._begin_to_stop()
            assert [line async for line in lines] == [""]
        async with running.client.stream("GET", "/api/events") as late:
            assert [line async for line in late.aiter_lines()] == [": keep-alive", ""]


async def test_a_silent_stream_is_kept_alive() -> None:
    settings = {"server": {"keepalive_seconds": 0.01}}
    async with (
        gateway(settings=settings) as running,
        running.client.stream("GET", "/api/events") as stream,
    ):
        lines = stream.aiter_lines()
        told = [await anext(lines) for _ in range(4)]
        assert told == [": keep-alive", ""] * 2


async def test_a_gateway_without_a_database_relays_and_says_503(
    tmp_path: Path,
) -> None:
    (tmp_path / "data").write_text("in the way")
    url = f"duckdb:///{tmp_path}/data/ccproxy.duckdb"
    settings = {
        "storage": {"request_log": True, "url": url},
        "server": {"grace_seconds": 0},
    }
    async with gateway(settings=settings) as running:
        assert (await ask(running)).status_code == 200
        answer = await running.client.get("/api/requests")
        assert answer.status_code == 503
        assert (await ask(running)).status_code == 200


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database that has all tables, in a file of its own."""
    file = tmp_path / "data/ccproxy.duckdb"
    lay_tables(file)
    return file


async def test_a_file_that_somebody_holds_slows_no_request(file: Path) -> None:
    storage = {"request_log": True, "url": f"duckdb:///{file}", "flush_seconds": 0}
    async with gateway(settings={"storage": storage}) as running:
        with held(file) as holder:
            for _ in range(5):
                assert (await ask(running)).status_code == 200
            status = await get(running.client, "/api/status")
            assert (status["records_written"], status["records_dropped"]) == (0, 0)
            holder.kill()
        await running.app.container.get(SimpleDuckDBStorage).flush(30)
        page = await get(running.client, "/api/requests")
    assert len(page["requests"]) == 5


async def test_stopping_writes_what_has_just_been_asked(file: Path) -> None:
    storage = {"request_log": True, "url": f"duckdb:///{file}", "flush_seconds": 1000}
    async with gateway(settings={"storage": storage}) as running:
        key = (await ask(running)).headers["x-ccproxy-request-id"]
    database = Database(f"duckdb:///{file}")
    assert [each.request_id for each in await kept(database)] == [key]
    await database.close()


async def test_settings_say_how_records_are_kept(tmp_path: Path) -> None:
    storage = {
        "request_log": True,
        "queue_size": 7,
        "batch_size": 5,
        "flush_seconds": 3,
        "lag_warning_seconds": 4,
        "retention_days": 9,
        "archive_dir": str(tmp_path),
    }
    settings = {"storage": storage, "capture": {"retention_days": 2}}
    async with gateway(settings=settings) as running:
        keeps = running.app.container.get(SimpleDuckDBStorage)
    worker, options = keeps._background_worker, keeps._options
    assert (worker._size, worker._batch) == (7, 5)
    assert (worker._linger, worker._lag_warning) == (3, 4)
    assert (options.retention_days, options.bodies_days) == (9, 2)
    assert options.archive_dir == tmp_path


async def test_openapi_has_the_types() -> None:
    async with gateway() as running:
        api = await get(running.client, "/api/openapi.json")
    paths = api["paths"]
    listing = paths["/api/requests"]["get"]
    names = {each["name"] for each in listing["parameters"]}
    assert {"provider", "status", "since", "limit", "cursor"} <= names
    schema = listing["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/RequestsPage"}
    assert [*paths["/api/events"]["get"]["responses"]["200"]["content"]] == [
        "text/event-stream"
    ]
