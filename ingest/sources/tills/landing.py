"""The types in which a till's columns land: the same for all engines.

A column lands as bigint, double, numeric(38,10), boolean, date, timestamp with time zone, bytes or
text: wide enough that a till which widens a column changes nothing. What would not survive as such
(JSON, arrays, wider numerics) lands as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from ingest.sources.tills.declaration import Table
from ingest.sources.tills.dialect import Dialect

Landed = tuple[Any, pa.DataType]
"""How a column is selected, and the Arrow type that it lands with."""

OWN_COLUMNS = ("branch_id", "_deleted_at", "_dlt_load_id")
"""What the raw tables have beyond the till's columns."""

_MOMENT, _NUMBER = pa.timestamp("us", "UTC"), pa.decimal128(38, 10)
_TYPES: dict[pa.DataType, tuple[sa.types.TypeEngine[Any], str]] = {
    pa.bool_(): (sa.Boolean(), "boolean"),
    pa.int64(): (sa.BigInteger(), "bigint"),
    pa.float64(): (sa.Double(), "double precision"),
    _NUMBER: (sa.Numeric(38, 10), "numeric"),
    _MOMENT: (sa.DateTime(timezone=True), "timestamp with time zone"),
    pa.date32(): (sa.Date(), "date"),
    pa.binary(): (sa.LargeBinary(), "bytea"),
    pa.string(): (sa.String(), "character varying"),
}
"""The raw layer's type of each Arrow type: SQLAlchemy's, and its name in Postgres."""


def landing(column: sa.Column[Any], dialect: Dialect) -> Landed:
    """Return how a column is selected and the Arrow type that it lands with.

    Args:
        column: the till's column, reflected.
        dialect: how its engine writes SQL.
    """
    kind = column.type
    if isinstance(kind, sa.Boolean) or (
        isinstance(kind, mysql.TINYINT) and kind.display_width == 1
    ):
        return column, pa.bool_()
    if isinstance(kind, sa.Integer) and not getattr(kind, "unsigned", False):
        return column, pa.int64()
    if isinstance(kind, sa.Float):
        return column, pa.float64()
    # ConnectorX holds 28 digits, 10 of them after the point.
    if isinstance(kind, sa.Numeric) and kind.precision and kind.precision <= 28:
        if (kind.scale or 0) <= 10:
            return column, _NUMBER
    elif isinstance(kind, sa.DateTime):
        return column, _MOMENT
    elif isinstance(kind, sa.Date):
        return column, pa.date32()
    elif isinstance(kind, sa.LargeBinary):
        return column, pa.binary()
    elif isinstance(kind, sa.String) and not isinstance(kind, sa.Enum):
        return column, pa.string()
    return sa.cast(column, dialect.large_text).label(column.name), pa.string()


def postgres_name(arrow_type: pa.DataType) -> str:
    """Return a type as the raw layer's catalog names it."""
    return _TYPES[arrow_type][1]


def schema(columns: sa.Table, table: Table, landed: Sequence[Landed]) -> pa.Schema:
    """Return the Arrow schema of a raw table: the branch, a till's columns, the mark of deletion.

    Args:
        columns: the till's table, reflected.
        table: its declaration.
        landed: how its columns land, in their order.
    """
    fields = [pa.field("branch_id", pa.string(), nullable=False)]
    for column, (_, arrow_type) in zip(columns.columns, landed, strict=True):
        is_required = column.name == table.key or (
            column.name == table.changed_at and not column.nullable
        )
        fields.append(pa.field(column.name, arrow_type, nullable=not is_required))
    fields.append(pa.field("_deleted_at", _MOMENT))
    return pa.schema(fields)


def as_in_raw(branch_id: str, landed: Sequence[Landed]) -> list[sa.ColumnElement[Any]]:
    """Return the branch and a till's columns, each in exactly its type of the raw layer."""
    return [
        sa.cast(sa.literal(branch_id), sa.Text),
        *(sa.cast(expression, _TYPES[arrow_type][0]) for expression, arrow_type in landed),
    ]


def newest(
    columns: sa.Table, table: Table, landed: Sequence[Landed], cursor: sa.Column[Any]
) -> sa.Select[Any]:
    """Return the query of a table's newest row, in which only key and cursor are not null."""
    told = [
        expression
        if column.name in (table.key, table.changed_at)
        else sa.cast(sa.null(), _TYPES[arrow_type][0]).label(column.name)
        for column, (expression, arrow_type) in zip(columns.columns, landed, strict=True)
    ]
    # nulls last is served by no index: not without need
    last = cursor.desc().nulls_last() if cursor.nullable else cursor.desc()
    return sa.select(*told).order_by(last).limit(1)


def cast(column: pa.Array, arrow_type: pa.DataType) -> pa.Array:
    """Return a column as a driver gave it in the type that it lands with."""
    if column.type == arrow_type:
        return column
    if pa.types.is_timestamp(arrow_type) and pa.types.is_timestamp(column.type):
        # Nanoseconds hold nothing below the microsecond; +00:00 and no zone at all both mean UTC.
        naive = column.cast(pa.timestamp(column.type.unit))
        return naive.cast(pa.timestamp("us"), safe=False).cast(arrow_type)
    return column.cast(arrow_type)
