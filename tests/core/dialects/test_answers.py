"""What the table says becomes of answers is what happens, whole and streamed."""

import orjson
import pytest

from ccproxy.dialects import Dialect
from ccproxy.dialects.answer import Answer, StopReason
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
from core.dialects.streams import translation

pytestmark = pytest.mark.unit

CALL = ToolCall("call_1", "weather", '{"a":1}')
SEARCH = Search("ws_1", {"query": "snow"}, (Citation("http://x", "t"),), "maker")
ANSWERS = {
    Feature.TEXT: Answer("a", [Text("words")]),
    Feature.CITATION: Answer("a", [Text("words", (Citation("http://x", "t"),))]),
    Feature.OTHER_CITATION: Answer("a", [Text("words", (Citation("", "a.pdf"),))]),
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


@pytest.mark.parametrize("kind", ["audio", "images"])
def test_what_a_chat_answer_says_without_words_is_noted(kind: str) -> None:
    said = {"content": "words", kind: [{"any": "thing"}]}
    choice = {"index": 0, "message": said, "finish_reason": "stop"}
    whole = translation(Dialect.MESSAGES, Dialect.CHAT)
    answer = whole.read(orjson.dumps({"id": "c", "choices": [choice]}))
    assert isinstance(answer, Answer)
    whole.render(answer)
    streamed = translation(Dialect.MESSAGES, Dialect.CHAT)
    stream = streamed.stream()
    chunks = [{"delta": said}, {"delta": said}, {"delta": {}, "finish_reason": "stop"}]
    for chunk in chunks:
        stream.feed(b"data: " + orjson.dumps({"id": "c", "choices": [chunk]}) + b"\n\n")
    stream.end()
    (note,) = [each for each in whole.notes if "other types" in each]
    assert streamed.notes.count(note) == 1
