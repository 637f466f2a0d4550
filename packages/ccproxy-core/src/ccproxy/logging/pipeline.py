"""Sets up structlog, and routes the standard library's logging through it.

The sanitizer is the last step before rendering, so nothing that any part or library
says can pass it by, exceptions included.
"""

import logging
import sys
from typing import Literal, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from ccproxy.security.sanitizer import mask, mask_text

LONGEST = 20_000
"""Characters of one value; a traceback fits."""

_CONTROLS = {code: f"\\x{code:02x}" for code in [*range(32), *range(127, 160)]}
del _CONTROLS[ord("\n")], _CONTROLS[ord("\t")]

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "json", "console"]


def configure(
    level: Level, style: Format = "auto", stream: TextIO | None = None
) -> None:
    """Send the log to stderr.

    Args:
        level: The least important level that is written.
        style: ``auto`` is ``console`` on a terminal, else ``json``.
        stream: Written to instead of stderr.
    """
    out = stream or sys.stderr
    console = style == "console" or (style == "auto" and out.isatty())
    render: list[Processor] = [_printable, _console(out)] if console else [_json]
    threshold = getattr(logging, level.upper())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    sink: list[Processor] = [structlog.processors.format_exc_info, _sanitize, *render]
    structlog.configure(
        processors=[*shared, *sink],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _name_the_library],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *sink,
            ],
        )
    )
    logging.basicConfig(
        level=max(threshold, logging.WARNING), handlers=[handler], force=True
    )


def _name_the_library(
    logger: WrappedLogger, method: str, event: EventDict
) -> EventDict:
    del logger, method
    event["library"] = event["_record"].name
    return event


def _sanitize(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    del logger, method
    return {key: mask(_short(value), key) for key, value in event.items()}


def _short(value: object) -> object:
    """Cut what somebody else has made too long for a log."""
    if isinstance(value, str) and len(value) > LONGEST:
        return f"{value[:LONGEST]}… ({len(value)} characters)"
    return value


def _printable(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Show control characters, so that no value commands the terminal."""
    del logger, method
    return {
        key: value.translate(_CONTROLS) if isinstance(value, str) else value
        for key, value in event.items()
    }


def _json(logger: WrappedLogger, method: str, event: EventDict) -> str:
    del logger, method
    return orjson.dumps(event, default=lambda value: mask_text(repr(value))).decode()


def _console(out: TextIO) -> Processor:
    return structlog.dev.ConsoleRenderer(
        colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
