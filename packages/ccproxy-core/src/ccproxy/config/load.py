"""Turns layers into settings, or into one error that tells all that is wrong."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from ccproxy.config.fields import KnownPath, known_paths, tables
from ccproxy.config.locate import Path
from ccproxy.config.problems import Problem, depth_of, explain, fail, unknown
from ccproxy.config.sections import Plugins
from ccproxy.config.settings import Settings
from ccproxy.config.sources import PREFIX, Layer, Layers
from ccproxy.sdk import PluginConfig

ModelT = TypeVar("ModelT", bound=BaseModel)
ConfigT = TypeVar("ConfigT", bound=PluginConfig)
Placed = list[tuple[str | None, Problem]]


def load(layers: Layers) -> Settings:
    """Return the settings that the layers add up to.

    Each layer is checked alone, so that an error names its source: the file strictly
    (``"8000"`` is not a port), variables and options by reading their text. What only
    the whole can tell, such as a key that is missing, is checked at the end.

    Raises:
        ConfigError: Something is wrong; the message tells all of it.
    """
    core = replace(layers, stack=tuple(map(_without_plugin_sections, layers.stack)))
    known = list(known_paths(Settings))
    wrong: Placed = [
        (layer.where((key,)), unknown((key,), value, known))
        for layer in core.stack
        for key, value in layer.values.items()
        if key not in Settings.model_fields
    ]
    sections: dict[str, BaseModel] = {}
    for name, model in tables(Settings).items():
        found, problems = _validate(core, (name,), model)
        wrong += problems
        if found is not None:
            sections[name] = found
    if wrong:
        raise fail(wrong)
    return Settings.model_validate(sections)


def section(layers: Layers, name: str, model: type[ConfigT]) -> ConfigT:
    """Return the settings of one plugin, from ``[plugins.<name>]``.

    Raises:
        ConfigError: Something is wrong; the message tells all of it.
    """
    found, wrong = _validate(layers, ("plugins", name), model)
    if found is None:
        raise fail(wrong)
    return found


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
    own = {key: value for key, value in plugins.items() if not _is_own(key, value)}
    return replace(layer, values={**layer.values, "plugins": own})


def _validate(
    layers: Layers, prefix: Path, model: type[ModelT]
) -> tuple[ModelT | None, Placed]:
    """Check one table in each layer alone, then merged."""
    start: KnownPath = tuple(map(str, prefix))
    known = [start + path for path in known_paths(model)]
    wrong: Placed = []
    for layer in layers.stack:
        if depth_of(prefix, layer.values) == len(prefix):
            _, problems = _check(layer.values, prefix, model, known, layer.strict)
            wrong += [
                (layer.where(problem.path), problem)
                for problem in problems
                if not problem.needs_all_layers
            ]
    told = {problem.path for _, problem in wrong}
    found, problems = _check(layers.merged, prefix, model, known, strict=False)
    wrong += [_place(p, layers, len(prefix)) for p in problems if p.path not in told]
    return (None if wrong else found), wrong


def _check(
    values: Mapping[str, object],
    prefix: Path,
    model: type[ModelT],
    known: list[KnownPath],
    strict: bool,
) -> tuple[ModelT | None, list[Problem]]:
    """Validate the table at ``prefix``; as JSON, where text may stand for a path."""
    data: object = values
    for key in prefix:
        data = data.get(key, {}) if isinstance(data, Mapping) else data
    try:
        text = json.dumps(data, default=str)
        return model.model_validate_json(text, strict=strict), []
    except ValidationError as error:
        details = error.errors(include_url=False)
        return None, [
            explain(detail, prefix, data, known, as_text=not strict)
            for detail in details
        ]


def _place(problem: Problem, layers: Layers, least: int) -> tuple[str | None, Problem]:
    """Name the strongest layer that says most of what a problem is about."""
    depths = [depth_of(problem.path, layer.values) for layer in layers.stack]
    deepest = max(depths, default=0)
    if deepest >= least:
        index = max(i for i, depth in enumerate(depths) if depth == deepest)
        return layers.stack[index].where(problem.path), problem
    variable = PREFIX + "__".join(map(str, problem.path)).upper()
    table = ".".join(map(str, problem.path[:-1]))
    return None, replace(problem, hint=f"Set it in [{table}] or as {variable}.")
