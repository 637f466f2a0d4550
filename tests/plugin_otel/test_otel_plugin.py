"""What a receiver is told of requests that a gateway was asked."""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from structlog.testing import capture_logs
from websockets.asyncio.client import connect

from ccproxy.errors import ConfigError
from ccproxy.plugins.otel import OtelPlugin
from ccproxy.testing import RunningGateway, gateway
from fakes.otlp import Receiver, facts, receiving
from fakes.strict import StrictUpstream, strict_plugin

pytestmark = pytest.mark.integration

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
SAID = [{"role": "user", "content": "one two three"}]
TOKEN = "sk-ant-api03-" + "a1B2" * 12


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
def upstream() -> StrictUpstream:
    return StrictUpstream()


def run(
    receiver: Receiver, upstream: StrictUpstream, **section: object
) -> AbstractAsyncContextManager[RunningGateway]:
    """A gateway whose stop sends all that there is to send."""
    told = {"enabled": True, "endpoint": receiver.url, **section}
    plugins = OtelPlugin, strict_plugin(upstream)
    return gateway(*plugins, settings={"plugins": {"otel": told}})


async def chat(
    running: RunningGateway, model: str = "sandbox-echo", **headers: str
) -> int:
    body = {"model": model, "messages": SAID, "stream": "slow" in model}
    path = "/only-chat/v1/chat/completions"
    answer = await running.client.post(path, json=body, headers=headers)
    return answer.status_code


async def test_a_request_is_a_span_in_the_words_of_the_conventions(
    receiver: Receiver, upstream: StrictUpstream
) -> None:
    async with run(receiver, upstream) as running:
        await chat(running)
    (span,) = receiver.spans
    told = facts(span.attributes)
    assert (span.name, span.kind) == ("chat sandbox-echo", Span.SPAN_KIND_CLIENT)
    assert told["gen_ai.operation.name"] == "chat"
    assert told["gen_ai.provider.name"] == "only-chat"
    assert told["gen_ai.request.model"] == "sandbox-echo"
    assert told["gen_ai.response.model"] == "sandbox-echo"
    assert told["gen_ai.usage.input_tokens"] == told["gen_ai.usage.output_tokens"] == 3
    assert told["http.route"] == "/{provider}/v1/chat/completions"
    assert told["http.response.status_code"] == 200
    assert span.status.code == Status.STATUS_CODE_UNSET
    assert span.end_time_unix_nano > span.start_time_unix_nano
    assert receiver.resources[0]["service.name"] == "ccproxy"
    assert "one two three" not in str(receiver.spans)


async def test_a_trace_goes_through_the_gateway(
    receiver: Receiver, upstream: StrictUpstream
) -> None:
    async with run(receiver, upstream) as running:
        await chat(running, traceparent=TRACEPARENT, tracestate="vendor=1")
    (span,) = receiver.spans
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    (asked,) = upstream.seen
    assert asked.headers["traceparent"] == f"00-{TRACE}-{span.span_id.hex()}-01"
    assert asked.headers["tracestate"] == "vendor=1"


async def test_a_trace_goes_into_another_dialect_and_begins_where_there_is_none(
    receiver: Receiver, upstream: StrictUpstream
) -> None:
    async with run(receiver, upstream) as running:
        body = {"model": "sandbox-echo", "messages": SAID, "max_tokens": 9}
        await running.client.post("/only-chat/v1/messages", json=body)
    (span,) = receiver.spans
    (asked,) = upstream.seen
    trace, parent = asked.headers["traceparent"].split("-")[1:3]
    assert (trace, parent) == (span.trace_id.hex(), span.span_id.hex())
    assert span.parent_span_id == b""


async def test_each_frame_of_a_socket_has_a_span(
    receiver: Receiver, upstream: StrictUpstream
) -> None:
    async with run(receiver, upstream) as running:
        url = running.url.replace("http", "ws") + "/only-chat/v1/responses"
        headers = {"traceparent": TRACEPARENT}
        async with connect(url, additional_headers=headers) as socket:
            for _ in range(2):
                asked = {"type": "response.create", "model": "sandbox-echo"}
                await socket.send(json.dumps({**asked, "input": "x"}))
                while json.loads(await socket.recv())["type"] != "response.completed":
                    pass
    assert [each.name for each in receiver.spans] == ["chat sandbox-echo"] * 2
    assert {each.parent_span_id.hex() for each in receiver.spans} == {PARENT}
    sent = [each.headers["traceparent"].split("-")[2] for each in upstream.seen]
    assert sent == [each.span_id.hex() for each in receiver.spans]


@pytest.mark.parametrize(
    ("sampler", "flags", "spans"),
    [("always_off", "01", 0), (None, "00", 0), ("always_on", "00", 1)],
)
async def test_what_is_not_sampled_is_not_sent_and_its_trace_goes_on_all_the_same(
    receiver: Receiver,
    upstream: StrictUpstream,
    monkeypatch: pytest.MonkeyPatch,
    *,
    sampler: str | None,
    flags: str,
    spans: int,
) -> None:
    """By the caller's own decision, or by the variable of OpenTelemetry."""
    if sampler is not None:
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
    async with run(receiver, upstream) as running:
        await chat(running, traceparent=f"00-{TRACE}-{PARENT}-{flags}")
    assert len(receiver.spans) == spans
    trace, parent, sampled = upstream.seen[0].headers["traceparent"].split("-")[1:]
    assert (trace, sampled) == (TRACE, f"0{spans}")
    assert parent != PARENT


async def test_a_traceparent_that_makes_no_sense_begins_a_trace(
    receiver: Receiver, upstream: StrictUpstream
) -> None:
    async with run(receiver, upstream) as running:
        await chat(running, traceparent="nonsense", tracestate="vendor=1")
    (span,) = receiver.spans
    assert span.parent_span_id == b""
    sent = upstream.seen[0].headers
    assert sent["traceparent"].split("-")[1] == span.trace_id.hex()
    assert "tracestate" not in sent


async def test_without_the_plugin_a_trace_passes_as_it_came(
    upstream: StrictUpstream,
) -> None:
    async with gateway(strict_plugin(upstream)) as running:
        await chat(running, traceparent=TRACEPARENT)
        body = {"model": "sandbox-echo", "messages": SAID, "max_tokens": 9}
        await running.client.post(
            "/only-chat/v1/messages", json=body, headers={"traceparent": TRACEPARENT}
        )
    assert [each.headers["traceparent"] for each in upstream.seen] == [TRACEPARENT] * 2


async def test_what_went_wrong_is_an_error(
    receiver: Receiver, upstream: StrictUpstream
) -> None:
    async with run(receiver, upstream) as running:
        await chat(running, "sandbox-error-503")
        await chat(running, "")
        body = {"model": "sandbox-slow", "messages": SAID, "stream": True}
        path = "/only-chat/v1/chat/completions"
        async with running.client.stream("POST", path, json=body) as told:
            await anext(told.aiter_raw())
    errors = [facts(each.attributes).get("error.type") for each in receiver.spans]
    assert sorted(map(str, errors)) == ["503", "bad_request", "client_left"]
    for span in receiver.spans:
        assert span.status.code == Status.STATUS_CODE_ERROR


async def test_what_is_no_request_to_a_model_leaves_no_span(
    receiver: Receiver, upstream: StrictUpstream
) -> None:
    async with run(receiver, upstream) as running:
        for path in ("/api/status", "/health/live", "/a/b/v1/messages"):
            await running.client.post(path, json={})
            await running.client.get(path)
    assert receiver.spans == []


async def test_durations_and_tokens_are_measured(
    receiver: Receiver, upstream: StrictUpstream
) -> None:
    async with run(receiver, upstream) as running:
        await chat(running)
        await chat(running, "sandbox-slow-1")
    metrics = {each.name: each for each in receiver.metrics}
    duration = metrics["gen_ai.client.operation.duration"]
    assert duration.unit == "s"
    assert sum(each.count for each in duration.histogram.data_points) == 2
    first = metrics["gen_ai.client.operation.time_to_first_chunk"]
    assert sum(each.count for each in first.histogram.data_points) == 1
    tokens = metrics["gen_ai.client.token.usage"].histogram.data_points
    told = {str(facts(each.attributes)["gen_ai.token.type"]) for each in tokens}
    assert told == {"input", "output"}


async def test_either_can_be_left_out(
    receiver: Receiver, upstream: StrictUpstream
) -> None:
    async with run(receiver, upstream, traces=False) as running:
        await chat(running, traceparent=TRACEPARENT)
    assert receiver.spans == []
    assert upstream.seen[0].headers["traceparent"] == TRACEPARENT
    sent = len(receiver.metrics)
    async with run(receiver, upstream, metrics=False) as running:
        await chat(running)
    assert (len(receiver.spans), len(receiver.metrics)) == (1, sent)


async def test_a_secret_in_a_models_name_is_masked(
    receiver: Receiver, upstream: StrictUpstream
) -> None:
    async with run(receiver, upstream) as running:
        await chat(running, TOKEN)
    assert len(receiver.spans) == 1
    assert TOKEN not in str(receiver.spans) + str(receiver.metrics)


async def test_the_variables_of_opentelemetry_hold_where_settings_say_nothing(
    receiver: Receiver, upstream: StrictUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"{receiver.url}/")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=blue,x-key=a%20b")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "mine")
    section = {"endpoint": None, "headers": {"x-key": "own"}}
    async with run(receiver, upstream, **section) as running:
        await chat(running)
    assert len(receiver.spans) == 1
    assert receiver.resources[0]["service.name"] == "mine"
    for headers in receiver.headers:
        assert (headers["x-team"], headers["x-key"]) == ("blue", "own")


@pytest.mark.parametrize("says", ["the settings", "the variable of the signal"])
async def test_what_is_nearer_holds_before_the_variable_for_all(
    receiver: Receiver,
    upstream: StrictUpstream,
    monkeypatch: pytest.MonkeyPatch,
    says: str,
) -> None:
    nowhere = "http://127.0.0.1:9"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", nowhere)
    if says == "the settings":
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", nowhere)
    else:
        url = f"{receiver.url}/v1/traces"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", url)
    section = {} if says == "the settings" else {"endpoint": None}
    async with run(receiver, upstream, metrics=False, **section) as running:
        await chat(running)
    assert len(receiver.spans) == 1


async def test_a_name_among_the_resource_attributes_holds(
    receiver: Receiver, upstream: StrictUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=mine,team=blue")
    async with run(receiver, upstream) as running:
        await chat(running)
    told = receiver.resources[0]
    assert (told["service.name"], told["team"]) == ("mine", "blue")


async def test_requests_of_the_same_id_have_spans_of_their_own(
    receiver: Receiver, upstream: StrictUpstream
) -> None:
    ids = {"x-request-id": "same"}
    async with run(receiver, upstream) as running:
        await asyncio.gather(
            *(chat(running, "sandbox-slow-20", **ids) for _ in range(3)),
            chat(running, **ids),
        )
    assert len(receiver.spans) == len({each.span_id for each in receiver.spans}) == 4
    names = sorted(each.name for each in receiver.spans)
    assert names == ["chat sandbox-echo"] + ["chat sandbox-slow-20"] * 3


async def test_metrics_tell_so_many_models_apart_and_no_more(
    receiver: Receiver, upstream: StrictUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that its provider refuses takes no place among them."""
    monkeypatch.setattr("ccproxy.plugins.otel.measures.MOST_MODELS", 1)
    async with run(receiver, upstream) as running:
        for model in ("sandbox-error-404", "sandbox-echo", "sandbox-tools"):
            await chat(running, model)
    duration = {each.name: each for each in receiver.metrics}[
        "gen_ai.client.operation.duration"
    ]
    models = {
        str(facts(each.attributes)["gen_ai.request.model"])
        for each in duration.histogram.data_points
    }
    assert models == {"sandbox-echo", "other"}


async def test_a_receiver_that_is_away_is_told_of_once_and_felt_by_nobody(
    receiver: Receiver, upstream: StrictUpstream
) -> None:
    receiver.refuses = True
    with capture_logs() as logs:
        async with run(receiver, upstream, metrics=False) as running:
            assert [await chat(running) for _ in range(3)] == [200] * 3
    assert receiver.spans == []
    told = [line for line in logs if line["event"] == "telemetry_not_sent"]
    assert len(told) == 1


async def test_a_receiver_that_never_answers_holds_up_no_stop(
    upstream: StrictUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccproxy.plugins.otel.sending.PATIENCE", 0.2)
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1")
    with socket.create_server(("127.0.0.1", 0)) as silence, capture_logs() as logs:
        receiver = Receiver(f"http://127.0.0.1:{silence.getsockname()[1]}")
        async with run(receiver, upstream) as running:
            for _ in range(9):
                await chat(running)
    events = {line["event"] for line in logs}
    assert "telemetry_not_sent" in events
    assert "plugin_failed" not in events


@pytest.mark.parametrize("value", ["gr\u00fcn", "two\nlines"])
async def test_a_header_that_can_not_be_sent_is_refused_and_not_quoted(
    value: str,
) -> None:
    section = {"enabled": True, "headers": {"x-key": value}}
    settings = {"plugins": {"otel": section}}
    with pytest.raises(ConfigError, match="what no header can") as refused:
        async with gateway(OtelPlugin, settings=settings):
            raise AssertionError
    assert value not in str(refused.value)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://[nowhere"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=gr%C3%BCn"),
    ],
)
async def test_a_variable_that_makes_no_sense_is_told_once_and_not_quoted(
    receiver: Receiver,
    upstream: StrictUpstream,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
    monkeypatch.setenv(variable, value)
    with capture_logs() as logs:
        section = {"endpoint": None, "metrics": False}
        async with run(receiver, upstream, **section) as running:
            assert await chat(running) == 200
    (told,) = [line for line in logs if line["event"] == "telemetry_not_sent"]
    assert "gr\u00fcn" not in str(told)


def test_where_it_is_off_opentelemetry_is_not_imported() -> None:
    code = (
        "import sys, ccproxy.plugins.otel as otel;"
        "from ccproxy.sdk import Contributions;"
        "otel.OtelPlugin(otel.OtelConfig()).setup(Contributions());"
        "sys.exit('opentelemetry.sdk' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
