"""``ccproxy serve``: hands its options to the command the server contributes."""

from typing import Annotated

import typer

from ccproxy.cli import contributed
from ccproxy.cli.lazy import new_app
from ccproxy.cli.options import ConfigOption, SetOption

app = new_app()


@app.command()
def serve(
    *,
    config: ConfigOption = None,
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Address to listen on.")
    ] = None,
    port: Annotated[
        str | None, typer.Option(metavar="PORT", help="Port to listen on, 0 is any.")
    ] = None,
    workers: Annotated[
        str | None, typer.Option(metavar="N", help="Number of server processes.")
    ] = None,
    log_level: Annotated[
        str | None, typer.Option(metavar="LEVEL", help="debug, info, warning or error.")
    ] = None,
    sets: SetOption = None,
    reload: Annotated[
        bool, typer.Option("--reload", help="Restart when code changes.")
    ] = False,
    stop_on_eof: Annotated[
        bool,
        typer.Option(
            "--stop-on-eof",
            help="Stop when standard input ends, as with the program that started it.",
        ),
    ] = False,
) -> None:
    """Start the gateway."""
    given = {
        "--config": config and str(config),
        "--host": host,
        "--port": port,
        "--workers": workers,
        "--log-level": log_level,
    }
    # One argument each, as a value may begin with a dash.
    arguments = [f"{name}={value}" for name, value in given.items() if value]
    arguments += [f"--set={each}" for each in sets or ()]
    if reload:
        arguments.append("--reload")
    if stop_on_eof:
        arguments.append("--stop-on-eof")
    told = contributed.run("serve", arguments, config=config, sets=sets or ())
    raise typer.Exit(told)
