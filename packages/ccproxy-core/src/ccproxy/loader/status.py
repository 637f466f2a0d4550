"""What is told of plugins: the schema of ``GET /api/plugins/status``."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class PluginState(StrEnum):
    """How far a plugin came."""

    DISABLED = "disabled"
    FAILED = "failed"
    READY = "ready"
    RUNNING = "running"
    STOPPED = "stopped"


class Shown(BaseModel):
    """What the API shows: frozen, and every field documented by its docstring."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class ContributionsStatus(Shown):
    """What a plugin adds, by name."""

    providers: tuple[str, ...] = ()
    """Names of its providers."""
    hooks: tuple[str, ...] = ()
    """Names of the events it listens to."""
    routes: tuple[str, ...] = ()
    """Paths it answers."""
    middleware: int = 0
    """How many times it wraps the gateway."""
    commands: tuple[str, ...] = ()
    """Commands it adds to ``ccproxy``."""


class PluginStatus(Shown):
    """One plugin."""

    name: str
    """What it goes by."""
    version: str | None
    """From its manifest; ``null`` if it could not be imported."""
    state: PluginState
    """How far it came."""
    reason: str | None
    """Why it is disabled or failed; masked."""
    source: str
    """``entry-point`` or ``directory``."""
    origin: str
    """The wheel and its version, or the path."""
    shadows: str | None
    """Origin of a plugin of the same name that is not used because of this one."""
    provides: tuple[str, ...]
    """Capabilities others may require."""
    requires: tuple[str, ...]
    """Capabilities it can't work without."""
    order: int | None
    """Its place in the order of setup, from 0."""
    running: bool
    """Whether it is at work in this process right now."""
    contributions: ContributionsStatus
    """What it adds."""


class PluginsStatus(Shown):
    """All plugins, by name."""

    plugins: tuple[PluginStatus, ...]
    """Every plugin that was found."""
