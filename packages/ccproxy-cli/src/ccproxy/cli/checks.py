"""What ``ccproxy doctor`` looks at on this machine; nothing is started or changed."""

import json
import os
import platform
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from ccproxy.cli.opened import Opened
from ccproxy.config import Origin, Settings, origins
from ccproxy.config.address import base_url, client_tokens, is_loopback
from ccproxy.config.origins import MASK
from ccproxy.config.paths import data_dir
from ccproxy.errors import ConfigError
from ccproxy.sdk import PluginConfig

_SHORT = 16
"""Characters below which a client token may be guessed."""
_OTHERS = 0o077
"""What a file's mode grants to others than its owner."""


class State(StrEnum):
    """How a check went."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What it is.
        state: How it is.
        detail: What was found.
        hint: What to do, if something is to be done.
    """

    name: str
    state: State
    detail: str
    hint: str | None = None


def python() -> Check:
    """Tell the version of Python; the wheels install on none that is too old."""
    return Check("python", State.OK, platform.python_version())


def data_folder() -> Check:
    """Check that the data folder is private, and can be written to."""
    another = "set XDG_DATA_HOME to another folder"
    return _folder("data folder", data_dir(), another)


def storage(settings: Settings) -> Check:
    """Check where the database is, or would be; it is not opened."""
    scheme, _, rest = settings.storage_url.partition("://")
    if scheme != "duckdb":
        return Check("storage", State.OK, f"{scheme}: the server was not asked")
    file = Path(rest.partition("?")[0].removeprefix("/"))
    if not file.is_absolute():
        return Check(
            "storage",
            State.WARN,
            "storage.url depends on the folder the gateway is started in.",
            "Give the whole path: duckdb:////folder/file.duckdb",
        )
    found = _folder("storage", file.parent, "set storage.url to another file")
    if found.state is State.OK:
        return replace(found, detail=f"folder writable: {found.detail}")
    return found


def access(settings: Settings) -> Check:
    """Check that nobody but those who may can ask the gateway."""
    try:
        tokens = client_tokens(settings.security)
    except ConfigError as error:
        return Check("access", State.FAIL, error.message, error.hint)
    host = settings.server.host
    hint = "Set security.client_tokens to a long random word."
    how = "with a client token" if tokens else "without a token"
    if settings.security.keys:
        how = "with a client token or key" if tokens else "with a client key"
    if is_loopback(host):
        return Check("access", State.OK, f"programs of this machine, {how}")
    if not tokens and not settings.security.keys:
        return Check("access", State.FAIL, f"Anybody who reaches {host} may ask.", hint)
    if any(len(each) < _SHORT for each in tokens):
        return Check("access", State.WARN, "A client token is easy to guess.", hint)
    return Check("access", State.OK, f"whoever reaches {host}, {how}")


def forgotten(settings: Settings) -> Iterator[Check]:
    """Tell of what somebody has set who may believe that it holds."""
    for name in settings.forgotten:
        detail = f"[{name}] is set, but switched off."
        hint = f"Set {name}.enabled to true, or to false to hear of it no more."
        yield Check(name, State.WARN, detail, hint)


def port(settings: Settings) -> Check:
    """Check that the port is free; to be asked when no gateway answers on it."""
    host, number = settings.server.host.strip("[]"), settings.server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, number))
        except OSError as error:
            return Check(
                "port",
                State.FAIL,
                f"{base_url(host, number)} can't be used: {error.strerror}.",
                "Stop what uses it, or set server.host and server.port.",
            )
    return Check("port", State.OK, f"{number} is free")


def files(opened: Opened, configs: Mapping[str, PluginConfig]) -> Iterator[Check]:
    """Check who can read the files that hold secrets."""
    shown = origins(opened.layers, opened.settings, configs)
    settings_file = opened.layers.file
    if settings_file is not None and any(
        _is_secret_of(settings_file, each) for each in shown
    ):
        yield _private("settings file", settings_file)
    for each in shown:
        is_token_file = each.key.endswith(("api_key_file", "tokens_file"))
        if is_token_file and isinstance(each.value, str):
            yield _private(each.key, Path(each.value).expanduser())


def _is_secret_of(file: Path, origin: Origin) -> bool:
    return origin.source.startswith(f"{file}:") and MASK in json.dumps(origin.value)


def _private(name: str, file: Path) -> Check:
    try:
        mode = file.stat().st_mode
    except OSError as error:
        return Check(name, State.FAIL, f"{file} can't be read: {error.strerror}.")
    if mode & _OTHERS:
        hint = f"Run: chmod 600 '{file}'"
        return Check(name, State.WARN, f"Others may read {file}.", hint)
    return Check(name, State.OK, f"{file} is private")


def _folder(name: str, folder: Path, another: str) -> Check:
    """Check a folder that the gateway makes, if it is not there."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        hint = f"Let this user write there, or {another}."
        return Check(name, State.FAIL, f"{there} can't be written to.", hint)
    if there != folder:
        return Check(name, State.OK, f"{folder} will be made")
    if folder.stat().st_mode & _OTHERS:
        hint = f"Run: chmod 700 '{folder}'"
        return Check(name, State.WARN, f"Others may look into {folder}.", hint)
    return Check(name, State.OK, str(folder))
