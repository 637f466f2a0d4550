"""Tells for each effective setting where its value came from."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic_core import to_jsonable_python

from ccproxy.config.keypath import KeyPath, dotted
from ccproxy.config.settings import Settings
from ccproxy.config.sources import Layers
from ccproxy.sdk import Json, JsonObject, PluginConfig
from ccproxy.security.names import is_secret_name
from ccproxy.security.sanitizer import mask_text
from ccproxy.security.signs import is_rate

MASK = "********"
_LOGIN = re.compile(r"://[^/?#@]*@")


@dataclass(frozen=True, slots=True)
class Origin:
    """An effective setting and its source.

    Attributes:
        key: Its dotted key.
        value: Its value as JSON; a secret is shown as ``********``.
        source: ``default``, ``FILE:LINE``, a variable, or an option.
    """

    key: str
    value: Json
    source: str

    def as_json(self) -> JsonObject:
        """Return this as a JSON object."""
        return {"key": self.key, "value": self.value, "source": self.source}


def origins(
    layers: Layers, settings: Settings, plugin_configs: Mapping[str, PluginConfig]
) -> list[Origin]:
    """Return all effective settings, in the order of their sections.

    Args:
        layers: The layers the settings were loaded from.
        settings: The settings.
        plugin_configs: The sections of plugins, by the plugin's name.
    """
    leaves = list(_leaves((), settings))
    for name, config in sorted(plugin_configs.items()):
        leaves += _leaves(("plugins", name), config)
    return [
        Origin(
            dotted(path),
            _display(value, str(path[-1])),
            layers.source(path) or "default",
        )
        for path, value in leaves
    ]


def _leaves(path: KeyPath, value: object) -> Iterator[tuple[KeyPath, object]]:
    """Yield each value that is not a table; an empty table is one too."""
    if isinstance(value, BaseModel):
        for name, info in type(value).model_fields.items():
            yield from _leaves((*path, info.alias or name), getattr(value, name))
    elif isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _leaves((*path, str(key)), inner)
    else:
        yield path, value


def _display(value: object, name: str) -> Json:
    """Return a value as JSON, without what is secret in it."""
    match value:
        case SecretStr() | SecretBytes():
            return MASK if value.get_secret_value() else ""
        case BaseModel():
            return {
                field: _display(getattr(value, field), field)
                for field in value.__class__.model_fields
            }
        case Mapping():
            return {str(key): _display(inner, str(key)) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_display(inner, name) for inner in value]
    plain: Json = to_jsonable_python(value)
    return _text(plain, name) if isinstance(plain, str) and plain else plain


def _text(text: str, name: str) -> str:
    """Mask a text by its name, too: a plugin may have declared no secret to be one."""
    if is_secret_name(name) and not is_rate(text):
        return MASK
    return mask_text(_LOGIN.sub(f"://{MASK}@", text), own=True)
