"""Schemas that a model has to keep to are written as each vendor takes them."""

from typing import Any

import pytest

from ccproxy.dialects import Dialect
from ccproxy.dialects.json import Json, JsonObject
from ccproxy.dialects.schemas import closed, leaves_nothing_open
from core.dialects.streams import translation

pytestmark = pytest.mark.unit

CHAT, MESSAGES, RESPONSES = Dialect.CHAT, Dialect.MESSAGES, Dialect.RESPONSES
WORD: JsonObject = {"type": "string"}
OPEN: JsonObject = {"type": "object", "properties": {"a": WORD}}
OPTIONAL: JsonObject = {**OPEN, "additionalProperties": False}
STRICT: JsonObject = {**OPTIONAL, "required": ["a"]}


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (WORD, True),
        (OPEN, False),
        (OPTIONAL, False),
        (STRICT, True),
        ({**STRICT, "$defs": {"b": OPTIONAL}}, False),
        ({"type": "array", "items": OPEN}, False),
        ({"anyOf": [STRICT, {"type": "null"}]}, True),
        ({"anyOf": [STRICT, {**OPTIONAL, "type": ["object", "null"]}]}, False),
        ({**OPEN, "additionalProperties": WORD, "required": ["a"]}, False),
    ],
)
def test_openai_takes_as_strict_what_leaves_nothing_open(
    schema: JsonObject, *, strict: bool
) -> None:
    assert leaves_nothing_open(schema) is strict


@pytest.mark.parametrize("upstream", [CHAT, RESPONSES])
def test_what_leaves_something_open_is_not_asked_for_as_strict(
    upstream: Dialect,
) -> None:
    """Anthropic takes optional properties, OpenAI answers 400."""
    asked: dict[str, Any] = {
        "output_config": {"format": {"type": "json_schema", "schema": OPTIONAL}},
        "tools": [{"name": "f", "input_schema": OPTIONAL, "strict": True}],
    }
    crossing = translation(MESSAGES, upstream, **asked)
    body: Any = crossing.payload
    if upstream is CHAT:
        answer, tool = body["response_format"]["json_schema"], body["tools"][0]
        tool = tool["function"]
    else:
        answer, tool = body["text"]["format"], body["tools"][0]
    assert answer["strict"] is tool["strict"] is False
    assert any("without strict" in note for note in crossing.notes)


@pytest.mark.parametrize(
    ("schema", "written"),
    [
        (OPTIONAL, OPTIONAL),
        (OPEN, OPTIONAL),
        ({**OPEN, "additionalProperties": True}, OPTIONAL),
        ({"oneOf": [OPEN, WORD]}, {"anyOf": [OPTIONAL, WORD]}),
        ({"type": "array", "items": OPEN}, {"type": "array", "items": OPTIONAL}),
        (
            {"type": "integer", "minimum": 1, "description": "Rooms."},
            {"type": "integer", "description": "Rooms. (minimum: 1)"},
        ),
        (
            {"type": "array", "items": WORD, "minItems": 3},
            {"type": "array", "items": WORD, "description": "(minItems: 3)"},
        ),
        (
            {"type": "array", "items": WORD, "minItems": 1},
            {"type": "array", "items": WORD, "minItems": 1},
        ),
        ({**WORD, "format": "color"}, {**WORD, "description": '(format: "color")'}),
        ({**WORD, "format": "date"}, {**WORD, "format": "date"}),
        (
            {**OPTIONAL, "properties": {"minimum": WORD}},
            {**OPTIONAL, "properties": {"minimum": WORD}},
        ),
    ],
)
def test_anthropic_gets_closed_objects_and_limits_in_words(
    schema: JsonObject, written: JsonObject
) -> None:
    assert closed(schema) == written
    assert closed(written) is written


@pytest.mark.parametrize("client", [CHAT, RESPONSES])
def test_an_open_schema_of_openais_reaches_anthropic_closed(client: Dialect) -> None:
    named: dict[str, Json] = {"name": "n", "schema": OPEN}
    asked: dict[str, Any] = {"text": {"format": {"type": "json_schema", **named}}}
    if client is CHAT:
        asked = {"response_format": {"type": "json_schema", "json_schema": named}}
    crossing = translation(client, MESSAGES, **asked)
    body: Any = crossing.payload
    assert body["output_config"]["format"]["schema"] == OPTIONAL
    assert any("objects are closed" in note for note in crossing.notes)


def test_a_schema_of_any_depth_can_be_walked_through() -> None:
    deep: JsonObject = {"type": "object"}
    for _ in range(200):
        deep = {"type": "array", "items": deep}
    assert not leaves_nothing_open(deep)
    assert leaves_nothing_open(closed(deep))


@pytest.mark.parametrize(
    "odd",
    [
        {"properties": []},
        {"anyOf": {}},
        {"type": {}},
        {"format": {}},
        {"required": 5, "type": "object", "properties": {"a": None}},
        {"description": [], "minimum": {}},
    ],
)
def test_odd_schemas_break_nothing(odd: JsonObject) -> None:
    closed(odd)
    leaves_nothing_open(odd)
