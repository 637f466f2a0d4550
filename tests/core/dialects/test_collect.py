"""One answer made of a Responses stream."""

from collections.abc import Mapping
from itertools import pairwise

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.dialects.collect import ResponseCollector
from ccproxy.dialects.sse import render_event
from ccproxy.errors import UpstreamDiedError

pytestmark = pytest.mark.unit

ITEMS = [{"type": "reasoning", "id": "rs_1"}, {"type": "message", "id": "msg_1"}]


def stream(*payloads: Mapping[str, object], named: bool = True) -> bytes:
    return b"".join(
        render_event(orjson.dumps(each), str(each["type"]) if named else "")
        for each in payloads
    )


def done(index: int) -> dict[str, object]:
    return {
        "type": "response.output_item.done",
        "output_index": index,
        "item": ITEMS[index],
    }


def end(kind: str = "completed", **fields: object) -> dict[str, object]:
    return {"type": f"response.{kind}", "response": {"id": "resp_1", **fields}}


DELTA = {"type": "response.output_text.delta", "delta": "response.completed error"}


@pytest.mark.parametrize("named", [True, False])
def test_an_empty_output_is_filled_from_the_done_events(*, named: bool) -> None:
    body = stream(DELTA, done(1), done(0), end(output=[]), named=named)
    assert collect(body) == {"id": "resp_1", "output": ITEMS}


def test_a_filled_output_is_taken_as_it_is() -> None:
    output = [{"type": "message", "id": "other"}]
    assert collect(stream(done(0), end(output=output)))["output"] == output


@pytest.mark.parametrize("kind", ["incomplete", "failed"])
def test_other_ends_are_answers_too(kind: str) -> None:
    assert collect(stream(end(kind, status=kind, output=[])))["status"] == kind


def test_a_stream_without_its_end_is_a_failure() -> None:
    with pytest.raises(UpstreamDiedError, match="before its answer was complete"):
        collect(stream(DELTA, done(0)))


def test_the_upstreams_own_words_are_kept() -> None:
    with pytest.raises(UpstreamDiedError, match="overloaded"):
        collect(stream({"type": "error", "message": "overloaded"}))


def test_a_tail_without_a_blank_line_counts() -> None:
    assert collect(stream(done(0), end(output=[])).rstrip())["output"] == ITEMS[:1]


@given(st.lists(st.integers(0, 400), max_size=8))
def test_the_borders_of_chunks_do_not_matter(cuts: list[int]) -> None:
    body = stream(DELTA, done(0), done(1), end(output=[]))
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    collector = ResponseCollector()
    for begin, stop in pairwise(edges):
        collector.feed(body[begin:stop])
    assert orjson.loads(collector.result())["output"] == ITEMS


@given(st.lists(st.binary(max_size=80)))
def test_no_bytes_break_the_collector(chunks: list[bytes]) -> None:
    collector = ResponseCollector()
    for chunk in chunks:
        collector.feed(chunk)
    with pytest.raises(UpstreamDiedError):
        collector.result()


@pytest.mark.parametrize(
    "odd",
    [
        b'data: ["error"]\n\n',
        b'data: {"type":"response.output_item.done"}\n\n',
        b'data: {"type":"response.output_item.done","output_index":[],"item":{}}\n\n',
        b'data: {"type":"response.completed"}\n\n',
    ],
)
def test_events_of_the_wrong_shape_break_nothing(odd: bytes) -> None:
    assert collect(odd + stream(end(output=[{"id": "x"}])))["id"] == "resp_1"


def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccproxy.dialects.collect.LARGEST", 1000)
    with pytest.raises(UpstreamDiedError, match="larger than 1000 bytes"):
        collect(b"x" * 1001)


def test_a_reported_failure_is_known() -> None:
    collector = ResponseCollector()
    collector.feed(stream(end("failed", status="failed")))
    collector.result()
    assert collector.failed


def collect(body: bytes) -> dict[str, object]:
    collector = ResponseCollector()
    collector.feed(body)
    result: dict[str, object] = orjson.loads(collector.result())
    return result
