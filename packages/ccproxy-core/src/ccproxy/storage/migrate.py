"""Brings the database to what the code needs: the core's tables, then each plugin's.

Each is a run of its own with a version table of its own, so that a plugin that is
removed leaves nothing behind that could break another one's migrations.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from ccproxy.storage.connections import Connections

CORE = "core"
_ENVIRONMENT = "ccproxy.storage:migrations"
_METADATA = request_records.metadata
"""All of the core's tables: this one's module imports those of the others."""


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
        """Apply what is pending, each migration in a transaction of its own."""
        self._config.attributes.update(
            connection=connection,
            metadata=_METADATA if self.name == CORE else MetaData(),
            version_table=self._table,
        )
        command.upgrade(self._config, "head")

    def _current(self, connection: Connection) -> str | None:
        options = {"version_table": self._table}
        context = MigrationContext.configure(connection, opts=options)
        revision = context.get_current_revision()
        connection.rollback()  # what only read leaves no transaction open
        return revision

    def _option(self, name: str, value: str) -> None:
        self._config.set_main_option(name, value.replace("%", "%%"))


def runs(plugins: Mapping[str, str]) -> list[Run]:
    """Return the core's run and those of plugins.

    Args:
        plugins: Location, as ``package:folder``, by the plugin's name.

    Raises:
        StorageError: There is no such folder.
    """
    core = Run(CORE, _folder(f"{_ENVIRONMENT}/versions"))
    return [core, *(Run(name, _folder(plugins[name])) for name in sorted(plugins))]


def upgrade(connections: Connections, runs: Sequence[Run]) -> list[RunState]:
    """Bring the database up to date; processes that do it at once take turns.

    Returns:
        What has been done: the states before, of those that were behind.

    Raises:
        StorageError: The database is newer than the code, or a migration failed.
    """
    done = []
    with connections.exclusively() as connection:
        for run in runs:
            before = run.state(connection)
            if before.state is State.NEWER:
                raise _newer(connections, before)
            if before.state is State.CURRENT:
                continue
            if before.current and any(step.rewrites for step in before.pending):
                back_up(connections, connection, f"{run.name}-{before.current}")
            run.upgrade(connection)
            done.append(before)
    return done


def states(connections: Connections, runs: Sequence[Run]) -> list[RunState]:
    """Tell how far each run is; nothing is changed."""
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


def back_up(connections: Connections, connection: Connection, label: str) -> None:
    """Copy a DuckDB file beside itself, for this user alone.

    DuckDB copies it: reading the file here would release the lock it has on it. A
    PostgreSQL server's backups are its owner's affair.
    """
    if connections.file is None:
        return
    copy = connections.file.with_name(f"{connections.file.name}.before-{label}.bak")
    copy.unlink(missing_ok=True)
    source = connection.exec_driver_sql("SELECT current_database()").scalar_one()
    connection.rollback()
    connection.exec_driver_sql(f"ATTACH '{_quoted(copy)}' AS backup")
    connection.commit()
    connection.exec_driver_sql(f'COPY FROM DATABASE "{source}" TO backup')
    connection.commit()
    connection.exec_driver_sql("DETACH backup")
    connection.commit()
    copy.chmod(0o600)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


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
