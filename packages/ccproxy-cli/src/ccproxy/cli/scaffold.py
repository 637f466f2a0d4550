"""Begins a plugin project from the template, which is the example of the docs."""

import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from ccproxy.cli.lazy import BUILTINS
from ccproxy.config.sections import Plugins
from ccproxy.errors import CCProxyError, PluginError
from ccproxy.loader.catalogue import by_plugin
from ccproxy.loader.manager import RESERVED
from ccproxy.sdk.plugin import NAME

_OURS = {*RESERVED, *BUILTINS, *Plugins.model_fields}
"""Paths, commands and settings that a plugin of the same name would clash with."""
_SUFFIX = ".txt"
"""Ends the template's files, so that no tool takes them for code of this wheel."""


def create(name: str, directory: Path) -> Path:
    """Write a project for the plugin ``name`` into a new folder of ``directory``.

    Returns:
        The project's folder.

    Raises:
        PluginError: The name is not one a plugin may have.
        CCProxyError: The folder is there already, or can't be written.
    """
    typed = name
    name = name.removesuffix("-plugin").replace("-", "_")
    _check(typed, name)
    words = _words(name)
    project = directory / f"{words['hello-plugin']}"
    if project.exists():
        raise CCProxyError(
            f"{project} is there already.", hint="Give another name or --directory."
        )
    template = files("ccproxy.cli") / "template"
    try:
        for path, text in _read(template, Path()):
            file = project / _replace(str(path).removesuffix(_SUFFIX), words)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(_replace(text, words), encoding="utf-8")
    except OSError as error:
        msg = f"{project} can't be written: {error.strerror}."
        raise CCProxyError(msg) from error
    return project


def _check(typed: str, name: str) -> None:
    if not NAME.fullmatch(name):
        raise PluginError(
            f"No plugin can be called {typed!r}.",
            hint="Begin with a letter of a to z; go on with such, digits, '_' or '-'.",
        )
    if name in _OURS or by_plugin(name):
        raise PluginError(
            f"The name {name!r} belongs to ccproxy itself.", hint="Choose another one."
        )


def _words(name: str) -> dict[str, str]:
    """Map each form of the example's name to that of the new one."""
    dashed = name.replace("_", "-")
    return {
        "hello-plugin": f"{dashed}-plugin",
        "x-hello": f"x-{dashed}",
        "Hello": "".join(part.capitalize() for part in name.split("_")),
        "HELLO": name.upper(),
        "hello": name,
    }


def _replace(text: str, words: dict[str, str]) -> str:
    pattern = "|".join(map(re.escape, words))
    return re.sub(pattern, lambda match: words[match[0]], text)


def _read(folder: Traversable, path: Path) -> Iterator[tuple[Path, str]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _read(entry, path / entry.name)
        elif entry.name.endswith(_SUFFIX):
            yield path / entry.name, entry.read_text(encoding="utf-8")
