"""Knows the prices of the models that are used, and puts costs to records."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import TypeAlias

import structlog
from pydantic import ValidationError

from ccproxy.config.sections import Price
from ccproxy.dialects.answer import Usage
from ccproxy.models.request_record import RequestRecord
from ccproxy.prices.listed import ANSWER, ORDER, Listed, Wanted
from ccproxy.prices.sheet import Rate, Sheet

_log = structlog.get_logger(__name__)

PATIENCE = 10.0
"""Seconds that looking prices up may take; it takes less than one."""
TRY_AGAIN = timedelta(minutes=10)
"""How long a list that could not be looked at is left alone."""
MOST = 1000
"""Models whose prices are kept in memory; a batch may add its own."""
SETTINGS = "settings"
"""The basis of a cost by prices of the settings."""

Key: TypeAlias = tuple[str, str]
"""An API's URL, and the model there."""
Model: TypeAlias = tuple[str, str]
"""A provider's name, and the model there."""
LookUp: TypeAlias = Callable[[Sequence[Wanted]], Sequence[Listed]]


@dataclass(frozen=True, slots=True)
class Quote:
    """What is known of a model's prices.

    Attributes:
        sheet: The prices, if any are known.
        final: Whether there is nothing to look up.
    """

    sheet: Sheet | None
    final: bool


class PriceBook:
    """Prices from the settings, or else from the list.

    Args:
        own: The settings', in their order.
        urls: Tells where the API of each provider is, by the provider's name.
        look_up: Looks into the list.
    """

    def __init__(
        self,
        own: Sequence[Price],
        urls: Callable[[], Mapping[str, str]],
        look_up: LookUp | None = None,
    ) -> None:
        self._own = tuple((price, _own_sheet(price)) for price in own)
        self._urls = urls
        self._look_up = look_up or look_up_aside
        self._listed: dict[Key, Listed] = {}
        self._learning = threading.Lock()

    def priced(self, records: Sequence[RequestRecord]) -> list[RequestRecord]:
        """Return the records with their costs; those that are unknown stay so.

        This takes a while for a model that was not used before, or not today.
        """
        urls = self._urls()
        with self._learning:
            if len(self._listed) >= MOST:
                self._listed.clear()  # before it is seen what this batch needs
            self._learn(list(self._unknown(records, urls)))
            return [self._with_cost(record, urls) for record in records]

    def learn(self, models: Iterable[Model], at: datetime) -> None:
        """Look up the prices of models that are not known; that takes a while."""
        urls = self._urls()
        with self._learning:
            if len(self._listed) >= MOST:
                self._listed.clear()
            self._learn(
                [
                    Wanted(url=urls[provider], model=model, at=at)
                    for provider, model in models
                    if not self.quote(provider, model, at).final
                ]
            )

    def quote(self, provider: str, model: str, at: datetime) -> Quote:
        """Return the prices of a model, as far as they are known."""
        sheet = self._own_for(provider, model)
        key = _key(provider, model, self._urls()) if sheet is None else None
        if key is None:
            return Quote(sheet, final=True)
        listed = self._listed.get(key)
        return Quote(listed.sheet if listed else None, final=_holds(listed, at))

    def _sheet(
        self, provider: str, model: str, urls: Mapping[str, str]
    ) -> Sheet | None:
        sheet = self._own_for(provider, model)
        if sheet is None and (key := _key(provider, model, urls)) is not None:
            listed = self._listed.get(key)
            sheet = listed.sheet if listed else None
        return sheet

    def _with_cost(
        self, record: RequestRecord, urls: Mapping[str, str]
    ) -> RequestRecord:
        used = _used(record)
        if used is None:
            return record
        sheet = self._sheet(record.provider or "", record.model or "", urls)
        cost = sheet.cost(used) if sheet else None
        if sheet is None or cost is None:
            return record
        return replace(record, cost=cost, cost_basis=sheet.basis)

    def _own_for(self, provider: str, model: str) -> Sheet | None:
        for price, sheet in self._own:
            if price.provider in (None, provider) and fnmatchcase(model, price.match):
                return sheet
        return None

    def _unknown(
        self, records: Sequence[RequestRecord], urls: Mapping[str, str]
    ) -> Iterator[Wanted]:
        """Yield what has to be looked up, each model once."""
        asked: set[Key] = set()
        for record in records:
            provider, model = record.provider or "", record.model or ""
            key = _key(provider, model, urls)
            if record.output_tokens is None or key is None or key in asked:
                continue
            at = record.ended_at.astimezone(UTC)
            if self._own_for(provider, model) is None and not _holds(
                self._listed.get(key), at
            ):
                asked.add(key)
                yield Wanted(url=key[0], model=model, at=at)

    def _learn(self, wanted: Sequence[Wanted]) -> None:
        if not wanted:
            return
        for each, listed in zip(wanted, self._look_up(wanted), strict=True):
            self._listed[each.url, each.model] = listed


def look_up_aside(wanted: Sequence[Wanted]) -> Sequence[Listed]:
    """Look into the list, in a process of its own; what can't be found is unknown."""
    try:
        done = subprocess.run(
            # -P: or a module of the folder one works in could stand in for ours.
            [sys.executable, "-P", "-m", "ccproxy.prices.listed"],
            input=ORDER.dump_json(tuple(wanted)),
            capture_output=True,
            timeout=PATIENCE,
            check=True,
            start_new_session=True,  # Ctrl-C is for the gateway
        )
        return ANSWER.validate_json(done.stdout)
    except (OSError, subprocess.SubprocessError, ValidationError) as error:
        _log.warning("prices_unavailable", reason=type(error).__name__)
        return [_nothing(each) for each in wanted]


def _nothing(wanted: Wanted) -> Listed:
    """Tell that nothing is known of a model for a while."""
    return Listed(sheet=None, begin=wanted.at, end=wanted.at + TRY_AGAIN)


def _holds(listed: Listed | None, at: datetime) -> bool:
    return listed is not None and listed.begin <= at < listed.end


def _key(provider: str, model: str, urls: Mapping[str, str]) -> Key | None:
    """Tell where a model's price is listed, if it can have one."""
    url = urls.get(provider, "")
    # No list has the prices of what runs on one's own machines, without TLS.
    return (url, model) if model and url.startswith("https:") else None


def _used(record: RequestRecord) -> Usage | None:
    """Tell what a record's request has used; ``None`` if that is unknown."""
    if record.output_tokens is None:
        return None
    return Usage(
        input=record.input_tokens or 0,
        cache_read=record.cache_read_tokens or 0,
        cache_write=record.cache_write_tokens or 0,
        cache_write_1h=record.cache_write_1h_tokens or 0,
        output=record.output_tokens,
        reasoning=record.reasoning_tokens or 0,
    )


def _own_sheet(price: Price) -> Sheet:
    names = ("input", "cache_read", "cache_write", "cache_write_1h", "output")
    told = {name: getattr(price, name) for name in names}
    rates = {name: Rate(usual=usd) for name, usd in told.items() if usd is not None}
    return Sheet(basis=SETTINGS, **rates)
