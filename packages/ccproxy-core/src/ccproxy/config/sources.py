"""The layers settings come from: Defaults < TOML < Env < CLI.

The file is one layer; each variable and each option is a small layer of its own, so
that a value can always name its source. The defaults live in the models.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path

from ccproxy.config.keypath import KeyPath, depth_of
from ccproxy.config.locate import key_lines, line_of
from ccproxy.config.merge import deep_merge
from ccproxy.config.paths import config_file as usual_config_file
from ccproxy.errors import ConfigError

PREFIX = "CCPROXY_"
RESERVED = frozenset({"CCPROXY_CONFIG", "CCPROXY_TOKEN", "CCPROXY_SERVE"})
OPTIONS = {
    "server.host": "--host",
    "server.port": "--port",
    "server.workers": "--workers",
    "logging.level": "--log-level",
}
_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Layer:
    """Values from one source.

    Attributes:
        source: The file, the variable or the option.
        values: What it says, as nested tables; may hold secrets.
        strict: Whether types are told by the source itself, as in TOML, instead of
            being read out of text.
        lines: The line of each key, if the source is a file.
    """

    source: str
    values: Mapping[str, object] = field(repr=False)
    strict: bool = False
    lines: Mapping[KeyPath, int] = field(default_factory=dict, repr=False)

    def line(self, path: KeyPath) -> int | None:
        """Return the line of ``path``, if the source has lines."""
        return line_of(path, self.lines)

    def where(self, path: KeyPath) -> str:
        """Name the place of ``path``: ``FILE:LINE``, or just the source."""
        line = self.line(path)
        return self.source if line is None else f"{self.source}:{line}"


@dataclass(frozen=True, slots=True)
class Layers:
    """All that was said about settings.

    Attributes:
        file: The settings file that was read, if any.
        stack: The layers, the weakest first.
    """

    file: Path | None
    stack: tuple[Layer, ...]

    @property
    def merged(self) -> dict[str, object]:
        """All layers as one; may hold secrets."""
        nothing: dict[str, object] = {}
        return reduce(deep_merge, (layer.values for layer in self.stack), nothing)

    def source(self, path: KeyPath) -> str | None:
        """Name the place an effective value comes from; a default comes from none."""
        for layer in reversed(self.stack):
            if depth_of(path, layer.values) == len(path):
                return layer.where(path)
        return None

    def placed(self, path: KeyPath, text: str) -> str:
        """Put the place of a value before what is said about it, if it has one."""
        source = self.source(path)
        return f"{source}: {text}" if source else text


def read_layers(
    config_file: Path | None,
    overrides: Mapping[str, str],
    environ: Mapping[str, str],
    named: Mapping[str, str] | None = None,
) -> Layers:
    """Read the settings file, the environment and the command line.

    Args:
        config_file: The file named by ``--config``; without one, that of
            ``CCPROXY_CONFIG``, else the usual one if it exists.
        overrides: Text by dotted key, from ``--set``.
        environ: The environment.
        named: The same from options of their own, which ``OPTIONS`` tells.

    Raises:
        ConfigError: The file can't be read or is not TOML, or a name is not a key.
    """
    file = _find(config_file, environ)
    stack = [] if file is None else [_read_toml(file)]
    stack += _read_environ(environ)
    stack += _read_overrides(overrides)
    stack += _read_named(named or {})
    return Layers(file=file, stack=tuple(stack))


def _find(config_file: Path | None, environ: Mapping[str, str]) -> Path | None:
    if config_file is not None:
        return config_file
    if named := environ.get("CCPROXY_CONFIG"):
        return Path(named)
    usual = usual_config_file()
    return usual if usual.exists() else None


def _read_toml(file: Path) -> Layer:
    try:
        text = file.read_bytes().decode("utf-8-sig")
        values = tomllib.loads(text)
    except FileNotFoundError as error:
        raise ConfigError(
            f"There is no settings file {file}.",
            hint=f"Run 'ccproxy config init --config {file}' to write it.",
        ) from error
    except OSError as error:
        raise ConfigError(
            f"The settings file {file} can't be read: {error.strerror}."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"The settings file {file} is not UTF-8 text.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_syntax(file, text, str(error))) from error
    return Layer(str(file), values, strict=True, lines=key_lines(text))


def _syntax(file: Path, text: str, reason: str) -> str:
    """Say where a file is not TOML."""
    place = _PLACE.search(reason)
    line = (place and place["line"]) or len(text.splitlines())
    return f"{file}:{line}: this is not TOML: {_PLACE.sub('', reason)}."


def _read_environ(environ: Mapping[str, str]) -> Iterator[Layer]:
    """Yield the variables, those of whole tables before those of keys in them."""
    names = [
        name
        for name in environ
        if name.upper().startswith(PREFIX) and name.upper() not in RESERVED
    ]
    for name in sorted(names, key=lambda name: (name.count("__"), name)):
        keys = name[len(PREFIX) :].lower().split("__")
        yield _text_layer(name, keys, environ[name])


def _read_overrides(overrides: Mapping[str, str]) -> Iterator[Layer]:
    """Yield the options, those of whole tables before those of keys in them."""
    for key in sorted(overrides, key=lambda key: (key.count("."), key)):
        yield _text_layer(f"--set {key}", key.split("."), overrides[key])


def _read_named(named: Mapping[str, str]) -> Iterator[Layer]:
    for key, option in OPTIONS.items():
        if key in named:
            yield _text_layer(option, key.split("."), named[key])


def _text_layer(source: str, keys: list[str], text: str) -> Layer:
    if not all(keys):
        raise ConfigError(
            f"{source} does not name a setting.",
            hint="A setting is named by its section and key, such as server.port.",
        )
    *tables, last = keys
    values: dict[str, object] = {last: _parse(source, text)}
    for table in reversed(tables):
        values = {table: values}
    return Layer(source, values)


def _parse(source: str, text: str) -> object:
    """Read lists and tables as JSON; leave all else to the type of the setting."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ConfigError(f"The value of {source} is not UTF-8 text.") from error
    if text.lstrip().startswith(("[", "{")):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text  # a password may start like this; a list has to be right
    return text
