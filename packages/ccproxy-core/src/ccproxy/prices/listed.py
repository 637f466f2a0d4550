"""``python -m ccproxy.prices.listed``: looks list prices up, for a gateway.

The list is the package ``genai-prices``, as it is installed; nothing is fetched. It is
looked at in a process of its own, since it takes twenty megabytes for as long as the
process lives that has imported it.
"""

import sys
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter

from ccproxy.prices.sheet import Rate, Sheet

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice

_STEP = timedelta(minutes=15)
"""Prices by the time of day begin and end at such steps."""


class Wanted(BaseModel):
    """Asks for a model's prices."""

    model_config = ConfigDict(frozen=True)

    url: str
    """Where its provider's API is."""
    model: str
    """The model, as that provider calls it."""
    at: AwareDatetime
    """When it was used."""


class Listed(BaseModel):
    """Tells a model's prices."""

    model_config = ConfigDict(frozen=True)

    sheet: Sheet | None
    """The prices; ``None`` if none are listed."""
    begin: AwareDatetime
    """Since when, at the latest, they have been so."""
    end: AwareDatetime
    """Until when they are so at least; no later than the day (UTC) ends."""


ORDER = TypeAdapter(tuple[Wanted, ...])
ANSWER = TypeAdapter(tuple[Listed, ...])


def look_up(wanted: Wanted) -> Listed:
    """Look into the list."""
    from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415  (large)

    minute = wanted.at.minute // 15 * 15
    begin = wanted.at.replace(minute=minute, second=0, microsecond=0)
    midnight = begin.replace(hour=0, minute=0) + timedelta(days=1)
    try:
        _, model = get_snapshot().find_provider_model(
            wanted.model, None, None, wanted.url
        )
    except LookupError:
        return Listed(sheet=None, begin=begin, end=midnight)
    prices = model.get_prices(begin)
    end = _changes_at(model, begin, midnight)
    return Listed(sheet=_sheet(prices), begin=begin, end=end)


def _changes_at(model: "ModelInfo", begin: datetime, latest: datetime) -> datetime:
    prices, end = model.get_prices(begin), begin + _STEP
    while end < latest and model.get_prices(end) == prices:
        end += _STEP
    return end


def _sheet(prices: "ModelPrice") -> Sheet:
    from genai_prices import __version__  # noqa: PLC0415  (large)

    fee = prices.requests_kcount
    return Sheet(
        basis=f"genai-prices {__version__}",
        input=_rate(prices.input_mtok),
        cache_read=_rate(prices.cache_read_mtok),
        cache_write=_rate(prices.cache_write_5m_mtok or prices.cache_write_mtok),
        cache_write_1h=_rate(prices.cache_write_1h_mtok),
        output=_rate(prices.output_mtok),
        reasoning=_rate(prices.output_reasoning_mtok),
        request=float(fee) / 1000 if isinstance(fee, Decimal) else 0.0,
    )


def _rate(price: object) -> Rate | None:
    from genai_prices.types import TieredPrices  # noqa: PLC0415  (large)

    if isinstance(price, TieredPrices):
        tiers = tuple((tier.start, float(tier.price)) for tier in price.tiers)
        return Rate(usual=float(price.base), tiers=tiers)
    return Rate(usual=float(price)) if isinstance(price, Decimal) else None


def main() -> None:
    """Answer what standard input asks."""
    wanted = ORDER.validate_json(sys.stdin.buffer.read())
    answer = tuple(look_up(each) for each in wanted)
    sys.stdout.buffer.write(ANSWER.dump_json(answer))


if __name__ == "__main__":
    main()
