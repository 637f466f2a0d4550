"""An answer over HTTP becomes frames, as soon as they are whole."""

from itertools import pairwise

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses.responses_server_event import ResponseWsError

from ccproxy.api.frames import Frames, error_frame
from ccproxy.errors import UnauthorizedError
from ccproxy.sdk import Message

pytestmark = pytest.mark.unit

EVENTS = [
    b'{"type":"response.created","n":1}',
    '{"type":"response.output_text.delta","delta":"\u2028 \u00fc"}'.encode(),
    b'{"type":"response.completed"}',
]
STREAM = b": keep-alive\n\n" + b"".join(
    b"event: x\ndata: " + each + b"\n\n" for each in EVENTS
)


def head(status: int = 200, kind: bytes = b"text/event-stream") -> Message:
    headers = [(b"content-type", kind), (b"x-codex-a", b"1"), (b"set-cookie", b"no")]
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(data: bytes = b"", *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}


def fed(*messages: Message) -> list[bytes]:
    frames = Frames()
    return [frame for message in messages for frame in frames.feed(message)]


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=6))
def test_wherever_a_stream_is_cut_its_events_are_the_frames(cuts: list[int]) -> None:
    borders = [0, *sorted(cuts), len(STREAM)]
    pieces = [body(STREAM[begin:end], more=True) for begin, end in pairwise(borders)]
    assert fed(head(), *pieces, body()) == EVENTS


def test_a_frame_goes_out_as_soon_as_its_event_is_whole() -> None:
    frames = Frames()
    frames.feed(head())
    first = b"data: " + EVENTS[0] + b"\n\n"
    assert frames.feed(body(first[:9], more=True)) == []
    assert frames.feed(body(first[9:], more=True)) == [EVENTS[0]]


def test_an_error_in_place_of_an_answer_is_a_frame_with_its_status() -> None:
    told = b'{"error":{"code":"busy","message":"later"}}'
    (frame,) = fed(head(429, b"application/json"), body(told, more=True), body())
    assert orjson.loads(frame) == {
        "type": "error",
        "status": 429,
        "error": {"type": "rate_limit_error", "code": "busy", "message": "later"},
        "headers": {"x-codex-a": "1"},
    }


@pytest.mark.parametrize(
    ("told", "error"),
    [
        (b'{"detail":"no"}', {"detail": "no", "message": "no"}),
        (b'{"error":"no"}', {"error": "no", "message": "no"}),
        (b"<html>gone", {"message": "gone"}),
        (b"[]", {"message": "The upstream answered 502."}),
    ],
)
def test_errors_of_any_shape_are_told(told: bytes, error: dict[str, str]) -> None:
    (frame,) = fed(head(502, b"text/html"), body(told))
    assert orjson.loads(frame)["error"] == {"type": "server_error", **error}


def test_an_error_within_a_stream_gets_a_status() -> None:
    event = (
        b'data: {"type":"error","code":"died","message":"gone","sequence_number":4}\n\n'
    )
    (frame,) = fed(head(), body(event))
    assert orjson.loads(frame) == {
        "type": "error",
        "status": 502,
        "error": {"type": "server_error", "code": "died", "message": "gone"},
        "code": "died",
        "message": "gone",
        "sequence_number": 4,
    }


def test_an_event_that_was_torn_is_no_frame() -> None:
    torn = b'data: {"type":"response.outp'
    assert fed(head(), body(torn, more=True), body(b"\n\n", more=True), body()) == []


@pytest.mark.parametrize("odd", [b'["error"]', b'"error"', b"1"])
def test_an_odd_event_is_a_frame_as_it_is(odd: bytes) -> None:
    assert fed(head(), body(b"data: " + odd + b"\n\n")) == [odd]


def test_a_text_about_errors_stays_as_it_is() -> None:
    event = b'{"type":"response.output_text.delta","delta":"\\"error\\"","error":0}'
    assert fed(head(), body(b"data: " + event + b"\n\n")) == [event]


def test_an_answer_that_is_no_stream_is_one_event() -> None:
    (frame,) = fed(head(200, b"application/json"), body(b'{"id":"r1"}'))
    assert orjson.loads(frame) == {
        "type": "response.completed",
        "response": {"id": "r1"},
    }


@pytest.mark.parametrize(
    "frame",
    [
        error_frame(UnauthorizedError("No.", hint="Log in.")),
        *fed(head(502, b"text/html"), body(b"<html>gone")),
        *fed(head(429, b"application/json"), body(b'{"error":{"message":"later"}}')),
        *fed(head(), body(b'data: {"type":"error","code":"c","message":"m"}\n\n')),
    ],
)
def test_every_error_is_of_the_vendors_own_type(frame: bytes) -> None:
    error = ResponseWsError.model_validate(orjson.loads(frame))
    assert error.error.message


def test_errors_of_the_gateway_have_their_status_and_code() -> None:
    frame = orjson.loads(error_frame(UnauthorizedError("No.", hint="Log in.")))
    assert (frame["status"], frame["error"]["message"]) == (401, "No. Log in.")
    assert frame["error"]["code"] == "invalid_api_key"
