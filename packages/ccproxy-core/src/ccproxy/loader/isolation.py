"""Keeps what goes wrong in a plugin from going wrong elsewhere."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import structlog

from ccproxy.errors import CCProxyError, ConfigError, PluginError
from ccproxy.security.sanitizer import mask_text

_log = structlog.get_logger(__name__)

T = TypeVar("T")


@contextmanager
def isolated(plugin: str, doing: str, failed: Callable[[str], None]) -> Iterator[None]:
    """Turn whatever is raised within into a reason, masked and of one line.

    A ``ConfigError`` passes: a mistake in the settings is the person's to mend, and
    running on without the plugin would hide it.

    Args:
        plugin: Its name, for the log.
        doing: What is being tried, such as ``"start"``.
        failed: Told the reason.
    """
    try:
        yield
    except ConfigError:
        raise
    except (Exception, SystemExit) as error:
        reason = mask_text(f"{doing} failed: {_describe(error)}")
        _log.debug("plugin_failed", plugin=plugin, reason=reason, exc_info=True)
        failed(reason)


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
