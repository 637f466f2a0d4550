"""A value that satisfies a JSON schema, always the same one."""

from ccproxy.plugins.sandbox.fields import an_object, objects, text
from ccproxy.sdk import Json, JsonObject

DEEPEST = 16
"""Below this depth a schema that contains itself is given up."""

LARGEST = 1000
"""So many values are made at most; schemas come from clients."""


def sample(schema: JsonObject) -> JsonObject:
    """Build arguments with the required properties of an object schema."""
    return _Sampler(schema).an_object(schema, 0)


class _Sampler:
    def __init__(self, root: JsonObject) -> None:
        self._root = root
        self._left = LARGEST

    def an_object(self, schema: JsonObject, depth: int) -> JsonObject:
        properties = an_object(schema.get("properties"))
        required = schema.get("required")
        if not isinstance(required, list):
            return {}
        return {
            name: self._value(an_object(properties.get(name)), depth + 1)
            for name in required
            if isinstance(name, str)
        }

    def _value(self, schema: JsonObject, depth: int) -> Json:
        self._left -= 1
        if depth > DEEPEST or self._left < 0:
            return None
        if reference := text(schema.get("$ref")):
            return self._value(_resolve(reference, self._root), depth + 1)
        if "const" in schema:
            return schema["const"]
        if isinstance(choices := schema.get("enum"), list) and choices:
            return choices[0]
        for union in ("anyOf", "oneOf", "allOf"):
            if options := objects(schema.get(union)):
                return self._value(options[0], depth + 1)
        return self._by_type(schema, depth)

    def _by_type(self, schema: JsonObject, depth: int) -> Json:
        match _type(schema):
            case "object":
                return self.an_object(schema, depth)
            case "array":
                items = an_object(schema.get("items"))
                count = _bounded(schema.get("minItems"), 1)
                return [self._value(items, depth + 1) for _ in range(count)]
            case "integer" | "number":
                least = schema.get("minimum")
                return least if isinstance(least, int | float) else 1
            case "boolean":
                return True
            case "null":
                return None
            case _:
                return "sandbox".ljust(_bounded(schema.get("minLength"), 0), "-")


def _bounded(count: Json, usual: int) -> int:
    return min(count, LARGEST) if isinstance(count, int) else usual


def _type(schema: JsonObject) -> str:
    named = schema.get("type")
    if isinstance(named, list) and named:
        named = named[0]
    if isinstance(named, str):
        return named
    return "object" if "properties" in schema else "string"


def _resolve(reference: str, root: JsonObject) -> JsonObject:
    found = root
    for step in filter(None, reference.removeprefix("#").split("/")):
        found = an_object(found.get(step.replace("~1", "/").replace("~0", "~")))
    return found
