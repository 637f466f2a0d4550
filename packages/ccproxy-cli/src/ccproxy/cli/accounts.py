"""``ccproxy auth status`` and ``list``: the logins there are."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, TypeAlias

import typer

from ccproxy.cli.console import show, show_json, show_table
from ccproxy.cli.keepers import all_logins
from ccproxy.cli.lazy import new_app
from ccproxy.cli.login import as_object
from ccproxy.cli.opened import open_settings
from ccproxy.cli.options import ConfigOption, JsonOption, SetOption
from ccproxy.errors.exit_codes import ExitCode
from ccproxy.sdk import AccountLogin

app = new_app()

ProviderArgument: TypeAlias = Annotated[
    str | None, typer.Argument(help="One provider; by default all.")
]
Found: TypeAlias = Sequence[tuple[str, AccountLogin]]


@app.command()
def status(
    provider: ProviderArgument = None,
    *,
    config: ConfigOption = None,
    sets: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell of each login whether it is good; exit code 8 if one in use is not."""
    found = asyncio.run(all_logins(open_settings(config, sets or ()), provider))
    if as_json:
        show_json({"logins": [as_object(*each) for each in found]})
    else:
        _show_status(found, provider)
    in_use = [login for _, login in found if login.active]
    if not in_use or not all(login.status.usable for login in in_use):
        raise typer.Exit(ExitCode.CREDENTIAL)


@app.command("list")
def list_accounts(
    provider: ProviderArgument = None,
    *,
    config: ConfigOption = None,
    sets: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the accounts that have a login, and tell which are in use."""
    found = asyncio.run(all_logins(open_settings(config, sets or ()), provider))
    if as_json:
        show_json({"logins": [as_object(*each) for each in found]})
        return
    if not found:
        show("Nobody is logged in.")
        return
    rows = [
        (
            name,
            login.account,
            "yes" if login.active else "",
            login.email or "",
            login.plan or "",
        )
        for name, login in found
    ]
    show_table(("PROVIDER", "ACCOUNT", "IN USE", "WHO", "PLAN"), rows)


def _show_status(found: Found, provider: str | None) -> None:
    if not found:
        show(f"Nobody is logged in. Run `ccproxy auth login {provider or 'PROVIDER'}`.")
        return
    rows = [
        (
            name,
            login.account + ("" if login.active else " (not in use)"),
            login.status.state.value,
            f"{login.expires_at:%Y-%m-%d %H:%M} UTC" if login.expires_at else "",
            login.kept_in,
        )
        for name, login in found
    ]
    show_table(("PROVIDER", "ACCOUNT", "STATE", "GOOD UNTIL", "KEPT IN"), rows)
    told = [login.status for _, login in found if login.status.hint]
    for place, each in enumerate(told):
        line = f"{each.detail.rstrip('.')}. {each.hint}"
        show(line if place else f"\n{line}")
