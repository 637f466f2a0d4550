"""Account facts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table of profiles."""
    op.create_table(
        "profiles",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("user_id", sa.String()),
        sa.Column("email", sa.String()),
        sa.Column("plan", sa.String()),
        sa.Column("organization", sa.String()),
        sa.Column("organization_role", sa.String()),
        sa.Column("subscription_started_at", sa.DateTime(timezone=True)),
        sa.Column("subscription_expires_at", sa.DateTime(timezone=True)),
        sa.Column("limits", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stale_since", sa.DateTime(timezone=True)),
        sa.Column("stale_reason", sa.String()),
    )
    op.create_index(
        "ux_profiles_provider_account", "profiles", ["provider", "account"], unique=True
    )
    op.create_index("ix_profiles_user_id", "profiles", ["user_id"])
    op.create_index("ix_profiles_email", "profiles", ["email"])


def downgrade() -> None:
    """Give the table up."""
    op.drop_table("profiles")
