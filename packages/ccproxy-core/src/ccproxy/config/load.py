"""Turns layers into settings, or into one error that tells all that is wrong."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from ccproxy.config.fields import KnownPath, known_paths, tables
from ccproxy.config.keypath import KeyPath, depth_of, dotted
from ccproxy.config.problems import Problem, explain, fail, unknown
from ccproxy.config.sections import Plugins
from ccproxy.config.settings import Settings
from ccproxy.config.sources import PREFIX, Layer, Layers
from ccproxy.errors import ConfigError
from ccproxy.sdk import PluginConfig

ModelT = TypeVar("ModelT", bound=BaseModel)
ConfigT = TypeVar("ConfigT", bound=PluginConfig)
Found = tuple[Layer | None, Problem]
"""A problem, with the layer it is in."""


def load(layers: Layers) -> Settings:
    """Return the settings that the layers add up to.

    Each layer is checked alone, so that an error names its source: the file strictly
    (``"8000"`` is not a port), variables and options by reading their text. What only
    the whole can tell, such as a key that is missing, is checked at the end.

    Raises:
        ConfigError: Something is wrong; the message tells all of it.
    """
    core = replace(layers, stack=tuple(map(_without_plugin_sections, layers.stack)))
    known = known_paths(Settings)
    wrong: list[Found] = [
        (layer, unknown((key,), value, known))
        for layer in core.stack
        for key, value in layer.values.items()
        if key not in Settings.model_fields
    ]
    sections: dict[str, BaseModel] = {}
    for name, model in tables(Settings).items():
        table, problems = _validate(core, (name,), model)
        wrong += problems
        if table is not None:
            sections[name] = table
    if wrong:
        raise _error(wrong, core)
    return Settings.model_validate(sections)


def section(layers: Layers, name: str, model: type[ConfigT]) -> ConfigT:
    """Return the settings of one plugin, from ``[plugins.<name>]``.

    Raises:
        ConfigError: Something is wrong; the message tells all of it.
    """
    table, wrong = _validate(layers, ("plugins", name), model)
    if table is None:
        raise _error(wrong, layers)
    return table


def plugin_sections(layers: Layers) -> tuple[str, ...]:
    """Return the names of the plugins that have a section, in order."""
    plugins = layers.merged.get("plugins")
    if not isinstance(plugins, Mapping):
        return ()
    return tuple(sorted(key for key, value in plugins.items() if _is_own(key, value)))


def _is_own(key: str, value: object) -> bool:
    """Tell a plugin's section from a key of ``[plugins]`` itself."""
    return key not in Plugins.model_fields and isinstance(value, Mapping)


def _without_plugin_sections(layer: Layer) -> Layer:
    plugins = layer.values.get("plugins")
    if not isinstance(plugins, Mapping):
        return layer
    kept = {key: value for key, value in plugins.items() if not _is_own(key, value)}
    return replace(layer, values={**layer.values, "plugins": kept})


def _validate(
    layers: Layers, prefix: KeyPath, model: type[ModelT]
) -> tuple[ModelT | None, list[Found]]:
    """Check one table in each layer alone, then merged."""
    start: KnownPath = tuple(map(str, prefix))
    known = {start + path: plain for path, plain in known_paths(model).items()}
    wrong: list[Found] = []
    for layer in layers.stack:
        if depth_of(prefix, layer.values) == len(prefix):
            _, problems = _check(layer, prefix, model, known)
            wrong += [(layer, p) for p in problems if not p.needs_all_layers]
    told = {problem.path for _, problem in wrong}
    table, problems = _check(Layer("all", layers.merged), prefix, model, known)
    wrong += [_blame(p, layers, prefix) for p in problems if p.path not in told]
    return (None if wrong else table), wrong


def _check(
    layer: Layer,
    prefix: KeyPath,
    model: type[ModelT],
    known: Mapping[KnownPath, bool],
) -> tuple[ModelT | None, list[Problem]]:
    """Validate the table at ``prefix``; as JSON, where text may stand for a path."""
    table: object = layer.values
    for key in prefix:
        table = table.get(key, {}) if isinstance(table, Mapping) else table
    try:
        text = json.dumps(table, default=str)
        return model.model_validate_json(text, strict=layer.strict), []
    except ValidationError as error:
        problems = [
            explain(detail, prefix, table, known, as_text=not layer.strict)
            for detail in error.errors(include_url=False)
        ]
        return None, [each for each in problems if not _follows(each, problems)]


def _follows(problem: Problem, problems: list[Problem]) -> bool:
    """Tell whether a list is too short only as pydantic leaves out what is wrong."""
    return problem.kind == "too_short" and any(
        other.path[:-1] == problem.path for other in problems
    )


def _blame(problem: Problem, layers: Layers, prefix: KeyPath) -> Found:
    """Find the layer that a problem of the whole is in.

    That is the strongest one that says most of it; a key missing from a table is put
    down to the file alone, since a variable is never a whole table.
    """
    path, missing = problem.path, problem.kind == "missing"
    in_list = any(isinstance(key, int) for key in path)
    depths = [
        (depth_of(path, layer.values), position)
        for position, layer in enumerate(layers.stack)
        if layer.strict or in_list or not missing
    ]
    depth, position = max(depths, default=(0, 0))
    if depth >= (len(path) - 1 if missing else len(prefix)):
        return layers.stack[position], problem
    if not missing:
        return None, problem
    variable = PREFIX + "__".join(map(str, path)).upper()
    return None, replace(
        problem, hint=f"Set it in [{dotted(path[:-1])}] or as {variable}."
    )


def _error(wrong: list[Found], layers: Layers) -> ConfigError:
    """Tell what is wrong in the order of the layers, a file from top to bottom."""

    def order(found: Found) -> tuple[int, int]:
        layer, problem = found
        if layer is None:
            return len(layers.stack), 0
        return layers.stack.index(layer), layer.line(problem.path) or 0

    return fail(
        [
            (layer.where(problem.path) if layer else None, problem)
            for layer, problem in sorted(wrong, key=order)
        ]
    )
