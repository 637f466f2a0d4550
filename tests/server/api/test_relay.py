"""Answers pass as they come, and everybody learns how they ended."""

import asyncio
from collections.abc import Mapping, Sequence

import httpx
import orjson
import pytest

from ccproxy.dialects.sse import EventSplitter, ServerSentEvent, parse_event
from ccproxy.hooks.events import (
    Failure,
    RequestCompleted,
    RequestFailed,
    RequestStarted,
    StreamChunk,
)
from ccproxy.sdk import (
    Contributions,
    Endpoint,
    Manifest,
    NoCredential,
    Plugin,
    PluginConfig,
    Provider,
    UpstreamRequest,
)
from ccproxy.sdk.errors import CredentialError
from ccproxy.testing import RunningGateway
from fakes.vendor import KEY, Vendor, failure, pieces, whole
from fakes.world import Start, Witness

pytestmark = pytest.mark.integration

USER: list[object] = [{"role": "user", "content": "hi"}]
ASKS: dict[str, dict[str, object]] = {
    "/v1/chat/completions": {"messages": USER},
    "/v1/messages": {"messages": USER, "max_tokens": 9},
    "/v1/responses": {"input": "hi"},
}
PATHS = pytest.mark.parametrize("path", list(ASKS))


def ask(path: str, model: str, **more: object) -> dict[str, object]:
    return {"model": model, **ASKS[path], **more}


@PATHS
async def test_a_whole_answer_passes_byte_for_byte(
    path: str, running: RunningGateway, fake: Vendor
) -> None:
    answer = await running.client.post(path, json=ask(path, "m"))
    assert answer.content == orjson.dumps(whole(path, "m"))
    assert answer.headers["x-request-id"] == "vendor-1"
    assert "set-cookie" not in answer.headers


@PATHS
async def test_a_stream_passes_byte_for_byte(
    path: str, running: RunningGateway
) -> None:
    answer = await running.client.post(path, json=ask(path, "m", stream=True))
    assert answer.content == b"".join(pieces(path, "m"))
    assert answer.headers["content-type"].startswith("text/event-stream")


@PATHS
async def test_the_request_goes_on_as_it_came(
    path: str, running: RunningGateway, fake: Vendor
) -> None:
    """Odd white space, key order and unknown fields are the caller's own affair."""
    body = orjson.dumps(
        ask(path, "m", zzz={"b": 1.0, "a": None}), option=orjson.OPT_INDENT_2
    )
    await running.client.post(
        path,
        content=body,
        headers={
            "content-type": "application/json",
            "anthropic-beta": "new-thing",
            "openai-organization": "org",
            "cookie": "private=1",
            "x-forwarded-for": "10.0.0.1",
            "authorization": "Bearer whatever",
        },
    )
    assert fake.last.body == body
    assert fake.last.headers["anthropic-beta"] == "new-thing"
    assert fake.last.headers["openai-organization"] == "org"


async def test_json_is_sent_as_json_whatever_curl_calls_it(
    running: RunningGateway, fake: Vendor
) -> None:
    answer = await running.client.post(
        "/v1/messages",
        content=orjson.dumps(ask("/v1/messages", "m")),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 200
    assert fake.last.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/", "/v1", "/openai", "/openai/v1"])
async def test_a_client_that_probes_its_base_url_is_greeted(
    path: str, running: RunningGateway
) -> None:
    assert (await running.client.head(path)).status_code == 200
    assert (await running.client.get(path)).json()["name"] == "ccproxy"


async def test_the_query_goes_on_and_chooses_no_other_url(
    running: RunningGateway, fake: Vendor
) -> None:
    for query in ("beta=true", "a=b%20c&d=%2F..%2F", "@evil.example/", "#x"):
        body = ask("/v1/messages", "m")
        answer = await running.client.post(f"/v1/messages?{query}", json=body)
        assert answer.status_code == 200
        assert fake.last.path == "/v1/messages"
    assert [seen.query for seen in fake.seen[:2]] == ["beta=true", "a=b%20c&d=%2F..%2F"]


@PATHS
async def test_every_piece_goes_out_when_it_comes(
    path: str, running: RunningGateway, fake: Vendor
) -> None:
    expected = list(pieces(path, "slow"))
    request = running.client.stream("POST", path, json=ask(path, "slow", stream=True))
    async with request as answer:
        chunks = answer.aiter_raw()
        for piece in expected:
            fake.go.set()
            got = b""
            while len(got) < len(piece):
                got += await anext(chunks)
            assert got == piece


@PATHS
async def test_an_upstream_that_dies_becomes_one_terminal_error_event(
    path: str, running: RunningGateway
) -> None:
    answer = await running.client.post(path, json=ask(path, "die", stream=True))
    last = events(answer.content)[-1]
    assert "broke off" in last.data.decode()
    assert b"[DONE]" not in answer.content
    assert error_of(path, last.data)


@PATHS
async def test_a_stream_without_its_terminal_event_is_a_failure(
    path: str, running: RunningGateway
) -> None:
    answer = await running.client.post(path, json=ask(path, "cut", stream=True))
    assert "before the answer was complete" in error_of(
        path, events(answer.content)[-1].data
    )


@PATHS
async def test_an_event_that_was_cut_does_not_swallow_the_error(
    path: str, running: RunningGateway
) -> None:
    """The upstream closes well, but in the middle of an event."""
    answer = await running.client.post(path, json=ask(path, "torn", stream=True))
    last = events(answer.content)[-1]
    assert "before the answer was complete" in error_of(path, last.data)


@PATHS
async def test_a_failure_the_upstream_reports_passes_as_it_is(
    path: str, running: RunningGateway
) -> None:
    answer = await running.client.post(path, json=ask(path, "failed", stream=True))
    assert answer.content.endswith(failure(path))


@PATHS
async def test_a_missing_content_type_does_not_matter(
    path: str, running: RunningGateway
) -> None:
    answer = await running.client.post(path, json=ask(path, "plain", stream=True))
    assert answer.content == b"".join(pieces(path, "plain"))


@PATHS
async def test_json_in_place_of_a_stream_passes(
    path: str, running: RunningGateway
) -> None:
    answer = await running.client.post(path, json=ask(path, "json", stream=True))
    assert answer.json() == whole(path, "json")


@PATHS
async def test_a_stream_compressed_without_being_asked_passes_as_it_is(
    path: str, running: RunningGateway, fake: Vendor
) -> None:
    answer = await running.client.post(path, json=ask(path, "zipped", stream=True))
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.content == b"".join(pieces(path, "zipped"))  # unpacked by the client
    assert fake.last.headers["accept-encoding"] == "identity"


@PATHS
async def test_an_upstreams_error_passes_with_status_and_headers(
    path: str, running: RunningGateway
) -> None:
    answer = await running.client.post(path, json=ask(path, "busy", stream=True))
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "7"
    assert answer.headers["x-request-id"] == "v1"
    assert answer.json()["error"]["message"] == "slow down"


async def test_html_errors_pass_too(running: RunningGateway) -> None:
    path = "/v1/messages"
    answer = await running.client.post(path, json=ask(path, "html"))
    assert (answer.status_code, answer.text) == (502, "<html>bad gateway</html>")


@PATHS
async def test_no_redirect_is_followed_or_passed_on(
    path: str, running: RunningGateway, fake: Vendor
) -> None:
    answer = await running.client.post(path, json=ask(path, "moved"))
    assert answer.status_code == 502
    assert "redirected" in error_of(path, answer.content)
    assert "location" not in answer.headers
    assert len(fake.seen) == 1


@PATHS
async def test_an_upstream_that_hangs_up_is_a_clear_error(
    path: str, running: RunningGateway
) -> None:
    answer = await running.client.post(path, json=ask(path, "gone"))
    assert answer.status_code == 502
    assert "without an answer" in error_of(path, answer.content)


@pytest.mark.parametrize("model", ["slow", "silent"])
@PATHS
async def test_a_client_that_leaves_closes_the_upstream(
    path: str, model: str, running: RunningGateway, fake: Vendor, witness: Witness
) -> None:
    async with httpx.AsyncClient(base_url=running.url) as leaver:
        asking = asyncio.create_task(
            leaver.post(path, json=ask(path, model, stream=True))
        )
        await fake.waiting.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    async with asyncio.timeout(1):
        await fake.aborted.wait()
    await running.client.get("/health/live")  # a turn of the loop later
    failed = [event for event in witness.ended if isinstance(event, RequestFailed)]
    assert [event.failure for event in failed] == [Failure.CLIENT_LEFT]


async def test_a_stream_read_to_its_end_keeps_the_upstreams_connection(
    running: RunningGateway, fake: Vendor
) -> None:
    path = "/v1/chat/completions"
    for _ in range(5):
        await running.client.post(path, json=ask(path, "m", stream=True))
    assert fake.connections == 1


async def test_a_silent_stream_is_kept_alive(start: Start, fake: Vendor) -> None:
    """Comments for OpenAI's dialects, ping events for Anthropic's; both are ignored."""
    running = await start({"server": {"keepalive_seconds": 0.05}})
    for path, sign in (
        ("/v1/chat/completions", b": keep-alive\n\n"),
        ("/v1/messages", b'event: ping\ndata: {"type": "ping"}\n\n'),
    ):
        body = ask(path, "slow", stream=True)
        async with running.client.stream("POST", path, json=body) as answer:
            assert await anext(answer.aiter_raw()) == sign


async def test_a_credential_is_renewed_once_and_the_refusal_is_closed(
    start: Start,
) -> None:
    upstream = _Refuses()
    key = _Renews()

    class Renewing(Plugin[PluginConfig]):
        manifest = Manifest("renewing", "1")

        def setup(self, add: Contributions) -> None:
            add.provider(
                Provider(
                    name="renewing",
                    base_url="http://x.invalid/v1",
                    endpoints=[Endpoint.CHAT],
                    auth=key,
                    upstream=upstream,
                )
            )

    running = await start(None, Renewing)
    path = "/renewing/v1/chat/completions"
    body = ask("/v1/chat/completions", "m")
    assert (await running.client.post(path, json=body)).status_code == 200
    assert upstream.keys == ["old", "new"]
    key.fails = True
    assert (await running.client.post(path, json=body)).status_code == 401
    assert all(answer.closed for answer in upstream.answers)


class _Renews(NoCredential):
    """Renews itself, or fails to."""

    key = "old"
    fails = False

    async def headers(self) -> dict[str, str]:
        return {"authorization": self.key}

    async def renew(self, rejected: Mapping[str, str]) -> bool:
        if self.fails:
            raise CredentialError("The login was revoked.")
        assert rejected == {"authorization": "old"}
        self.key = "new"
        return True


class _Answer:
    """An answer that knows whether it was closed."""

    headers: Sequence[tuple[bytes, bytes]] = ((b"content-type", b"application/json"),)

    def __init__(self, status: int) -> None:
        self.status = status
        self.closed = False
        self._rest = [b"{}"]

    async def chunk(self) -> bytes:
        return self._rest.pop() if self._rest else b""

    def close(self) -> None:
        self.closed = True


class _Refuses:
    """Takes the new key once, and never again any."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.answers: list[_Answer] = []

    async def send(self, request: UpstreamRequest) -> _Answer:
        self.keys.append(request.headers["authorization"])
        self.answers.append(_Answer(200 if len(self.keys) == 2 else 401))
        return self.answers[-1]


async def test_a_plugin_can_listen_to_chunks(start: Start) -> None:
    heard: list[StreamChunk] = []

    class Listener(Plugin[PluginConfig]):
        manifest = Manifest("listener", "1")

        def setup(self, add: Contributions) -> None:
            add.hook(StreamChunk, heard.append)

    running = await start(None, Listener)
    path = "/v1/messages"
    answer = await running.client.post(path, json=ask(path, "m", stream=True))
    assert b"".join(chunk.data for chunk in heard) == answer.content


@pytest.mark.parametrize(("model", "status"), [("silent", 504), ("slow", 200)])
async def test_silence_is_told_from_an_end(
    start: Start, fake: Vendor, witness: Witness, model: str, status: int
) -> None:
    openai = {"base_url": f"{fake.url}/v1", "api_key": KEY}
    running = await start(
        {"http": {"read_timeout": 0.1}, "plugins": {"openai": openai}}
    )
    path = "/v1/chat/completions"
    answer = await running.client.post(path, json=ask(path, model, stream=True))
    assert answer.status_code == status
    assert b"upstream_timeout" in answer.content
    (ended,) = witness.ended
    assert isinstance(ended, RequestFailed)
    assert ended.failure is Failure.UPSTREAM_TIMEOUT


async def test_the_events_tell_what_happened(
    running: RunningGateway, witness: Witness
) -> None:
    path = "/openai/v1/chat/completions"
    body = ask("/v1/chat/completions", "m", stream=True)
    answer = await running.client.post(path, json=body)
    started, completed = witness.events
    assert isinstance(started, RequestStarted)
    assert isinstance(completed, RequestCompleted)
    assert started.request_id == completed.request_id
    assert answer.headers["x-ccproxy-request-id"] == completed.request_id
    assert answer.headers["x-ccproxy-provider"] == "openai"
    assert completed.route == "/{provider}/v1/chat/completions"
    assert (completed.provider, completed.model) == ("openai", "m")
    assert completed.dialect_in == completed.dialect_out == "openai-chat"
    assert (completed.status, completed.streaming) == (200, True)
    assert completed.bytes_out == len(answer.content)
    assert completed.ttfb is not None
    assert 0 < completed.ttfb <= completed.duration


def events(body: bytes) -> list[ServerSentEvent]:
    splitter = EventSplitter()
    blocks = [*splitter.feed(body), splitter.flush()]
    return [parse_event(block) for block in blocks if block.strip()]


def error_of(path: str, data: bytes) -> str:
    """Read an error in the path's own dialect."""
    payload = orjson.loads(data)
    if path == "/v1/messages":
        assert payload["type"] == "error"
    elif path == "/v1/responses" and "error" not in payload:
        assert payload["type"] == "error"
        return str(payload["message"])
    return str(payload["error"]["message"])
