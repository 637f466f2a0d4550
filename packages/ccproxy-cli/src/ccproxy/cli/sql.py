"""``ccproxy sql``: questions of one's own to the database."""

from pathlib import Path
from typing import Annotated

import typer

from ccproxy.cli.console import note
from ccproxy.cli.lazy import new_app
from ccproxy.cli.opened import open_settings
from ccproxy.cli.options import ConfigOption, SetOption
from ccproxy.cli.rows import Format, format_of, write_rows
from ccproxy.storage.query import answer_to_query

app = new_app()


@app.command()
def sql(
    query: Annotated[
        str, typer.Argument(help="Such as: SELECT count(*) FROM request_records")
    ],
    *,
    form: Annotated[
        Format | None, typer.Option("--format", help="How rows are written.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where to; its ending tells the format."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="The same as --format json.")
    ] = False,
    config: ConfigOption = None,
    sets: SetOption = None,
) -> None:
    """Ask the database in SQL; nothing can be changed, there or elsewhere.

    The tables are request_records, request_bodies, profiles, spending and
    client_keys, beside those of plugins: SHOW TABLES names all of them, DESCRIBE
    request_records a table's columns. Times are in UTC.

    What a gateway wants to write meanwhile is written afterwards; its answers do not
    wait.
    """
    chosen = format_of(output, Format.JSON if as_json else form)
    url = open_settings(config, sets or ()).settings.storage_url
    answer = answer_to_query(url, query)
    if answer.columns:
        write_rows(answer.columns, answer.rows, chosen, output)
        if output is not None:
            note(f"Wrote {output}")
