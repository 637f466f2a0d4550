"""How Alembic runs one set of scripts; ``ccproxy.storage.migrate`` hands all of it in.

The same scripts serve DuckDB and PostgreSQL: written with ``op.batch_alter_table``,
they are plain ALTERs there and recreate the table here.
"""

from alembic import context
from alembic.operations.batch import BatchOperationsImpl
from duckdb_sqlalchemy.alembic_impl import DuckDBImpl


class RecreatingDuckDBImpl(DuckDBImpl):
    """DuckDB can't alter a table that has an index, except to add a plain column."""

    __dialect__ = "duckdb"

    def requires_recreate_in_batch(self, batch_op: BatchOperationsImpl) -> bool:
        """Tell whether one of the operations is more than DuckDB can do in place."""
        for name, args, _ in batch_op.batch:
            if name in {"create_index", "drop_index"}:
                continue
            if name == "add_column" and args[1].nullable and not args[1].unique:
                continue
            return True
        return False


def run() -> None:
    """Run the migrations that ``migrate`` asks for."""
    options = context.config.attributes
    context.configure(
        connection=options["connection"],
        target_metadata=options["metadata"],
        version_table=options["version_table"],
        transaction_per_migration=True,
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if __name__ == "env_py":  # what Alembic calls it
    run()
