"""What plugins add to the gateway."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from ccproxy.errors import PluginError
from ccproxy.hooks.events import Event
from ccproxy.sdk.asgi import Middleware
from ccproxy.sdk.profile import ProfileAdapter
from ccproxy.sdk.provider import Provider
from ccproxy.sdk.route import Route

E = TypeVar("E", bound=Event)
Hook: TypeAlias = Callable[[E], None] | Callable[[E], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Command:
    """A command line a plugin adds.

    Attributes:
        name: What is typed after ``ccproxy``.
        target: ``module:callable``; called with the rest of the line as a list of
            strings, it returns an exit code (or ``None`` for 0).
        help: One line for ``ccproxy --help``.
    """

    name: str
    target: str
    help: str = ""


@dataclass(slots=True)
class Contributions:
    """Collects what one plugin adds; all of it counts, or none."""

    providers: list[Provider] = field(default_factory=list)
    hooks: list[tuple[type[Event], Hook[Event]]] = field(default_factory=list)
    routing: list[Route] = field(default_factory=list)
    middlewares: list[Middleware] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    profile_adapters: dict[str, ProfileAdapter] = field(default_factory=dict)

    def provider(self, provider: Provider) -> None:
        """Add an upstream service."""
        self.providers.append(provider)

    def profile_adapter(self, provider: str, adapter: ProfileAdapter) -> None:
        """Say how the account facts of a provider are fetched."""
        self.profile_adapters[provider] = adapter

    def hook(self, event: type[E], hook: Hook[E]) -> None:
        """Subscribe to an event.

        A plain function runs inline, so it must be quick; a coroutine function is
        queued and may take its time.
        """
        self.hooks.append((event, hook))  # type: ignore[arg-type]  # an E is an Event

    def routes(self, *routes: Route) -> None:
        """Add paths the plugin answers itself.

        Raises:
            PluginError: A path is not absolute.
        """
        for route in routes:
            if not route.path.startswith("/"):
                msg = f"The route {route.path!r} does not start with '/'."
                raise PluginError(msg)
            self.routing.append(route)

    def middleware(self, middleware: Middleware) -> None:
        """Wrap the gateway's ASGI app; called once with the app further in."""
        self.middlewares.append(middleware)

    def command(self, name: str, target: str, help: str = "") -> None:  # noqa: A002
        """Add a command to ``ccproxy``; see ``Command``."""
        self.commands.append(Command(name, target, help))
