"""What the table says becomes of answers is what happens, whole and streamed."""

import orjson
import pytest

from ccproxy.dialects import Dialect
from ccproxy.dialects.answer import Answer, Problem, StopReason
from ccproxy.dialects.conversation import (
    Citation,
    Opaque,
    Reasoning,
    Refusal,
    Search,
    Text,
    ToolCall,
)
from ccproxy.dialects.feature import Feature, Outcome
from ccproxy.dialects.table import ANSWERED, answered
from ccproxy.dialects.tap import Outcome as Ended
from core.dialects.streams import collect, translation

pytestmark = pytest.mark.unit

CALL = ToolCall("call_1", "weather", '{"a":1}')
SEARCH = Search("ws_1", {"query": "snow"}, (Citation("http://x", "t"),), "maker")
ANSWERS = {
    Feature.TEXT: Answer("a", [Text("words")]),
    Feature.CITATION: Answer("a", [Text("words", (Citation("http://x", "t"),))]),
    Feature.REFUSAL: Answer("a", [Refusal("No.")], StopReason.REFUSAL),
    Feature.REASONING: Answer("a", [Reasoning("hm", "seal", "maker", "rs_1")]),
    Feature.TOOL_CALL: Answer("a", [CALL], StopReason.TOOLS),
    Feature.CUSTOM_TOOL: Answer("a", [ToolCall("c", "patch", "free", custom=True)]),
    Feature.NAMESPACE: Answer("a", [ToolCall("c", "log", "{}", namespace="git")]),
    Feature.SEARCHED: Answer("a", [SEARCH, Text("words")]),
    Feature.UNKNOWN_BLOCK: Answer("a", [Opaque("file_search_call"), Text("words")]),
    Feature.STOP_SEQUENCE: Answer("a", [Text("w")], StopReason.SEQUENCE, "END"),
    Feature.PAUSE: Answer("a", [Text("w")], StopReason.PAUSE),
}
CASES = [
    pytest.param(upstream, client, feature, id=f"{upstream}>{client}-{feature.name}")
    for upstream in Dialect
    for client in Dialect
    for feature in ANSWERED
    if upstream is not client and answered(feature, upstream, client) is not None
]


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize(("upstream", "client", "feature"), CASES)
def test_the_table_says_what_becomes_of_an_answer(
    upstream: Dialect, client: Dialect, feature: Feature, *, streamed: bool
) -> None:
    loss = answered(feature, upstream, client)
    assert loss is not None
    crossing = translation(client, upstream)
    before = crossing.notes
    told = (crossing.replay if streamed else crossing.render)(ANSWERS[feature])
    assert told
    noted = [note for note in crossing.notes if note not in before]
    if loss.outcome is Outcome.KEPT:
        assert noted == []
    else:
        assert [note.partition(":")[0].partition(" (")[0] for note in noted] == [
            f"{loss.outcome.capitalize()} {feature}"
        ]
        assert loss.how in noted[0]


def test_an_answer_without_content_is_one() -> None:
    for client in Dialect:
        for upstream in Dialect:
            if client is not upstream:
                assert translation(client, upstream).render(Answer("a"))
                assert translation(client, upstream).replay(Answer("a"))


@pytest.mark.parametrize("client", list(Dialect))
@pytest.mark.parametrize("upstream", list(Dialect))
def test_what_is_no_answer_is_a_failure_whatever_its_status(
    client: Dialect, upstream: Dialect
) -> None:
    """Some servers tell errors with status 200; a page of JSON may be anything."""
    if client is upstream:
        return
    error = {"error": {"message": "No credit.", "code": 402}}
    told = translation(client, upstream).read(orjson.dumps(error))
    assert told == Problem(402, "No credit.", "")
    told = translation(client, upstream).read(b'{"ok":true}')
    assert isinstance(told, Problem)
    assert told.status == 502


def test_an_answer_that_its_server_could_not_finish_is_a_failure() -> None:
    choice = {"index": 0, "finish_reason": "error", "message": {"content": "Half"}}
    crossing = translation(Dialect.MESSAGES, Dialect.CHAT)
    told = crossing.read(orjson.dumps({"id": "c", "choices": [choice]}))
    assert isinstance(told, Problem)
    chunk = {"choices": [{"delta": {"content": "Half"}, "finish_reason": "error"}]}
    stream = crossing.stream()
    stream.feed(b"data: " + orjson.dumps(chunk) + b"\n\ndata: [DONE]\n\n")
    assert stream.outcome is Ended.FAILED


def test_parts_in_place_of_a_text_are_read() -> None:
    """As Mistral's models answer that think."""
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    parts = [thinking, {"type": "text", "text": "Snow."}]
    blocks = [Reasoning("hm", maker="maker"), Text("Snow.")]
    whole = translation(Dialect.MESSAGES, Dialect.CHAT).read(
        orjson.dumps({"choices": [{"message": {"content": parts}}]})
    )
    assert isinstance(whole, Answer)
    assert whole.blocks == blocks
    chunk = {"choices": [{"delta": {"content": parts}}]}
    streamed = b"data: " + orjson.dumps(chunk) + b"\n\ndata: [DONE]\n\n"
    assert collect(Dialect.CHAT, [streamed]).blocks == blocks
