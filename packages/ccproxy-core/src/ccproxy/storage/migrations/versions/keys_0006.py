"""Client keys."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table of keys."""
    op.create_table(
        "client_keys",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("models", sa.String(), nullable=False),
        sa.Column("providers", sa.String(), nullable=False),
        sa.Column("requests", sa.String()),
        sa.Column("concurrent", sa.BigInteger()),
    )


def downgrade() -> None:
    """Give the table up, and with it all keys."""
    op.drop_table("client_keys")
