"""Keeps what goes wrong in a plugin from going wrong elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from ccproxy.errors import CCProxyError, ConfigError
from ccproxy.security.sanitizer import mask_text

_log = structlog.get_logger(__name__)


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


def _describe(error: BaseException) -> str:
    if isinstance(error, CCProxyError):
        return str(error)
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
