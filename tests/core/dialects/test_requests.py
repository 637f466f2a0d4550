"""What real gateways get wrong in requests, and ours must not."""

from itertools import product
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.dialects import Dialect
from ccproxy.dialects.answer import Answer
from ccproxy.dialects.conversation import Reasoning
from ccproxy.dialects.convert import Translation
from ccproxy.dialects.seal import disclose, enclose
from ccproxy.dialects.session import session_of
from ccproxy.errors import UntranslatableError
from core.dialects.examples import BASES, PNG
from fakes.strict import complaints

pytestmark = pytest.mark.unit

CHAT, MESSAGES, RESPONSES = Dialect.CHAT, Dialect.MESSAGES, Dialect.RESPONSES
PAIRS = [(a, b) for a, b in product(Dialect, Dialect) if a is not b]
SESSION = "7c0a3a6e-0b5c-4f6e-9d8d-2f2c7f6f5a10"


def translate(
    client: Dialect, upstream: Dialect, *, maker: str = "maker", **asked: Any
) -> Translation:
    model = asked.get("model", "m")
    return Translation(
        client,
        upstream,
        {**BASES[client], **asked},
        model=model,
        maker=maker,
        name="n",
        created=1,
    )


def ask(client: Dialect, upstream: Dialect, **asked: Any) -> Any:
    """What the provider is asked; no vendor would refuse it."""
    payload = translate(client, upstream, **asked).payload
    assert list(complaints(upstream, orjson.loads(orjson.dumps(payload)))) == []
    return payload


def turn(role: str, *content: Any) -> dict[str, Any]:
    return {"role": role, "content": list(content)}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def use(name: str, **given: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": f"toolu_{name}", "name": name, "input": given}


def result(name: str, *content: Any, **more: Any) -> dict[str, Any]:
    return {
        "type": "tool_result",
        "tool_use_id": f"toolu_{name}",
        "content": list(content),
        **more,
    }


IMAGE = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/png", "data": PNG},
}


# -- Claude Code


def test_the_billing_header_of_claude_code_does_not_defeat_the_cache() -> None:
    bodies = []
    for version in ("2.1.197.fa0", "2.1.197.bb1"):
        billing = text(f"x-anthropic-billing-header: cc_version={version};")
        payload = ask(MESSAGES, RESPONSES, system=[billing, text("Be brief.")])
        bodies.append(orjson.dumps(payload))
        assert payload["instructions"] == "Be brief."
    assert bodies[0] == bodies[1]


def test_a_system_message_among_anthropics_messages_is_an_instruction() -> None:
    talk = [turn("user", text("hi")), {"role": "system", "content": "Obey."}]
    (_, said) = ask(MESSAGES, CHAT, messages=talk)["messages"]
    assert said == {"role": "system", "content": "Obey."}
    (_, item) = ask(MESSAGES, RESPONSES, messages=talk)["input"]
    assert (item["role"], item["content"][0]["text"]) == ("developer", "Obey.")


@pytest.mark.parametrize(
    ("asked", "effort"),
    [
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}, "max"),
        ({"thinking": {"type": "enabled", "budget_tokens": 31999}}, "high"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "low"),
        ({"thinking": {"type": "disabled"}}, None),
        ({"thinking": {"type": "adaptive"}}, None),
        ({}, None),
    ],
)
def test_thinking_becomes_an_effort(asked: dict[str, Any], effort: str | None) -> None:
    assert ask(MESSAGES, CHAT, **asked).get("reasoning_effort") == effort
    reasoning = ask(MESSAGES, RESPONSES, **asked).get("reasoning", {})
    assert reasoning.get("effort") == effort
    thinks = asked.get("thinking", {}).get("type") in {"adaptive", "enabled"}
    assert reasoning.get("summary") == ("auto" if thinks else None)


@pytest.mark.parametrize(
    ("model", "thinking", "config"),
    [
        ("claude-sonnet-4-5", {"type": "enabled", "budget_tokens": 10_000}, None),
        (
            "claude-3-7-sonnet-latest",
            {"type": "enabled", "budget_tokens": 4095},
            None,
        ),
        ("claude-opus-4-20250514", {"type": "enabled", "budget_tokens": 10_000}, None),
        ("claude-opus-4-8", {"type": "adaptive"}, {"effort": "medium"}),
        ("claude-sonnet-5", {"type": "adaptive"}, {"effort": "medium"}),
        ("anything", {"type": "adaptive"}, {"effort": "medium"}),
    ],
)
def test_an_effort_becomes_thinking_as_the_model_takes_it(
    model: str, thinking: object, config: object
) -> None:
    payload = ask(CHAT, MESSAGES, model=model, reasoning_effort="medium")
    assert payload["thinking"] == thinking
    assert payload.get("output_config") == config


def test_thinking_is_not_asked_for_where_anthropic_refuses_it() -> None:
    tool = {"type": "function", "function": {"name": "f"}}
    forced = translate(
        CHAT, MESSAGES, reasoning_effort="high", tools=[tool], tool_choice="required"
    )
    assert "thinking" not in forced.payload
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}
    chain = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "y"},
    ]
    asked = {"reasoning_effort": "high", "tools": [tool], "messages": chain}
    assert "thinking" not in ask(CHAT, MESSAGES, model="claude-sonnet-4-5", **asked)
    assert "thinking" in ask(CHAT, MESSAGES, model="claude-opus-4-8", **asked)


# -- content


def test_images_survive_in_order_in_tool_results_too() -> None:
    url = {"type": "image", "source": {"type": "url", "url": "http://x/2.png"}}
    talk = [
        turn("user", text("a"), IMAGE, text("b"), url),
        turn("assistant", use("shot")),
        turn("user", result("shot", text("c"), IMAGE), text("d")),
    ]
    chat = ask(MESSAGES, CHAT, messages=talk)["messages"]
    kinds = [part["type"] for part in chat[0]["content"]]
    assert kinds == ["text", "image_url", "text", "image_url"]
    assert chat[2]["role"] == "tool"
    assert [part["type"] for part in chat[3]["content"]] == [
        "text",
        "image_url",
        "text",
    ]
    items = ask(MESSAGES, RESPONSES, messages=talk)["input"]
    assert [part["type"] for part in items[0]["content"]] == [
        "input_text",
        "input_image",
        "input_text",
        "input_image",
    ]
    assert [part["type"] for part in items[2]["output"]] == [
        "input_text",
        "input_image",
    ]


def test_history_of_all_kinds_is_not_refused() -> None:
    """What can't be told is left out with a note, and never told as a repr."""
    talk = [
        turn("user", text("a"), {"type": "document", "source": {"type": "text"}}),
        turn(
            "assistant",
            {"type": "thinking", "thinking": "hm", "signature": "native"},
            {"type": "redacted_thinking", "data": "native"},
            {"type": "server_tool_use", "id": "s", "name": "web_fetch", "input": {}},
            {"type": "web_fetch_tool_result", "tool_use_id": "s", "content": {}},
            {"type": "something_new", "payload": {"deep": [1]}},
            text("b"),
        ),
        turn("user", text("c")),
    ]
    for upstream in (CHAT, RESPONSES):
        translation = translate(MESSAGES, upstream, messages=talk)
        written = orjson.dumps(translation.payload).decode()
        assert '"b"' in written
        for word in ("native", "something_new", "server_tool_use", "{'", "Opaque"):
            assert word not in written
        notes = " ".join(translation.notes)
        for kind in ("something_new", "server_tool_use", "reasoning"):
            assert kind in notes


def test_a_failed_tool_stays_one() -> None:
    talk = [
        turn("user", text("a")),
        turn("assistant", use("f")),
        turn("user", result("f", text("no such file"), is_error=True)),
    ]
    chat = ask(MESSAGES, CHAT, messages=talk)["messages"]
    assert chat[2]["content"] == "The tool failed:\nno such file"
    output = ask(MESSAGES, RESPONSES, messages=talk)["input"][2]["output"]
    assert output == "The tool failed:\nno such file"


def test_a_result_without_its_call_becomes_text() -> None:
    talk = [turn("user", result("gone", text("snow"), IMAGE), text("and?"))]
    for upstream in (CHAT, RESPONSES):
        written = orjson.dumps(ask(MESSAGES, upstream, messages=talk)).decode()
        assert "snow" in written
        assert PNG in written
        assert "toolu_gone" not in written


def test_parallel_calls_and_their_results_stay_together() -> None:
    talk = [
        turn("user", text("a")),
        turn("assistant", text("b"), use("f", x=1), use("g", y=2)),
        turn("user", result("f", text("1")), result("g", text("2")), text("c")),
    ]
    roles = [each["role"] for each in ask(MESSAGES, CHAT, messages=talk)["messages"]]
    assert roles == ["user", "assistant", "tool", "tool", "user"]
    there = ask(MESSAGES, CHAT, messages=talk)
    back = ask(CHAT, MESSAGES, messages=there["messages"])["messages"]
    assert [[each["type"] for each in one["content"]] for one in back] == [
        ["text"],
        ["text", "tool_use", "tool_use"],
        ["tool_result", "tool_result", "text"],
    ]


def test_long_ids_and_names_get_a_short_form_and_come_back() -> None:
    long = "mcp__server__" + "x" * 70
    call = {**use("f"), "id": "toolu_" + "y" * 90, "name": long}
    talk = [
        turn("user", text("a")),
        turn("assistant", call),
        turn("user", {**result("f"), "tool_use_id": call["id"]}),
    ]
    tools = [{"name": long, "input_schema": {"type": "object"}}]
    for upstream in (CHAT, RESPONSES):
        ask(MESSAGES, upstream, messages=talk, tools=tools)
    translation = translate(MESSAGES, RESPONSES, messages=talk, tools=tools)
    payload: Any = translation.payload
    again = translate(MESSAGES, RESPONSES, messages=talk, tools=tools)
    assert again.payload == payload
    item = {
        "type": "function_call",
        "call_id": payload["input"][1]["call_id"],
        "name": payload["tools"][0]["name"],
        "arguments": "{}",
    }
    (told,) = told_in_answer(translation, {"output": [item]})["content"]
    assert (told["name"], told["id"]) == (long, call["id"])


def told_in_answer(translation: Translation, answer: dict[str, Any]) -> Any:
    """Translate a whole answer."""
    read = translation.read(orjson.dumps(answer))
    assert isinstance(read, Answer)
    return orjson.loads(translation.render(read))


# -- tools


def test_a_custom_tool_goes_as_a_function_and_its_calls_come_back_as_they_were() -> (
    None
):
    grammar = {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"}
    tools = [
        {"type": "custom", "name": "apply_patch", "format": grammar},
        {
            "type": "namespace",
            "name": "git",
            "tools": [{"type": "function", "name": "log", "parameters": {}}],
        },
    ]
    items = [
        {"type": "message", "role": "user", "content": "hi"},
        {
            "type": "custom_tool_call",
            "call_id": "c1",
            "name": "apply_patch",
            "input": "*** Begin",
        },
        {"type": "custom_tool_call_output", "call_id": "c1", "output": "done"},
    ]
    translation = translate(RESPONSES, MESSAGES, input=items, tools=tools)
    payload: Any = translation.payload
    assert list(complaints(MESSAGES, payload)) == []
    assert [tool["name"] for tool in payload["tools"]] == ["apply_patch", "git__log"]
    schema = payload["tools"][0]["input_schema"]
    assert "start: /.+/" in schema["properties"]["input"]["description"]
    called = payload["messages"][1]["content"][0]
    assert called["input"] == {"input": "*** Begin"}
    content = [
        {**called, "id": "t1", "input": {"input": "*** End\n"}},
        {"type": "tool_use", "id": "t2", "name": "git__log", "input": {"n": 1}},
    ]
    output = told_in_answer(translation, {"id": "m", "content": content})["output"]
    assert output[0]["type"] == "custom_tool_call"
    assert output[0]["input"] == "*** End\n"
    assert (output[1]["namespace"], output[1]["name"]) == ("git", "log")


def test_tools_in_an_item_are_tools() -> None:
    """Codex CLI sends them so to some models."""
    tool = {"type": "function", "name": "exec", "parameters": {"type": "object"}}
    item = {"type": "additional_tools", "role": "developer", "tools": [tool]}
    items = [item, {"type": "message", "role": "user", "content": "hi"}]
    for upstream in (CHAT, MESSAGES):
        assert "exec" in str(ask(RESPONSES, upstream, input=items)["tools"])


def test_strict_is_never_left_to_the_default_of_responses() -> None:
    tools = [{"name": "f", "input_schema": {"type": "object"}}]
    assert ask(MESSAGES, RESPONSES, tools=tools)["tools"][0]["strict"] is False


@pytest.mark.parametrize(
    ("anthropics", "openais", "parallel"),
    [
        ({"type": "auto"}, "auto", None),
        ({"type": "any"}, "required", None),
        ({"type": "none"}, "none", None),
        (
            {"type": "any", "disable_parallel_tool_use": True},
            "required",
            False,
        ),
        ({"type": "tool", "name": "f"}, "f", None),
    ],
)
def test_tool_choice_in_all_its_forms(
    anthropics: dict[str, Any], openais: str, parallel: bool | None
) -> None:
    tools = [{"name": "f", "input_schema": {"type": "object"}}]
    chat = ask(MESSAGES, CHAT, tools=tools, tool_choice=anthropics)
    responses = ask(MESSAGES, RESPONSES, tools=tools, tool_choice=anthropics)
    if openais == "f":
        assert chat["tool_choice"]["function"]["name"] == "f"
        assert responses["tool_choice"] == {"type": "function", "name": "f"}
    else:
        assert chat["tool_choice"] == responses["tool_choice"] == openais
    assert chat.get("parallel_tool_calls") is parallel
    back = ask(
        CHAT,
        MESSAGES,
        **{key: chat[key] for key in chat.keys() - {"model", "messages"}},
    )
    assert back["tool_choice"] == anthropics


# -- reasoning


def test_reasoning_goes_to_its_maker_alone() -> None:
    seal = enclose(Reasoning("hm", "opaque", "codex", "rs_1"))
    thought = {"type": "thinking", "thinking": "hm", "signature": seal}
    talk = [turn("user", text("a")), turn("assistant", thought, text("b"))]
    own: Any = translate(MESSAGES, RESPONSES, maker="codex", messages=talk).payload
    assert own["input"][1] == {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "hm"}],
        "encrypted_content": "opaque",
    }
    for maker, upstream in (("other", RESPONSES), ("other", CHAT)):
        foreign = translate(MESSAGES, upstream, maker=maker, messages=talk)
        assert b"opaque" not in orjson.dumps(foreign.payload)
        assert any("reasoning" in note for note in foreign.notes)


def test_reasoning_whose_words_were_changed_is_not_sent_back() -> None:
    """Its maker would refuse the signature."""
    seal = enclose(Reasoning("hm", "signed", "anthropic"))
    item = {"type": "reasoning", "id": "rs_1", "encrypted_content": seal}
    summary = [{"type": "summary_text", "text": "something else"}]
    items = [
        {"type": "message", "role": "user", "content": "a"},
        {**item, "summary": summary},
    ]
    payload = translate(RESPONSES, MESSAGES, maker="anthropic", input=items).payload
    assert b"signed" not in orjson.dumps(payload)


@given(st.text(), st.text(), st.from_regex(r"[a-z][a-z0-9_-]{0,9}", fullmatch=True))
@settings(max_examples=50)
def test_an_envelope_gives_back_what_was_put_in(
    words: str, seal: str, maker: str
) -> None:
    made = Reasoning(words, seal, maker, "rs_1")
    assert disclose(enclose(made), words) == made


# -- the prompt cache


@pytest.mark.parametrize(("client", "upstream"), PAIRS)
def test_the_same_input_gives_the_same_bytes(
    client: Dialect, upstream: Dialect
) -> None:
    first, second = (orjson.dumps(ask(client, upstream)) for _ in range(2))
    assert first == second


def test_a_conversation_keeps_its_cache_key_and_shares_it_with_no_other() -> None:
    def key(*talk: Any, system: str = "s") -> object:
        return ask(MESSAGES, RESPONSES, messages=[*talk], system=system)[
            "prompt_cache_key"
        ]

    first = turn("user", text("a"))
    longer = (first, turn("assistant", text("b")), turn("user", text("c")))
    assert key(first) == key(*longer)
    assert key(first) != key(turn("user", text("other")))
    assert key(first) != key(first, system="other")


@pytest.mark.parametrize(
    "user_id",
    [
        orjson.dumps({"device_id": "d", "session_id": SESSION}).decode(),
        f"user_abc_account__session_{SESSION}",
    ],
)
def test_claude_codes_session_names_the_conversation(user_id: str) -> None:
    payload = ask(MESSAGES, RESPONSES, metadata={"user_id": user_id})
    assert payload["prompt_cache_key"] == SESSION
    assert len(payload["user"]) <= 64


@pytest.mark.parametrize("user_id", ["", "me", "{", "{}", '{"session_id":5}', "[1]"])
def test_other_users_name_no_session(user_id: str) -> None:
    assert session_of(user_id) == ""


def test_a_key_of_the_callers_own_is_kept() -> None:
    payload = ask(CHAT, RESPONSES, prompt_cache_key="mine")
    assert payload["prompt_cache_key"] == "mine"


def test_a_conversation_is_marked_for_anthropics_cache_and_a_lone_question_is_not() -> (
    None
):
    talk: list[Any] = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "a"},
    ]
    assert b"cache_control" not in orjson.dumps(ask(CHAT, MESSAGES, messages=talk))
    talk += [
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
    ]
    payload = ask(CHAT, MESSAGES, messages=talk)
    assert "cache_control" in payload["system"][-1]
    marked = ["cache_control" in each["content"][-1] for each in payload["messages"]]
    assert marked == [True, False, True]


# -- the rest


def test_instructions_of_all_kinds_before_the_first_turn_are_the_system_prompt() -> (
    None
):
    items = [
        {"type": "message", "role": "developer", "content": "b"},
        {
            "type": "message",
            "role": "system",
            "content": [{"type": "input_text", "text": "c"}],
        },
        {"type": "message", "role": "user", "content": "hi"},
    ]
    payload = ask(RESPONSES, MESSAGES, instructions="a", input=items)
    assert [each["text"] for each in payload["system"]] == ["a", "b", "c"]
    chat = ask(RESPONSES, CHAT, instructions="a", input=items)
    assert chat["messages"][0] == {"role": "system", "content": "a\n\nb\n\nc"}


def test_a_plain_text_is_an_input() -> None:
    assert ask(RESPONSES, CHAT, input="hi")["messages"] == [
        {"role": "user", "content": "hi"}
    ]


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_max_tokens_under_its_three_names(name: str) -> None:
    assert ask(CHAT, RESPONSES, **{name: 50})["max_output_tokens"] == 50
    assert ask(CHAT, MESSAGES, **{name: 50})["max_tokens"] == 50


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("llama3.2", "max_tokens"),
        ("mistral-large", "max_tokens"),
        ("gpt-4o", "max_tokens"),
        ("gpt-oss:20b", "max_tokens"),
        ("o4-mini", "max_completion_tokens"),
        ("openai/gpt-5.5", "max_completion_tokens"),
    ],
)
def test_a_chat_model_is_told_its_limit_by_the_name_it_takes(
    model: str, name: str
) -> None:
    for client, asked in ((RESPONSES, "max_output_tokens"), (MESSAGES, "max_tokens")):
        told = ask(client, CHAT, model=model, **{asked: 50})
        limits = {key: value for key, value in told.items() if key.startswith("max_")}
        assert limits == {name: 50}


def test_a_stream_of_chat_is_asked_for_its_usage() -> None:
    assert ask(MESSAGES, CHAT, stream=True)["stream_options"] == {"include_usage": True}
    assert "stream_options" not in ask(MESSAGES, CHAT)


def test_a_schema_for_the_answer_in_all_dialects() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "schema": schema}
    chat = ask(MESSAGES, CHAT, output_config={"format": wanted})["response_format"]
    assert chat["json_schema"]["schema"] == schema
    there = ask(CHAT, RESPONSES, response_format=chat)["text"]
    assert there["format"]["schema"] == schema
    back = ask(RESPONSES, MESSAGES, text=there)["output_config"]
    assert back == {"format": wanted}
    assert ask(MESSAGES, CHAT, output_format=wanted)["response_format"] == chat


def test_a_parameter_that_nobody_knows_is_dropped_with_a_note_and_no_error() -> None:
    for client, upstream in PAIRS:
        translation = translate(client, upstream, shiny_new_thing={"a": 1})
        assert "shiny_new_thing" not in translation.payload
        assert any("shiny_new_thing" in note for note in translation.notes)


def test_what_says_nothing_is_not_noted() -> None:
    asked: dict[str, Any] = {
        "frequency_penalty": 0,
        "presence_penalty": 0.0,
        "logit_bias": {},
        "n": 1,
    }
    translation = translate(CHAT, RESPONSES, store=False, seed=None, **asked)
    assert translation.notes == []


def test_what_matters_and_can_not_be_said_is_refused_by_name() -> None:
    for asked, name in (
        ({"previous_response_id": "r"}, "previous_response_id"),
        ({"conversation": "c"}, "conversation"),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"input": [{"type": "item_reference", "id": "i"}]}, "item_reference"),
        ({"background": True}, "background"),
    ):
        with pytest.raises(UntranslatableError, match=name):
            translate(RESPONSES, CHAT, **asked)
