"""``ccproxy requests``: what was asked of models, and how that ended."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from ccproxy.cli.console import note, show, show_json, show_table
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
from ccproxy.cli.request_lines import TITLES, as_row, follow
from ccproxy.cli.request_source import (
    PAGE,
    DatabaseSource,
    note_if_not_kept,
    source,
)
from ccproxy.cli.rows import Format, format_of, write_rows
from ccproxy.models.captured import Bodies, Body
from ccproxy.models.request_query import RequestFilter, RequestsPage, StatusClass
from ccproxy.models.request_record import COLUMNS, RECORD, RequestRecord
from ccproxy.storage.database import Database

app = new_app("Show what was asked of models.")

_MOST = 1000

ProviderOption: TypeAlias = Annotated[
    str | None, typer.Option(metavar="NAME", help="The provider asked, or a pattern.")
]
ModelOption: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The model asked for, or a pattern: gpt-*."),
]
KeyOption: TypeAlias = Annotated[
    str | None, typer.Option(metavar="NAME", help="The client key that was shown.")
]
ClientOption: TypeAlias = Annotated[
    str | None, typer.Option(metavar="NAME", help="Who asked, such as claude-code.")
]
SessionOption: TypeAlias = Annotated[
    str | None, typer.Option(metavar="ID", help="The conversation.")
]
BranchOption: TypeAlias = Annotated[
    str | None, typer.Option(metavar="NAME", help="The branch it was started on.")
]
StatusOption: TypeAlias = Annotated[
    StatusClass | None, typer.Option(help="The class of the HTTP status.")
]
FailedOption: TypeAlias = Annotated[
    bool, typer.Option("--failed", help="Those without a whole answer.")
]
SinceOption: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="From then on: 2026-11-24T08:00, or 7d ago."),
]


@app.callback()
def group() -> None:
    """Show what was asked of models."""


@app.command("list")
def list_requests(
    *,
    provider: ProviderOption = None,
    model: ModelOption = None,
    key: KeyOption = None,
    client: ClientOption = None,
    session: SessionOption = None,
    repository: RepositoryOption = None,
    branch: BranchOption = None,
    status: StatusOption = None,
    failed: FailedOption = False,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[
        int, typer.Option(min=1, max=_MOST, help="How many at most.")
    ] = 20,
    config: ConfigOption = None,
    sets: SetOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """List requests, the latest first; times are those of this machine.

    The running gateway is asked; if none answers, the database is read.
    """
    wanted = RequestFilter(
        provider=provider,
        model=model,
        key=key,
        client=client,
        session=session,
        repository=repository,
        branch=branch,
        status=status,
        failed=failed or None,
        since=moment(since, "--since") if since else None,
        until=moment(until, "--until") if until else None,
    )
    opened = open_settings(config, sets or ())
    page = asyncio.run(_page(opened, url, wanted, limit))
    note_if_not_kept(opened, url)
    if as_json:
        show_json(page.model_dump(mode="json"))
    elif page.requests:
        show_table(TITLES, [as_row(each) for each in page.requests], spare="CLIENT")
    else:
        filtered = wanted != RequestFilter()
        show("No request fits." if filtered else "No request is known.")


@app.command("show")
def show_request(
    key: Annotated[
        str, typer.Argument(metavar="ID", help="As listed, or x-ccproxy-request-id.")
    ],
    *,
    bodies: Annotated[
        bool, typer.Option("--bodies", help="What was said, if it was captured.")
    ] = False,
    config: ConfigOption = None,
    sets: SetOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show all that is known of one request, or what was said in it."""
    opened = open_settings(config, sets or ())
    if bodies:
        _show_bodies(asyncio.run(_said(opened, url, key)), as_json=as_json)
        return
    record = asyncio.run(_one(opened, url, key))
    if as_json:
        show_json(RECORD.dump_python(record, mode="json"))
        return
    width = max(map(len, COLUMNS))
    for name, value in RECORD.dump_python(record, mode="json").items():
        text = "\n".join(value) if isinstance(value, list) else value
        for place, line in enumerate(str("" if text is None else text).split("\n")):
            show(f"{'' if place else name:<{width}}  {line}".rstrip())


@app.command()
def tail(
    *,
    config: ConfigOption = None,
    sets: SetOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show requests as they end, until Ctrl-C; with --json one per line."""
    with suppress(KeyboardInterrupt):
        asyncio.run(follow(open_settings(config, sets or ()), url, as_json=as_json))


@app.command()
def export(
    output: Annotated[
        Path, typer.Argument(metavar="FILE", help="Its ending tells the format.")
    ],
    *,
    form: Annotated[
        Format | None, typer.Option("--format", help="csv, json or parquet.")
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    config: ConfigOption = None,
    sets: SetOption = None,
) -> None:
    """Write the records of the database to a file, the latest first."""
    chosen = format_of(output, form)
    wanted = RequestFilter(
        since=moment(since, "--since") if since else None,
        until=moment(until, "--until") if until else None,
    )
    opened = open_settings(config, sets or ())
    write_rows(COLUMNS, _rows(opened, wanted), chosen, output)
    note(f"Wrote {output}")


async def _page(
    opened: Opened, url: str | None, wanted: RequestFilter, limit: int
) -> RequestsPage:
    async with source(opened, url) as records:
        return await records.requests(wanted, limit)


async def _one(opened: Opened, url: str | None, key: str) -> RequestRecord:
    async with source(opened, url) as records:
        return await records.request(key)


async def _said(opened: Opened, url: str | None, key: str) -> Bodies:
    async with source(opened, url) as records:
        return await records.bodies(key)


def _show_bodies(bodies: Bodies, *, as_json: bool) -> None:
    if as_json:
        show_json(bodies.model_dump(mode="json"))
        return
    _show_body("request", bodies.request)
    show("")
    _show_body("answer", bodies.answer)


def _show_body(name: str, body: Body) -> None:
    facts = [name, body.media_type or "of no type", f"{body.size} bytes"]
    if body.truncated:
        facts.append("cut")
    show("  ".join(facts))
    show("compressed, so not kept" if body.text is None else body.text.rstrip("\n"))


def _rows(opened: Opened, wanted: RequestFilter) -> Iterator[tuple[object, ...]]:
    """Read the database page by page, so that nobody has to wait for the whole."""
    database = DatabaseSource(Database(opened.settings.storage_url))
    with asyncio.Runner() as runner:
        try:
            page = runner.run(database.page(wanted, PAGE))
            while True:
                for record in page.requests:
                    yield tuple(RECORD.dump_python(record, mode="json").values())
                if page.next is None:
                    return
                page = runner.run(database.page(wanted, PAGE, page.next))
        finally:
            runner.run(database.close())
