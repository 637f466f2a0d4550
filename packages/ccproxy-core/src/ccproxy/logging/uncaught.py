"""Logs the exceptions that Python itself would print, past everything that masks."""

import sys
import threading
from types import TracebackType

import structlog

_log = structlog.get_logger(__name__)


def log_the_uncaught() -> None:
    """Log what ends the program or a thread, and what nobody could be told of."""
    sys.excepthook = _ended
    threading.excepthook = _thread_ended
    sys.unraisablehook = _could_not_be_raised


def _ended(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        _log.error("program_ended", exc_info=(kind, error, trace))


def _thread_ended(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None and not isinstance(ended.exc_value, SystemExit):
        _log.error(
            "thread_ended",
            thread=ended.thread and ended.thread.name,
            exc_info=ended.exc_value,
        )


def _could_not_be_raised(lost: "sys.UnraisableHookArgs") -> None:
    _log.error("error_lost", where=lost.err_msg, exc_info=lost.exc_value)
