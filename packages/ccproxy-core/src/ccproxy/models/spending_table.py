"""The table of what callers have spent."""

from sqlalchemy import BigInteger, Column, Double, String, Table

from ccproxy.models.profile import metadata

spending = Table(
    "spending",
    metadata,
    Column("owner", String, primary_key=True),
    Column("day", String, primary_key=True),
    Column("requests", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    Column("usd", Double, nullable=False),
    Column("unpriced", BigInteger, nullable=False),
)
"""A row for each caller and day (UTC), with the cost in US dollars; see ``Spent``."""
