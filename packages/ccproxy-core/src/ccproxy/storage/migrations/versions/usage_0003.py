"""What requests used."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_COUNTS = (
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
)


def upgrade() -> None:
    """Add the counts; those of earlier requests are unknown."""
    for name in _COUNTS:
        op.add_column("request_records", sa.Column(name, sa.BigInteger()))


def downgrade() -> None:
    """Give them up."""
    for name in _COUNTS:
        op.drop_column("request_records", name)
