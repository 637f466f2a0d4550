"""What newer clients send than any that we know: it is noted, and refuses nothing."""

from typing import Any

import orjson
import pytest

from ccproxy.dialects import Dialect
from ccproxy.dialects.answer import Answer
from ccproxy.dialects.conversation import Text
from core.dialects.examples import user
from core.dialects.streams import payloads, translation

pytestmark = pytest.mark.unit

CHAT, MESSAGES, RESPONSES = Dialect.CHAT, Dialect.MESSAGES, Dialect.RESPONSES
TEXT = {"type": "text", "text": "words"}
SAID = {"type": "input_text", "text": "words"}


@pytest.mark.parametrize(
    ("client", "upstream", "asked", "name"),
    [
        (MESSAGES, CHAT, {"output_config": {"task_budget": 9}}, "task_budget"),
        (MESSAGES, RESPONSES, {"thinking": {"depth": 3}}, "thinking.depth"),
        (MESSAGES, CHAT, {"metadata": {"team": "a"}}, "metadata.team"),
        (MESSAGES, CHAT, {"messages": [{**user(TEXT), "mood": "calm"}]}, "mood"),
        (CHAT, MESSAGES, {"messages": [user({**TEXT, "mood": 1})]}, "mood"),
        (RESPONSES, CHAT, {"input": [user({**SAID, "mood": 1})]}, "mood"),
        (RESPONSES, CHAT, {"reasoning": {"mode": "pro"}}, "reasoning.mode"),
        (RESPONSES, MESSAGES, {"text": {"tone": "dry"}}, "text.tone"),
    ],
)
def test_what_is_unknown_within_something_known_is_noted(
    client: Dialect, upstream: Dialect, asked: dict[str, Any], name: str
) -> None:
    crossing = translation(client, upstream, **asked)
    assert any(name in note for note in crossing.notes)
    assert name.encode() not in orjson.dumps(crossing.payload)


@pytest.mark.parametrize("upstream", [CHAT, RESPONSES])
def test_what_anthropic_has_compacted_keeps_its_words(upstream: Dialect) -> None:
    compacted = {"type": "compaction", "content": "It snowed.", "signature": "s"}
    answer = {"role": "assistant", "content": [compacted]}
    crossing = translation(MESSAGES, upstream, messages=[answer, user(TEXT)])
    assert b"It snowed." in orjson.dumps(crossing.payload)


@pytest.mark.parametrize("upstream", [CHAT, RESPONSES])
def test_what_could_not_be_compacted_says_nothing(upstream: Dialect) -> None:
    failed = {"role": "assistant", "content": [{"type": "compaction", "content": None}]}
    with_it = translation(MESSAGES, upstream, messages=[failed, user(TEXT)])
    without = translation(MESSAGES, upstream, messages=[user(TEXT)])
    assert with_it.payload == without.payload
    assert any("compaction" in note for note in with_it.notes)


def test_an_answer_without_words_is_no_message_of_chat() -> None:
    empty = {"role": "assistant", "content": [{"type": "text", "text": ""}]}
    crossing = translation(MESSAGES, CHAT, messages=[user(TEXT), empty, user(TEXT)])
    said: Any = crossing.payload["messages"]
    assert {each["role"] for each in said} == {"user"}


@pytest.mark.parametrize(("asked", "kept"), [({}, True), ({"store": False}, False)])
def test_an_answer_says_whether_it_is_kept(
    asked: dict[str, Any], *, kept: bool
) -> None:
    """The gateway keeps what its upstream does not: nothing is lost, nor noted."""
    crossing = translation(RESPONSES, CHAT, **asked)
    whole = orjson.loads(crossing.render(Answer("a", [Text("words")])))
    streamed = payloads(crossing.replay(Answer("a", [Text("words")])))[-1]["response"]
    assert whole["store"] is streamed["store"] is kept
    assert translation(RESPONSES, CHAT, store=True).notes == crossing.notes
