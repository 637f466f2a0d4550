"""The page of all settings."""

import json
from collections.abc import Iterator

from ccproxy.config import json_schema
from ccproxy.loader.discovery import discover
from reference.markdown import Schema, code, prose, table

_INTRO = """\
# Settings

What a setting says, from the weakest source to the strongest: its default, the settings
file, a variable, an option. `ccproxy config path` prints where the file is,
`ccproxy config init` writes one with comments, `ccproxy config show` tells each value
and its source. Unknown keys are errors.

Variables are named after keys: `server.port` is `CCPROXY_SERVER__PORT`,
`plugins.openai.base_url` is `CCPROXY_PLUGINS__OPENAI__BASE_URL`. Their values, and
those of `--set`, are JSON where they are not plain text: `'["a", "b"]'`.
"""


def page() -> str:
    """Write the page."""
    models = {found.name: found.load().manifest.config for found in discover()}
    schema = json_schema(models)
    sections = [_INTRO]
    for name, section in _tables(schema, schema, ()):
        about = section.get("description", "").partition("\n\n")[0]
        sections.append(f"## `[{name}]`\n\n{prose(about)}\n")
        sections.append(_keys(schema, section) + "\n")
    return "\n".join(sections)


def _tables(
    schema: Schema, table_: Schema, path: tuple[str, ...]
) -> Iterator[tuple[str, Schema]]:
    """Yield each table of the file with the schema of its keys."""
    if path:
        yield ".".join(path), table_
    for key, value in table_.get("properties", {}).items():
        inner = _resolve(schema, value)
        items = _resolve(schema, inner.get("items", {}))
        entries = _resolve(schema, inner.get("additionalProperties") or {})
        if "properties" in inner:
            yield from _tables(schema, inner, (*path, key))
        elif "properties" in items:
            yield f"[{'.'.join((*path, key))}]", items
        elif "properties" in entries:
            yield ".".join((*path, key, "NAME")), entries


def _keys(schema: Schema, section: Schema) -> str:
    required = section.get("required", [])
    rows = []
    for key, value in section["properties"].items():
        if "properties" in _resolve(schema, value):
            continue  # a table of its own
        default = "required" if key in required else _default(value)
        rows.append(
            (code(key), _kind(schema, value), default, prose(value.get("description")))
        )
    return table(("Key", "Type", "Default", "Meaning"), rows)


def _default(value: Schema) -> str:
    default = value.get("default")
    return "not set" if default is None else code(json.dumps(default))


def _kind(schema: Schema, value: Schema) -> str:
    """Say in words what a value is."""
    value = _resolve(schema, value)
    if "anyOf" in value:
        return " or ".join(
            _kind(schema, each) for each in value["anyOf"] if each.get("type") != "null"
        )
    if "enum" in value:
        return ", ".join(code(json.dumps(each)) for each in value["enum"])
    if value.get("type") == "array":
        return f"list of {_kind(schema, value['items'])}"
    named = {"password": "secret", "path": "path", "uri": "URL"}
    kinds = {"string": "text", "object": "table", "array": "list"}
    kind = named.get(value.get("format", "")) or kinds.get(value["type"], value["type"])
    return f"{kind}{_bounds(value)}"


def _bounds(value: Schema) -> str:
    words = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤"}
    bounds = [f"{sign} {value[key]}" for key, sign in words.items() if key in value]
    return f" {', '.join(bounds)}" if bounds else ""


def _resolve(schema: Schema, value: Schema) -> Schema:
    """Follow a reference into the schema's definitions."""
    if "$ref" not in value:
        return value
    target = schema["$defs"][value["$ref"].removeprefix("#/$defs/")]
    return {**target, **{key: held for key, held in value.items() if key != "$ref"}}
