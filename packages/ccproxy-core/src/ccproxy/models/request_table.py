"""The tables of request records, made from the fields of the record, and of bodies."""

from types import NoneType
from typing import Any, get_args

from pydantic import AwareDatetime
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    LargeBinary,
    String,
    Table,
)
from sqlalchemy.types import TypeEngine

from ccproxy.models.profile import metadata
from ccproxy.models.request_record import TYPES

_TYPES: dict[object, TypeEngine[Any]] = {
    AwareDatetime: DateTime(timezone=True),
    bool: Boolean(),
    float: Double(),
    int: BigInteger(),
    str: String(),
    tuple[str, ...]: String(),  # a JSON array
}


def _column(name: str, annotation: object) -> Column[Any]:
    members = get_args(annotation)
    is_optional = NoneType in members
    kind = _TYPES[members[0] if is_optional else annotation]
    return Column(name, kind, nullable=is_optional, primary_key=name == "id")


request_records = Table(
    "request_records",
    metadata,
    *(_column(name, kind) for name, kind in TYPES.items()),
)
"""The key is one on PostgreSQL alone.

DuckDB finds rows by the order they are in, and an index would have to be read whenever
the file is opened to write.
"""

request_bodies = Table(
    "request_bodies",
    metadata,
    Column("id", String, primary_key=True),
    Column("ended_at", DateTime(timezone=True), nullable=False),
    Column("request_id", String, nullable=False),
    Column("request_type", String),
    Column("request_size", BigInteger, nullable=False),
    Column("request_truncated", Boolean, nullable=False),
    Column("request", LargeBinary),
    Column("answer_type", String),
    Column("answer_size", BigInteger, nullable=False),
    Column("answer_truncated", Boolean, nullable=False),
    Column("answer", LargeBinary),
)
"""A row for each request whose bodies were captured; see ``Body``.

A table of its own, so that whoever looks through the records reads none of it. Both
texts are masked and compressed by zlib. The key is one on PostgreSQL alone.
"""
