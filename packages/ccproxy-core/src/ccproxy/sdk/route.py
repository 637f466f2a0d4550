"""Pages and API answers a plugin adds, without a web framework."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Request:
    """What a plugin's route is asked.

    Attributes:
        method: HTTP method.
        path: The path as asked.
        rest: What the ``*`` of the route's path stands for, else empty.
        query: Query parameters; of a repeated one, the last.
        headers: Names in lower case; of a repeated one, the last.
    """

    method: str
    path: str
    rest: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Response:
    """What a plugin's route answers.

    Attributes:
        body: All of it.
        status: HTTP status.
        media_type: The content type.
        headers: Further headers.
    """

    body: bytes
    status: int = 200
    media_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


Handle: TypeAlias = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Route:
    """One path a plugin answers.

    Attributes:
        path: Absolute; a last segment ``*`` stands for any rest.
        handle: Who answers.
        methods: Which HTTP methods; ``HEAD`` comes with ``GET``.
    """

    path: str
    handle: Handle
    methods: tuple[str, ...] = ("GET",)
