"""SQLite: a till that is one file. What its SQL lacks are functions of ours."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from ingest.sources.tills.dialects.base import BATCH_ROWS, Dialect, Expression, Landed, sql

EPOCH = datetime(1970, 1, 1)


def _moment(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
        return (found.astimezone(UTC) if found.tzinfo else found).replace(tzinfo=None)
    except (OverflowError, TypeError, ValueError):
        return None


def _real(value: Any) -> Any:
    return None if _moment(value) is None else value


def _number(value: Any, kind: str) -> str | None:
    if value is None:
        return None
    places = Decimal("0.0001") if kind == "double" else Decimal("0.0000000001")
    return f"{Decimal(str(value)).quantize(places, ROUND_HALF_UP):f}"


def _microseconds(value: str | None) -> int | None:
    found = _moment(value)
    return None if found is None else (found - EPOCH) // timedelta(microseconds=1)


def _day(value: str | None, seconds: int, first: str, last: str) -> str:
    found = min(max(_moment(value) or datetime.min, datetime.fromisoformat(first)),
                datetime.fromisoformat(last))  # fmt: skip
    return str((found + timedelta(seconds=seconds)).date())


def _joined(by: str, *texts: str) -> str:
    return by.join(texts)


def _digest(text: str) -> int:
    return int(hashlib.md5(text.encode()).hexdigest()[:12], 16)  # noqa: S324 - no secret


class _Total:
    """A sum that loses nothing."""

    def __init__(self) -> None:
        self.total = Decimal(0)

    def step(self, value: Any) -> None:
        """Add a value."""
        self.total += Decimal(str(value or 0))

    def finalize(self) -> str:
        """Return the sum."""
        return f"{self.total:f}"


_READ: Mapping[pa.DataType, Callable[[Any], Any]] = {
    pa.bool_(): bool, pa.int64(): int, pa.float64(): float, pa.string(): str,
    pa.date32(): _moment, pa.decimal128(38, 10): lambda value: Decimal(str(value)),
    pa.timestamp("us", "UTC"): _moment, pa.timestamp("us"): _moment,
}  # fmt: skip
"""How a value of each type is read: SQLite's columns have none that binds."""


class SQLite(Dialect):
    """SQLite 3.35 and newer; times are text like 2026-11-27 18:30:00."""

    driver = "sqlite+pysqlite"
    connect_args: Mapping[str, Any] = {}
    # with thousandths, written as the times that it is compared with: six places, or none
    epoch = "replace(strftime('%Y-%m-%d %H:%M:%f000', {}, 'unixepoch'), '.000000', '')"
    retried = ("database is locked",)

    @property
    def compiler(self) -> sa.Dialect:
        """SQLAlchemy's dialect for statements that are sent as they are."""
        return sqlite.dialect(paramstyle="named")

    def prepare(self, connection: Any) -> None:
        """Give a connection our functions."""
        connection.create_function("mypizza_number", 2, _number, deterministic=True)
        connection.create_function("mypizza_real", 1, _real, deterministic=True)
        connection.create_function("mypizza_microseconds", 1, _microseconds, deterministic=True)
        connection.create_function("mypizza_day", 4, _day, deterministic=True)
        connection.create_function("mypizza_digest", 1, _digest, deterministic=True)
        connection.create_function("concat_ws", -1, _joined, deterministic=True)
        connection.create_aggregate("mypizza_total", 1, _Total)

    def read(self, engine: sa.Engine, query: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """Yield a query's rows."""
        # without the till and the mark of deletion, with what is crooked, which may be asked for
        kinds = [*(column.type for column in list(schema)[1:-1]), pa.string()]
        with engine.connect() as connection:
            found = connection.exec_driver_sql(query)
            while rows := found.fetchmany(BATCH_ROWS):
                columns = [
                    pa.array([None if value is None else _READ.get(kind, bytes)(value)
                              for value in column], kind)
                    for column, kind in zip(zip(*rows, strict=True), kinds, strict=False)
                ]  # fmt: skip
                yield pa.RecordBatch.from_arrays(columns, [str(n) for n in range(len(columns))])

    def literal(self, value: Any) -> Expression:
        """Return a value as a literal: times are compared as text."""
        if isinstance(value, datetime):
            naive = (value.astimezone(UTC) if value.tzinfo else value).replace(tzinfo=None)
            return sql(f"'{naive.isoformat(sep=' ')}'")
        return super().literal(value)

    def special(self, column: sa.ColumnElement[Any], tinyint: str) -> Landed | None:
        """Return how a day lands, which may be none: any column may hold any text."""
        del tinyint
        is_day = isinstance(column.type, sa.Date)
        return (self.moment(column), pa.date32()) if is_day else None

    def moment(self, column: sa.ColumnElement[Any]) -> Expression:
        """Return a time, or null where it is none."""
        return self.sortable(column).label(column.key)

    def sortable(self, moment: Expression) -> Expression:
        """Return a time by which rows are picked: a text that is none sorts anywhere."""
        return sa.func.mypizza_real(moment, type_=moment.type)

    def no_times(self, moment: Expression) -> list[sa.ColumnElement[bool]]:
        """Return when a column of times has a text that is none."""
        return [sa.and_(moment.is_not(None), self.sortable(moment).is_(None))]

    def crooked(self, columns: Sequence[sa.ColumnElement[Any]]) -> Expression | None:
        """Return which of a row's columns are no time."""
        names = [
            sa.case((self.no_times(column)[0], column.key))
            for column in columns
            if isinstance(column.type, sa.Date | sa.DateTime)
        ]
        listed = sa.func.concat_ws(", ", *(sa.func.coalesce(name, "") for name in names))
        return sa.func.nullif(sa.func.trim(listed, ", "), "") if names else None

    def text(self, value: Expression, kind: str) -> Expression:
        """Return a column as text, the same in all engines, by how it is compared."""
        if kind in ("integer", "number", "double"):
            return sa.func.mypizza_number(value, kind, type_=sa.Text)
        if kind == "bytes":
            return sa.func.lower(sa.func.hex(value))
        return super().text(value, kind)

    def number(self, value: Expression, kind: str) -> Expression:
        """Return what adds up of a column."""
        return sa.func.mypizza_number(value, kind, type_=sa.Numeric)

    def digest(self, text: Expression) -> Expression:
        """Return 12 hexadecimal digits of a text's MD5 as a number."""
        return sa.func.mypizza_digest(text)

    def total(self, value: Expression) -> Expression:
        """Return a sum."""
        return sa.func.mypizza_total(value)

    def microseconds(self, moment: Expression) -> Expression:
        """Return a moment as microseconds since 1970."""
        return sa.func.mypizza_microseconds(moment)

    def day(
        self, moment: Expression, seconds: Expression, ends: tuple[datetime, datetime]
    ) -> Expression:
        """Return the business date of a moment."""
        return sa.func.mypizza_day(moment, seconds, *map(self.literal, ends), type_=sa.Date)


SQLITE = SQLite()
