"""Brings the database to what the code needs: the core's tables, then each plugin's.

Each is a run of its own with a version table of its own, so that a plugin that is
removed leaves nothing behind that could break another one's migrations.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import MetaData
from sqlalchemy.engine import Connection

from ccproxy.errors import StorageError
from ccproxy.models.request_table import request_records
from ccproxy.security.sanitizer import mask_text
from ccproxy.storage.backup import back_up
from ccproxy.storage.connections import Connections
from ccproxy.storage.failures import mapped
from ccproxy.storage.words import CORE

_ENVIRONMENT = "ccproxy.storage:migrations"
_METADATA = request_records.metadata
"""All of the core's tables: this one's module imports those of the others."""
_MISTAKES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    NameError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)
"""What a script raises that is wrong in itself; Alembic lets it pass."""


class State(StrEnum):
    """How a run's tables stand to the code."""

    CURRENT = "current"
    BEHIND = "behind"
    NEWER = "newer"


@dataclass(frozen=True, slots=True)
class Step:
    """One migration.

    Attributes:
        revision: Its id.
        title: What it does, in a line.
        applied: Whether the database has it.
        rewrites: Whether it changes rows that are there.
    """

    revision: str
    title: str
    applied: bool
    rewrites: bool


@dataclass(frozen=True, slots=True)
class RunState:
    """How far one run is.

    Attributes:
        name: ``core``, or the plugin's name.
        state: How it stands to the code.
        current: The revision the database has, if any.
        head: The last revision the code has, if any.
        steps: All migrations, the first one first.
    """

    name: str
    state: State
    current: str | None
    head: str | None
    steps: tuple[Step, ...]

    @property
    def pending(self) -> tuple[Step, ...]:
        """What the database does not have yet."""
        return tuple(step for step in self.steps if not step.applied)


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What an upgrade came to.

    Attributes:
        done: The states before, of the runs that were behind and no longer are.
        failures: Why the runs of some plugins could not be done.
    """

    done: list[RunState] = field(default_factory=list)
    failures: list[StorageError] = field(default_factory=list)


class Run:
    """The migrations of the core or of one plugin.

    Args:
        name: ``core``, or the plugin's name.
        folder: Where its scripts are.

    Raises:
        StorageError: There is no such folder.
    """

    def __init__(self, name: str, folder: Path) -> None:
        if not folder.is_dir():
            raise StorageError(f"The migrations of {name} are not at {folder}.")
        self.name = name
        self._table = "alembic_version" + ("" if name == CORE else f"_{name}")
        self._config = Config()
        self._option("script_location", _ENVIRONMENT)
        self._option("path_separator", "newline")
        self._option("version_locations", str(folder))
        self._scripts = ScriptDirectory.from_config(self._config)

    def state(self, connection: Connection | None) -> RunState:
        """Compare the database, or one that is not there yet, with the code."""
        current = self._current(connection) if connection is not None else None
        with _well_written(self.name):
            scripts = [*reversed([*self._scripts.walk_revisions()])]
        known = [script.revision for script in scripts]
        applied = known.index(current) + 1 if current in known else 0
        state = State.CURRENT if applied == len(known) else State.BEHIND
        if current is not None and current not in known:
            state = State.NEWER
        steps = tuple(
            _step(script, applied=place < applied or state is State.NEWER)
            for place, script in enumerate(scripts)
        )
        return RunState(self.name, state, current, known[-1] if known else None, steps)

    def upgrade(self, connection: Connection) -> None:
        """Apply what is pending, each migration in a transaction of its own.

        Raises:
            StorageError: A script is wrong.
        """
        self._config.attributes.update(
            connection=connection,
            metadata=_METADATA if self.name == CORE else MetaData(),
            version_table=self._table,
        )
        with _well_written(self.name):
            command.upgrade(self._config, "head")

    def _current(self, connection: Connection) -> str | None:
        options = {"version_table": self._table}
        context = MigrationContext.configure(connection, opts=options)
        revision = context.get_current_revision()
        connection.rollback()  # what only read leaves no transaction open
        return revision

    def _option(self, name: str, value: str) -> None:
        self._config.set_main_option(name, value.replace("%", "%%"))


def upgrade(connections: Connections, plugins: Mapping[str, str]) -> Upgraded:
    """Bring the database up to date; processes that do it at once take turns.

    A plugin whose tables can't be is the affair of nobody else: the others' are.

    Args:
        connections: The database's.
        plugins: Location of the scripts, as ``package:folder``, by the plugin's name.

    Raises:
        StorageError: The core's tables are newer than the code, or a migration of them
            failed.
    """
    told = Upgraded()
    with connections.exclusively() as connection:
        _bring_up(connections, connection, _core(), told)
        for name in sorted(plugins):
            try:
                with mapped(connections.name):
                    run = _run_of(name, plugins[name])
                    _bring_up(connections, connection, run, told)
            except StorageError as error:
                connection.rollback()
                told.failures.append(_failed(name, error))
    return told


def _bring_up(
    connections: Connections, connection: Connection, run: Run, told: Upgraded
) -> None:
    before = run.state(connection)
    if before.state is State.NEWER:
        raise _newer(connections, before)
    if before.state is State.CURRENT:
        return
    if before.current and any(step.rewrites for step in before.pending):
        back_up(connections, connection, f"{run.name}-{before.current}")
    run.upgrade(connection)
    told.done.append(before)


def states(connections: Connections, plugins: Mapping[str, str]) -> list[RunState]:
    """Tell how far the core and each plugin is; nothing is changed.

    Raises:
        StorageError: A plugin has no such scripts, or wrong ones; or the database can't
            be used.
    """
    runs = [_core(), *(_run_of(name, plugins[name]) for name in sorted(plugins))]
    if connections.file is not None and not connections.file.exists():
        return [run.state(None) for run in runs]
    with connections.open() as connection:
        return [run.state(connection) for run in runs]


def differences(connections: Connections) -> list[str]:
    """Tell where the core's tables are not as its models say."""
    with connections.open() as connection:
        options = {"include_name": _is_ours, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        return [str(each) for each in compare_metadata(context, _METADATA)]


@contextmanager
def _well_written(name: str) -> Iterator[None]:
    try:
        yield
    except _MISTAKES as error:
        reason = f"{type(error).__name__}: {error}"
        msg = f"A migration of {name} is wrong: {mask_text(reason)}."
        raise StorageError(msg) from error


def _core() -> Run:
    return _run_of(CORE, f"{_ENVIRONMENT}/versions")


def _run_of(name: str, location: str) -> Run:
    return Run(name, _folder(location))


def _failed(name: str, error: StorageError) -> StorageError:
    msg = f"The tables of the plugin {name} can't be brought up to date: "
    return StorageError(f"{msg}{error.message}", hint=error.hint)


def _is_ours(name: str | None, kind: str, parents: Mapping[str, str | None]) -> bool:
    del parents
    return kind != "table" or name in _METADATA.tables


def _folder(location: str) -> Path:
    package, _, folder = location.partition(":")
    try:
        return Path(str(files(package).joinpath(folder)))
    except ModuleNotFoundError as error:
        msg = f"There is no package {package!r} to migrate by."
        raise StorageError(msg) from error


def _step(script: Script, *, applied: bool) -> Step:
    title = (script.doc or "").partition("\n")[0].rstrip(".")
    rewrites = bool(getattr(script.module, "rewrites", False))
    return Step(script.revision, title, applied, rewrites)


def _newer(connections: Connections, state: RunState) -> StorageError:
    whose = "ccproxy" if state.name == CORE else f"the plugin {state.name}"
    return StorageError(
        f"A newer version of {whose} has used the database {connections.name}: its "
        f"revision {state.current} is unknown here.",
        hint=f"Upgrade {whose}, or set storage.url to another database.",
    )
