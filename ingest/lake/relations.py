"""What goes into the lake: tables of the warehouse, and how their rows are read as Arrow.

A number without places of its own is decimal(38,10) in the lake, NaN and infinity are null, and
what Arrow has no type for (JSON, arrays, intervals) is text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from ingest.lake.catalog import address
from ingest.loads.source import Connection
from ingest.loads.statements import Statements
from ingest.warehouse import Warehouse

STATEMENTS = Statements(__file__)

LOAD, KEY, MONTH, HASH = "_dlt_load_id", "_row_key", "_month", "_row_hash"
"""A raw row's load, and what the lake adds: its key as one text, the month of its load in UTC, and
a hash of the row as it was copied."""

SESSION = "-ctimezone=UTC -cdatestyle=ISO -cextra_float_digits=1 -cbytea_output=hex"
"""Settings by which a row's text is the same at any time: it is hashed."""

CHUNK_BYTES = 192 * 1024 * 1024

_TYPES = {
    "boolean": pa.bool_(),
    "smallint": pa.int32(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double precision": pa.float64(),
    "date": pa.date32(),
    "timestamp without time zone": pa.timestamp("us"),
    "timestamp with time zone": pa.timestamp("us", "UTC"),
    "bytea": pa.binary(),
}
DECIMAL = (38, 10)


@dataclass(frozen=True)
class Relation:
    """A table of the warehouse.

    Attributes:
        schema: its schema, which is the lake's namespace.
        name: its name.
        columns: its columns, each with its type as Postgres writes it.
        key: the columns of its unique index; none where it has no such index.
    """

    schema: str
    name: str
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]

    @property
    def goes_by_load(self) -> bool:
        """Whether its rows say with which load they came, and have a key."""
        return bool(self.key) and LOAD in dict(self.columns)

    @property
    def identifier(self) -> sql.Identifier:
        """Its name for a statement."""
        return sql.Identifier(self.schema, self.name)

    @cached_property
    def arrow(self) -> pa.Schema:
        """The Arrow schema of its rows in the lake."""
        fields = [pa.field(name, _arrow_type(kind)) for name, kind in self.columns]
        if self.goes_by_load:
            fields += [pa.field(KEY, pa.string()), pa.field(MONTH, pa.string())]
            fields.append(pa.field(HASH, pa.int64()))
        return pa.schema(fields)

    @property
    def month(self) -> sql.Composable:
        """SQL of the month of a row's load."""
        at = sql.SQL("to_timestamp(cast(records.{} as double precision))").format(
            sql.Identifier(LOAD)
        )
        return sql.SQL("to_char({} at time zone 'UTC', 'YYYY-MM')").format(at)

    @property
    def hash(self) -> sql.Composable:
        """SQL of a row's hash."""
        return sql.SQL("hashtextextended(cast(records as text), 0)")

    @property
    def row_key(self) -> sql.Composable:
        """SQL of a row's key as one text, in which numbers are in order."""
        kinds = dict(self.columns)
        parts = [
            sql.SQL(
                "lpad(cast(records.{} as text), 20, '0')"
                if kinds[name] in ("smallint", "integer", "bigint")
                else "cast(records.{} as text)"
            ).format(sql.Identifier(name))
            for name in self.key
        ]
        return sql.SQL("concat_ws('|', {})").format(sql.SQL(", ").join(parts))

    def select(self, condition: sql.Composable) -> sql.Composed:
        """Return the query for its rows in the lake's types.

        Args:
            condition: which rows; they are called `records`.
        """
        values = [_value(name, kind) for name, kind in self.columns]
        if self.goes_by_load:
            values += [self.row_key, self.month, self.hash]
        return sql.SQL("select {} from {} as records where {}").format(
            sql.SQL(", ").join(values), self.identifier, condition
        )


def relations(connection: Connection, schemas: Sequence[str]) -> list[Relation]:
    """Return the tables of some schemas.

    Args:
        connection: a connection to the warehouse.
        schemas: the schemas.
    """
    rows = connection.execute(STATEMENTS("relations"), {"schemas": list(schemas)}).fetchall()
    return [
        Relation(schema, name, tuple(map(tuple, columns or ())), tuple(key or ()))
        for schema, name, columns, key in rows
        if columns
    ]


def read(warehouse: Warehouse, relation: Relation, query: str) -> Iterator[pa.Table]:
    """Yield the rows of a query in pieces that fit into memory.

    Args:
        warehouse: the warehouse.
        relation: the table that the query selects from.
        query: as `Relation.select` makes it.
    """
    uri = address(warehouse, "postgresql", SESSION)
    with adbc.connect(uri) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        gathered: list[pa.RecordBatch] = []
        size = 0
        for batch in cursor.fetch_record_batch():
            gathered.append(_as_in_lake(batch, relation.arrow))
            size += gathered[-1].nbytes
            if size > CHUNK_BYTES:
                yield pa.Table.from_batches(gathered, relation.arrow)
                gathered, size = [], 0
        if gathered:
            yield pa.Table.from_batches(gathered, relation.arrow)


def _as_in_lake(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = [
        pc.cast(column.storage if isinstance(column, pa.ExtensionArray) else column, field.type)
        for column, field in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _arrow_type(kind: str) -> pa.DataType:
    if numeric := re.fullmatch(r"numeric(?:\((\d+),(\d+)\))?", kind):
        digits, places = (int(part) for part in numeric.groups(default=-1))
        return pa.decimal128(*((digits, places) if 0 < digits <= 38 else DECIMAL))
    return _TYPES.get(kind, pa.string())


def _value(name: str, kind: str) -> sql.Composable:
    column = sql.SQL("records.{}").format(sql.Identifier(name))
    arrow_type = _arrow_type(kind)
    if pa.types.is_decimal(arrow_type):
        # Arrow's driver brings numbers as text, with the places that are cast to
        return sql.SQL(
            "cast(cast(case when {0} not in ('NaN', 'Infinity', '-Infinity') then {0} end"
            " as numeric({1}, {2})) as text)"
        ).format(column, arrow_type.precision, arrow_type.scale)
    if pa.types.is_int32(arrow_type):
        return sql.SQL("cast({} as integer)").format(column)
    if kind.endswith("[]"):
        return sql.SQL("cast(to_json({}) as text)").format(column)
    return sql.SQL("cast({} as text)").format(column) if kind not in _TYPES else column
