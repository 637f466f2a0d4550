"""``ccproxy auth login``, ``logout``, ``refresh`` and ``use``."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, TypeAlias, TypeVar

import typer

from ccproxy.cli.console import show, show_json
from ccproxy.cli.keepers import with_logins
from ccproxy.cli.lazy import new_app
from ccproxy.cli.opened import open_settings
from ccproxy.cli.options import ConfigOption, JsonOption, SetOption
from ccproxy.cli.person import Terminal, usual_method
from ccproxy.sdk import AccountLogin, JsonObject, LoginMethod, Logins

app = new_app()

T = TypeVar("T")

ProviderArgument: TypeAlias = Annotated[
    str, typer.Argument(help="The provider, such as codex.")
]
AccountOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--account", metavar="NAME", help="A name for one of several."),
]


@app.command()
def login(
    provider: ProviderArgument,
    *,
    account: AccountOption = None,
    no_browser: Annotated[
        bool,
        typer.Option("--no-browser", help="Print the page's address, take its answer."),
    ] = False,
    device: Annotated[
        bool, typer.Option("--device", help="Log in elsewhere, with a code.")
    ] = False,
    config: ConfigOption = None,
    sets: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Log in, in a browser or by a code."""
    if no_browser and device:
        raise typer.BadParameter("Give --no-browser or --device, not both.")
    method = usual_method()
    if no_browser or device:
        method = LoginMethod.DEVICE if device else LoginMethod.PASTE
    made = _ask(
        provider,
        config,
        sets,
        lambda logins: logins.log_in(account, Terminal(), method),
    )
    if as_json:
        show_json(as_object(provider, made))
        return
    show(f"Logged in to {provider} as {_who(made)}, account {made.account}.")
    if not made.active:
        show(f"To use this account: ccproxy auth use {provider} {made.account}")


@app.command()
def logout(
    provider: ProviderArgument,
    *,
    account: AccountOption = None,
    config: ConfigOption = None,
    sets: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Log out, here and at the vendor."""
    told = _ask(provider, config, sets, lambda logins: logins.log_out(account))
    if as_json:
        show_json({"provider": provider, "detail": told})
        return
    show(told)


@app.command()
def refresh(
    provider: ProviderArgument,
    *,
    account: AccountOption = None,
    config: ConfigOption = None,
    sets: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Renew a login now; a gateway does so by itself when it is time."""
    renewed = _ask(provider, config, sets, lambda logins: logins.refresh(account))
    if as_json:
        show_json(as_object(provider, renewed))
        return
    show(f"Renewed: {renewed.status.detail}.")


@app.command()
def use(
    provider: ProviderArgument,
    account: Annotated[str, typer.Argument(help="The account's name.")],
    *,
    config: ConfigOption = None,
    sets: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have another account answer from now on, in a running gateway too."""
    used = _ask(provider, config, sets, lambda logins: logins.use(account))
    if as_json:
        show_json(as_object(provider, used))
        return
    show(f"{provider} uses the account {used.account}: {_who(used)}.")


def _ask(
    provider: str,
    config: Path | None,
    sets: Sequence[str] | None,
    act: Callable[[Logins], Awaitable[T]],
) -> T:
    opened = open_settings(config, sets or ())
    return asyncio.run(with_logins(opened, provider, act))


def as_object(provider: str, login: AccountLogin) -> JsonObject:
    """Write a login for programs."""
    expires = login.expires_at
    return {
        "provider": provider,
        "account": login.account,
        "active": login.active,
        "state": login.status.state.value,
        "detail": login.status.detail,
        "hint": login.status.hint,
        "email": login.email,
        "plan": login.plan,
        "expires_at": expires.isoformat() if expires else None,
        "kept_in": login.kept_in,
    }


def _who(login: AccountLogin) -> str:
    plan = f" (plan {login.plan})" if login.plan else ""
    return f"{login.email or 'somebody without an address'}{plan}"
