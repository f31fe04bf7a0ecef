"""SQLite: a till that is one file. What its SQL lacks are functions of ours."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from ingest.sources.tills.dialects.base import BATCH_ROWS, Dialect, Expression, sql

EPOCH = datetime(1970, 1, 1)


def _moment(value: str | None) -> datetime | None:
    if value is None:
        return None
    found = datetime.fromisoformat(value)
    return (found.astimezone(UTC) if found.tzinfo else found).replace(tzinfo=None)


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
    pa.date32(): date.fromisoformat, pa.decimal128(38, 10): lambda value: Decimal(str(value)),
    pa.timestamp("us", "UTC"): _moment, pa.timestamp("us"): _moment,
}  # fmt: skip
"""How a value of each type is read: SQLite's columns have none that binds."""


class SQLite(Dialect):
    """SQLite 3.35 and newer; times are text like 2026-11-27 18:30:00."""

    driver = "sqlite+pysqlite"
    connect_args: Mapping[str, Any] = {}
    retried = ("database is locked",)

    @property
    def compiler(self) -> sa.Dialect:
        """SQLAlchemy's dialect for statements that are sent as they are."""
        return sqlite.dialect(paramstyle="named")

    def prepare(self, connection: Any) -> None:
        """Give a connection our functions."""
        connection.create_function("mypizza_number", 2, _number, deterministic=True)
        connection.create_function("mypizza_microseconds", 1, _microseconds, deterministic=True)
        connection.create_function("mypizza_day", 4, _day, deterministic=True)
        connection.create_function("mypizza_digest", 1, _digest, deterministic=True)
        connection.create_function("concat_ws", -1, _joined, deterministic=True)
        connection.create_aggregate("mypizza_total", 1, _Total)

    def read(self, engine: sa.Engine, query: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """Yield a query's rows."""
        kinds = [column.type for column in list(schema)[1:-1]]
        with engine.connect() as connection:
            found = connection.exec_driver_sql(query)
            while rows := found.fetchmany(BATCH_ROWS):
                columns = [
                    pa.array([None if value is None else _READ.get(kind, bytes)(value)
                              for value in column], kind)
                    for column, kind in zip(zip(*rows, strict=True), kinds, strict=True)
                ]  # fmt: skip
                yield pa.RecordBatch.from_arrays(columns, [str(n) for n in range(len(columns))])

    def literal(self, value: Any) -> Expression:
        """Return a value as a literal: times are compared as text."""
        if isinstance(value, datetime):
            naive = (value.astimezone(UTC) if value.tzinfo else value).replace(tzinfo=None)
            return sql(f"'{naive.isoformat(sep=' ')}'")
        return super().literal(value)

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
