"""What plugins add to the gateway."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from ccproxy.errors import PluginError
from ccproxy.hooks.events import Event
from ccproxy.sdk.asgi import Middleware
from ccproxy.sdk.login import Logins
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
    login_keepers: dict[str, Logins] = field(default_factory=dict)
    migration_scripts: list[str] = field(default_factory=list)

    def provider(self, provider: Provider) -> None:
        """Add an upstream service."""
        self.providers.append(provider)

    def profile_adapter(self, provider: str, adapter: ProfileAdapter) -> None:
        """Say how the account facts of a provider are fetched.

        Raises:
            PluginError: The plugin has said so already.
        """
        if provider in self.profile_adapters:
            msg = f"There are two profile adapters for {provider!r}."
            raise PluginError(msg, hint="Add one that knows all accounts.")
        self.profile_adapters[provider] = adapter

    def logins(self, provider: str, logins: Logins) -> None:
        """Say who makes and keeps the logins of a provider, for ``ccproxy auth``.

        Raises:
            PluginError: The plugin has said so already.
        """
        if provider in self.login_keepers:
            raise PluginError(f"The logins of {provider!r} are kept twice.")
        self.login_keepers[provider] = logins

    def hook(self, event: type[E], hook: Hook[E]) -> None:
        """Subscribe to an event.

        A plain function runs inline, so it must be quick; a coroutine function is
        queued and may take its time.

        Raises:
            PluginError: The event is none of ``ccproxy.sdk.events``.
        """
        given: object = event
        if not (isinstance(given, type) and issubclass(given, Event)):
            msg = f"{event!r} is no event."
            raise PluginError(msg, hint="Name one of ccproxy.sdk.events.")
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

    def migrations(self, location: str) -> None:
        """Add tables of the plugin's own to the database.

        Args:
            location: ``package:folder`` of its Alembic scripts, such as
                ``ccproxy.plugins.hello:migrations``. They are a run of their own, with
                a version table of their own, and leave the tables of others alone. A
                script that says ``rewrites = True`` has the database copied first.

        Raises:
            PluginError: It is not ``package:folder``, or the plugin has one already.
        """
        package, colon, folder = location.partition(":")
        if not (package and colon and folder) or self.migration_scripts:
            msg = f"{location!r} can't be the plugin's migrations."
            raise PluginError(msg, hint="Give one location, as package:folder.")
        self.migration_scripts.append(location)

    def middleware(self, middleware: Middleware) -> None:
        """Wrap the gateway's ASGI app; called once with the app further in."""
        self.middlewares.append(middleware)

    def command(self, name: str, target: str, help: str = "") -> None:  # noqa: A002
        """Add a command to ``ccproxy``; see ``Command``."""
        self.commands.append(Command(name, target, help))
