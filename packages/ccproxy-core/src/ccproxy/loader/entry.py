"""What the manager knows of one plugin."""

from dataclasses import dataclass, field

from ccproxy.loader.discovery import Found
from ccproxy.loader.status import ContributionsStatus, PluginState, PluginStatus
from ccproxy.sdk import Contributions, Manifest, Plugin, PluginConfig


@dataclass(slots=True)
class Entry:
    """One plugin on its way from found to running.

    Attributes:
        found: Where it came from.
        state: How far it came.
        reason: Why it is disabled or failed.
        manifest: What it says of itself, once imported.
        plugin: The instance, once configured.
        order: Its place in the order of setup.
        adds: What it contributes, once set up.
    """

    found: Found
    state: PluginState = PluginState.READY
    reason: str | None = None
    manifest: Manifest | None = None
    plugin: Plugin[PluginConfig] | None = None
    order: int | None = None
    adds: Contributions = field(default_factory=Contributions)

    @property
    def name(self) -> str:
        """What it goes by."""
        return self.found.name

    @property
    def provides(self) -> tuple[str, ...]:
        """The capabilities others may require, its name among them."""
        return (self.name, *(self.manifest.provides if self.manifest else ()))

    @property
    def alive(self) -> bool:
        """Whether nothing has ruled it out so far."""
        return self.state in (PluginState.READY, PluginState.RUNNING)

    def disable(self, reason: str) -> None:
        """Rule it out by the person's own wish."""
        self.state, self.reason = PluginState.DISABLED, reason

    def fail(self, reason: str) -> None:
        """Rule it out with all it contributes."""
        self.state, self.reason = PluginState.FAILED, reason
        self.adds = Contributions()

    def status(self) -> PluginStatus:
        """Describe it; nothing here is secret."""
        manifest = self.manifest
        return PluginStatus(
            name=self.name,
            version=manifest.version if manifest else None,
            state=self.state,
            reason=self.reason,
            source=self.found.source,
            origin=self.found.origin,
            shadows=self.found.shadows,
            provides=manifest.provides if manifest else (),
            requires=manifest.requires if manifest else (),
            order=self.order,
            running=self.state is PluginState.RUNNING,
            contributions=ContributionsStatus(
                providers=tuple(provider.name for provider in self.adds.providers),
                hooks=tuple(event.name for event, _ in self.adds.hooks),
                routes=tuple(route.path for route in self.adds.routing),
                middleware=len(self.adds.middlewares),
                commands=tuple(command.name for command in self.adds.commands),
            ),
        )
