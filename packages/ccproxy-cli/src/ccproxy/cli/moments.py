"""Points in time, as people type and read them."""

import re
from datetime import UTC, datetime, timedelta

import typer

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN = re.compile(r"(\d{1,6})([smhdw])")


def moment(text: str, option: str, now: datetime | None = None) -> datetime:
    """Read a time: ``7d`` and the like ago, or a date, which is of this machine's zone.

    Args:
        text: What was typed.
        option: After which option.
        now: From when to count back; by default from now.

    Raises:
        typer.BadParameter: It is neither.
    """
    try:
        return _read(text, now or datetime.now(UTC), -1)
    except (ValueError, OverflowError):
        msg = f"{text!r} is neither a time such as 2026-11-24T08:00 nor one ago: 7d."
        raise typer.BadParameter(msg, param_hint=option) from None


def coming(text: str, option: str, now: datetime) -> datetime:
    """Read a time that is to come: ``30d`` and the like from now, or a date.

    Args:
        text: What was typed.
        option: After which option.
        now: From when to count.

    Raises:
        typer.BadParameter: It is neither, or past.
    """
    try:
        at = _read(text, now, 1)
    except (ValueError, OverflowError):
        msg = f"{text!r} is neither a time such as 2026-11-24T08:00 nor one ahead: 30d."
        raise typer.BadParameter(msg, param_hint=option) from None
    if at <= now:
        raise typer.BadParameter(f"{text!r} is past.", param_hint=option)
    return at


def clock_time(at: datetime) -> str:
    """Write a time as the clock on this machine's wall tells it."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _read(text: str, now: datetime, direction: int) -> datetime:
    """Read a date, or a span of time from now.

    Raises:
        ValueError: It is neither.
        OverflowError: It is beyond the calendar.
    """
    span = _SPAN.fullmatch(text)
    if span is None:
        return datetime.fromisoformat(text).astimezone(UTC)
    return now + direction * timedelta(**{_UNITS[span[2]]: int(span[1])})
