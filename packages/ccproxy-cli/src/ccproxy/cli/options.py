"""Options that several commands share."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

ConfigOption: TypeAlias = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Settings file."),
]
SetOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="SECTION.KEY=VALUE",
        help="Any other setting; may be given several times.",
    ),
]
JsonOption: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Answer with JSON.")
]
RepositoryOption: TypeAlias = Annotated[
    str | None, typer.Option(metavar="NAME", help="What 'ccproxy run' was started in.")
]
UntilOption: TypeAlias = Annotated[
    str | None, typer.Option(metavar="TIME", help="Up to then.")
]
UrlOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="A gateway other than the settings'."),
]
