"""Spending in the database: added up by caller and day."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, case, func, select, text
from sqlmodel import Session

from ccproxy.models.quota import MICROS
from ccproxy.models.spending import Spent, SpentOn
from ccproxy.models.spending_table import spending

_ADD = text("""
INSERT INTO spending (owner, day, requests, tokens, usd, unpriced)
VALUES (:owner, :day, :requests, :tokens, :usd, :unpriced)
ON CONFLICT (owner, day) DO UPDATE SET
  requests = spending.requests + excluded.requests,
  tokens = spending.tokens + excluded.tokens,
  usd = spending.usd + excluded.usd,
  unpriced = spending.unpriced + excluded.unpriced
""")
_COLUMN = spending.c
_SUMMED = ("requests", "tokens", "usd", "unpriced")


class SpendingRepository:
    """Adds and reads within one unit of work.

    Args:
        session: The unit of work's.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, spent: Mapping[tuple[str, str], Spent]) -> None:
        """Add what was spent, in an order that all who do so keep.

        Args:
            spent: By owner and day.
        """
        rows = [
            {
                "owner": owner,
                "day": day,
                "requests": each.requests,
                "tokens": each.tokens,
                "usd": each.micros / MICROS,
                "unpriced": each.unpriced,
            }
            for (owner, day), each in sorted(spent.items())
        ]
        if rows:
            self._session.connection().execute(_ADD, rows)

    def read(self, today: date) -> Sequence[SpentOn]:
        """Return what each has spent on the days of this month, and all before it."""
        first = today.replace(day=1).isoformat()
        day = case((_COLUMN.day >= first, _COLUMN.day), else_="")
        sums = (func.sum(_COLUMN[each]).label(each) for each in _SUMMED)
        asked = select(_COLUMN.owner, day.label("on"), *sums)
        asked = asked.group_by(_COLUMN.owner, day)
        rows = self._session.connection().execute(asked)
        return [_spent_on(row) for row in rows]


def _spent_on(row: Row[Any]) -> SpentOn:
    # PostgreSQL's sums of whole numbers are of a type without bounds.
    spent = Spent(
        requests=int(row.requests),
        tokens=int(row.tokens),
        micros=round(row.usd * MICROS),
        unpriced=int(row.unpriced),
    )
    return SpentOn(row.owner, row.on, spent)
