"""What requests cost."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the cost and its basis; what earlier requests cost is unknown."""
    op.add_column("request_records", sa.Column("cost", sa.Double()))
    op.add_column("request_records", sa.Column("cost_basis", sa.String()))


def downgrade() -> None:
    """Give them up."""
    op.drop_column("request_records", "cost_basis")
    op.drop_column("request_records", "cost")
