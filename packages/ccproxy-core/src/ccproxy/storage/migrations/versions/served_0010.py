"""Which model answered."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the model that the answer names; earlier records know of none."""
    op.add_column("request_records", sa.Column("model_served", sa.String()))


def downgrade() -> None:
    """Give it up."""
    op.drop_column("request_records", "model_served")
