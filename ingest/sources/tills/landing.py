"""The types in which a till's columns land: the same for all engines.

A column lands as bigint, double, numeric(38,10), boolean, date, timestamp with time zone, bytes or
text: wide enough that a till which widens a column changes nothing. A wall clock's time lands as
timestamp without time zone. What would not survive as such (JSON, arrays, wider numerics) lands as
text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from ingest.sources.tills.declaration import Kind, System, Table
from ingest.sources.tills.dialects.base import MOMENT, NUMBER, WALL, Dialect, Landed

_TYPES: dict[pa.DataType, tuple[sa.types.TypeEngine[Any], str]] = {
    pa.bool_(): (sa.Boolean(), "boolean"),
    pa.int64(): (sa.BigInteger(), "bigint"),
    pa.float64(): (sa.Double(), "double precision"),
    NUMBER: (sa.Numeric(38, 10), "numeric"),
    MOMENT: (sa.DateTime(timezone=True), "timestamp with time zone"),
    WALL: (sa.DateTime(), "timestamp without time zone"),
    pa.date32(): (sa.Date(), "date"),
    pa.binary(): (sa.LargeBinary(), "bytea"),
    pa.string(): (sa.String(), "character varying"),
}
"""The raw layer's type of each Arrow type: SQLAlchemy's, and its name in Postgres."""

TEXT = "character varying"
NUMBERS = ("boolean", "bigint", "numeric", "double precision")
TIMES = ("date", "timestamp without time zone", "timestamp with time zone")

_KINDS: dict[Kind, pa.DataType] = {
    "text": pa.string(), "integer": pa.int64(), "number": NUMBER, "double": pa.float64(),
    "moment": MOMENT, "date": pa.date32(), "boolean": pa.bool_(),
}  # fmt: skip
"""The Arrow type of each kind of column that a declaration knows."""


def landing(
    column: sa.ColumnElement[Any], system: System, table: Table, dialect: Dialect
) -> Landed:
    """Return how a column is selected and the Arrow type that it lands with.

    Args:
        column: the till's column, by its name in the raw layer.
        system: the till's system.
        table: the declared table.
        dialect: how its engine writes SQL.
    """
    name = str(column.key)
    if declared := table.columns.get(name):
        arrow_type = _KINDS[declared]
        special = dialect.special(column, "integer")
        if special and special[1] == arrow_type == pa.int64():
            return special
        has_zone = getattr(column.type, "timezone", False)
        if arrow_type == MOMENT and not has_zone and system.clock(table, name) != "utc":
            arrow_type = WALL
        # engines cast to these in ways of their own: the query says them right
        is_right = arrow_type in (MOMENT, WALL, pa.bool_(), pa.int64())
        cast_to = sa.cast(column, _TYPES[arrow_type][0]).label(name)
        return (column if is_right else cast_to), arrow_type
    if special := dialect.special(column, system.tinyint):
        return special
    kind = column.type
    if isinstance(kind, sa.Boolean):
        return column, pa.bool_()
    is_huge = isinstance(kind, sa.BigInteger) and getattr(kind, "unsigned", False)
    if isinstance(kind, sa.Integer) and not is_huge:
        return column, pa.int64()
    if isinstance(kind, sa.Float):
        is_short = isinstance(kind, sa.REAL)
        return (sa.cast(column, sa.Double).label(name) if is_short else column), pa.float64()
    if isinstance(kind, sa.Numeric):
        # ConnectorX holds 28 digits, 10 of them after the point.
        if kind.precision and kind.precision <= 28 and (kind.scale or 0) <= 10:
            return column, NUMBER
        if system.free_numeric == "number":
            fits = sa.func.abs(column) < sa.literal_column("1e28")
            number = sa.cast(column, _TYPES[NUMBER][0])
            return sa.case((fits, number)).label(name), NUMBER
    elif isinstance(kind, sa.DateTime):
        is_wall = not kind.timezone and system.clock(table, name) != "utc"
        return dialect.moment(column), WALL if is_wall else MOMENT
    elif isinstance(kind, sa.Date):
        return column, pa.date32()
    elif isinstance(kind, sa.types._Binary):  # also MySQL's, of any length
        return column, pa.binary()
    elif isinstance(kind, sa.String) and not isinstance(kind, sa.Enum):
        return column, pa.string()
    return sa.cast(column, sa.Text).label(name), pa.string()


def common(here: str, there: str, *, is_money: bool) -> str | None:
    """Return the raw layer's type that holds what two types hold, or None where none does.

    Money and times never become text: of them, what does not fit lands as null.

    Args:
        here: the raw column's type, as Postgres calls it.
        there: in which the till's column would land.
        is_money: whether it is declared as money.
    """
    if here in (there, TEXT):
        return here
    is_number = here in NUMBERS and there in NUMBERS
    if here in TIMES and there in TIMES:
        return here if there == "date" else (there if here == "date" else None)
    if there == TEXT and here in ("double precision", "numeric", *TIMES):
        return here if is_money or here != "double precision" else TEXT
    if is_number and {here, there} == {"boolean", "bigint"}:
        return "bigint"
    if is_number or (there == TEXT and here in NUMBERS and is_money):
        return here if here == "double precision" else "numeric"
    return None if {here, there} & {"bytea", "numeric", *TIMES} else TEXT


def as_type(landed: Landed, name: str, target: str, dialect: Dialect) -> Landed:
    """Return a column in another type, in which it lands: null where its value does not fit.

    Args:
        landed: how it would land.
        name: its name.
        target: the type, as Postgres calls it.
        dialect: how the till's engine writes SQL.
    """
    value, kind = landed
    value = value.element if isinstance(value, sa.Label) else value
    arrow_type, to = next(
        (arrow, sa_type) for arrow, (sa_type, known) in _TYPES.items() if known == target
    )
    if target in NUMBERS and kind == pa.string():
        is_whole = target == "bigint"
        value = sa.case((dialect.is_number(value, is_whole=is_whole), sa.cast(value, to)))
    elif target in TIMES and kind == pa.string():
        value = sa.case((dialect.is_moment(value), sa.cast(value, to)))
    elif kind == pa.float64() and arrow_type == NUMBER:
        value = sa.case((sa.func.abs(value) < sa.literal_column("1e28"), sa.cast(value, to)))
    elif kind == pa.bool_() and target in NUMBERS:
        value = sa.cast(sa.cast(value, sa.Integer), to)
    else:
        value = sa.cast(value, sa.Text if target == TEXT else to)
    return value.label(name), arrow_type


def postgres_name(arrow_type: pa.DataType) -> str:
    """Return a type as the raw layer's catalog names it."""
    return _TYPES[arrow_type][1]


def raw_type(name: str) -> sa.types.TypeEngine[Any]:
    """Return SQLAlchemy's type of a raw column, by its name in Postgres' catalog."""
    types = {postgres: kind for kind, postgres in _TYPES.values()}
    return types.get(name, sa.types.NULLTYPE)


def schema(system: System, table: Table, landed: Iterable[tuple[str, pa.DataType]]) -> pa.Schema:
    """Return the Arrow schema of a raw table: the till, its columns, the mark of deletion.

    Args:
        system: the till's system.
        table: the declared table.
        landed: its columns and their types, in their order.
    """
    fields = [pa.field(system.till_column, pa.string(), nullable=False)]
    fields += [pa.field(name, kind, nullable=name not in table.key) for name, kind in landed]
    return pa.schema([*fields, pa.field("_deleted_at", MOMENT)])


def as_in_raw(landed: Iterable[Landed]) -> list[sa.ColumnElement[Any]]:
    """Return a till's columns, each in exactly its type of the raw layer."""
    # the raw column gives a number its places: to do it here, too, takes as long as to read it
    types = {kind: in_raw for kind, (in_raw, _) in _TYPES.items()} | {NUMBER: sa.Numeric()}
    return [sa.cast(expression, types[arrow_type]) for expression, arrow_type in landed]


def cast(column: pa.Array, arrow_type: pa.DataType) -> pa.Array:
    """Return a column as a driver gave it in the type that it lands with."""
    if column.type == arrow_type:
        return column
    is_filled = column.null_count < len(column)
    if is_filled and pa.types.is_temporal(arrow_type) and pa.types.is_integer(column.type):
        raise pa.ArrowInvalid("A number is no time: pyarrow takes it for microseconds.")
    if pa.types.is_timestamp(arrow_type) and pa.types.is_timestamp(column.type):
        # Nanoseconds hold nothing below the microsecond; +00:00 and no zone at all both mean UTC.
        naive = column.cast(pa.timestamp(column.type.unit))
        return naive.cast(pa.timestamp("us"), safe=False).cast(arrow_type)
    return column.cast(arrow_type)
