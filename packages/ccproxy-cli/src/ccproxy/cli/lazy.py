"""Finds commands without importing them: ``ccproxy --help`` has to be quick.

This is the one table of commands, and the one place that imports them late. Each
command's module imports what it needs at its top, which is paid for by those who ask
for it alone.
"""

import importlib
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command


@dataclass(frozen=True, slots=True)
class Builtin:
    """A command of ours.

    Attributes:
        module: Its module; the attribute ``app`` is the command.
        help: One line for ``ccproxy --help``.
    """

    module: str
    help: str


BUILTINS = {
    "serve": Builtin("ccproxy.cli.serve", "Start the gateway."),
    "run": Builtin("ccproxy.cli.run", "Run a program that talks to the gateway."),
    "status": Builtin("ccproxy.cli.status", "Tell how the running gateway is."),
    "doctor": Builtin("ccproxy.cli.doctor", "Check everything, and say what to do."),
    "auth": Builtin("ccproxy.cli.auth", "Log in and out, and show accounts."),
    "keys": Builtin("ccproxy.cli.keys", "Make client keys, and take them back."),
    "requests": Builtin("ccproxy.cli.requests", "Show what was asked of models."),
    "cost": Builtin("ccproxy.cli.cost", "Add up what requests have cost."),
    "sql": Builtin("ccproxy.cli.sql", "Ask the database in SQL."),
    "db": Builtin("ccproxy.cli.db", "Show the database's state, and upgrade it."),
    "config": Builtin("ccproxy.cli.config", "Show, write and check the settings."),
    "plugins": Builtin("ccproxy.cli.plugins", "Show plugins, and begin a new one."),
}


ANNOUNCED = "ccproxy.commands"
"""The group of entry points by which a wheel says which commands its plugins add."""


def new_app(help: str | None = None) -> typer.Typer:  # noqa: A002  (typer's word)
    """Make the app of one command or group, in the style of all."""
    return typer.Typer(
        help=help,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
        no_args_is_help=help is not None,
    )


class Commands(TyperGroup):
    """Knows our commands by name, and asks the plugins for any other.

    Args:
        attributes: Typer's own.
    """

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self._lazy = {name: _Lazy(name) for name in BUILTINS}
        self._announced: dict[str, TyperCommand] = {}
        self.commands = {**self._lazy}

    def get_command(self, ctx: object, cmd_name: str) -> TyperCommand | None:
        """Find a command; plugins are looked for only if it is none of ours."""
        del ctx
        known = self._lazy.get(cmd_name) or self._announced.get(cmd_name)
        if known is not None:
            return known
        # Imported here: it reads the entry points of all that is installed.
        contributed = importlib.import_module("ccproxy.cli.contributed")
        found = contributed.commands()
        for name, command in found.items():
            self.commands.setdefault(name, _Contributed(name, command.help))
        return _Contributed(cmd_name, "") if cmd_name in found else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List our commands, and those that wheels announce; no plugin is imported."""
        # Imported here: it is slow, and only whoever asks for help has to wait for it.
        from importlib.metadata import entry_points  # noqa: PLC0415

        for point in sorted(entry_points(group=ANNOUNCED), key=lambda each: each.name):
            wheel = point.dist.name if point.dist else "a plugin"
            shown = _Contributed(point.name, f"Added by {wheel}.")
            self._announced.setdefault(point.name, shown)
        for name, command in self._announced.items():
            self.commands.setdefault(name, command)
        super().format_commands(ctx, formatter)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; what is wrong with its options is said without Python."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")
            raise


class _Lazy(TyperCommand):
    """Stands in the list of commands for one that is imported when it is run."""

    def __init__(self, name: str) -> None:
        super().__init__(name, help=BUILTINS[name].help)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: Any = None,
        **extra: Any,
    ) -> Any:
        module = importlib.import_module(BUILTINS[str(self.name)].module)
        command = get_command(module.app)
        return command.make_context(info_name, args, parent, **extra)


class _Contributed(TyperCommand):
    """A plugin's command, which reads its arguments itself."""

    def __init__(self, name: str, help: str) -> None:  # noqa: A002  (typer's word)
        super().__init__(name, help=help, add_help_option=False)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.args = args
        return args

    def invoke(self, ctx: Any) -> Any:
        contributed = importlib.import_module("ccproxy.cli.contributed")
        raise typer.Exit(contributed.run(str(self.name), ctx.args))
