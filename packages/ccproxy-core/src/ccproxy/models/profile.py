"""The account facts of providers, as rows."""

from datetime import datetime
from hashlib import sha256
from typing import ClassVar

from sqlalchemy import DateTime, Index, MetaData, String
from sqlmodel import Field, SQLModel

metadata = MetaData()
"""The gateway's own tables; those of plugins are elsewhere, and none of its affair."""


def profile_key(provider: str, account: str) -> str:
    """Return the key of an account's row: DuckDB looks up by one column alone."""
    return sha256(f"{provider}\0{account}".encode()).hexdigest()


class Profile(SQLModel, table=True):
    """One account of a provider. Times are aware UTC.

    Keys are text and nothing refers to another table: DuckDB refuses to change rows
    that a foreign key points to.

    Attributes:
        id: See ``profile_key``.
        provider: Whose account.
        account: The provider's own key of the account.
        active: Whether requests are made for this account right now.
        limits: Windows of use, as a JSON array.
        updated_at: When the facts were last known to be right.
        stale_since: When fetching them first failed, if it has failed since.
        stale_reason: Why it failed, masked.
    """

    metadata: ClassVar[MetaData] = metadata
    __tablename__ = "profiles"
    __table_args__ = (
        Index("ux_profiles_provider_account", "provider", "account", unique=True),
        Index("ix_profiles_user_id", "user_id"),
        Index("ix_profiles_email", "email"),
    )

    id: str = Field(primary_key=True, sa_type=String)
    provider: str = Field(sa_type=String)
    account: str = Field(sa_type=String)
    active: bool = True
    user_id: str | None = Field(default=None, sa_type=String)
    email: str | None = Field(default=None, sa_type=String)
    plan: str | None = Field(default=None, sa_type=String)
    organization: str | None = Field(default=None, sa_type=String)
    organization_role: str | None = Field(default=None, sa_type=String)
    subscription_started_at: datetime | None = Field(
        default=None, sa_type=DateTime(timezone=True)
    )
    subscription_expires_at: datetime | None = Field(
        default=None, sa_type=DateTime(timezone=True)
    )
    limits: str = Field(default="[]", sa_type=String)
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))
    stale_since: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    stale_reason: str | None = Field(default=None, sa_type=String)
