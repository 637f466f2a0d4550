"""The sections of settings that belong to plugins."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from ccproxy.cli import checks
from ccproxy.cli.checks import State
from ccproxy.cli.opened import Opened, load_plugins, open_settings, quiet_log
from ccproxy.config import Layers, load, plugin_sections, section
from ccproxy.errors import ConfigError, PluginError
from ccproxy.loader.capture_check import check_capture
from ccproxy.loader.discovery import discover
from ccproxy.loader.isolation import isolated
from ccproxy.loader.routing_check import check_routing
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
    return _models(directory)


def mistakes(layers: Layers) -> list[ConfigError | PluginError]:
    """Return what ``serve`` would refuse, all of it; it would stop at the first."""
    quiet_log()
    try:
        settings = load(layers)
    except ConfigError as error:
        return [error, *_in_sections(layers, None)]
    try:
        plugins = load_plugins(Opened(layers, settings))
    except PluginError as error:
        return [error]
    except ConfigError as error:
        found = _in_sections(layers, settings.plugins.directory)
        return found if str(error) in map(str, found) else [error, *found]
    checked = check_routing, check_capture
    errors = list(
        _raised([partial(each, layers, settings, plugins) for each in checked])
    )
    access = checks.access(settings)
    if access.state is State.FAIL:
        errors.append(ConfigError(access.detail, hint=access.hint))
    return errors


def _in_sections(
    layers: Layers, directory: Path | None
) -> list[ConfigError | PluginError]:
    """Return what is wrong in each plugin's section."""
    try:
        names = [each.name for each in discover(directory)]
        models = _models(directory)
    except PluginError as error:
        return [error]
    return list(
        _raised(
            [
                partial(check_sections, layers, names),
                *(partial(section, layers, *each) for each in models.items()),
            ]
        )
    )


def _raised(
    doing: Iterable[Callable[[], object]],
) -> Iterator[ConfigError | PluginError]:
    for each in doing:
        try:
            each()
        except ConfigError as error:
            yield error


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


def _models(directory: Path | None) -> dict[str, type[PluginConfig]]:
    """Find the models; a plugin that can't be imported has none."""
    models = {}
    for found in discover(directory):
        with isolated(found.name, "import", lambda _: None):
            models[found.name] = found.load().manifest.config
    return models
