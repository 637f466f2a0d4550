"""What a WebSocket session remembers, so that a turn need only say what is new."""

import orjson
import pytest
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from ccproxy.api.turns import Turns
from ccproxy.errors import PreviousAnswerError, RequestError
from ccproxy.sdk import Json, JsonObject

pytestmark = pytest.mark.unit

ASK: JsonObject = {"type": "message", "role": "user", "content": "How many?"}
CALL: JsonObject = {"type": "function_call", "call_id": "c1", "name": "count"}
RESULT: JsonObject = {"type": "function_call_output", "call_id": "c1", "output": "3"}
TEXT: JsonObject = {"type": "message", "role": "assistant", "content": []}


def frame(*items: JsonObject, **more: Json) -> JsonObject:
    return {"type": "response.create", "model": "m", "input": [*items], **more}


def done(place: int, item: JsonObject) -> bytes:
    kind = "response.output_item.done"
    return orjson.dumps({"type": kind, "output_index": place, "item": item})


def ended(answer: str, kind: str = "response.completed") -> bytes:
    return orjson.dumps({"type": kind, "response": {"id": answer, "output": []}})


def test_a_frame_is_a_body_without_what_is_the_sessions_own() -> None:
    body = Turns().begin(frame(ASK, store=False, previous_response_id=None))
    assert body == {"model": "m", "input": [ASK], "store": False, "stream": True}
    assert list(body) == ["model", "input", "store", "stream"]


def test_a_turn_that_follows_an_answer_is_asked_with_all_before_it() -> None:
    turns = Turns()
    turns.begin(frame(ASK))
    turns.see(done(1, TEXT))
    turns.see(done(0, CALL))
    turns.see(ended("r1"))
    second = turns.begin(frame(RESULT, previous_response_id="r1"))
    assert second["input"] == [ASK, CALL, TEXT, RESULT]
    turns.see(ended("r2", "response.incomplete"))
    third = turns.begin(frame(ASK, previous_response_id="r2"))
    assert third["input"] == [ASK, CALL, TEXT, RESULT, ASK]


def test_a_turn_that_failed_is_not_remembered() -> None:
    turns = Turns()
    turns.begin(frame(ASK))
    turns.see(ended("r1"))
    turns.begin(frame(RESULT, previous_response_id="r1"))
    turns.see(ended("r2", "response.failed"))
    again = turns.begin(frame(RESULT, previous_response_id="r1"))
    assert again["input"] == [ASK, RESULT]


def test_a_turn_without_a_previous_answer_begins_anew() -> None:
    turns = Turns()
    turns.begin(frame(ASK))
    turns.see(ended("r1"))
    assert turns.begin(frame(TEXT))["input"] == [TEXT]


def test_an_answer_that_only_talks_of_events_ends_nothing() -> None:
    turns = Turns()
    turns.begin(frame(ASK))
    delta = {"type": "response.output_text.delta", "delta": "response.completed"}
    turns.see(orjson.dumps(delta))
    with pytest.raises(PreviousAnswerError):
        turns.begin(frame(RESULT, previous_response_id="r1"))


@pytest.mark.parametrize(
    "odd",
    [
        b'["response.completed"]',
        b'"response.completed"',
        b'{"type":"response.completed"}',
        b'{"type":"response.completed","response":null}',
        b'{"type":"response.completed","response":{"id":1}}',
        b'{"type":"response.output_item.done","output_index":[]}',
        b'{"type":"response.comp',
    ],
)
def test_an_odd_event_is_passed_over(odd: bytes) -> None:
    turns = Turns()
    turns.begin(frame(ASK))
    turns.see(odd)
    turns.see(done(1, TEXT))
    turns.see(ended("r1"))
    following = turns.begin(frame(RESULT, previous_response_id="r1"))
    said = following["input"]
    assert isinstance(said, list)
    assert said[-2:] == [TEXT, RESULT]


def test_a_session_is_warmed_up_without_an_answer() -> None:
    """Codex CLI begins so, with all but the turn's own items."""
    turns = Turns()
    created, completed = map(
        orjson.loads, turns.warm(frame(ASK, generate=False, tools=[]))
    )
    assert (created["type"], created["sequence_number"]) == ("response.created", 0)
    assert (completed["type"], completed["sequence_number"]) == (
        "response.completed",
        1,
    )
    for event in (created, completed):
        TypeAdapter(ResponseStreamEvent).validate_python(event)
    assert completed["response"]["output"] == []
    first = created["response"]["id"]
    assert first == completed["response"]["id"]
    following = turns.begin(frame(TEXT, previous_response_id=first))
    assert following["input"] == [ASK, TEXT]


def test_a_plain_text_is_an_item() -> None:
    asked = Turns().begin({"type": "response.create", "input": "hello"})["input"]
    assert asked == [{"type": "message", "role": "user", "content": "hello"}]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"type": "response.cancel", "input": []}, "'response.cancel' are unknown"),
        ({"input": []}, "'None' are unknown"),
        ({"type": "response.create"}, "no input"),
        (frame(previous_response_id="other"), "not the last one"),
    ],
)
def test_a_frame_that_can_not_be_answered_says_why(
    wrong: JsonObject, message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        Turns().begin(wrong)
