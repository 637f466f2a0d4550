"""How many tools an answer asks its client to call, as vendors tell it."""

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.dialects import Dialect
from ccproxy.dialects.convert import Translation
from ccproxy.dialects.json import Json, JsonObject
from ccproxy.dialects.meter import Told, told_by
from ccproxy.dialects.tap import StreamTap

pytestmark = pytest.mark.unit

CHAT, MESSAGES, RESPONSES = Dialect.CHAT, Dialect.MESSAGES, Dialect.RESPONSES


def event(payload: JsonObject, name: str = "") -> bytes:
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + orjson.dumps(payload) + b"\n\n"


def chat(*calls: JsonObject, choice: int = 0) -> bytes:
    """A chunk of a Chat stream."""
    delta: JsonObject = {"tool_calls": [*calls]}
    return event({"choices": [{"index": choice, "delta": delta}]})


def call(index: int, name: str | None, key: str | None, said: str = "") -> JsonObject:
    """A piece of a call in Chat."""
    function: JsonObject = {"name": name, "arguments": said} if name else {}
    return {"index": index, "id": key, "function": function or {"arguments": said}}


def block(kind: str, index: int) -> bytes:
    """The beginning of a block in Messages."""
    name = "content_block_start"
    content: JsonObject = {"type": kind, "id": f"toolu_{index}", "name": "f"}
    return event({"type": name, "index": index, "content_block": content}, name)


def item(kind: str, state: str = "done") -> bytes:
    """An item in Responses."""
    name = f"response.output_item.{state}"
    return event({"type": name, "item": {"type": kind, "name": "f"}}, name)


WORDS = '"tool_calls": [{"name"}] "type":"tool_use" "type":"function_call"'
TRICKS: dict[Dialect, Json] = {
    CHAT: {"choices": [{"delta": {"content": WORDS}}]},
    MESSAGES: {"type": "content_block_delta", "delta": {"text": WORDS}},
    RESPONSES: {"type": "response.output_text.delta", "delta": WORDS},
}
STREAMS: list[tuple[str, Dialect, list[bytes], int]] = [
    (
        "two calls with their arguments behind them",
        CHAT,
        [
            chat(call(0, "f", "call_1")),
            chat(call(0, None, None, '{"name":')),
            chat(call(1, "g", "call_2")),
            chat(call(1, None, None, '"_tokens"')),
            event({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]}),
        ],
        2,
    ),
    (
        "a server that repeats the name",
        CHAT,
        [chat(call(0, "f", "call_1", each)) for each in "{}"],
        1,
    ),
    (
        "a server that numbers no calls",
        CHAT,
        [chat(call(0, "f", "call_1", "{}"), call(0, "f", "call_2", "{}"))],
        2,
    ),
    (
        "two choices",
        CHAT,
        [chat(call(0, "f", "a")), chat(call(0, "f", "b"), choice=1)],
        2,
    ),
    ("no calls, said often", CHAT, [chat(), chat(call(0, None, None))], 0),
    (
        "one of the client's, and one of the provider's",
        MESSAGES,
        [
            block("text", 0),
            block("tool_use", 1),
            block("server_tool_use", 2),
            event({"type": "message_delta", "delta": {"stop_reason": "tool_use"}}),
        ],
        1,
    ),
    (
        "items that begin and end",
        RESPONSES,
        [
            item("function_call", "added"),
            item("function_call"),
            item("custom_tool_call"),
            item("web_search_call"),
            event(
                {
                    "type": "response.completed",
                    "response": {"output": [{"type": "function_call"}]},
                }
            ),
        ],
        2,
    ),
]


@settings(max_examples=100)
@given(kind=st.sampled_from(STREAMS), size=st.integers(1, 400))
def test_each_call_of_a_stream_counts_once_wherever_chunks_end(
    kind: tuple[str, Dialect, list[bytes], int], size: int
) -> None:
    name, dialect, events, count = kind
    tap, data = StreamTap(dialect), b"".join(events)
    for start in range(0, len(data), size):
        tap.feed(data[start : start + size])
    tap.end()
    assert tap.tool_calls == count, name


@pytest.mark.parametrize("dialect", Dialect)
def test_words_that_look_like_calls_are_none(dialect: Dialect) -> None:
    trick = TRICKS[dialect]
    assert isinstance(trick, dict)
    tap = StreamTap(dialect)
    tap.feed(event(trick) + event(trick, str(trick.get("type") or "")))
    assert tap.tool_calls == 0


@pytest.mark.parametrize(
    ("dialect", "answer", "count"),
    [
        (CHAT, {"choices": [{"message": {"tool_calls": [{}, {}]}}]}, 2),
        (CHAT, {"choices": [{"message": {"tool_calls": None}}]}, 0),
        (MESSAGES, {"content": [{"type": "tool_use"}, {"type": "mcp_tool_use"}]}, 1),
        (RESPONSES, {"output": [{"type": "function_call"}, {"type": "message"}]}, 1),
        (RESPONSES, {"output": [{"type": "custom_tool_call"}], "usage": {}}, 1),
    ],
)
def test_the_calls_of_a_whole_answer_are_counted(
    dialect: Dialect, answer: JsonObject, count: int
) -> None:
    assert told_by(dialect, orjson.dumps(answer)) == Told(None, count)


@pytest.mark.parametrize("dialect", Dialect)
def test_what_is_no_answer_tells_of_no_number_of_calls(dialect: Dialect) -> None:
    for body in (b"", b"<html>", b'"tool_calls" tool_use" x_call"', b"\x1f\x8b"):
        assert told_by(dialect, body) == Told()


def test_an_item_of_an_odd_type_is_no_call() -> None:
    items: list[Json] = [{"type": {}}, {"type": ["function_call"]}, {"a": "x_call"}]
    assert told_by(RESPONSES, orjson.dumps({"output": items})) == Told(None, 0)
    tap = StreamTap(RESPONSES)
    for item in items:
        tap.feed(event({"type": "response.output_item.done", "item": item}))
    assert tap.tool_calls == 0


def test_calls_are_counted_on_their_way_into_another_dialect() -> None:
    asked: JsonObject = {"model": "m", "max_tokens": 1, "messages": []}
    stream = Translation(
        MESSAGES, CHAT, asked, model="m", maker="x", name="n", created=0
    ).stream()
    stream.feed(chat(call(0, "f", "a"), call(1, "g", "b")))
    assert stream.tool_calls == 2
