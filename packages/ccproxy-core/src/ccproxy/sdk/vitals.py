"""How the gateway itself is at this moment, for plugins that watch it."""

from collections.abc import Callable
from dataclasses import dataclass

from ccproxy.sdk.profile import AccountProfile


@dataclass(frozen=True, slots=True)
class QueueReading:
    """A queue whose producers never wait.

    Attributes:
        name: Such as ``request records``, ``spending`` or ``hooks metrics``; of a
            closed set.
        depth: How many items wait.
        lag: Seconds for which the oldest of them has waited.
        dropped: How many will never be worked on, since the start.
    """

    name: str
    depth: int
    lag: float
    dropped: int


@dataclass(frozen=True, slots=True)
class ConnectionsReading:
    """Connections to upstreams.

    Attributes:
        in_use: Those on which an answer is awaited, or comes.
        idle: Those that are kept for the next request.
        opened: How many were opened, since the start.
    """

    in_use: int
    idle: int
    opened: int


@dataclass(frozen=True, slots=True)
class Reading:
    """All of it, at one moment.

    Attributes:
        queues: Those that plugins, hooks and records wait in.
        hook_failures: How many deliveries of an event have failed, since the start.
        connections: Those to upstreams.
        profiles: Active accounts as far as they are known without asking anybody.
    """

    queues: tuple[QueueReading, ...]
    hook_failures: int
    connections: ConnectionsReading
    profiles: tuple[AccountProfile, ...]


@dataclass(frozen=True, slots=True)
class Vitals:
    """A service of the gateway: ``ctx.get(Vitals).read()``.

    Attributes:
        read: Reads how the gateway is; quick, and of use in any thread.
    """

    read: Callable[[], Reading]
