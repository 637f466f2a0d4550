"""Owns the gateway's services: one of each type, closed once, last made first."""

import warnings
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TypeAlias, TypeVar, cast

from ccproxy.errors import CCProxyError

T = TypeVar("T")
Close: TypeAlias = Callable[[], Awaitable[None]]


class ServiceContainer:
    """Finds services by type, and closes them in reverse order of their providing."""

    def __init__(self) -> None:
        self._services: dict[type[object], object] = {}
        self._stack = AsyncExitStack()
        self._open = 0
        self._closed = False

    def provide(self, kind: type[T], service: T, *, close: Close | None = None) -> T:
        """Own ``service`` as the one instance of ``kind``.

        Args:
            kind: The type under which it is found.
            service: The instance.
            close: Awaited once when the container closes.

        Raises:
            CCProxyError: There is one already, or the container is closed.
        """
        if self._closed:
            msg = "The service container is closed."
            raise CCProxyError(msg)
        if kind in self._services:
            msg = f"There is a {kind.__name__} already."
            raise CCProxyError(msg)
        self._services[kind] = service
        if close is not None:
            self._stack.push_async_callback(close)
            self._open += 1
        return service

    def get(self, kind: type[T], /) -> T:
        """Return the one instance of ``kind``.

        Raises:
            KeyError: There is none.
        """
        return cast("T", self._services[kind])

    async def close(self) -> None:
        """Close every service once, last provided first, whatever fails on the way."""
        self._closed = True
        self._services.clear()
        self._open = 0
        await self._stack.aclose()

    def __del__(self) -> None:
        if self._open:
            warnings.warn(
                f"A service container with {self._open} open services was not closed.",
                ResourceWarning,
                stacklevel=1,
            )
