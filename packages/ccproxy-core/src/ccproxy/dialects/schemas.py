"""JSON schemas that a model has to keep to: each vendor takes some of them alone.

Sources: https://docs.claude.com/en/docs/build-with-claude/structured-outputs,
https://platform.openai.com/docs/guides/structured-outputs
"""

from collections.abc import Iterator

import orjson

from ccproxy.dialects.json import Json, JsonObject, an_object, objects, strings, text

_NAMED = ("properties", "$defs", "definitions")
_LISTED = ("anyOf", "oneOf", "allOf")
_LIMITS = (
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "maxItems", "uniqueItems"),
    *("minProperties", "maxProperties"),
)
"""What Anthropic refuses in a schema."""
_FORMATS = {
    *("date-time", "time", "date", "duration", "email", "hostname"),
    *("uri", "ipv4", "ipv6", "uuid"),
}
"""The formats of a text that it takes."""


def leaves_nothing_open(schema: JsonObject) -> bool:
    """Tell whether OpenAI takes a schema as strict.

    Its objects have to be closed, and all of their properties required.
    """
    return all(
        node.get("additionalProperties") is False
        and an_object(node.get("properties")).keys() <= {*strings(node.get("required"))}
        for node in _nodes(schema)
        if _is_object(node)
    )


def closed(schema: JsonObject) -> JsonObject:
    """Write a schema as Anthropic takes it.

    Its objects have to be closed. What it can't keep to is told in words.

    Returns:
        The schema itself, if there is nothing to be changed.
    """
    written = an_object(orjson.loads(orjson.dumps(schema)))
    for node in _nodes(written):
        if "oneOf" in node and "anyOf" not in node:
            node["anyOf"] = node.pop("oneOf")
        _tell_limits(node)
        if _is_object(node):
            node["additionalProperties"] = False
    return schema if written == schema else written


def _tell_limits(node: JsonObject) -> None:
    """Put limits into the description."""
    limits = [name for name in _LIMITS if name in node]
    least = node.get("minItems")
    if isinstance(least, int) and least > 1:
        limits.append("minItems")
    if "format" in node and text(node["format"]) not in _FORMATS:
        limits.append("format")
    if not limits:
        return
    told = ", ".join(f"{name}: {_written(node.pop(name))}" for name in limits)
    before = text(node.get("description"))
    node["description"] = f"{before} ({told})".strip()


def _written(limit: Json) -> str:
    return orjson.dumps(limit).decode()


def _is_object(node: JsonObject) -> bool:
    return "object" in strings(node.get("type")) or "properties" in node


def _nodes(schema: JsonObject) -> Iterator[JsonObject]:
    """Walk through a schema and those within it, however deep they are."""
    rest: list[JsonObject] = [schema]
    while rest:
        node = rest.pop()
        yield node
        for name in _NAMED:
            rest += objects([*an_object(node.get(name)).values()])
        for name in _LISTED:
            rest += objects(node.get(name))
        rest += objects([node.get("items"), node.get("additionalProperties")])
