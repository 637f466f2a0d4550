"""Records of requests."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table of records.

    On DuckDB it has no key: whoever opens the file to append would have to read it.
    """
    has_key = op.get_bind().dialect.name == "postgresql"
    op.create_table(
        "request_records",
        sa.Column("id", sa.String(), primary_key=has_key, nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("session", sa.String()),
        sa.Column("client", sa.String()),
        sa.Column("client_version", sa.String()),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("provider", sa.String()),
        sa.Column("account", sa.String()),
        sa.Column("fallbacks", sa.String(), nullable=False),
        sa.Column("model_requested", sa.String()),
        sa.Column("model", sa.String()),
        sa.Column("dialect_in", sa.String()),
        sa.Column("dialect_out", sa.String()),
        sa.Column("streaming", sa.Boolean(), nullable=False),
        sa.Column("status", sa.BigInteger()),
        sa.Column("failure", sa.String()),
        sa.Column("reason", sa.String()),
        sa.Column("duration", sa.Double(), nullable=False),
        sa.Column("ttfb", sa.Double()),
        sa.Column("bytes_in", sa.BigInteger(), nullable=False),
        sa.Column("bytes_out", sa.BigInteger(), nullable=False),
        sa.Column("chunks", sa.BigInteger(), nullable=False),
        sa.Column("notes", sa.String(), nullable=False),
    )


def downgrade() -> None:
    """Give the table up."""
    op.drop_table("request_records")
