"""How a stream ended, seen in passing."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.dialects import Dialect
from ccproxy.dialects.tap import Outcome, StreamTap

pytestmark = pytest.mark.unit

CHAT, MESSAGES, RESPONSES = Dialect.CHAT, Dialect.MESSAGES, Dialect.RESPONSES

STREAMS = [
    (CHAT, b'data: {"choices":[]}\n\ndata: [DONE]\n\n', Outcome.DONE),
    (CHAT, b"data:[DONE]\r\n\r\n", Outcome.DONE),
    (CHAT, b'data: {"choices":[]}\n\n', Outcome.OPEN),
    (CHAT, b'data: {"choices":[{"finish_reason":"stop"}]}\n\n', Outcome.DONE),
    (CHAT, b'data: {"choices":[{"finish_reason":null}]}\n\n', Outcome.OPEN),
    (CHAT, b'data: {"choices":[],"usage":{"total_tokens":1}}', Outcome.DONE),
    (CHAT, b"data: [1]\n\n", Outcome.OPEN),
    (CHAT, b'data: {"error":{"message":"x"}}\n\n', Outcome.FAILED),
    (CHAT, b'data: {"choices":[{"delta":{"content":"[DONE]"}}]}\n\n', Outcome.OPEN),
    (
        CHAT,
        b'data: {"choices":[{"delta":{"content":"\\"error\\": 1"}}]}\n\n',
        Outcome.OPEN,
    ),
    (CHAT, b'data: {"error":null,"choices":[]}\n\n', Outcome.OPEN),
    (MESSAGES, b'event: message_stop\ndata: {"type":"message_stop"}\n\n', Outcome.DONE),
    (MESSAGES, b'data: {"type":"message_stop"}\n\n', Outcome.DONE),
    (MESSAGES, b'event: message_stop\ndata: {"type":"message_stop"}', Outcome.DONE),
    (MESSAGES, b'event: error\ndata: {"type":"error"}\n\n', Outcome.FAILED),
    (
        MESSAGES,
        b'data: {"type":"content_block_delta","delta":{"text":"message_stop"}}\n\n',
        Outcome.OPEN,
    ),
    (
        RESPONSES,
        b'event: response.completed\ndata: {"type":"response.completed"}\n\n',
        Outcome.DONE,
    ),
    (RESPONSES, b'data: {"type":"response.incomplete"}\n\n', Outcome.DONE),
    (RESPONSES, b'data: {"type":"response.failed"}\n\n', Outcome.FAILED),
    (RESPONSES, b'event: error\ndata: {"type":"error"}\n\n', Outcome.FAILED),
    (
        RESPONSES,
        b'data: {"type":"x","delta":"event: response.completed","item":{}}\n\n',
        Outcome.OPEN,
    ),
]


@pytest.mark.parametrize(("dialect", "stream", "outcome"), STREAMS)
def test_the_outcome_is_that_of_the_terminal_event(
    dialect: Dialect, stream: bytes, outcome: Outcome
) -> None:
    assert look(dialect, [stream]) is outcome


@given(st.sampled_from(STREAMS), st.data())
def test_the_outcome_does_not_depend_on_the_borders_of_chunks(
    case: tuple[Dialect, bytes, Outcome], data: st.DataObject
) -> None:
    dialect, stream, outcome = case
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=6).map(sorted))
    edges = [0, *cuts, len(stream)]
    chunks = [stream[a:b] for a, b in pairwise(edges)]
    assert look(dialect, chunks) is outcome


@given(st.sampled_from(list(Dialect)), st.lists(st.binary(max_size=100)))
def test_no_bytes_break_the_tap(dialect: Dialect, chunks: list[bytes]) -> None:
    assert look(dialect, chunks) in Outcome


def test_an_event_without_end_costs_no_memory_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ccproxy.dialects.tap.LARGEST", 1000)
    tap = StreamTap(CHAT)
    for _ in range(100):
        tap.feed(b"data: " + b"x" * 100)
    tap.feed(b"\n\ndata: [DONE]\n\n")
    assert tap.outcome is Outcome.UNKNOWN
    assert not tap.between_events  # so that no keep-alive is put in


def look(dialect: Dialect, chunks: list[bytes]) -> Outcome:
    tap = StreamTap(dialect)
    for chunk in chunks:
        tap.feed(chunk)
    tap.end()
    return tap.outcome


def test_a_failure_stays_one_whatever_follows() -> None:
    stream = b'data: {"error":{"message":"x"}}\n\ndata: [DONE]\n\n'
    assert look(CHAT, [stream]) is Outcome.FAILED


def test_a_stream_that_ends_within_an_event_does_not_end_between_events() -> None:
    tap = StreamTap(CHAT)
    tap.feed(b'data: {"a":1}\n\ndata: {"b')
    tap.end()
    assert not tap.between_events
