"""Streams of each dialect, told in each other one."""

import tracemalloc
from typing import Any

import anthropic.types
import openai.types.chat
import openai.types.responses
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter

from ccproxy.dialects import Dialect
from ccproxy.dialects.answer import Answer, Begin, Failed, StopReason
from ccproxy.dialects.conversation import (
    Opaque,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from ccproxy.dialects.seal import disclose
from ccproxy.dialects.spoken import SPEAKERS
from ccproxy.dialects.tap import Outcome
from core.dialects.streams import (
    CROSSINGS,
    ENDS_BADLY,
    GOLDEN,
    WHOLE,
    collect,
    dialect_of,
    events,
    kinds,
    parse,
    payloads,
    translate,
    translation,
)

pytestmark = pytest.mark.unit

CHAT, MESSAGES, RESPONSES = Dialect.CHAT, Dialect.MESSAGES, Dialect.RESPONSES
TYPES: dict[Dialect, TypeAdapter[Any]] = {
    MESSAGES: TypeAdapter(anthropic.types.RawMessageStreamEvent),
    CHAT: TypeAdapter(openai.types.chat.ChatCompletionChunk),
    RESPONSES: TypeAdapter(openai.types.responses.ResponseStreamEvent),
}
ERRORS: dict[Dialect, TypeAdapter[Any]] = {
    MESSAGES: TypeAdapter(anthropic.types.ErrorObject),
    CHAT: TypeAdapter(openai.types.ErrorObject),
}
"""Where the last event of a stream that failed is none of the stream's own types."""
WHOLE_TYPES: dict[Dialect, type[BaseModel]] = {
    MESSAGES: anthropic.types.Message,
    CHAT: openai.types.chat.ChatCompletion,
    RESPONSES: openai.types.responses.Response,
}
ALL = pytest.mark.parametrize(("name", "client"), CROSSINGS)
WELL = pytest.mark.parametrize(
    ("name", "client"), [case for case in CROSSINGS if case[0] in WHOLE]
)
CLIENTS = pytest.mark.parametrize("client", list(Dialect))


@given(st.sampled_from(CROSSINGS), st.data())
@settings(max_examples=150)
def test_any_split_of_a_streams_bytes_gives_the_same_output(
    case: tuple[str, Dialect], data: st.DataObject
) -> None:
    name, client = case
    size = len(GOLDEN[name])
    cuts = data.draw(st.lists(st.integers(0, size), max_size=12))
    assert translate(name, client, cuts) == translate(name, client)


@given(st.sampled_from(list(Dialect)), st.lists(st.binary(max_size=60), max_size=6))
@settings(max_examples=60)
def test_no_bytes_break_a_parser(dialect: Dialect, chunks: list[bytes]) -> None:
    framed = [b"data: " + chunk + b"\n\n" for chunk in chunks]
    for stream in (chunks, framed):
        assert all(isinstance(each, Begin | Failed) for each in parse(dialect, stream))


@ALL
def test_byte_by_byte_is_the_same_too(name: str, client: Dialect) -> None:
    every = range(len(GOLDEN[name]))
    assert translate(name, client, every) == translate(name, client)


@ALL
def test_line_ends_do_not_matter(name: str, client: Dialect) -> None:
    for end in (b"\r\n", b"\r"):
        stream = translation(client, dialect_of(name)).stream()
        told = stream.feed(GOLDEN[name].replace(b"\n", end)) + stream.end()
        assert told == translate(name, client)


@ALL
def test_every_event_is_one_of_the_vendors_own_types(
    name: str, client: Dialect
) -> None:
    if (name, client) == ("responses-custom-tool", CHAT):
        return  # the SDK's chunks know no custom tools, its whole answers do
    told = payloads(translate(name, client))
    if name in ENDS_BADLY and client in ERRORS:
        ERRORS[client].validate_python(told.pop()["error"])
    for payload in told:
        error = payload.get("response", {}).get("error")
        if error and error["code"] == "server_is_overloaded":
            error["code"] = "server_error"  # the SDK does not list it, Codex CLI acts
        TYPES[client].validate_python(payload)


@WELL
def test_every_whole_answer_is_of_the_vendors_own_type(
    name: str, client: Dialect
) -> None:
    whole = collect(dialect_of(name), [GOLDEN[name]])
    told = orjson.loads(translation(client, dialect_of(name)).render(whole))
    WHOLE_TYPES[client].model_validate(told)


@WELL
def test_a_whole_answer_told_as_a_stream_is_of_the_vendors_own_types(
    name: str, client: Dialect
) -> None:
    whole = collect(dialect_of(name), [GOLDEN[name]])
    if (name, client) != ("responses-custom-tool", CHAT):
        for payload in payloads(translation(client, dialect_of(name)).replay(whole)):
            TYPES[client].validate_python(payload)


@WELL
def test_a_translated_stream_collected_is_the_collected_answer_translated(
    name: str, client: Dialect
) -> None:
    upstream = dialect_of(name)
    of_stream = collect(client, [translate(name, client)])
    whole = collect(upstream, [GOLDEN[name]])
    told = orjson.loads(translation(client, upstream).render(whole))
    of_whole = SPEAKERS[client].parse_answer(told, "maker")
    assert isinstance(of_whole, Answer)
    assert plain(of_stream) == plain(of_whole)


def plain(answer: Answer) -> Answer:
    """Leave out how arguments are written that say nothing."""
    answer.blocks = [
        ToolCall(block.id, block.name, block.arguments or "{}", block.custom)
        if isinstance(block, ToolCall)
        else block
        for block in answer.blocks
    ]
    return answer


@ALL
def test_each_dialect_ends_its_streams_as_it_does(name: str, client: Dialect) -> None:
    """Anthropic's never hold ``[DONE]``; Chat's end with it, unless they failed."""
    last = events(translate(name, client))[-1]
    failed = name in ENDS_BADLY
    if client is CHAT:
        assert (last.data == b"[DONE]") is not failed
        return
    ends = {
        MESSAGES: {b"error"} if failed else {b"message_stop"},
        RESPONSES: (
            {b"response.failed"}
            if failed
            else {b"response.completed", b"response.incomplete"}
        ),
    }
    assert last.name in ends[client]
    assert b"[DONE]" not in translate(name, client)


@pytest.mark.parametrize("name", sorted(ENDS_BADLY))
def test_a_failure_within_a_stream_is_the_clients_own_terminal_error(
    name: str,
) -> None:
    for client in Dialect:
        if client is dialect_of(name):
            continue
        stream = translation(client, dialect_of(name)).stream()
        told = payloads(stream.feed(GOLDEN[name]) + stream.end())
        assert stream.outcome is Outcome.FAILED
        last = told[-1]
        error = last.get("error") or last["response"]["error"]
        assert error["message"] in {
            "Overloaded",
            "Try again in 1.3s",
            "Broken",
            "What the upstream sent is no answer.",
        }


def test_what_failed_keeps_its_kind() -> None:
    limited = payloads(translate("responses-failed", MESSAGES))[-1]
    assert limited["error"]["type"] == "rate_limit_error"
    overloaded = payloads(translate("messages-error", RESPONSES))[-1]
    assert overloaded["response"]["error"]["code"] == "server_is_overloaded"
    broken = payloads(translate("chat-error", MESSAGES))[-1]
    assert broken["error"]["type"] == "overloaded_error"


@pytest.mark.parametrize("name", WHOLE)
@CLIENTS
def test_a_stream_that_ends_too_early_is_not_complete(
    name: str, client: Dialect
) -> None:
    if client is dialect_of(name):
        return
    stream = translation(client, dialect_of(name)).stream()
    half = GOLDEN[name][: len(GOLDEN[name]) // 2]
    told = stream.feed(half) + stream.end()
    assert stream.outcome is Outcome.OPEN
    ended = stream.fail(502, "It broke off.", "upstream_died")
    assert b"It broke off." in ended
    assert not {"message_stop", "response.completed"} & {
        str(payload.get("type")) for payload in payloads(told + ended)
    }


@pytest.mark.parametrize(
    ("name", "stop"),
    [
        ("responses-max-tokens", "max_tokens"),
        ("chat-length", "max_tokens"),
        ("chat-filtered", "refusal"),
        ("chat-refusal", "refusal"),
        ("responses-refusal", "refusal"),
        ("chat-tools", "tool_use"),
        ("chat-tools-same-index", "tool_use"),
        ("responses-tools", "tool_use"),
        ("chat-no-done", "end_turn"),
    ],
)
def test_why_it_ended_in_anthropics_words(name: str, stop: str) -> None:
    (delta,) = [
        payload["delta"]
        for payload in payloads(translate(name, MESSAGES))
        if payload["type"] == "message_delta"
    ]
    assert delta["stop_reason"] == stop


@pytest.mark.parametrize(
    ("name", "finish"),
    [
        ("messages-max-tokens", "length"),
        ("messages-tools", "tool_calls"),
        ("messages-refusal", "content_filter"),
        ("messages-stop-sequence", "stop"),
        ("messages-server-tool", "stop"),
        ("responses-max-tokens", "length"),
        ("responses-custom-tool", "tool_calls"),
    ],
)
def test_why_it_ended_in_the_words_of_chat(name: str, finish: str) -> None:
    reasons = [
        choice["finish_reason"]
        for payload in payloads(translate(name, CHAT))
        for choice in payload["choices"]
    ]
    assert reasons[-1] == finish
    assert set(reasons[:-1]) == {None}


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("messages-max-tokens", "incomplete"),
        ("messages-refusal", "incomplete"),
        ("chat-filtered", "incomplete"),
        ("chat-refusal", "completed"),
        ("messages-tools", "completed"),
    ],
)
def test_why_it_ended_in_the_words_of_responses(name: str, status: str) -> None:
    assert payloads(translate(name, RESPONSES))[-1]["response"]["status"] == status


@pytest.mark.parametrize("name", [name for name in WHOLE if "responses" not in name])
def test_a_responses_stream_has_its_whole_life(name: str) -> None:
    told = payloads(translate(name, RESPONSES))
    numbers = [payload["sequence_number"] for payload in told]
    assert numbers == list(range(len(told)))
    assert [payload["type"] for payload in told[:2]] == [
        "response.created",
        "response.in_progress",
    ]
    added = [each for each in told if each["type"] == "response.output_item.added"]
    done = [each for each in told if each["type"] == "response.output_item.done"]
    ids = [each["item"]["id"] for each in added]
    assert ids == [each["item"]["id"] for each in done]
    assert len(set(ids)) == len(ids)
    assert [each["output_index"] for each in added] == list(range(len(added)))
    assert told[-1]["response"]["output"] == [each["item"] for each in done]


def test_the_events_of_a_text_in_responses() -> None:
    assert kinds(translate("chat-text", RESPONSES)) == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]


def test_chat_chunks_have_what_every_chunk_has() -> None:
    told = payloads(translate("messages-tools", CHAT))
    heads = {
        (each["id"], each["object"], each["created"], each["model"]) for each in told
    }
    assert heads == {("chatcmpl-msg_01", "chat.completion.chunk", 7, "m")}
    assert told[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert told[-1]["choices"] == []


@pytest.mark.parametrize("name", ["messages-tools", "responses-tools"])
def test_a_chat_tool_call_is_named_in_its_first_chunk_and_numbered_in_all(
    name: str,
) -> None:
    calls = [
        call
        for payload in payloads(translate(name, CHAT))
        for choice in payload["choices"]
        for call in choice["delta"].get("tool_calls", ())
    ]
    first = [call for call in calls if "id" in call]
    assert [(call["index"], call["function"]["name"]) for call in first] == [
        (0, "weather"),
        (1, "clock"),
    ]
    assert [call["function"]["arguments"] for call in first] == ["", ""]
    assert {call["index"] for call in calls} == {0, 1}
    assert all("name" not in call["function"] for call in calls if "id" not in call)


@pytest.mark.parametrize("name", ["messages-tools", "chat-tools", "responses-tools"])
@CLIENTS
def test_parallel_tool_calls_keep_ids_order_and_arguments(
    name: str, client: Dialect
) -> None:
    ids = {"messages-tools": ["toolu_01", "toolu_02"]}.get(name, ["call_01", "call_02"])
    told = translate(name, client) if client != dialect_of(name) else GOLDEN[name]
    answer = collect(client, [told])
    text, weather, clock = answer.blocks
    assert text == Text("I look.")
    assert isinstance(weather, ToolCall)
    assert isinstance(clock, ToolCall)
    assert [weather.id, clock.id] == ids
    assert (weather.name, orjson.loads(weather.arguments)) == (
        "weather",
        {"city": "Oslo"},
    )
    assert orjson.loads(clock.arguments or "{}") == {}
    assert answer.stop is StopReason.TOOLS


def test_calls_that_share_an_index_are_told_apart_by_their_ids() -> None:
    answer = collect(CHAT, [GOLDEN["chat-tools-same-index"]])
    assert [block.id for block in answer.blocks if isinstance(block, ToolCall)] == [
        "call_01",
        "call_02",
    ]


@CLIENTS
def test_an_odd_id_of_an_upstreams_breaks_nothing(client: Dialect) -> None:
    odd = orjson.dumps('a"b\n\u2028')
    for name, own in (("chat-text", b'"chatcmpl-01"'), ("messages-text", b'"msg_01"')):
        if client is not dialect_of(name):
            stream = translation(client, dialect_of(name)).stream()
            told = stream.feed(GOLDEN[name].replace(own, odd))
            assert collect(client, [told]).blocks == [Text("Hello, \u2028wörld 😀.")]


def test_calls_without_an_id_get_the_same_one_whole_and_streamed() -> None:
    function = b'"function":{"name":"f","arguments":"{}"}'
    piece = b'{"id":"x1","choices":[{"%b":{"tool_calls":[{"index":0,%b}]}}]}'
    chunk = b"data: " + piece % (b"delta", function) + b"\n\n"
    streamed = collect(CHAT, [chunk, b"data: [DONE]\n\n"])
    payload = orjson.loads(piece % (b"message", function))
    whole = SPEAKERS[CHAT].parse_answer(payload, "maker")
    assert isinstance(whole, Answer)
    assert streamed.blocks == whole.blocks == [ToolCall("call_x1_0", "f", "{}")]


def test_thoughts_that_are_parts_keep_their_seal() -> None:
    """Models with open thoughts tell them as content, and the seal with the item."""
    place = {"item_id": "rs", "output_index": 0, "content_index": 0}
    part = {"type": "reasoning_text", "text": "hm"}
    item = {"type": "reasoning", "id": "rs", "summary": [], "content": [part]}
    told = [
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.content_part.added", **place, "part": part},
        {"type": "response.reasoning_text.delta", **place, "delta": "hm"},
        {"type": "response.content_part.done", **place, "part": part},
        {
            "type": "response.output_item.done",
            "output_index": 0,
            "item": {**item, "encrypted_content": "seal"},
        },
        {"type": "response.completed", "response": {"id": "r", "output": []}},
    ]
    chunks = [b"data: " + orjson.dumps(each) + b"\n\n" for each in told]
    blocks = collect(RESPONSES, chunks).blocks
    assert blocks == [Reasoning("hm", "seal", "maker", "rs")]


def test_a_call_that_is_taken_up_again_is_a_failure_and_no_mixture() -> None:
    piece = b'data: {"choices":[{"delta":{"tool_calls":[{"index":%d,%b}]}}]}\n\n'
    stream = [
        piece % (0, b'"id":"a","function":{"name":"f"}'),
        piece % (1, b'"id":"b","function":{"name":"f"}'),
        piece % (0, b'"function":{"arguments":"{}"}'),
    ]
    assert isinstance(parse(CHAT, stream)[-1], Failed)


@pytest.mark.parametrize("client", [MESSAGES, RESPONSES])
def test_text_comes_through_whole_whatever_it_holds(client: Dialect) -> None:
    for name in ("messages-text", "chat-text", "responses-text"):
        if client is not dialect_of(name):
            answer = collect(client, [translate(name, client)])
            assert answer.blocks == [Text("Hello, \u2028wörld 😀.")]


def test_reasoning_has_its_own_place_once() -> None:
    blocks = collect(MESSAGES, [translate("responses-reasoning", MESSAGES)]).blocks
    assert [type(block) for block in blocks] == [Reasoning, Text]
    thought = blocks[0]
    assert isinstance(thought, Reasoning)
    assert thought.text == "Let me see.\n\nThen more."
    known = disclose(thought.seal, thought.text)
    assert (known.maker, known.id, known.seal) == ("maker", "rs_0", "ZW5jcnlwdGVk")
    chat = payloads(translate("responses-reasoning", CHAT))
    said = [
        choice["delta"].get("reasoning_content", "")
        for payload in chat
        for choice in payload["choices"]
    ]
    assert "".join(said) == "Let me see.\n\nThen more."
    assert b"<think" not in translate("responses-reasoning", CHAT)


def test_encrypted_reasoning_without_words_is_redacted_thinking() -> None:
    blocks = [
        payload["content_block"]
        for payload in payloads(translate("responses-reasoning-encrypted", MESSAGES))
        if payload["type"] == "content_block_start"
    ]
    assert [block["type"] for block in blocks] == ["redacted_thinking", "text"]


def test_thinking_and_its_signature_travel_in_a_reasoning_item() -> None:
    told = payloads(translate("messages-thinking", RESPONSES))
    items = told[-1]["response"]["output"]
    assert [item["type"] for item in items] == ["reasoning", "reasoning", "message"]
    known = disclose(items[0]["encrypted_content"], items[0]["summary"][0]["text"])
    assert known == Reasoning("Let me see.", "c2lnbmVk", "maker")
    hidden = disclose(items[1]["encrypted_content"], "")
    assert hidden == Reasoning("", "ZW5jcnlwdGVk", "maker", hidden=True)
    usage = told[-1]["response"]["usage"]
    assert usage["output_tokens_details"] == {"reasoning_tokens": 11}


@CLIENTS
def test_cached_tokens_are_counted_once(client: Dialect) -> None:
    """Anthropic's input tokens exclude them, OpenAI's include them."""
    for name in ("messages-text", "chat-text", "responses-text"):
        if client is dialect_of(name):
            continue
        usage = collect(client, [translate(name, client)]).usage
        assert usage is not None
        assert usage.cache_read == 100
        assert usage.all_input == 117
        assert usage.output == 20


def test_usage_in_a_chat_stream_comes_only_if_it_was_asked_for() -> None:
    stream = translation(CHAT, MESSAGES)
    stream.payload["stream_options"] = {}
    told = translate("messages-text", CHAT)
    assert b'"usage":{' in told
    quiet = translation(CHAT, RESPONSES)
    quiet._frame.asked.pop("stream_options")
    assert b'"usage"' not in quiet.stream().feed(GOLDEN["responses-text"])


def test_items_that_are_told_only_when_done_are_not_lost() -> None:
    """ChatGPT's backend may send no deltas, and an empty output at the end."""
    blocks = collect(RESPONSES, [GOLDEN["responses-done-only"]]).blocks
    assert [type(block) for block in blocks] == [Reasoning, Text, ToolCall]
    assert blocks[1] == Text("All of it.")
    told = collect(MESSAGES, [translate("responses-done-only", MESSAGES)]).blocks
    assert told[1:] == blocks[1:]


def test_blocks_that_have_no_words_elsewhere_are_noted() -> None:
    for name, client in (
        ("messages-server-tool", CHAT),
        ("messages-server-tool", RESPONSES),
        ("responses-server-tool", MESSAGES),
    ):
        crossing = translation(client, dialect_of(name))
        stream = crossing.stream()
        stream.feed(GOLDEN[name])
        assert any("blocks of other types" in note for note in crossing.notes)
        kept = collect(client, [translate(name, client)]).blocks
        assert kept == [Text("Snow.")]
        whole = collect(dialect_of(name), [GOLDEN[name]]).blocks
        assert any(isinstance(block, Opaque) for block in whole)


@CLIENTS
def test_citations_of_pages_are_told(client: Dialect) -> None:
    for name in ("messages-citations", "chat-citations", "responses-citations"):
        if client is dialect_of(name):
            continue
        (text,) = collect(client, [translate(name, client)]).blocks
        assert isinstance(text, Text)
        assert [(each.url, each.title) for each in text.citations] == [
            ("https://example.com/snow", "Snow")
        ]


@pytest.mark.parametrize(
    ("name", "pages"),
    [
        ("messages-document-citations", ["https://example.com/snow"]),
        ("responses-file-citations", []),
    ],
)
def test_citations_of_other_things_are_noted(name: str, pages: list[str]) -> None:
    """What a caller's own search found may be a page."""
    for client in set(Dialect) - {dialect_of(name)}:
        crossing = translation(client, dialect_of(name))
        stream = crossing.stream()
        (text,) = collect(client, [stream.feed(GOLDEN[name])]).blocks
        assert isinstance(text, Text)
        assert [each.url for each in text.citations] == pages
        assert any("citations of other things" in note for note in crossing.notes)


@CLIENTS
def test_events_that_nobody_knows_yet_change_nothing(client: Dialect) -> None:
    for name in WHOLE:
        if name.endswith("-unknown-events") and client is not dialect_of(name):
            known = name.replace("unknown-events", "text")
            assert translate(name, client) == translate(known, client)


def test_a_refusal_keeps_its_words() -> None:
    for name in ("chat-refusal", "responses-refusal"):
        for client in (CHAT, RESPONSES):
            if client is not dialect_of(name):
                blocks = collect(client, [translate(name, client)]).blocks
                assert blocks == [Refusal("I can't do that.")]


@CLIENTS
def test_an_answer_that_its_upstream_began_in_the_middle_has_a_beginning(
    client: Dialect,
) -> None:
    for name, begins in (
        ("messages-text", b"event: content_block_start"),
        ("responses-text", b"event: response.output_item.added"),
        ("chat-text", b'data: {"id":"chatcmpl-01"'),
    ):
        if client is not dialect_of(name):
            stream = translation(client, dialect_of(name)).stream()
            late = GOLDEN[name][GOLDEN[name].index(begins) :]
            told = stream.feed(late.replace(b"chatcmpl-01", b""))
            answer = collect(client, [told])
            assert answer.id.endswith("n")
            assert answer.blocks == [Text("Hello, \u2028wörld 😀.")]


def test_an_event_goes_out_as_soon_as_it_is_whole() -> None:
    """Of each delta that comes in, the same words go out, and nothing waits."""
    for name, client in CROSSINGS:
        stream = translation(client, dialect_of(name)).stream()
        for block in GOLDEN[name].split(b"\n\n"):
            told = stream.feed(block + b"\n\n")
            if b"text_delta" in block or b"output_text.delta" in block:
                assert told
                assert told.endswith(b"\n\n")


@pytest.mark.parametrize(
    ("name", "client"), [("chat-text", MESSAGES), ("messages-text", CHAT)]
)
def test_a_long_answer_costs_no_memory(name: str, client: Dialect) -> None:
    """Responses alone repeats all of it at the end, and has to keep it."""
    deltas = {
        "chat-text": b'data: {"choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n',
        "messages-text": b'data: {"type":"content_block_delta","index":0,'
        b'"delta":{"type":"text_delta","text":"%b"}}\n\n',
    }
    delta = deltas[name] % (b"x" * 1000)
    stream = translation(client, dialect_of(name)).stream()
    first, second, third, *_ = GOLDEN[name].split(b"\n\n")
    stream.feed(b"\n\n".join([first, second, third, b""]))
    tracemalloc.start()
    for _ in range(2000):
        assert stream.feed(delta)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 50_000


def test_the_answer_carries_the_name_that_the_client_asked_for() -> None:
    for name, client in CROSSINGS:
        told = translate(name, client)
        assert b'"model":"m"' in told
        assert b"claude-x" not in told
        assert b"gpt-x" not in told
