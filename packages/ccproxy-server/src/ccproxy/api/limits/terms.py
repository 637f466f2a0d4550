"""On which terms a request is let in: caps on what it uses, budgets it is paid from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

from ccproxy.api.limits.caps import PART, Cap, Unit
from ccproxy.api.standing import Standing
from ccproxy.models.quota import Quota


@lru_cache(16)
def _end(per: str, today: date) -> datetime | None:
    """Return when a window of the calendar ends; the same all day."""
    begin = datetime.combine(today, time(), UTC)
    if per == "day":
        return begin + timedelta(days=1)
    if per == "month":
        in_the_next = begin.replace(day=28) + timedelta(days=4)
        return in_the_next.replace(day=1)
    return None


@dataclass(frozen=True, slots=True)
class Budget:
    """What a caller may spend in a window of the calendar.

    Attributes:
        whose: Whose it is, for people; begins a sentence.
        setting: What sets it.
        quota: How much, and in which window.
    """

    whose: str
    setting: str
    quota: Quota

    def ends_at(self, now: datetime) -> datetime | None:
        """Return when its window ends and the next begins, if it ever does."""
        return _end(self.quota.per, now.date())

    def standing(self, left: int, now: datetime) -> Standing | None:
        """Tell how it stands, if that will ever change.

        Args:
            left: What is left, in millionths of a US dollar.
            now: The time, aware UTC.
        """
        end = self.ends_at(now)
        if end is None:
            return None
        part = PART[Unit.COST]
        wait = (end - now).total_seconds()
        return Standing(
            self.quota.amount // part, max(left, 0) // part, wait, Unit.COST
        )


class Terms(NamedTuple):
    """All that holds for a request.

    Attributes:
        caps: Its caps.
        budgets: Its caller's budgets.
        owner: Whose spending is kept; ``None`` if that is nobody's concern.
    """

    caps: Sequence[Cap]
    budgets: Sequence[Budget]
    owner: str | None

    @property
    def need_a_price(self) -> bool:
        """Whether it has to be known what the request may cost before it is let in."""
        return bool(self.budgets) or any(cap.unit is Unit.COST for cap in self.caps)


NO_TERMS = Terms((), (), None)
"""Where nothing holds."""
