"""What an answer has used, as vendors tell it."""

import re
from dataclasses import replace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.dialects import Dialect
from ccproxy.dialects.answer import Usage
from ccproxy.dialects.json import Json, JsonObject
from ccproxy.dialects.meter import told_by
from ccproxy.dialects.sse import ServerSentEvent, parse_event
from ccproxy.dialects.tap import StreamTap
from core.dialects.streams import GOLDEN

pytestmark = pytest.mark.unit

CHAT, MESSAGES, RESPONSES = Dialect.CHAT, Dialect.MESSAGES, Dialect.RESPONSES
MODELS = {CHAT: "gpt-x", MESSAGES: "claude-x", RESPONSES: "gpt-x"}
"""What the golden streams call their models."""

TOLD: list[tuple[Dialect, JsonObject, Usage]] = [
    (  # OpenAI counts cached tokens among those it read
        CHAT,
        {
            "prompt_tokens": 2006,
            "completion_tokens": 300,
            "total_tokens": 2306,
            "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 256},
        },
        Usage(input=86, cache_read=1920, output=300, reasoning=256),
    ),
    (  # as llama.cpp and vLLM tell it
        CHAT,
        {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": None},
        Usage(input=9, output=3),
    ),
    (
        RESPONSES,
        {
            "input_tokens": 328,
            "input_tokens_details": {"cached_tokens": 128},
            "output_tokens": 52,
            "output_tokens_details": {"reasoning_tokens": 40},
            "total_tokens": 380,
        },
        Usage(input=200, cache_read=128, output=52, reasoning=40),
    ),
    (  # Anthropic does not, and tells for how long it keeps what it has written
        MESSAGES,
        {
            "input_tokens": 4,
            "cache_read_input_tokens": 15000,
            "cache_creation_input_tokens": 556,
            "cache_creation": {
                "ephemeral_5m_input_tokens": 456,
                "ephemeral_1h_input_tokens": 100,
            },
            "output_tokens": 393,
            "service_tier": "standard",
        },
        Usage(
            input=4,
            cache_read=15000,
            cache_write=556,
            cache_write_1h=100,
            output=393,
        ),
    ),
]


def event(payload: JsonObject) -> bytes:
    """An event whose type is told by its data alone."""
    return b"data: " + orjson.dumps(payload) + b"\n\n"


def stream(dialect: Dialect, usage: JsonObject) -> bytes:
    """A stream that tells of its usage where the dialect's vendor does."""
    if dialect is CHAT:
        word: JsonObject = {"choices": [{"delta": {"content": "x"}}], "usage": None}
        last: JsonObject = {"choices": [], "usage": usage}
        return event(word) + event(last) + b"data: [DONE]\n\n"
    if dialect is RESPONSES:
        asked: JsonObject = {"max_output_tokens": 5, "usage": None}
        return event({"type": "response.created", "response": asked}) + event(
            {"type": "response.completed", "response": {**asked, "usage": usage}}
        )
    begun: JsonObject = {**usage, "output_tokens": 1}
    return (
        event({"type": "message_start", "message": {"usage": begun}})
        + event(
            {
                "type": "message_delta",
                "usage": {"output_tokens": usage["output_tokens"]},
            }
        )
        + event({"type": "message_stop"})
    )


def seen(dialect: Dialect, data: bytes) -> Usage | None:
    """What the tap has seen when all has passed."""
    tap = StreamTap(dialect)
    tap.feed(data)
    tap.end()
    return tap.usage


@pytest.mark.parametrize(("dialect", "told", "usage"), TOLD)
def test_a_stream_and_a_whole_answer_tell_the_same(
    dialect: Dialect, told: JsonObject, usage: Usage
) -> None:
    assert seen(dialect, stream(dialect, told)) == usage
    assert told_by(dialect, orjson.dumps({"usage": told})).usage == usage


@settings(max_examples=60)
@given(
    kind=st.sampled_from(TOLD),
    counts=st.lists(st.integers(0, 10**9), min_size=2, max_size=2),
    size=st.integers(1, 40),
)
def test_wherever_chunks_end_the_stream_counts_what_the_answer_does(
    kind: tuple[Dialect, JsonObject, Usage], counts: list[int], size: int
) -> None:
    dialect, told, _ = kind
    read = "prompt_tokens" if dialect is CHAT else "input_tokens"
    written = "completion_tokens" if dialect is CHAT else "output_tokens"
    told = {**told, read: counts[0], written: counts[1]}
    data, tap = stream(dialect, told), StreamTap(dialect)
    for start in range(0, len(data), size):
        tap.feed(data[start : start + size])
    assert tap.usage == told_by(dialect, orjson.dumps({"usage": told})).usage


@pytest.mark.parametrize(
    ("dialect", "name", "words"),
    [
        (CHAT, "chat-text", rb'"content":"[^"]'),
        (CHAT, "chat-reasoning", rb'content":"[^"]'),
        (MESSAGES, "messages-thinking", rb"content_block_delta"),
        (RESPONSES, "responses-reasoning", rb'\.delta"'),
    ],
)
def test_events_that_are_nothing_but_words_are_not_parsed(
    monkeypatch: pytest.MonkeyPatch, dialect: Dialect, name: str, words: bytes
) -> None:
    parsed: list[bytes] = []

    def watched(event: bytes) -> ServerSentEvent:
        parsed.append(event)
        return parse_event(event)

    for module in ("tap", "meter"):
        monkeypatch.setattr(f"ccproxy.dialects.{module}.parse_event", watched)
    assert re.search(words, GOLDEN[name])
    assert seen(dialect, GOLDEN[name]) is not None
    assert [each for each in parsed if re.search(words, each)] == []


@pytest.mark.parametrize("odd", [-5, 2**64 - 1, 1e20, True, "7", None, [7]])
@pytest.mark.parametrize(("dialect", "told", "usage"), TOLD)
def test_a_count_that_can_be_none_counts_nothing(
    dialect: Dialect, told: JsonObject, usage: Usage, odd: Json
) -> None:
    """Sums would become smaller by it, and no database could hold it."""
    written = "completion_tokens" if dialect is CHAT else "output_tokens"
    told = {**told, written: odd}
    assert told_by(dialect, orjson.dumps({"usage": told})).usage == replace(
        usage, output=0
    )


@pytest.mark.parametrize("dialect", Dialect)
def test_what_nobody_tells_is_unknown(dialect: Dialect) -> None:
    words: JsonObject = {"type": "content_block_delta", "text": '"usage": "_tokens"'}
    odd: list[JsonObject] = [words, {"usage": None}, {"usage": {}}, {"input_tokens": 9}]
    for payload in odd:
        assert seen(dialect, event(payload)) is None
        assert told_by(dialect, orjson.dumps(payload)).usage is None
    for body in (b"", b'"_tokens"', b'{"usage": {"input_tokens":', b'\xff_tokens"'):
        assert told_by(dialect, body).usage is None


@pytest.mark.parametrize(
    ("dialect", "name"),
    [(CHAT, "chat-text"), (MESSAGES, "messages-text"), (RESPONSES, "responses-text")],
)
def test_a_stream_names_the_model_that_answers(dialect: Dialect, name: str) -> None:
    first = b": a comment\n\n" + GOLDEN[name]
    for stream in (GOLDEN[name], first):
        tap = StreamTap(dialect)
        tap.feed(stream)
        assert tap.model == MODELS[dialect]


def test_a_whole_answer_names_the_model_that_gave_it() -> None:
    usage: JsonObject = {"input_tokens": 1, "output_tokens": 1}
    for model, named in (("m-1", "m-1"), (None, ""), (7, "")):
        answer: JsonObject = {"model": model, "usage": usage}
        assert told_by(RESPONSES, orjson.dumps(answer)).model == named


def test_what_begins_otherwise_names_no_model() -> None:
    for first in (b"data: [1]\n\n", b"data: x\n\n", b'data: {"model": 7}\n\n'):
        tap = StreamTap(CHAT)
        tap.feed(first + event({"model": "later"}))
        assert tap.model == ""


def test_the_last_totals_of_a_message_replace_the_earlier_ones() -> None:
    begun: JsonObject = {"input_tokens": 10, "output_tokens": 1}
    later: JsonObject = {"input_tokens": 25, "output_tokens": 7}
    data = (
        event({"type": "message_start", "message": {"usage": begun}})
        + event({"type": "message_delta", "usage": {"output_tokens": 5}})
        + event({"type": "message_delta", "usage": later})
    )
    assert seen(MESSAGES, data) == Usage(input=25, output=7)


def test_an_answer_that_was_cut_by_a_limit_has_used_tokens_too() -> None:
    ended: JsonObject = {"usage": {"input_tokens": 3, "output_tokens": 4}}
    data = event({"type": "response.incomplete", "response": ended})
    assert seen(RESPONSES, data) == Usage(input=3, output=4)
