"""MySQL and MariaDB."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from ingest.sources.tills.dialects.base import Dialect, Expression, Landed, sql

CATALOG = sa.table(
    "columns", *map(sa.column, (
        "table_schema", "table_name", "column_name", "ordinal_position", "column_type",
        "is_nullable",
    )), schema="information_schema",
)  # fmt: skip
SPATIAL = {
    "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon",
    "geometrycollection", "geomcollection",
}  # fmt: skip


def _is_tinyint(column: sa.ColumnElement[Any]) -> bool:
    return isinstance(column.type, mysql.TINYINT) and column.type.display_width == 1


def _number(column: sa.ColumnElement[Any]) -> Expression:
    return sa.type_coerce(column, sa.Integer) + sql("0")


class Spatial(sa.types.UserDefinedType[Any]):
    """A type of places."""


class MySQL(Dialect):
    """MySQL 5.7 and MariaDB 10.2, and newer."""

    driver = "mysql+pymysql"
    session = "set time_zone = '+00:00'"
    epoch = "timestampadd(microsecond, 1000000 * ({}), timestamp '1970-01-01 00:00:00')"
    retried = ("Deadlock found", "Lock wait timeout")
    denied = ("command denied", "(1142,", "(1143,")
    slow = ("max_statement_time", "maximum statement execution time")

    @property
    def compiler(self) -> sa.Dialect:
        """SQLAlchemy's dialect for statements that are sent as they are."""
        return mysql.dialect(paramstyle="named")

    def columns(
        self, connection: sa.Connection, schema: str | None
    ) -> dict[str, list[sa.Column[Any]]]:
        """Return the columns of everything of a schema that has rows, without the right SHOW VIEW.

        SQLAlchemy asks for each table's definition, which of a view needs that right. Its parser
        reads a type as the catalog writes it.
        """
        dialect: Any = connection.dialect
        dialect.ischema_names = {**dialect.ischema_names, **dict.fromkeys(SPATIAL, Spatial)}
        query = sa.select(*CATALOG.c[1:]).where(
            CATALOG.c.table_schema == (schema or sa.func.database())
        )
        found: dict[str, list[sa.Column[Any]]] = {}
        rows: Any = connection.execute(
            query.order_by(CATALOG.c.table_name, CATALOG.c.ordinal_position)
        )
        for table, name, _, written, nullable in rows:
            (parsed,) = dialect._tabledef_parser.parse(f"  `c` {written}", None).columns
            column = sa.Column(name, parsed["type"], nullable=nullable == "YES")
            found.setdefault(table, []).append(column)
        return found

    def now(self) -> Expression:
        """Return the till's present in whole seconds: rows of this second wait for the next run."""
        return sa.func.utc_timestamp()

    def zone(self) -> Expression:
        """Return the time zone that the till's server is set to: our sessions have their own."""
        return sql("replace(@@global.time_zone, 'SYSTEM', @@system_time_zone)")

    def special(self, column: sa.ColumnElement[Any], tinyint: str) -> Landed | None:
        """Return how bits, tinyint(1), places and times land, which may be no times: 0000-00-00."""
        kind = column.type
        number = _number(column).label(column.key)
        if isinstance(kind, mysql.BIT):
            return number, pa.bool_() if (kind.length or 1) == 1 else pa.int64()
        if _is_tinyint(column):
            return (column, pa.bool_()) if tinyint == "boolean" else (number, pa.int64())
        if isinstance(kind, sa.Float) and not isinstance(kind, mysql.DOUBLE):
            return (column + sql("0e0")).label(column.key), pa.float64()
        if isinstance(kind, Spatial):
            return sa.func.st_astext(column).label(column.key), pa.string()
        if isinstance(kind, sa.Date):
            return self._real(column).label(column.key), pa.date32()
        return None

    def moment(self, column: sa.ColumnElement[Any]) -> Expression:
        """Return a time, or null where it is none."""
        return self._real(column).label(column.key)

    def no_times(self, moment: Expression) -> list[sa.ColumnElement[bool]]:
        """Return when a column of times is 0000-00-00: what an index finds."""
        return [moment < sql("'0001-01-01'")]

    def crooked(self, columns: Sequence[sa.ColumnElement[Any]]) -> Expression | None:
        """Return which of a row's columns are no day (0000-00-00), or a truth but not 0 or 1."""
        names = [
            sa.case((sa.and_(column.is_not(None), self._real(column).is_(None)), column.key))
            for column in columns
            if isinstance(column.type, sa.Date | sa.DateTime)
        ]
        names += [
            sa.case((_number(column).not_in([0, 1]), column.key))
            for column in columns
            if _is_tinyint(column)
        ]
        return sa.func.nullif(sa.func.concat_ws(", ", *names), "") if names else None

    def text(self, value: Expression, kind: str) -> Expression:
        """Return a column as text in the character set of the hash."""
        found = super().text(value, kind)
        return sa.func.convert(found.op("using")(sql("utf8mb4")), type_=sa.Text)

    def is_number(self, text: Expression, *, is_whole: bool = False) -> sa.ColumnElement[bool]:
        """Return the condition that a text is a plain number; its $ would let a line feed pass."""
        found = super().is_number(text, is_whole=is_whole)
        return sa.and_(found, sa.not_(text.regexp_match("[^0-9.-]")))

    def digest(self, text: Expression) -> Expression:
        """Return 12 hexadecimal digits of a text's MD5 as a number."""
        number = sa.func.conv(sa.func.substr(sa.func.md5(text), 1, 12), 16, 10)
        return sa.cast(number, mysql.INTEGER(unsigned=True))

    def microseconds(self, moment: Expression) -> Expression:
        """Return a moment as microseconds since 1970."""
        since = sql("'1970-01-01'")
        return sa.func.timestampdiff(sql("microsecond"), since, moment)

    def day(
        self, moment: Expression, seconds: Expression, ends: tuple[datetime, datetime]
    ) -> Expression:
        """Return the business date of a moment."""
        first, last = (
            sql(f"timestamp '{end.replace(tzinfo=None).isoformat(sep=' ')}'") for end in ends
        )
        known = sa.func.greatest(sa.func.coalesce(self._real(moment), first), first)
        unit = sql("second")
        return sa.cast(sa.func.timestampadd(unit, seconds, sa.func.least(known, last)), sa.Date)

    @staticmethod
    def _real(column: sa.ColumnElement[Any]) -> Expression:
        # adding nothing to a day that does not exist gives null
        days = isinstance(column.type, sa.Date)
        nothing = sql("interval 0 day" if days else "interval 0 microsecond")
        return column.op("+")(nothing)


MYSQL = MySQL()
