"""Tools that take free text, and the grammar it has to keep to."""

from typing import Any

import pytest

from ccproxy.dialects import Dialect
from core.dialects.streams import translation
from fakes.strict import complaints

pytestmark = pytest.mark.unit

CHAT, MESSAGES, RESPONSES = Dialect.CHAT, Dialect.MESSAGES, Dialect.RESPONSES
GRAMMAR = {"syntax": "lark", "definition": "start: /.+/"}
CUSTOM = {"name": "patch", "description": "Change files."}
OF_CHAT = {
    "type": "custom",
    "custom": {**CUSTOM, "format": {"type": "grammar", "grammar": GRAMMAR}},
}
OF_RESPONSES = {"type": "custom", **CUSTOM, "format": {"type": "grammar", **GRAMMAR}}


def told(client: Dialect, upstream: Dialect, **asked: Any) -> Any:
    body: Any = translation(client, upstream, **asked).payload
    assert list(complaints(upstream, body)) == []
    return body


def test_a_custom_tool_of_chat_is_one_of_responses_with_its_grammar() -> None:
    choice = {"type": "custom", "custom": {"name": "patch"}}
    body = told(CHAT, RESPONSES, tools=[OF_CHAT], tool_choice=choice)
    assert body["tools"] == [OF_RESPONSES]
    assert body["tool_choice"] == {"type": "custom", "name": "patch"}


@pytest.mark.parametrize(
    ("client", "tool"), [(CHAT, OF_CHAT), (RESPONSES, OF_RESPONSES)]
)
def test_a_grammar_is_told_in_words_where_there_are_functions_alone(
    client: Dialect, tool: dict[str, Any]
) -> None:
    (function,) = told(client, MESSAGES, tools=[tool])["tools"]
    described = function["input_schema"]["properties"]["input"]["description"]
    assert "lark grammar:\nstart: /.+/" in described


def test_a_call_of_a_custom_tool_and_its_result_stay_so_between_openais() -> None:
    call = {"id": "c1", "type": "custom", "custom": {"name": "patch", "input": "+ a"}}
    messages = [
        {"role": "user", "content": "Change it."},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "done"},
    ]
    _, called, result = told(CHAT, RESPONSES, tools=[OF_CHAT], messages=messages)[
        "input"
    ]
    kind = "custom_tool_call"
    assert called == {"type": kind, "call_id": "c1", "name": "patch", "input": "+ a"}
    assert result == {"type": f"{kind}_output", "call_id": "c1", "output": "done"}
