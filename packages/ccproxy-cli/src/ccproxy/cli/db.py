"""``ccproxy db``: the database's state, and its migrations."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TypeVar

import typer

from ccproxy.cli.console import show, show_json, show_table
from ccproxy.cli.lazy import new_app
from ccproxy.cli.opened import Opened, load_plugins, open_settings
from ccproxy.cli.options import ConfigOption, JsonOption, SetOption
from ccproxy.errors.exit_codes import ExitCode
from ccproxy.storage.database import Database
from ccproxy.storage.migrate import RunState, State

app = new_app("Show the database's state, and upgrade it.")

T = TypeVar("T")


@app.command()
def upgrade(
    *, config: ConfigOption = None, sets: SetOption = None, as_json: JsonOption = False
) -> None:
    """Bring the database to what the code needs; a gateway does so when it starts."""
    done = _with(open_settings(config, sets or ()), Database.upgrade)
    applied = [
        (run.name, step.revision, step.title) for run in done for step in run.pending
    ]
    if as_json:
        rows = [
            dict(zip(("run", "revision", "title"), row, strict=True)) for row in applied
        ]
        show_json({"applied": rows})
    elif applied:
        show_table(("RUN", "REVISION", "TITLE"), applied)
    else:
        show("Nothing to do: the database is as the code needs it.")


@app.command()
def current(
    *, config: ConfigOption = None, sets: SetOption = None, as_json: JsonOption = False
) -> None:
    """Tell which revision the tables of the core and of each plugin have."""
    states = _with(open_settings(config, sets or ()), Database.states)
    if as_json:
        show_json({"runs": [_summary(each) for each in states]})
        return
    rows = [
        (each.name, each.current or "none", each.head or "none", each.state.value)
        for each in states
    ]
    show_table(("RUN", "CURRENT", "HEAD", "STATE"), rows)


@app.command()
def history(
    *, config: ConfigOption = None, sets: SetOption = None, as_json: JsonOption = False
) -> None:
    """List all migrations, and which of them the database has."""
    states = _with(open_settings(config, sets or ()), Database.states)
    if as_json:
        runs = [{"name": run.name, "steps": asdict(run)["steps"]} for run in states]
        show_json({"runs": runs})
        return
    rows = [
        (run.name, step.revision, "applied" if step.applied else "pending", step.title)
        for run in states
        for step in run.steps
    ]
    show_table(("RUN", "REVISION", "STATE", "TITLE"), rows)


@app.command()
def check(
    *, config: ConfigOption = None, sets: SetOption = None, as_json: JsonOption = False
) -> None:
    """Check that the tables are as the code needs them; exit code 10 if not."""
    opened = open_settings(config, sets or ())
    states = _with(opened, Database.states)
    wrong = [
        f"{each.name} is {each.state.value}: the database has "
        f"{each.current or 'none'}, the code {each.head}."
        for each in states
        if each.state is not State.CURRENT
    ]
    if not wrong:
        wrong = [
            f"A table is not as its model says: {difference}"
            for difference in _with(opened, Database.differences)
        ]
    if as_json:
        show_json({"ok": not wrong, "problems": wrong})
    else:
        show("\n".join(wrong) or "ok: the database is as the code needs it")
    if wrong:
        raise typer.Exit(ExitCode.STORAGE)


def _with(opened: Opened, ask: Callable[[Database], Awaitable[T]]) -> T:
    async def run() -> T:
        plugins = load_plugins(opened)
        database = Database(opened.settings.storage_url, lambda: plugins.migrations)
        try:
            return await ask(database)
        finally:
            await database.close()

    return asyncio.run(run())


def _summary(run: RunState) -> dict[str, str | None]:
    return {
        "name": run.name,
        "current": run.current,
        "head": run.head,
        "state": run.state.value,
    }
