"""What was said in requests."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the table of bodies; on DuckDB it has no key, as that of the records."""
    has_key = op.get_bind().dialect.name == "postgresql"
    op.create_table(
        "request_bodies",
        sa.Column("id", sa.String(), primary_key=has_key, nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("request_type", sa.String()),
        sa.Column("request_size", sa.BigInteger(), nullable=False),
        sa.Column("request_truncated", sa.Boolean(), nullable=False),
        sa.Column("request", sa.LargeBinary()),
        sa.Column("answer_type", sa.String()),
        sa.Column("answer_size", sa.BigInteger(), nullable=False),
        sa.Column("answer_truncated", sa.Boolean(), nullable=False),
        sa.Column("answer", sa.LargeBinary()),
    )


def downgrade() -> None:
    """Give the table up, and all that was said."""
    op.drop_table("request_bodies")
