"""Limits and budgets of keys, and what is spent."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_LIMITS = ("tokens", "cost", "budgets")


def upgrade() -> None:
    """Add the limits, which earlier keys have none of, and make the table of sums."""
    for name in _LIMITS:
        op.add_column("client_keys", sa.Column(name, sa.String()))
    op.create_table(
        "spending",
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("usd", sa.Double(), nullable=False),
        sa.Column("unpriced", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "day"),
    )


def downgrade() -> None:
    """Give them up."""
    op.drop_table("spending")
    for name in _LIMITS:
        op.drop_column("client_keys", name)
