"""Client keys as people and programs read them, with what each has spent."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TypeAlias

from ccproxy.cli.amounts import usd
from ccproxy.cli.moments import clock_time
from ccproxy.models.client_key import ClientKey
from ccproxy.models.quota import MICROS
from ccproxy.models.spending import Spent, SpentOn, is_within

Windows: TypeAlias = Mapping[str, Spent]
"""What was spent, by the windows that a budget can have."""

WINDOWS = ("day", "month", "total")
COLUMNS = (
    *("NAME", "STATE", "GOOD UNTIL", "MODELS", "PROVIDERS", "LIMITS"),
    *("USD TODAY", "THIS MONTH", "IN TOTAL"),
)


def by_window(rows: Iterable[SpentOn], today: date) -> Mapping[str, Windows]:
    """Add up what each owner has spent in each window."""
    owners: dict[str, dict[str, Spent]] = {}
    for each in rows:
        windows = owners.setdefault(each.owner, {})
        for per in WINDOWS:
            if is_within(each.day, per, today.isoformat()):
                windows[per] = windows.get(per, Spent()) + each.spent
    return owners


def as_row(key: ClientKey, now: datetime, spent: Windows) -> Sequence[str]:
    """Write a key as a line of a table."""
    limits = [key.requests, key.tokens and f"{key.tokens} tokens"]
    limits += [each and f"${each}" for each in (key.cost, *key.budgets)]
    limits.append(f"{key.concurrent} at once" if key.concurrent else None)
    return (
        key.name,
        _state(key, now),
        clock_time(key.expires_at) if key.expires_at else "",
        " ".join(key.models) or "all",
        " ".join(key.providers) or "all",
        ", ".join(filter(None, limits)),
        *(usd(spent.get(per, Spent()).micros / MICROS) for per in WINDOWS),
    )


def as_object(key: ClientKey, now: datetime, spent: Windows) -> dict[str, object]:
    """Write a key as JSON has it; its token is nowhere."""
    expires = key.expires_at
    return {
        "name": key.name,
        "state": _state(key, now),
        "created_at": key.created_at.isoformat(),
        "expires_at": None if expires is None else expires.isoformat(),
        "models": list(key.models),
        "providers": list(key.providers),
        "requests": key.requests,
        "concurrent": key.concurrent,
        "tokens": key.tokens,
        "cost": key.cost,
        "budgets": list(key.budgets),
        "spent": {per: _sums(spent.get(per, Spent())) for per in WINDOWS},
    }


def _state(key: ClientKey, now: datetime) -> str:
    return "expired" if key.is_expired(now) else "good"


def _sums(spent: Spent) -> dict[str, object]:
    return {
        "requests": spent.requests,
        "tokens": spent.tokens,
        "usd": spent.micros / MICROS,
        "unpriced": spent.unpriced,
    }
