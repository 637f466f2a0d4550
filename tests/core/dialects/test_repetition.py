"""A call that brings the same result again and again is found in each dialect."""

from collections.abc import Callable
from typing import TypeAlias

import pytest

from ccproxy.dialects import Dialect
from ccproxy.dialects.json import Json, JsonObject
from ccproxy.dialects.repetition import BETWEEN, LOOK_BACK, Repetition, repetition

pytestmark = pytest.mark.unit

Step: TypeAlias = tuple[str, str]
"""What was asked, and what came of it; asked nothing, these are the user's words."""
Say: TypeAlias = Callable[[list[Step]], JsonObject]


def messages(steps: list[Step]) -> JsonObject:
    said: list[Json] = [{"role": "user", "content": "Begin."}]
    for number, (asked, result) in enumerate(steps):
        if not asked:
            said.append({"role": "user", "content": [{"type": "text", "text": result}]})
            continue
        use: JsonObject = {"type": "tool_use", "id": f"t{number}", "name": "Bash"}
        use["input"] = {"command": asked}
        found: JsonObject = {"type": "tool_result", "tool_use_id": f"t{number}"}
        found["content"] = [{"type": "text", "text": result}]
        reminder: JsonObject = {
            "type": "text",
            "text": f"Reminder {number}.",
        }
        said.append({"role": "assistant", "content": [use]})
        said.append({"role": "user", "content": [found, reminder]})
    return {"messages": said}


def chat(steps: list[Step]) -> JsonObject:
    said: list[Json] = [{"role": "user", "content": "Begin."}]
    for number, (asked, result) in enumerate(steps):
        if not asked:
            said.append({"role": "user", "content": result})
            continue
        call: JsonObject = {"id": f"t{number}", "type": "function"}
        call["function"] = {"name": "Bash", "arguments": asked}
        said.append({"role": "assistant", "content": None, "tool_calls": [call]})
        said.append({"role": "tool", "tool_call_id": f"t{number}", "content": result})
    return {"messages": said}


def responses(steps: list[Step]) -> JsonObject:
    said: list[Json] = [{"role": "user", "content": "Begin."}]
    for number, (asked, result) in enumerate(steps):
        if not asked:
            said.append({"type": "message", "role": "user", "content": result})
            continue
        call: JsonObject = {"type": "function_call", "call_id": f"t{number}"}
        said.append(call | {"name": "Bash", "arguments": asked})
        output: JsonObject = {"type": "function_call_output", "output": result}
        said.append(output | {"call_id": f"t{number}"})
    return {"input": said}


SAY = [
    (Dialect.MESSAGES, messages),
    (Dialect.CHAT, chat),
    (Dialect.RESPONSES, responses),
]


@pytest.mark.parametrize(("dialect", "say"), SAY)
@pytest.mark.parametrize(
    ("steps", "times"),
    [
        ([("ls", "a")], 1),
        ([("ls", "a")] * 4, 4),
        ([("ls", "a"), ("cat", "x")] * 3, 3),
        ([("ls", "a"), ("ls", "b"), ("ls", "a")], 2),
        ([("ls", "a"), ("ls", "a"), ("", "Go on."), ("ls", "a")], 1),
        ([("ls", "a")] * (LOOK_BACK + 9), LOOK_BACK),
        ([("ls", "a"), *[("cat", "x")] * BETWEEN, ("ls", "a")], 2),
        ([("ls", "a"), *[("cat", "x")] * (BETWEEN + 1), ("ls", "a")], 1),
    ],
)
def test_the_last_call_is_counted_since_the_users_last_words(
    dialect: Dialect, say: Say, steps: list[Step], times: int
) -> None:
    assert repetition(dialect, say(steps)) == Repetition("Bash", times)


@pytest.mark.parametrize(("dialect", "say"), SAY)
def test_without_a_call_there_is_nothing_to_count(dialect: Dialect, say: Say) -> None:
    assert repetition(dialect, say([])) is None
    assert repetition(dialect, say([("ls", "a"), ("", "Stop.")])) is None


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize(
    "junk", [None, "x", [1, "x", None], [{"content": [{"type": []}]}], [{}]]
)
def test_what_makes_no_sense_is_nobodys_call(dialect: Dialect, junk: Json) -> None:
    assert repetition(dialect, {"messages": junk, "input": junk}) is None


def test_tools_of_all_kinds_are_counted() -> None:
    shell: JsonObject = {"type": "local_shell_call", "call_id": "a", "action": {"x": 1}}
    custom: JsonObject = {"type": "custom_tool_call", "call_id": "b", "input": "x"}
    for call, tool in ((shell, "local_shell"), (custom | {"name": "patch"}, "patch")):
        output: JsonObject = {"call_id": call["call_id"], "output": "y"}
        output["type"] = f"{call['type']}_output"
        asked: JsonObject = {"input": [call, output] * 2}
        assert repetition(Dialect.RESPONSES, asked) == Repetition(tool, 2)
