"""Keeps what goes wrong in a plugin from going wrong elsewhere."""

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TypeVar

import structlog

from ccproxy.errors import CCProxyError, ConfigError, PluginError
from ccproxy.sdk import LoginState, LoginStatus, Provider
from ccproxy.security.sanitizer import mask_text

_log = structlog.get_logger(__name__)

T = TypeVar("T")


class isolated:  # noqa: N801  (used like a function)
    """Turn whatever is raised within into a reason, masked and of one line.

    A ``ConfigError`` passes: a mistake in the settings is the person's to mend, and
    running on without the plugin would hide it.

    Args:
        plugin: Its name, for the log.
        doing: What is being tried, such as ``"start"``.
        failed: Told the reason.
    """

    def __init__(self, plugin: str, doing: str, failed: Callable[[str], None]) -> None:
        self._plugin = plugin
        self._doing = doing
        self._failed = failed

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if isinstance(error, ConfigError) or not isinstance(
            error, Exception | SystemExit
        ):
            return False
        reason = mask_text(f"{self._doing} failed: {_describe(error)}")
        _log.debug("plugin_failed", plugin=self._plugin, reason=reason, exc_info=error)
        self._failed(reason)
        return True


def login_of(provider: Provider) -> LoginStatus:
    """Ask a provider for the state of its login; what it raises is a broken login."""
    reasons: list[str] = []
    with isolated(provider.name, "login", reasons.append):
        return provider.login()
    return LoginStatus(LoginState.BROKEN, reasons[0])


async def ask(plugin: str, doing: str, function: Callable[[], Awaitable[T]]) -> T:
    """Return what a plugin's function answers.

    Args:
        plugin: Its name.
        doing: What is being asked for, such as ``"profile"``.
        function: The plugin's.

    Raises:
        CCProxyError: The function's own, or a ``PluginError`` for all else it raises.
    """
    expected: CCProxyError | None = None
    reasons: list[str] = []
    with isolated(plugin, doing, reasons.append):
        try:
            return await function()
        except CCProxyError as error:
            expected = error
    if expected is not None:
        raise expected
    raise PluginError(f"The plugin {plugin} is broken: {reasons[0]}")


def _describe(error: BaseException) -> str:
    if isinstance(error, CCProxyError):
        return str(error)
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
