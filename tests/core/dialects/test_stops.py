"""Stop sequences that a provider can't be told of end the answer all the same."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.dialects import Dialect
from ccproxy.dialects.answer import (
    Answer,
    Begin,
    Close,
    Delta,
    Done,
    Event,
    Failed,
    Open,
    Problem,
    StopReason,
)
from ccproxy.dialects.conversation import Text, ToolCall
from ccproxy.dialects.stops import Stops
from ccproxy.dialects.whole import Collector
from core.dialects.streams import GOLDEN, collect, cut, payloads, translation

pytestmark = pytest.mark.unit

CHAT, MESSAGES, RESPONSES = Dialect.CHAT, Dialect.MESSAGES, Dialect.RESPONSES
LETTERS = st.text("ab\n", max_size=12)
SEQUENCES = st.lists(st.text("ab\n", min_size=1, max_size=4), min_size=1, max_size=3)
ASKED = {
    CHAT: {"stop": ["rld", "never"]},
    MESSAGES: {"stop_sequences": ["rld", "never"]},
}


def told(stops: Stops, *pieces: str) -> list[Event]:
    said: list[Event] = [Begin("a"), Open(1, Text(""))]
    said += [Delta(1, each) for each in pieces]
    said += [Close(1), Done()]
    return [event for each in said for event in stops.events([each])]


@given(SEQUENCES, st.lists(LETTERS, max_size=5))
@settings(max_examples=200)
def test_any_split_ends_where_the_whole_answer_does(
    sequences: list[str], pieces: list[str]
) -> None:
    collector = Collector()
    collector.feed(told(Stops(sequences), *pieces))
    streamed = collector.answer()
    whole = Stops(sequences).answer(Answer("a", [Text("".join(pieces))]))
    assert collector.whole
    assert streamed == whole
    (block,) = whole.blocks
    assert isinstance(block, Text)
    assert not any(each in block.text for each in sequences)
    assert "".join(pieces).startswith(block.text + whole.sequence)


def test_no_more_is_held_back_than_may_begin_a_sequence() -> None:
    stops = Stops(["\nObservation:"])
    stops.events([Open(1, Text(""))])
    assert stops.events([Delta(1, "It is so.\nOb")]) == [Delta(1, "It is so.")]
    assert stops.events([Delta(1, "ligation")]) == [Delta(1, "\nObligation")]


def test_what_was_held_back_comes_with_the_end() -> None:
    for end in (Close(1), Done(), Failed(Problem(500, "x", "y"))):
        stops = Stops(["END"])
        stops.events([Open(1, Text(""))])
        assert stops.events([Delta(1, "E")]) == []
        assert stops.events([end]) == [Delta(1, "E"), end]


def test_arguments_of_tools_are_no_text() -> None:
    stops = Stops(["END"])
    said: list[Event] = [Open(1, ToolCall("c", "f", "")), Delta(1, "END")]
    assert stops.events(said) == said


def test_tokens_end_with_the_words() -> None:
    tokens: list[Any] = [{"token": each} for each in ("He", "llo", " E", "ND")]
    block = Text("Hello END", logprobs=tuple(tokens))
    (kept,) = Stops([" END"]).answer(Answer("a", [block])).blocks
    assert kept == Text("Hello", logprobs=tuple(tokens[:2]))
    stops = Stops([" END"])
    stops.events([Open(1, Text(""))])
    events = [
        event
        for token in tokens
        for event in stops.events([Delta(1, token["token"], (token,))])
    ]
    assert events[:2] == [Delta(1, "He", (tokens[0],)), Delta(1, "llo", (tokens[1],))]
    assert not any(isinstance(each, Delta) for each in events[2:])


@pytest.mark.parametrize("client", [CHAT, MESSAGES])
def test_an_answer_of_responses_ends_at_the_clients_stop_sequence(
    client: Dialect,
) -> None:
    asked = translation(client, RESPONSES, **ASKED[client])
    assert "stop" not in asked.payload
    golden = GOLDEN["responses-text"]
    stream = asked.stream()
    pieces = [stream.feed(each) for each in cut(golden, range(0, len(golden), 50))]
    streamed = collect(client, [*pieces, stream.end()])
    assert stream.enough
    assert streamed.blocks == [Text("Hello, \u2028wö")]
    whole = asked.read(orjson.dumps(payloads(golden)[-1]["response"]))
    assert isinstance(whole, Answer)
    assert (whole.stop, whole.sequence) == (StopReason.SEQUENCE, "rld")
    collection = asked.collect()
    collection.feed(golden)
    assert collection.enough
    gathered = collection.result()
    assert isinstance(gathered, Answer)
    assert gathered.blocks == whole.blocks == streamed.blocks
    if client is MESSAGES:
        assert (streamed.stop, streamed.sequence) == (StopReason.SEQUENCE, "rld")
    else:
        assert streamed.stop is StopReason.END


def test_what_a_provider_can_be_told_it_is_told() -> None:
    blank = translation(CHAT, MESSAGES, stop=["\n", "END"])
    assert blank.payload["stop_sequences"] == ["END"]
    assert any("stop" in note for note in blank.notes)
    many = translation(MESSAGES, CHAT, stop_sequences=["a", "b", "c", "d", "e"])
    assert many.payload["stop"] == ["a", "b", "c", "d"]
    assert not translation(CHAT, MESSAGES, stop=["END"]).notes[1:]
