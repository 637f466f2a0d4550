"""The page of the command line."""

import importlib

from typer.main import get_command
from typer.testing import CliRunner

from ccproxy.cli.lazy import BUILTINS
from ccproxy.cli.main import app
from ccproxy.errors.exit_codes import MEANING
from reference.markdown import code, table

_INTRO = """\
# Command line

`ccproxy` comes with `ccproxy-cli`. `ccproxy-server` comes with the wheel of that name
and starts the gateway with the options of `ccproxy serve`. Answers go to standard
output, all else to standard error.
"""


def page() -> str:
    """Write the page."""
    sections = [_INTRO, _help()]
    for name, builtin in BUILTINS.items():
        sections.append(_help(name))
        command = get_command(importlib.import_module(builtin.module).app)
        sections += [_help(name, inner) for inner in getattr(command, "commands", {})]
    return "\n".join([*sections, _exit_codes()])


def _help(*words: str) -> str:
    told = CliRunner().invoke(
        app, [*words, "--help"], prog_name="ccproxy", env={"COLUMNS": "88"}
    )
    if told.exit_code:
        raise told.exception or RuntimeError(told.output)
    title = " ".join(("ccproxy", *words))
    return f"## {title}\n\n```text\n{told.output.strip()}\n```\n"


def _exit_codes() -> str:
    rows = [(str(int(each)), code(each.name), text) for each, text in MEANING.items()]
    return "## Exit codes\n\n" + table(("Code", "Name", "Meaning"), rows) + "\n"
