"""Sets up structlog, and routes the standard library's logging through it.

The sanitizer is the last step before rendering, so nothing that any part or library
says can pass it by, exceptions included. Values of local variables are never written.
"""

import json
import logging
import sys
from contextlib import suppress
from functools import lru_cache
from string import ascii_letters, digits
from types import NoneType
from typing import Literal, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from ccproxy.logging.uncaught import log_the_uncaught
from ccproxy.security.sanitizer import mask_json

LONGEST = 20_000
"""Characters of one value; a traceback fits."""

_SHORT = 64
"""Characters of what the log says again and again, such as routes and ids."""

_PLAIN = frozenset({int, float, bool, NoneType})
"""Types of values that hold no secret; ``mask_json`` leaves them as they are."""

_WORD = f"{ascii_letters}{digits}+/=_.~%-"
"""Characters of which a key is made."""

_CONTROLS = {code: f"\\x{code:02x}" for code in [*range(32), *range(127, 160)]}
del _CONTROLS[ord("\n")], _CONTROLS[ord("\t")]

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "json", "console"]


def configure(
    level: Level, style: Format = "auto", stream: TextIO | None = None
) -> None:
    """Send the log to stderr, with warnings and what nobody has caught.

    Args:
        level: The least important level that is written.
        style: ``auto`` is ``console`` on a terminal, else ``json``.
        stream: Written to instead of stderr.
    """
    out = stream or sys.stderr
    console = style == "console" or (style == "auto" and out.isatty())
    render: list[Processor] = [_printable, _console(out)] if console else [_json]
    threshold = getattr(logging, level.upper())
    sink: list[Processor] = [
        structlog.processors.format_exc_info,
        _sanitize,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *render,
    ]
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *sink],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = _Foreign(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.contextvars.merge_contextvars,
                _name_the_library,
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *sink,
            ],
        )
    )
    logging.basicConfig(
        level=max(threshold, logging.WARNING), handlers=[handler], force=True
    )
    logging.captureWarnings(capture=True)
    log_the_uncaught()


class _Foreign(logging.StreamHandler[TextIO]):
    """Writes what libraries say."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  (logging's)
        """Say that a line can't be written; the usual way to say so quotes it."""
        with suppress(OSError, ValueError):  # there is nothing left to write to
            structlog.get_logger(record.name).error("line_not_written", exc_info=True)


def _name_the_library(
    logger: WrappedLogger, method: str, event: EventDict
) -> EventDict:
    del logger, method
    event["library"] = event["_record"].name
    return event


def _sanitize(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    del logger, method
    shown: EventDict = {}
    for name, value in event.items():  # a line has ten, and each request a line
        kind = type(value)
        if kind in _PLAIN:
            shown[name] = value
        elif kind is str and len(value) <= _SHORT:
            shown[name] = _masked(value, name)
        else:
            shown[name] = _shown(value, name)
    return shown


def _shown(value: object, name: str) -> object:
    """Mask a value and cut it, a text before, as it may be long, all else after."""
    if isinstance(value, str):
        return mask_json(_short(value), name)
    masked = mask_json(value, name)
    return _short(masked) if isinstance(masked, str) else masked


@lru_cache(2048)
def _masked(text: str, name: str) -> object:
    return mask_json(text, name)


def _short(text: str) -> str:
    """Cut what somebody else has made too long for a log, and no secret in half."""
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST].rstrip(_WORD)}… ({len(text)} characters)"


def _printable(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Show control characters, so that no value commands the terminal."""
    del logger, method
    return {
        key: value.translate(_CONTROLS) if isinstance(value, str) else value
        for key, value in event.items()
    }


def _json(logger: WrappedLogger, method: str, event: EventDict) -> str:
    del logger, method
    try:
        return orjson.dumps(event).decode()
    except TypeError:  # integers beyond 64 bits, halves of surrogate pairs
        return json.dumps(event)


def _console(out: TextIO) -> Processor:
    return structlog.dev.ConsoleRenderer(
        colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
