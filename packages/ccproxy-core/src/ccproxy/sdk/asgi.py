"""The shapes of ASGI 3, for plugin middleware.

``Any`` is ASGI's own: a scope holds whatever server and extensions put into it.
Source: https://asgi.readthedocs.io/en/latest/specs/main.html
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Middleware: TypeAlias = Callable[[ASGIApp], ASGIApp]

REQUEST_ID = "ccproxy.request_id"
"""Where the scope of a request holds its id, by which its events can be known."""
