"""The program ``ccproxy``: its options, and how it ends."""

import os
import sys
from typing import Annotated

import typer

from ccproxy.cli.lazy import Commands
from ccproxy.errors import CCProxyError
from ccproxy.errors.exit_codes import exit_code

app = typer.Typer(
    name="ccproxy",
    cls=Commands,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
    epilog="Plugins may add commands; 'ccproxy plugins list' shows them.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        # Imported here: reading package metadata costs what few calls need.
        from importlib.metadata import version  # noqa: PLC0415

        typer.echo(f"ccproxy {version('ccproxy-cli')}")
        raise typer.Exit


@app.callback()
def main(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version and exit.",
        ),
    ] = False,
) -> None:
    """One local endpoint for every AI coding tool and SDK."""
    del version  # its callback has done the work


def script() -> None:
    """Run ``ccproxy``; an error is told in words and by the exit code."""
    try:
        try:
            app(prog_name="ccproxy")
        finally:
            sys.stdout.flush()
    except CCProxyError as error:
        # Imported here: commands that go well need not pay for it.
        from ccproxy.security.sanitizer import mask_text  # noqa: PLC0415

        for text in (f"Error: {error.message}", error.hint):
            if text:
                typer.echo(mask_text(text, own=True), err=True)
        sys.exit(exit_code(error))
    except BrokenPipeError:
        # Python flushes once more on its way out, and would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
