"""``ccproxy config``: shows, writes and checks the settings."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from ccproxy.cli import sections
from ccproxy.cli.console import note, show, show_json, show_table
from ccproxy.cli.lazy import new_app
from ccproxy.cli.opened import load_plugins, open_settings, read
from ccproxy.cli.options import ConfigOption, JsonOption, SetOption
from ccproxy.config import json_schema, origins, template
from ccproxy.config.paths import config_file
from ccproxy.errors import CCProxyError, ConfigError
from ccproxy.errors.exit_codes import ExitCode
from ccproxy.sdk import Json
from ccproxy.sdk.disk import write_private

app = new_app("Show, write and check the settings.")


@app.command("show")
def show_settings(
    *, config: ConfigOption = None, sets: SetOption = None, as_json: JsonOption = False
) -> None:
    """Show each effective setting and where it came from; secrets are masked."""
    opened = open_settings(config, sets or ())
    configs = load_plugins(opened).configs
    shown = origins(opened.layers, opened.settings, configs)
    if as_json:
        show_json({"settings": [origin.as_json() for origin in shown]})
        return
    rows = [(each.key, _in_words(each.value), each.source) for each in shown]
    show_table(("SETTING", "VALUE", "SOURCE"), rows)


@app.command()
def init(
    *,
    config: ConfigOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over a file that is there.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a settings file in which each setting is explained."""
    file = _file(config)
    if file.exists() and not force:
        raise ConfigError(
            f"{file} is there already.", hint="Give --force to write over it."
        )
    text = template(sections.installed(config, ()))
    try:
        write_private(file, text.encode())
    except OSError as error:
        raise CCProxyError(f"{file} can't be written: {error.strerror}.") from error
    if as_json:
        show_json({"path": str(file)})
    else:
        show(f"Wrote {file}")


@app.command()
def validate(
    *, config: ConfigOption = None, sets: SetOption = None, as_json: JsonOption = False
) -> None:
    """Check the settings, those of plugins too; tell all that is wrong."""
    layers = read(config, sets or ())
    errors = sections.mistakes(layers)
    if as_json:
        told = [{"message": each.message, "hint": each.hint} for each in errors]
        show_json({"ok": not errors, "errors": told})
    for each in [] if as_json else errors:
        note(str(each))
    for name in sections.unknown(layers):
        note(f"Note: [plugins.{name}] is for a plugin that is not installed.")
    if errors:
        raise typer.Exit(ExitCode.CONFIG)
    if not as_json:
        show(f"ok: {layers.file or 'no settings file, the defaults hold'}")


@app.command()
def schema(*, config: ConfigOption = None, sets: SetOption = None) -> None:
    """Print the JSON Schema of the settings file."""
    show_json(json_schema(sections.installed(config, sets or ())), whole=True)


@app.command()
def path(*, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Print the path of the settings file that is used."""
    file = _file(config)
    if as_json:
        show_json({"path": str(file), "exists": file.exists()})
        return
    show(str(file))
    if not file.exists():
        note("It does not exist; 'ccproxy config init' writes it.")


def _file(config: Path | None) -> Path:
    """Name the settings file, whether it is there or not."""
    named = os.environ.get("CCPROXY_CONFIG")
    return config or (Path(named) if named else config_file())


def _in_words(value: Json) -> str:
    if value is None:
        return "(not set)"
    is_plain = isinstance(value, str) and value
    return str(value) if is_plain else json.dumps(value, ensure_ascii=False)
