"""Server-sent events, whatever the borders of the chunks."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.dialects.sse import (
    EventSplitter,
    ServerSentEvent,
    parse_event,
    render_event,
)

pytestmark = pytest.mark.unit


def events(stream: bytes, *cuts: int) -> list[ServerSentEvent]:
    """Read a stream that comes cut at these places."""
    splitter = EventSplitter()
    edges = [0, *sorted(cuts), len(stream)]
    blocks = []
    for begin, end in pairwise(edges):
        blocks += splitter.feed(stream[begin:end])
    blocks.append(splitter.flush())
    parsed = [parse_event(block) for block in blocks]
    return [event for event in parsed if event != ServerSentEvent(b"", b"")]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_all_three_line_ends_end_lines_and_events(end: bytes) -> None:
    stream = end.join([b"event: a", b"data: 1", b"data: 2", b"", b"data:3", b"", b""])
    assert events(stream) == [(b"a", b"1\n2"), (b"", b"3")]


def test_comments_and_unknown_fields_pass() -> None:
    stream = b": hello\n\nid: 7\nretry: 3\nnonsense\ndata: x\n\n"
    assert events(stream) == [(b"", b"x")]


def test_the_tail_without_a_blank_line_is_not_lost() -> None:
    assert events(b"data: 1\n\ndata: 2") == [(b"", b"1"), (b"", b"2")]


def test_other_unicode_line_ends_are_data() -> None:
    data = '{"text":"a\u2028b\u2029c\u0085d\x0be"}'.encode()
    assert events(b"data: " + data + b"\n\n") == [(b"", data)]


def test_a_byte_order_mark_is_passed_over() -> None:
    assert events(b"\xef\xbb\xbfdata: 1\n\n") == [(b"", b"1")]
    assert events(b"\xef\xbb\xbfdata: 1\n\n", 1, 2) == [(b"", b"1")]


def test_between_events_is_known() -> None:
    splitter = EventSplitter()
    known = []
    for chunk in (b"", b"data: 1\n\nda", b"ta: 2\n\n"):
        splitter.feed(chunk)
        known.append(splitter.between_events)
    assert known == [True, False, True]


def test_a_huge_event_is_read_in_linear_time() -> None:
    """Joining on every chunk would copy 200 GB here."""
    splitter = EventSplitter()
    for _ in range(20_000):
        assert splitter.feed(b"x" * 1000) == []
    assert splitter.pending == 20_000_000
    (event,) = splitter.feed(b"\n\n")
    assert len(event) == 20_000_000


LINES = st.sampled_from(
    [b"data: x", b"data:y", b"event: e", b": c", b"", b"", "data: ü€😀".encode()]
)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
STREAMS = st.lists(st.tuples(LINES, ENDS)).map(
    lambda lines: b"".join(line + end for line, end in lines)
)


@given(STREAMS, st.data())
def test_any_split_of_the_same_bytes_gives_the_same_events(
    stream: bytes, data: st.DataObject
) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=12))
    assert events(stream, *cuts) == events(stream)


@given(st.binary(max_size=300), st.data())
def test_no_bytes_break_the_reader(stream: bytes, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=5))
    assert events(stream, *cuts) == events(stream)


@given(
    st.binary().map(lambda b: b.replace(b"\n", b"").replace(b"\r", b"")),
    st.sampled_from(["", "message_stop", "response.completed"]),
)
def test_what_is_written_can_be_read(data: bytes, name: str) -> None:
    block = EventSplitter().feed(render_event(data, name))[0]
    assert parse_event(block) == (name.encode(), data)
