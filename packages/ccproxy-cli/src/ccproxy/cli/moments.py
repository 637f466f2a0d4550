"""Points in time, as people type and read them."""

import re
from datetime import UTC, datetime, timedelta

import typer

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO = re.compile(r"(\d{1,6})([smhdw])")


def moment(text: str, now: datetime | None = None) -> datetime:
    """Read a time: ``7d`` and the like ago, or a date, which is of this machine's zone.

    Args:
        text: What was typed.
        now: From when to count back; by default from now.

    Raises:
        typer.BadParameter: It is neither.
    """
    now = now or datetime.now(UTC)
    if ago := _AGO.fullmatch(text):
        try:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        except OverflowError:
            pass
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        msg = f"{text!r} is neither a time such as 2026-11-24T08:00 nor one ago: 7d."
        raise typer.BadParameter(msg) from None


def clock_time(at: datetime) -> str:
    """Write a time as the clock on this machine's wall tells it."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
