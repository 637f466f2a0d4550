"""What a plugin is."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Generic, Protocol, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict

from ccproxy.errors import PluginError
from ccproxy.hooks.events import Event
from ccproxy.sdk.contributions import Contributions
from ccproxy.sdk.database import Database
from ccproxy.sdk.profile import Profiles

T = TypeVar("T")
NAME = re.compile(r"[a-z][a-z0-9_]*")


class PluginConfig(BaseModel):
    """The settings of a plugin: its section ``[plugins.<name>]``.

    Attributes:
        enabled: Whether the plugin is used at all.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True
    )

    enabled: bool = True
    """Whether the plugin is used at all."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a plugin says of itself.

    Attributes:
        name: Lower case, digits and ``_``; the name of its settings section.
        version: Its version.
        provides: Capabilities others may require; its name always is one.
        requires: Capabilities it can't work without.
        config: The model of its settings.

    Raises:
        PluginError: The name is not a legal one.
    """

    name: str
    version: str
    provides: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    config: type[PluginConfig] = PluginConfig

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            msg = f"The plugin name {self.name!r} is not legal."
            raise PluginError(msg, hint="Use lower-case letters, digits and '_'.")
        texts = (self.version, *self.provides, *self.requires)
        if not all(isinstance(text, str) for text in texts):
            msg = f"The manifest of {self.name!r} holds what is no text."
            raise PluginError(msg, hint="version, provides and requires are texts.")


class Lookup(Protocol):
    """Finds a service of the gateway by its type."""

    def __call__(self, kind: type[T], /) -> T:
        """Return the one instance of ``kind``."""


@dataclass(frozen=True, slots=True)
class PluginContext:
    """What a started plugin may use.

    Attributes:
        http: The gateway's one HTTP client; the plugin builds none.
        publish: Tells an event to all who listen.
        profiles: The account facts of all providers.
        database: Does work on tables that the plugin's migrations have made.
        get: Finds a service by its type; raises ``KeyError`` if there is none.
        data_dir: The gateway's folder of private files; it need not exist. A plugin
            keeps its own in a folder below, named as itself.
        workers: How many processes serve; each has started the plugin for itself.
    """

    http: httpx.AsyncClient
    publish: Callable[[Event], None]
    profiles: Profiles
    database: Database
    get: Lookup
    data_dir: Path
    workers: int = 1


ConfigT_co = TypeVar("ConfigT_co", bound=PluginConfig, covariant=True)


class Plugin(Generic[ConfigT_co]):
    """A piece of the gateway, found through the entry points ``ccproxy.plugins``.

    ``setup`` says what it adds, ``start`` acquires, ``stop`` releases. If any of the
    three fails, this plugin alone is off.
    """

    manifest: ClassVar[Manifest]

    def __init__(self, config: ConfigT_co) -> None:
        self.config = config

    def setup(self, add: Contributions) -> None:
        """Say what the plugin adds; pure, without I/O, before the gateway starts."""

    async def start(self, ctx: PluginContext) -> None:
        """Acquire what is needed while running."""

    async def stop(self) -> None:
        """Release what ``start`` acquired."""
