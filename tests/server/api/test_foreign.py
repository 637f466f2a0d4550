"""Reasoning is shown to nobody but the provider that made it."""

import pytest

from ccproxy.api.foreign import NOTE, without_reasoning
from ccproxy.dialects import Dialect
from ccproxy.sdk import JsonObject
from fakes.vendor import KEY, Vendor, vendor
from fakes.world import Start, Witness

USER: JsonObject = {"type": "message", "role": "user", "content": "hi"}
REASONING: JsonObject = {"type": "reasoning", "id": "rs_1", "encrypted_content": "x"}
THOUGHT: JsonObject = {"type": "thinking", "thinking": "hm", "signature": "s"}
CALL: JsonObject = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
RESULT: JsonObject = {"type": "tool_result", "tool_use_id": "t", "content": "1"}


@pytest.mark.unit
def test_reasoning_items_are_left_out() -> None:
    payload: JsonObject = {"input": [USER, REASONING, USER]}
    written = without_reasoning(Dialect.RESPONSES, payload)
    assert written == {"input": [USER, USER]}
    assert payload["input"] == [USER, REASONING, USER]


@pytest.mark.unit
def test_thoughts_are_left_out_and_messages_of_nothing_else() -> None:
    text: JsonObject = {"type": "text", "text": "a"}
    hidden: JsonObject = {"type": "redacted_thinking", "data": "d"}
    payload: JsonObject = {
        "thinking": {"type": "adaptive"},
        "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [THOUGHT, hidden, text]},
            {"role": "assistant", "content": [hidden]},
            {"role": "user", "content": [text]},
        ],
    }
    assert without_reasoning(Dialect.MESSAGES, payload) == {
        "thinking": {"type": "adaptive"},
        "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [text]},
            {"role": "user", "content": [text]},
        ],
    }


@pytest.mark.unit
def test_an_unfinished_chain_of_tools_goes_on_without_thinking() -> None:
    payload: JsonObject = {
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "messages": [
            {"role": "assistant", "content": [THOUGHT, CALL]},
            {"role": "user", "content": [RESULT]},
        ],
    }
    written = without_reasoning(Dialect.MESSAGES, payload)
    assert "thinking" not in written


@pytest.mark.unit
@pytest.mark.parametrize(
    ("dialect", "payload"),
    [
        (Dialect.RESPONSES, {"input": "hi"}),
        (Dialect.RESPONSES, {"input": [USER, "odd"]}),
        (Dialect.MESSAGES, {"messages": [{"role": "user", "content": "hi"}, 5]}),
        (Dialect.MESSAGES, {"messages": 5}),
        (Dialect.CHAT, {"messages": [{"role": "user", "content": "hi"}]}),
    ],
)
def test_without_any_the_request_is_the_same(
    dialect: Dialect, payload: JsonObject
) -> None:
    assert without_reasoning(dialect, payload) is payload


@pytest.mark.integration
async def test_a_conversation_that_has_moved_keeps_its_reasoning_to_itself(
    start: Start, fake: Vendor, witness: Witness
) -> None:
    async with vendor() as second:
        other = {"base_url": f"{second.url}/v1", "api_key": KEY}
        running = await start(
            {
                "plugins": {"openai": {"instances": {"other": other}}},
                "routing": {
                    "routes": [{"match": "m", "to": ["openai/busy", "other/good"]}]
                },
            }
        )
        asked = {"model": "m", "input": [USER, REASONING, USER], "store": False}
        for _ in range(2):
            answer = await running.client.post(
                "/v1/responses", json=asked, headers={"session-id": "c"}
            )
            assert answer.status_code == 200
    assert fake.last.json["input"] == [USER, REASONING, USER]
    assert [seen.json["input"] for seen in second.seen] == [[USER, USER]] * 2
    first, later = witness.ended
    assert NOTE in first.notes
    assert later.notes == (NOTE,)
    assert len(fake.seen) == 1


@pytest.mark.integration
async def test_where_a_conversation_began_its_reasoning_passes(
    start: Start, fake: Vendor
) -> None:
    routes = [{"match": "m", "to": ["openai/good", "anthropic"]}]
    running = await start({"routing": {"routes": routes}})
    asked = {"model": "m", "input": [USER, REASONING, USER], "store": False}
    for _ in range(2):
        await running.client.post(
            "/v1/responses", json=asked, headers={"session-id": "c"}
        )
    assert [seen.json["input"] for seen in fake.seen] == [[USER, REASONING, USER]] * 2
