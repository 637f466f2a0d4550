"""Where plugins come from: entry points, and a directory of the person's own."""

import importlib.util
import stat
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, TypeAlias

from ccproxy.errors import PluginError
from ccproxy.sdk import Plugin, PluginConfig

GROUP = "ccproxy.plugins"

PluginClass: TypeAlias = type[Plugin[PluginConfig]]
Source: TypeAlias = Literal["entry-point", "directory"]


@dataclass(frozen=True, slots=True)
class Found:
    """A plugin that is there, not imported yet.

    Attributes:
        name: What it goes by.
        source: How it was found.
        origin: The wheel and version, or the path.
        load: Imports it; may raise anything.
        shadows: Origin of one of the same name that this one displaces.
    """

    name: str
    source: Source
    origin: str
    load: Callable[[], PluginClass]
    shadows: str | None = None


def discover(directory: Path | None = None) -> list[Found]:
    """Find all plugins, by name; on a name twice the entry point wins.

    Args:
        directory: The settings' ``plugins.directory``.

    Raises:
        PluginError: The directory can't be read, or others may write to it.
    """
    found: dict[str, Found] = {}
    for each in [*_in_entry_points(), *_in_directory(directory)]:
        first = found.get(each.name)
        if first is None:
            found[each.name] = each
        else:
            found[each.name] = Found(
                first.name, first.source, first.origin, first.load, each.origin
            )
    return [found[name] for name in sorted(found)]


def _in_entry_points() -> Iterable[Found]:
    points = sorted(
        entry_points(group=GROUP), key=lambda point: (point.name, point.value)
    )
    for point in points:
        dist = point.dist
        origin = f"{dist.name} {dist.version}" if dist else point.value
        yield Found(point.name, "entry-point", origin, _entry_point_loader(point))


def _entry_point_loader(point: EntryPoint) -> Callable[[], PluginClass]:
    return lambda: _checked(point.load(), point.value)


def _in_directory(directory: Path | None) -> Iterable[Found]:
    if directory is None:
        return
    directory = directory.expanduser()
    try:
        mode = directory.stat().st_mode
        paths = sorted(directory.iterdir())
    except OSError as error:
        msg = f"The plugins directory {directory} can't be read: {error.strerror}."
        raise PluginError(msg, hint="Set plugins.directory to another one.") from error
    if mode & stat.S_IWOTH:
        msg = f"Anybody may write to the plugins directory {directory}."
        raise PluginError(msg, hint=f"Run: chmod o-w '{directory}'")
    for path in paths:
        file = path / "__init__.py" if path.is_dir() else path
        if file.suffix == ".py" and file.is_file() and path.stem.isidentifier():
            yield Found(
                path.stem, "directory", str(path), _file_loader(path.stem, file)
            )


def _file_loader(name: str, file: Path) -> Callable[[], PluginClass]:
    def load() -> PluginClass:
        module = _import_file(f"ccproxy_local_{name}", file)
        classes = [
            value
            for value in vars(module).values()
            if isinstance(value, type)
            and issubclass(value, Plugin)
            and value.__module__ == module.__name__
        ]
        if len(classes) != 1:
            msg = f"{file} defines {len(classes)} plugins."
            raise PluginError(msg, hint="Define exactly one class derived from Plugin.")
        return _checked(classes[0], str(file))

    return load


def _import_file(name: str, file: Path) -> ModuleType:
    package = [str(file.parent)] if file.name == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(
        name, file, submodule_search_locations=package
    )
    if spec is None or spec.loader is None:
        msg = f"{file} can't be imported."
        raise PluginError(msg)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _checked(candidate: Any, where: str) -> PluginClass:
    if not (isinstance(candidate, type) and issubclass(candidate, Plugin)):
        msg = f"{where} is no plugin."
        raise PluginError(msg, hint="Point the entry point at a class from Plugin.")
    if not hasattr(candidate, "manifest"):
        msg = f"The plugin class {where} has no manifest."
        raise PluginError(msg, hint="Give it a class attribute 'manifest'.")
    return candidate
