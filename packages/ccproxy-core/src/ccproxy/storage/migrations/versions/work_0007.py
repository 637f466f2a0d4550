"""What requests ask for and wait for."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add who asked, how long the gateway took, and the calls that were asked for."""
    op.add_column("request_records", sa.Column("key", sa.String()))
    op.add_column("request_records", sa.Column("overhead", sa.Double()))
    op.add_column("request_records", sa.Column("upstream_ttfb", sa.Double()))
    op.add_column("request_records", sa.Column("tool_calls", sa.BigInteger()))


def downgrade() -> None:
    """Give them up."""
    for name in ("tool_calls", "upstream_ttfb", "overhead", "key"):
        op.drop_column("request_records", name)
