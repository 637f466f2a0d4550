"""``ccproxy cost``: what requests have used and what that costs."""

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from ccproxy.cli.amounts import tokens, usd
from ccproxy.cli.console import show, show_json, show_table
from ccproxy.cli.lazy import new_app
from ccproxy.cli.moments import moment
from ccproxy.cli.opened import Opened, open_settings
from ccproxy.cli.options import (
    ConfigOption,
    JsonOption,
    RepositoryOption,
    SetOption,
    UntilOption,
    UrlOption,
)
from ccproxy.cli.request_source import note_if_not_kept, source
from ccproxy.models.request_query import (
    GroupBy,
    RequestFilter,
    RequestGroup,
    RequestStats,
    RequestSums,
)

app = new_app()

_COUNTS = (
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
)
_COLUMNS = (
    "REQUESTS",
    "INPUT",
    "CACHE READ",
    "CACHE WRITE",
    "OUTPUT",
    "REASONING",
    "USD",
    "UNKNOWN",
)


class By(StrEnum):
    """What costs are added up by."""

    MODEL = "model"
    PROVIDER = "provider"
    KEY = "key"
    CLIENT = "client"
    SESSION = "session"
    REPOSITORY = "repository"
    BRANCH = "branch"
    DAY = "day"


@app.command()
def cost(
    *,
    by: Annotated[By, typer.Option(help="What to add up by.")] = By.MODEL,
    since: Annotated[
        str,
        typer.Option(metavar="TIME", help="From then on: 2026-11-24T08:00, or 7d ago."),
    ] = "7d",
    until: UntilOption = None,
    repository: RepositoryOption = None,
    config: ConfigOption = None,
    sets: SetOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add up what requests have cost.

    The cost is in US dollars, by list prices or those of the settings. UNKNOWN counts
    the requests whose cost is not known; they are in no sum. Those that were refused
    cost nothing. Reasoning is a part of the output. Days are those of UTC.
    """
    wanted = RequestFilter(
        since=moment(since, "--since"),
        until=moment(until, "--until") if until else None,
        repository=repository,
    )
    opened = open_settings(config, sets or ())
    stats = asyncio.run(_stats(opened, url, GroupBy(by), wanted))
    note_if_not_kept(opened, url)
    if as_json:
        show_json(stats.model_dump(mode="json"))
    elif stats.groups:
        show_table((by.upper(), *_COLUMNS), rows_of(stats))
    else:
        show(f"No request fits; --since is {since}.")


async def _stats(
    opened: Opened, url: str | None, by: GroupBy, wanted: RequestFilter
) -> RequestStats:
    async with source(opened, url) as records:
        return await records.stats(by, wanted)


def rows_of(stats: RequestStats) -> list[tuple[str, ...]]:
    """Write a row for each group, and one for all together."""
    rows = [_row(_name(each), each) for each in _in_order(stats)]
    if len(rows) > 1:
        rows.append(_row("total", stats.total))
    return rows


def _in_order(stats: RequestStats) -> Sequence[RequestGroup]:
    """Put the dearest first; days stay in their order."""
    if stats.by is GroupBy.DAY:
        return stats.groups
    return sorted(stats.groups, key=lambda each: each.cost or 0, reverse=True)


def _name(group: RequestGroup) -> str:
    if group.begins_at is not None:
        return f"{group.begins_at:%Y-%m-%d}"
    return group.key or "-"


def _row(name: str, used: RequestSums) -> tuple[str, ...]:
    """Write what requests have used together."""
    known = used.priced + used.errors
    return (
        name,
        f"{used.requests:,}",
        *(tokens(getattr(used, count)) for count in _COUNTS),
        usd(used.cost),
        f"{max(used.requests - known, 0):,}",
    )
