"""Client keys, as rows."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import BigInteger, DateTime, MetaData, String
from sqlmodel import Field, SQLModel

from ccproxy.models.profile import metadata


class ClientKeyRow(SQLModel, table=True):
    """One key; see ``ClientKey``.

    Attributes:
        models: Patterns, as a JSON array.
        providers: Patterns, as a JSON array.
        budgets: As a JSON array; ``None`` is none.
    """

    metadata: ClassVar[MetaData] = metadata
    __tablename__ = "client_keys"

    name: str = Field(primary_key=True, sa_type=String)
    digest: str = Field(sa_type=String)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    expires_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    models: str = Field(default="[]", sa_type=String)
    providers: str = Field(default="[]", sa_type=String)
    requests: str | None = Field(default=None, sa_type=String)
    concurrent: int | None = Field(default=None, sa_type=BigInteger)
    tokens: str | None = Field(default=None, sa_type=String)
    cost: str | None = Field(default=None, sa_type=String)
    budgets: str | None = Field(default=None, sa_type=String)
