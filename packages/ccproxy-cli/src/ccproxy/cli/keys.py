"""``ccproxy keys``: client tokens with names, made and taken back."""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from pydantic import TypeAdapter, ValidationError

from ccproxy.cli.console import note, show, show_json, show_table
from ccproxy.cli.key_rows import COLUMNS, as_object, as_row, by_window
from ccproxy.cli.lazy import new_app
from ccproxy.cli.moments import coming
from ccproxy.cli.opened import Opened, load_plugins, open_settings
from ccproxy.cli.options import ConfigOption, JsonOption, SetOption
from ccproxy.config.sections import Rate
from ccproxy.errors import ConfigError, PluginError
from ccproxy.models.client_key import ClientKey
from ccproxy.models.quota import Quota, parse_budget, parse_tokens, parse_usd
from ccproxy.models.spending import SpentOn
from ccproxy.storage.database import Database
from ccproxy.storage.keys import with_keys
from ccproxy.storage.spending import with_spending

if TYPE_CHECKING:
    from ccproxy.storage.repositories.key_repository import KeyRepository

app = new_app("Make client keys, and take them back.")

T = TypeVar("T")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
NameArgument = Annotated[str, typer.Argument(help="What to call the key.")]
ExpiresOption = Annotated[
    str | None,
    typer.Option(metavar="WHEN", help="30d and the like from now, or a date."),
]
ModelsOption = Annotated[
    list[str] | None,
    typer.Option(metavar="PATTERN", help="Models it may ask; repeatable."),
]
ProvidersOption = Annotated[
    list[str] | None,
    typer.Option(metavar="PATTERN", help="Providers it may ask; repeatable."),
]
RequestsOption = Annotated[
    str | None, typer.Option(metavar="RATE", help="Its rate, such as 60/minute.")
]
ConcurrentOption = Annotated[
    int | None, typer.Option(min=0, help="Requests answered at once; 0 is any number.")
]
TokensOption = Annotated[
    str | None, typer.Option(metavar="RATE", help="Its tokens, such as 1M/day.")
]
CostOption = Annotated[
    str | None, typer.Option(metavar="RATE", help="Its US dollars, such as 2.50/hour.")
]
BudgetOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="USD",
        help="What it may spend: 5/day, 100/month, 500/total; repeatable.",
    ),
]


@app.command()
def create(
    name: NameArgument,
    *,
    expires: ExpiresOption = None,
    model: ModelsOption = None,
    provider: ProvidersOption = None,
    requests: RequestsOption = None,
    concurrent: ConcurrentOption = None,
    tokens: TokensOption = None,
    cost: CostOption = None,
    budget: BudgetOption = None,
    config: ConfigOption = None,
    sets: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key and show it, this once: only its hash is kept."""
    if not _NAME.fullmatch(name):
        msg = "The name may have letters, digits and . _ @ - only."
        raise typer.BadParameter(msg, param_hint="NAME")
    now = datetime.now(UTC)
    token = f"sk-ccproxy-{secrets.token_urlsafe(32)}"
    key = ClientKey(
        name=name,
        digest=sha256(token.encode()).hexdigest(),
        created_at=now,
        expires_at=None if expires is None else coming(expires, "--expires", now),
        models=tuple(model or ()),
        providers=tuple(provider or ()),
        requests=None if requests is None else _rate(requests, "--requests"),
        concurrent=concurrent,
        tokens=None if tokens is None else _quota(parse_tokens, tokens, "--tokens"),
        cost=None if cost is None else _quota(parse_usd, cost, "--cost"),
        budgets=tuple(_quota(parse_budget, each, "--budget") for each in budget or ()),
    )
    opened = open_settings(config, sets or ())
    if not _with(opened, lambda keys: keys.create(key)):
        msg = f"There is a key {name!r} already."
        raise typer.BadParameter(msg, param_hint="NAME")
    if as_json:
        show_json({**as_object(key, now, {}), "key": token}, whole=True)
    else:
        show(token, whole=True)
    note("This is the only time the key is shown.")
    if not opened.settings.security.keys:
        note("The gateway takes keys only if security.keys is true.")
    for pattern in _unmatched(opened, key.providers):
        note(f"By the settings no provider is named like {pattern!r}.")


@app.command("list")
def list_keys(
    *, config: ConfigOption = None, sets: SetOption = None, as_json: JsonOption = False
) -> None:
    """List the keys: what each may be used for, and what it has spent."""
    now = datetime.now(UTC)
    found, rows = _listed(open_settings(config, sets or ()), now)
    spent = by_window(rows, now.date())
    if as_json:
        told = [as_object(each, now, spent.get(each.owner, {})) for each in found]
        show_json({"keys": told})
        return
    if not found:
        show("There are no keys. 'ccproxy keys create NAME' makes one.")
        return
    show_table(
        COLUMNS, [as_row(each, now, spent.get(each.owner, {})) for each in found]
    )


@app.command()
def revoke(
    name: NameArgument,
    *,
    config: ConfigOption = None,
    sets: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a key back; a running gateway refuses it within ten seconds."""
    if not _with(open_settings(config, sets or ()), lambda keys: keys.delete(name)):
        msg = f"There is no key {name!r}; 'list' tells which are."
        raise typer.BadParameter(msg, param_hint="NAME")
    if as_json:
        show_json({"revoked": name})
    else:
        show(
            f"The key {name!r} is revoked: a running gateway refuses it within ten"
            " seconds."
        )


def _listed(
    opened: Opened, now: datetime
) -> tuple[Sequence[ClientKey], Sequence[SpentOn]]:
    async def ask(database: Database) -> tuple[Sequence[ClientKey], Sequence[SpentOn]]:
        keys = await with_keys(database, lambda keys: keys.list())
        spent = await with_spending(database, lambda rows: rows.read(now.date()))
        return keys, spent

    return _in_database(opened, ask)


def _with(opened: Opened, ask: Callable[["KeyRepository"], T]) -> T:
    return _in_database(opened, lambda database: with_keys(database, ask))


def _in_database(opened: Opened, ask: Callable[[Database], Awaitable[T]]) -> T:
    async def run() -> T:
        database = Database(opened.settings.storage_url)
        try:
            return await ask(database)
        finally:
            await database.close()

    return asyncio.run(run())


def _unmatched(opened: Opened, patterns: Sequence[str]) -> list[str]:
    """Return the patterns that no provider is named like, as far as can be told."""
    if not patterns:
        return []
    try:
        names = load_plugins(opened).providers
    except (ConfigError, PluginError):
        return []  # the gateway will say what is wrong there
    return [
        each for each in patterns if not any(fnmatchcase(name, each) for name in names)
    ]


def _rate(text: str, option: str) -> str:
    rates: TypeAdapter[str] = TypeAdapter(Rate)
    try:
        return rates.validate_python(text)
    except ValidationError:
        msg = f"{text!r} is no rate such as 600/minute (or second, hour, day)."
        raise typer.BadParameter(msg, param_hint=option) from None


def _quota(parse: Callable[[str], Quota], text: str, option: str) -> str:
    try:
        parse(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} {error}.", param_hint=option) from None
    return text
