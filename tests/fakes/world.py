"""What tests of the gateway share: how to start one, and who sees its events."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from ccproxy.hooks.events import (
    Event,
    RequestCompleted,
    RequestEnded,
    RequestFailed,
    RequestStarted,
)
from ccproxy.sdk import Contributions, Manifest, Plugin, PluginConfig
from ccproxy.testing import RunningGateway

Start: TypeAlias = Callable[..., Awaitable[RunningGateway]]


class Witness:
    """Sees every life-cycle event of requests."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def plugin(self) -> type[Plugin[PluginConfig]]:
        see = self.events.append

        class WitnessPlugin(Plugin[PluginConfig]):
            manifest = Manifest("witness", "1")

            def setup(self, add: Contributions) -> None:
                for event in (RequestStarted, RequestCompleted, RequestFailed):
                    add.hook(event, see)

        return WitnessPlugin

    @property
    def ended(self) -> list[RequestEnded]:
        return [event for event in self.events if isinstance(event, RequestEnded)]
