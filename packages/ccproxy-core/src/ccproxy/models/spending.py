"""What a caller has spent."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spent:
    """Requests that were answered, and what they have used.

    Attributes:
        requests: How many.
        tokens: Read and written ones.
        micros: Their cost in millionths of a US dollar.
        unpriced: Requests whose cost is unknown, and in no sum.
    """

    requests: int = 0
    tokens: int = 0
    micros: int = 0
    unpriced: int = 0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(
            self.requests + other.requests,
            self.tokens + other.tokens,
            self.micros + other.micros,
            self.unpriced + other.unpriced,
        )


@dataclass(frozen=True, slots=True)
class SpentOn:
    """What somebody has spent on a day.

    Attributes:
        owner: Whose key, token or address it was.
        day: The day (UTC), such as ``2026-11-25``; all earlier days together are empty.
        spent: How much.
    """

    owner: str
    day: str
    spent: Spent


def is_within(day: str, per: str, today: str) -> bool:
    """Tell whether a day is in a budget's window: ``day``, ``month`` or ``total``."""
    if per == "total":
        return True
    return day == today if per == "day" else day[:7] == today[:7]
