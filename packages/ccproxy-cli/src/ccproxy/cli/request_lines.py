"""Requests as lines that people read: all at once, or as they come."""

import sys
from collections.abc import Sequence

from ccproxy.cli.amounts import tokens, usd
from ccproxy.cli.console import Lines, note, show
from ccproxy.cli.moments import clock_time
from ccproxy.cli.opened import Opened
from ccproxy.cli.request_source import NOT_KEPT, Source, source
from ccproxy.models.request_record import RECORD, RequestRecord

TITLES = (
    "LOCAL TIME",
    "STATUS",
    "SECONDS",
    "PROVIDER",
    "MODEL",
    "INPUT",
    "OUTPUT",
    "USD",
    "CLIENT",
    "ID",
    "FAILURE",
)
_WIDTHS = (19, 6, 7, 9, 24, 7, 6, 7, 12, 32, 7)
"""What the cells take as a rule, where nobody can wait for all lines."""


def as_row(record: RequestRecord) -> Sequence[str]:
    """Write a record as a line of a table."""
    return (
        clock_time(record.ended_at),
        str(record.status or "-"),
        f"{record.duration:.3f}",
        record.provider or "-",
        record.model or record.model_requested or "-",
        tokens(record.prompt),
        tokens(record.output_tokens),
        usd(record.cost),
        record.client or "-",
        record.id,
        record.failure or "",
    )


async def follow(opened: Opened, url: str | None, *, as_json: bool) -> None:
    """Show requests as they end; raises as ``Source.live_requests`` does."""
    lines = Lines(_WIDTHS)
    async with source(opened, url) as records:
        note(_heard(records, keeps=opened.settings.storage.request_log))
        if not as_json:
            lines.show(TITLES)
        async for record in records.live_requests(_tell_missed):
            if as_json:
                show(RECORD.dump_json(record).decode())
            else:
                lines.show(as_row(record))
            sys.stdout.flush()  # somebody waits for the line, in a pipe too


def _heard(records: Source, *, keeps: bool) -> str:
    """Say whom ``tail`` listens to, since it may be silent for long."""
    if records.look_every is None:
        return f"Listening to {records.place}, until Ctrl-C."
    told = (
        f"No gateway answers: looking into {records.place} every"
        f" {records.look_every:g} s, until Ctrl-C."
    )
    return told if keeps else f"{told} {NOT_KEPT}"


def _tell_missed(number: int) -> None:
    note(f"Requests came too fast to show them all: {number} are left out here.")
