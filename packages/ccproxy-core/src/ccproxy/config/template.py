"""The settings file with comments, and the JSON Schema of it, from the models."""

import json
import textwrap
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from pydantic import BaseModel, Field, SecretStr, TypeAdapter, create_model
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_jsonable_python

from ccproxy.config.fields import tables
from ccproxy.config.sections import Plugins
from ccproxy.config.settings import Settings
from ccproxy.sdk import Json, JsonObject, PluginConfig

_EMPTY = {
    "array": "[]",
    "boolean": "false",
    "integer": "0",
    "number": "0.0",
    "object": "{}",
}
"""TOML that stands where there is no default, by the type in a JSON Schema."""

_HEAD = """\
Settings of ccproxy. Each key shows its default, or an empty value where it has none;
remove the # before a key to set it.
Variables such as CCPROXY_SERVER__PORT and options such as --port win over this file."""


def template(plugins: Mapping[str, type[PluginConfig]] | None = None) -> str:
    """Return a settings file in which each key is commented out with its default.

    Args:
        plugins: The models of the sections of plugins, by the plugin's name.
    """
    lines = [f"# {line}" for line in _HEAD.splitlines()]
    for name, model in tables(Settings).items():
        lines += _table((name,), model)
    for name, model in sorted((plugins or {}).items()):
        lines += _table(("plugins", name), model)
    return "\n".join(lines) + "\n"


def json_schema(plugins: Mapping[str, type[PluginConfig]] | None = None) -> JsonObject:
    """Return the JSON Schema of the settings file.

    Args:
        plugins: The models of the sections of plugins, by the plugin's name; the
            sections of other plugins may hold anything.
    """
    sections: dict[str, Any] = {
        name: (model, Field(default_factory=model))
        for name, model in sorted((plugins or {}).items())
    }
    known = create_model(
        "Plugins", __base__=Plugins, __doc__=Plugins.__doc__, **sections
    )
    whole = create_model(
        "Settings",
        __base__=Settings,
        __doc__="The settings of ccproxy.",
        plugins=(known, Field(default_factory=known)),
    )
    return whole.model_json_schema()


def _table(path: tuple[str, ...], model: type[BaseModel]) -> Iterator[str]:
    """Yield the lines of a table, then those of the tables in it."""
    yield ""
    summary = (model.__doc__ or "").partition("\n\n")[0]
    if "[plugins." not in summary:  # the header below says as much
        yield from _comment(summary)
    yield f"[{'.'.join(path)}]"
    inner = tables(model)
    for name, info in model.model_fields.items():
        key = info.alias or name
        if key not in inner or info.get_default() is None:
            yield from _key(key, info)
    for name, info in model.model_fields.items():
        key = info.alias or name
        if key in inner and info.get_default() is not None:
            yield from _table((*path, key), inner[key])


def _comment(text: str) -> list[str]:
    words = " ".join(text.replace("``", "`").split())
    return textwrap.wrap(words, 88, initial_indent="# ", subsequent_indent="# ")


def _key(key: str, info: FieldInfo) -> Iterator[str]:
    """Yield ``#key = default`` below its comment."""
    default = info.get_default(call_default_factory=True, validated_data={})
    text = info.description or ""
    if default is PydanticUndefined:
        yield from _comment(f"{text} Required.")
        yield f"# {key} = {_empty(info)}"
    elif default is None:
        yield from _comment(f"{text} Not set by default.")
        yield f"# {key} = {_empty(info)}"
    else:
        yield from _comment(text)
        yield f"#{key} = {_toml(default)}"


def _empty(info: FieldInfo) -> str:
    """Return a value that is TOML, for somebody to fill in."""
    annotation: Any = info.annotation
    schema = TypeAdapter(annotation).json_schema()
    kinds = [each.get("type") for each in schema.get("anyOf", [schema])]
    return next((_EMPTY[kind] for kind in kinds if kind in _EMPTY), '""')


def _toml(value: object) -> str:
    """Write a value as TOML."""
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    plain: Json = to_jsonable_python(value)
    match plain:
        case dict():
            pairs = (f"{_quote(key)} = {_toml(inner)}" for key, inner in plain.items())
            return f"{{ {', '.join(pairs)} }}" if plain else "{}"
        case list():
            return f"[{', '.join(map(_toml, plain))}]"
        case str():
            return _quote(plain)
        case float() if not isfinite(plain):
            return str(plain)
        case _:
            return json.dumps(plain)


def _quote(text: str) -> str:
    """Write a text as a TOML string, whose escapes are those of JSON and one more."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
