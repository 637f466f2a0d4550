"""``ccproxy auth``: the accounts behind the providers."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Annotated

import typer

from ccproxy.cli import accounts, login
from ccproxy.cli.client import Target, connected
from ccproxy.cli.console import show, show_json, show_table
from ccproxy.cli.lazy import new_app
from ccproxy.cli.local import started
from ccproxy.cli.opened import Opened, load_plugins, open_settings
from ccproxy.cli.options import ConfigOption, JsonOption, SetOption, UrlOption
from ccproxy.errors import UnknownProviderError, UpstreamConnectError
from ccproxy.errors.exit_codes import ExitCode
from ccproxy.loader.profiles import (
    AccountStatus,
    LimitStatus,
    ProfileStatus,
    profiles_status,
)
from ccproxy.services.profile import ProfileService

app = new_app("Log in and out, and show accounts.")
app.add_typer(login.app)
app.add_typer(accounts.app)

_BAR = 20
"""Width of a limit's bar, in characters."""


@app.callback()
def group() -> None:
    """Log in and out, and show accounts."""


@app.command()
def profile(
    provider: Annotated[
        str | None, typer.Argument(help="One provider; by default all.")
    ] = None,
    *,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Ask the providers now.")
    ] = False,
    config: ConfigOption = None,
    sets: SetOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show accounts: whose they are, what is paid for, and how much is used.

    The running gateway is asked; if none answers, the providers are asked from here.
    Exit code 8 if the one provider that is named has no login, 1 if it can't be asked.
    """
    opened = open_settings(config, sets or ())
    target = Target.of(opened.settings, url)
    try:
        told = asyncio.run(_ask(target, opened, provider, refresh=refresh))
    except UpstreamConnectError:
        if url is not None:
            raise
        told = asyncio.run(_look(opened, provider, refresh=refresh))
    if as_json:
        show_json({"profiles": [each.model_dump(mode="json") for each in told]})
    else:
        _show(told)
    if provider is not None and (code := _code(told[0])):
        raise typer.Exit(code)


async def _ask(
    target: Target, opened: Opened, provider: str | None, *, refresh: bool
) -> Sequence[ProfileStatus]:
    async with connected(target, opened.settings) as gateway:
        await gateway.summary()
        if provider is not None:
            return [await gateway.profile(provider, refresh=refresh)]
        return (await gateway.profiles(refresh=refresh)).profiles


async def _look(
    opened: Opened, provider: str | None, *, refresh: bool
) -> Sequence[ProfileStatus]:
    plugins = load_plugins(opened)
    async with started(opened, plugins) as container:
        providers = plugins.providers
        if provider is not None and provider not in providers:
            msg = f"There is no provider {provider!r}."
            hint = f"There are: {', '.join(sorted(providers)) or 'none'}."
            raise UnknownProviderError(msg, hint=hint)
        wanted = [providers[provider]] if provider else providers.values()
        profiles = container.get(ProfileService)
        return (await profiles_status(profiles, wanted, refresh=refresh)).profiles


def _show(told: Sequence[ProfileStatus]) -> None:
    accounts = [(each.provider, one) for each in told for one in each.accounts]
    if accounts:
        columns = ("PROVIDER", "ACCOUNT", "PLAN", "ORGANIZATION", "PAID UNTIL", "AS OF")
        show_table(columns, [_facts(*each) for each in accounts])
        if limits := [row for each in accounts for row in _limits(*each)]:
            show("")
            show_table(("PROVIDER", "ACCOUNT", "LIMIT", "USED", "RESETS"), limits)
        _tell(_stale(accounts))
    else:
        known = any(each.login == "ready" for each in told)
        show("No account is known." if known else "Nobody is logged in.")
    _tell(_what_to_do(told))


def _code(told: ProfileStatus) -> ExitCode:
    if told.login in {"missing", "expired", "broken"}:
        return ExitCode.CREDENTIAL
    if told.problem or any(each.stale for each in told.accounts):
        return ExitCode.FAILED
    return ExitCode.OK


def _tell(lines: Iterable[str]) -> None:
    for place, line in enumerate(lines):
        show(f"\n{line}" if place == 0 else line)


def _facts(provider: str, account: AccountStatus) -> tuple[str, ...]:
    organization = account.organization or ""
    if account.organization_role:
        organization += f" ({account.organization_role})"
    return (
        provider,
        _name(account) + ("" if account.active else " (not active)"),
        account.plan or "",
        organization.strip(),
        _time(account.subscription_expires_at),
        _time(account.updated_at),
    )


def _limits(provider: str, account: AccountStatus) -> Iterator[tuple[str, ...]]:
    for limit in account.limits:
        yield (
            provider,
            _name(account),
            limit.name,
            _bar(limit),
            _time(limit.resets_at),
        )


def _bar(limit: LimitStatus) -> str:
    filled = round(_BAR * limit.used_percent / 100)
    bar = "#" * filled + "." * (_BAR - filled)
    return f"{bar} {limit.used_percent:3.0f} %"


def _name(account: AccountStatus) -> str:
    return account.email or account.account


def _time(at: datetime | None) -> str:
    """Write a time as the clock on this machine's wall tells it."""
    return "" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M")


def _stale(accounts: Iterable[tuple[str, AccountStatus]]) -> Iterator[str]:
    for provider, account in accounts:
        if stale := account.stale:
            yield (
                f"{provider}, {_name(account)}: {stale.age_seconds / 60:.0f} minutes "
                f"old, because asking fails: {stale.reason}"
            )


def _what_to_do(told: Iterable[ProfileStatus]) -> Iterator[str]:
    for each in told:
        if each.accounts:
            continue
        if each.hint:
            yield f"{each.provider}: {each.detail.rstrip('.')}. {each.hint}"
        elif each.problem:
            yield f"{each.provider}: {each.problem}"
