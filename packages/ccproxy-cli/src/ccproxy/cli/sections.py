"""The sections of settings that belong to plugins."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from ccproxy.cli.opened import open_settings, quiet_log
from ccproxy.config import Layers, load, plugin_sections, section
from ccproxy.errors import ConfigError, PluginError
from ccproxy.loader.discovery import discover
from ccproxy.loader.isolation import isolated
from ccproxy.loader.sections import check_sections
from ccproxy.sdk import PluginConfig

Models = Mapping[str, type[PluginConfig]]


def installed(config: Path | None, sets: Sequence[str]) -> Models:
    """Return the models of all plugins there are, turned off or not.

    Settings that are wrong are no obstacle: then those in a directory are left out.
    """
    try:
        directory = open_settings(config, sets).settings.plugins.directory
    except ConfigError:
        directory = None
    return dict(_models(directory))


def mistakes(layers: Layers) -> list[ConfigError | PluginError]:
    """Return all that is wrong: in our own sections, then in each plugin's."""
    quiet_log()
    errors: list[ConfigError | PluginError] = []
    directory = None
    try:
        directory = load(layers).plugins.directory
    except ConfigError as error:
        errors.append(error)
    try:
        models = dict(_models(directory))
    except PluginError as error:
        return [*errors, error]
    names = [each.name for each in discover(directory)]
    checks: list[Callable[[], object]] = [
        partial(check_sections, plugin_sections(layers), names)
    ]
    checks += [partial(section, layers, *each) for each in models.items()]
    for check in checks:
        try:
            check()
        except ConfigError as error:
            errors.append(error)
    return errors


def passes_logins_on(layers: Layers) -> bool:
    """Tell whether a plugin is set to pass its callers' own logins on."""
    plugins = layers.merged.get("plugins")
    return isinstance(plugins, Mapping) and any(
        isinstance(each, Mapping) and each.get("passthrough") in (True, "true", "1")
        for each in plugins.values()
    )


def unknown(layers: Layers) -> list[str]:
    """Return the names of plugins that have a section, but are not there."""
    try:
        found = discover(load(layers).plugins.directory)
    except (ConfigError, PluginError):
        return []
    names = {each.name for each in found}
    return [name for name in plugin_sections(layers) if name not in names]


def _models(directory: Path | None) -> Iterator[tuple[str, type[PluginConfig]]]:
    """Yield the models; a plugin that can't be imported has none."""
    for found in discover(directory):
        with isolated(found.name, "import", lambda _: None):
            yield found.name, found.load().manifest.config
