"""The backend takes every body that was shaped; Codex CLI's own pass untouched."""

import copy
from collections.abc import Callable

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.plugins.codex.body import REFUSED, shape, shape_compaction
from ccproxy.sdk import JsonObject, UpstreamRequest

pytestmark = pytest.mark.unit

Backend = Callable[[bytes], str | None]
RequestOf = Callable[..., UpstreamRequest]

NATIVE = b"""{ "model":"gpt-5.5",  "input":[
 {"type":"message", "role":"developer", "id":"m0",
  "content":[{"type":"input_text","text":"You are Codex"}]},
 {"type":"message", "role":"user", "id":"m1",
  "content":[{"type":"input_text","text":"hi\\u2028"}]}],
 "tools":[{"type":"custom","name":"apply_patch"}], "tool_choice":"auto",
 "parallel_tool_calls":false, "reasoning":{"effort":"high"},
 "store":false, "stream":true, "include":["reasoning.encrypted_content"],
 "prompt_cache_key":"uuid", "client_metadata":{"a":1.0}}"""
"""As Codex CLI 0.169.0 writes it; the odd spaces and the escape are to be kept."""

LITE = b"""{"model":"gpt-6", "input":[
 {"type":"additional_tools", "role":"developer",
  "tools":[{"type":"namespace","name":"functions"}]},
 {"type":"message","role":"user","content":"hi"}],
 "parallel_tool_calls":false, "store":false, "stream":true}"""

OLD = b"""{"model":"gpt-5", "instructions":"You are Codex", "input":[],
 "store":false, "stream":true}"""


@pytest.mark.parametrize("body", [NATIVE, LITE, OLD])
def test_a_body_of_codex_cli_keeps_every_byte(
    backend: Backend, request_of: RequestOf, body: bytes
) -> None:
    request = request_of(body)
    shape(request, "unused")
    assert request.body is body
    assert request.notes == []
    assert backend(body) is None


def test_the_simplest_request_of_an_sdk_becomes_acceptable(
    backend: Backend, request_of: RequestOf
) -> None:
    request = request_of(b'{"model":"gpt-5.5","input":"hello"}')
    assert backend(request.body) is not None
    shape(request, "Be kind.")
    assert backend(request.body) is None
    assert request.stream
    payload = orjson.loads(request.body)
    key = payload.pop("prompt_cache_key")
    assert len(key) == 36
    assert payload == {
        "model": "gpt-5.5",
        "input": [
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "hello"}],
            }
        ],
        "store": False,
        "stream": True,
        "instructions": "Be kind.",
        "include": ["reasoning.encrypted_content"],
    }
    assert len(request.notes) == 4


def test_no_sentence_is_sent_if_none_is_set(request_of: RequestOf) -> None:
    request = request_of(b'{"model":"m","input":[],"store":false,"stream":true}')
    shape(request, "")
    assert request.notes == []


def test_an_alias_is_asked_for_by_its_models_name(request_of: RequestOf) -> None:
    request = request_of(NATIVE)
    shape(request, "unused", {"gpt-5.5": "gpt-6", "other": "m"})
    assert (request.model, request.payload["model"]) == ("gpt-6", "gpt-6")
    assert request.notes == ["Asked for gpt-6, as aliases says."]
    assert list(orjson.loads(request.body)) == list(orjson.loads(NATIVE))


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("value", [1, None])
def test_each_refused_parameter_is_dropped_and_noted(
    backend: Backend, request_of: RequestOf, name: str, value: int | None
) -> None:
    body = orjson.dumps({**orjson.loads(NATIVE), name: value})
    assert backend(body) == f"Unsupported parameter: {name}"
    request = request_of(body)
    shape(request, "unused")
    assert orjson.loads(request.body) == orjson.loads(NATIVE)
    assert request.notes == [f"Dropped {name}: the ChatGPT backend refuses it."]


def test_system_messages_become_developer_messages_in_their_place(
    request_of: RequestOf,
) -> None:
    items = [
        {"role": "user", "content": "a"},
        {"role": "system", "content": [{"type": "input_text", "text": "s"}]},
        {"type": "item_reference", "id": "gone"},
    ]
    request = request_of(orjson.dumps({"model": "m", "input": items}))
    given_payload = copy.deepcopy(request.payload)
    original = request.payload
    shape(request, "unused")
    assert original == given_payload
    sent = orjson.loads(request.body)
    assert sent["input"] == [
        {"role": "user", "content": "a"},
        {"role": "developer", "content": [{"type": "input_text", "text": "s"}]},
    ]
    assert "instructions" not in sent


def test_an_include_of_the_callers_is_kept(request_of: RequestOf) -> None:
    body = {"model": "m", "input": "x", "include": ["file_search_call.results"]}
    request = request_of(orjson.dumps(body))
    shape(request, "i")
    assert orjson.loads(request.body)["include"] == [
        "file_search_call.results",
        "reasoning.encrypted_content",
    ]


RIGHT = b"""{"model":"m","input":[{"role":"user","content":"hi"}],
 "instructions":"i","store":false,"stream":true}"""
"""What the backend takes as it is."""


@pytest.mark.parametrize("key", ["", ',"prompt_cache_key":null'])
def test_a_right_body_of_another_client_still_gets_its_cache_key(
    backend: Backend, request_of: RequestOf, key: str
) -> None:
    request = request_of(RIGHT.replace(b"}]", b"}]" + key.encode()))
    shape(request, "unused")
    sent = orjson.loads(request.body)
    assert len(sent["prompt_cache_key"]) == 36
    assert sent["include"] == ["reasoning.encrypted_content"]
    assert (backend(request.body), request.notes) == (None, [])


def test_a_body_of_codex_cli_without_a_cache_key_gets_none(
    request_of: RequestOf,
) -> None:
    request = request_of(RIGHT, {"user-agent": "codex_exec/0.34.0"})
    shape(request, "unused")
    assert request.body is RIGHT


def cache_key(request_of: RequestOf, *texts: str) -> str:
    roles = ["user", "assistant"] * len(texts)
    items = [
        {"role": role, "content": text}
        for role, text in zip(roles, texts, strict=False)
    ]
    request = request_of(orjson.dumps({"model": "m", "input": items}))
    shape(request, "i")
    return str(orjson.loads(request.body)["prompt_cache_key"])


def test_a_conversation_keeps_its_cache_key_and_shares_it_with_no_other(
    request_of: RequestOf,
) -> None:
    first = cache_key(request_of, "hello")
    assert first == cache_key(request_of, "hello", "hi", "and then?")
    assert first != cache_key(request_of, "good evening")


messages = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["user", "system", "developer", "assistant"]),
        "content": st.text(max_size=5),
    }
)
bodies = st.fixed_dictionaries(
    {
        "model": st.just("m"),
        "input": st.text(max_size=5) | st.lists(messages, max_size=4),
    },
    optional={
        "store": st.sampled_from([True, False, None]),
        "stream": st.sampled_from([True, False, None]),
        "instructions": st.sampled_from([None, "", "do", 7]),
        "include": st.sampled_from([None, [], ["x"]]),
        **{name: st.sampled_from([None, 1, "x"]) for name in REFUSED},
    },
)


@given(bodies)
def test_the_backend_takes_every_shaped_body_and_shaping_twice_changes_nothing(
    backend: Backend, request_of: RequestOf, body: JsonObject
) -> None:
    request = request_of(orjson.dumps(body))
    shape(request, "Be kind.")
    assert backend(request.body) is None
    again = request_of(request.body)
    shape(again, "Be kind.")
    assert again.body is request.body


@given(bodies)
def test_the_same_body_always_becomes_the_same_bytes(
    request_of: RequestOf, body: JsonObject
) -> None:
    first, second = request_of(orjson.dumps(body)), request_of(orjson.dumps(body))
    shape(first, "i")
    shape(second, "i")
    assert first.body == second.body


COMPACT = b"""{"model":"gpt-5.5", "input":[{"type":"message","role":"user",
 "content":"hi"}], "tools":[], "parallel_tool_calls":false, "prompt_cache_key":"k"}"""


def test_a_compaction_of_codex_cli_keeps_every_byte(request_of: RequestOf) -> None:
    request = request_of(COMPACT)
    shape_compaction(request, {})
    assert request.body is COMPACT
    assert request.notes == []


def test_a_compaction_loses_what_the_backend_does_not_know(
    request_of: RequestOf,
) -> None:
    body = b'{"model":"fast","input":"hi","store":false,"stream":false}'
    request = request_of(body)
    shape_compaction(request, {"fast": "gpt-5.5-mini"})
    assert request.payload.keys() == {"model", "input"}
    assert request.payload["model"] == "gpt-5.5-mini"
    assert request.notes == [
        "Dropped store: the ChatGPT backend compacts without it.",
        "Dropped stream: the ChatGPT backend compacts without it.",
        "Sent the input's text as a list of one message.",
        "Asked for gpt-5.5-mini, as aliases says.",
    ]
