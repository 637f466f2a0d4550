"""Where requests come from."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_NAMES = ("repository", "branch", "worktree")


def upgrade() -> None:
    """Add where the program worked; of earlier requests it is unknown."""
    for name in _NAMES:
        op.add_column("request_records", sa.Column(name, sa.String()))


def downgrade() -> None:
    """Give it up."""
    for name in _NAMES:
        op.drop_column("request_records", name)
