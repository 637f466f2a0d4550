"""Sampled arguments satisfy the schema they are made for."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.plugins.sandbox.sample import sample
from ccproxy.sdk import Json, JsonObject

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, "sandbox"),
        ({"type": "string", "minLength": 9}, "sandbox--"),
        ({"type": "string", "enum": ["c", "f"]}, "c"),
        ({"const": 7}, 7),
        ({"type": "integer"}, 1),
        ({"type": "number", "minimum": 2.5}, 2.5),
        ({"type": "boolean"}, True),
        ({"type": ["null", "string"]}, None),
        ({"type": "array", "items": {"type": "integer"}}, [1]),
        ({"type": "array", "items": {}, "minItems": 2}, ["sandbox", "sandbox"]),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, 1),
        ({"$ref": "#/$defs/point"}, {"x": 1}),
        ({"properties": {}}, {}),
    ],
)
def test_a_required_property_gets_a_value_of_its_type(
    schema: JsonObject, value: Json
) -> None:
    point: JsonObject = {
        "type": "object",
        "properties": {"x": {"type": "integer"}},
        "required": ["x"],
    }
    tool: JsonObject = {
        "type": "object",
        "properties": {"needed": schema, "optional": {"type": "string"}},
        "required": ["needed"],
        "$defs": {"point": point},
    }
    assert sample(tool) == {"needed": value}


def test_a_schema_that_contains_itself_comes_to_an_end() -> None:
    node: JsonObject = {
        "type": "object",
        "properties": {"next": {"$ref": "#"}},
        "required": ["next"],
    }
    depth, value = 0, sample(node)
    while isinstance(below := value["next"], dict):
        depth, value = depth + 1, below
    assert 1 < depth < 20


def test_a_schema_that_asks_for_too_much_gets_a_bounded_answer() -> None:
    greedy: JsonObject = {
        "type": "object",
        "properties": {name: {"$ref": "#"} for name in "abcdef"},
        "required": list("abcdef"),
    }
    assert len(orjson.dumps(sample(greedy))) < 20_000
    huge: JsonObject = {"type": "array", "minItems": 10**9, "items": {}}
    tool: JsonObject = {"properties": {"many": huge}, "required": ["many"]}
    assert len(orjson.dumps(sample(tool))) < 20_000


any_json: st.SearchStrategy[Json] = st.sampled_from(
    [None, 1, -1, 10**9, "x", "#", "#/a/b", "object", [], ["a"], [1], {}, {"a": 1}]
)
keys = st.sampled_from(
    [
        "type",
        "properties",
        "required",
        "items",
        "$ref",
        "enum",
        "minItems",
        "anyOf",
        "a",
    ]
)
schemas = st.dictionaries(keys, any_json | st.dictionaries(keys, any_json, max_size=3))


@given(schemas)
def test_any_json_taken_for_a_schema_gives_an_object(schema: JsonObject) -> None:
    assert isinstance(sample(schema), dict)
