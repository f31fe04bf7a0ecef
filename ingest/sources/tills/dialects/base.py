"""What a till's engine writes differently from the others: another engine is one more file.

Both sides of a comparison work with the same text of the same columns: a hash is equal only if
every column became the same text in both engines. The expressions are SQLAlchemy's; a dialect says
only what SQLAlchemy cannot know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import connectorx
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine.reflection import ObjectKind

Expression = sa.ColumnElement[Any]
Landed = tuple[Any, pa.DataType]
"""How a column is selected, and the Arrow type that it lands with."""

MOMENT, WALL, NUMBER = pa.timestamp("us", "UTC"), pa.timestamp("us"), pa.decimal128(38, 10)
BATCH_ROWS = 100_000
"""Rows per Arrow batch: large enough to be cheap, small enough for little memory."""

ARGUMENTS = 50
"""Engines limit how many arguments a function takes."""

A_MOMENT = (
    "^(([0-9]{4})-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
    "|20([02468][048]|[13579][26])-02-29)"
    "([ T]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?"
    "(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)?)?$"
)
"""A time that the calendar has, as a text: no cast of it fails."""

KINDS: Mapping[str, str] = {
    "numeric": "number", "bigint": "integer", "double precision": "double", "boolean": "boolean",
    "timestamp with time zone": "moment", "timestamp without time zone": "moment",
    "bytea": "bytes",
}  # fmt: skip
"""How a column is compared, by its type in the raw layer; else as text."""


def sql(text: str) -> Expression:
    """Return a piece of SQL as it is."""
    return sa.literal_column(text)


class Dialect:
    """An engine.

    Attributes:
        driver: SQLAlchemy's name of the driver that reads it.
        session: what makes a session speak UTC: a naive time is taken to be UTC.
        offset: what a literal of a moment ends with to be read as UTC.
        copies: whether rows go by Postgres' own COPY.
        epoch: how its SQL writes a time from a number of seconds since 1970.
        retried: what its message says where trying again helps.
        denied: what its message says where a right is missing.
        slow: what its message says where it has ended a statement that took too long.
    """

    driver: str
    session: str = ""
    offset: str = ""
    copies: bool = False
    epoch: str
    connect_args: Mapping[str, Any] = {"connect_timeout": 10}
    retried: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    slow: tuple[str, ...] = ()

    @property
    def compiler(self) -> sa.Dialect:
        """SQLAlchemy's dialect for statements that are sent as they are."""
        raise NotImplementedError

    def arguments(self, url: sa.URL) -> dict[str, Any]:
        """Return what a driver is told beside a till's address.

        Args:
            url: the address.
        """
        del url
        return dict(self.connect_args)

    def compile(self, statement: sa.ClauseElement) -> str:
        """Return a statement as text with its values in it."""
        compiled = statement.compile(dialect=self.compiler, compile_kwargs={"literal_binds": True})
        return str(compiled)

    def prepare(self, connection: Any) -> None:
        """Make a driver's new connection speak UTC."""
        with connection.cursor() as cursor:
            cursor.execute(self.session)
        connection.commit()

    def read(self, engine: sa.Engine, query: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """Yield a query's rows; ConnectorX is several times faster than a cursor.

        Args:
            engine: on the till.
            query: the query as it is sent.
            schema: the columns that are asked for, for engines that do not tell their types.
        """
        del schema
        address = engine.url.set(drivername=engine.url.get_backend_name())
        yield from connectorx.read_sql(
            address.render_as_string(hide_password=False),
            query,
            protocol="binary",
            return_type="arrow_stream",
            batch_size=BATCH_ROWS,
            pre_execution_query=self.session,
        )

    def columns(
        self, connection: sa.Connection, schema: str | None
    ) -> dict[str, list[sa.Column[Any]]]:
        """Return the columns of everything of a schema that has rows: tables, views, their like."""
        found = sa.inspect(connection).get_multi_columns(schema=schema, kind=ObjectKind.ANY)
        return {
            name: [sa.Column(c["name"], c["type"], nullable=c["nullable"]) for c in columns]
            for (_, name), columns in found.items()
        }

    def now(self) -> Expression:
        """Return the till's present."""
        return sa.func.current_timestamp()

    def zone(self) -> Expression:
        """Return the time zone that the till's server is set to."""
        return sql("'UTC'")

    def literal(self, value: Any) -> Expression:
        """Return a value as a literal; a moment without a zone is in its column's own clock."""
        if isinstance(value, datetime):
            naive = (value.astimezone(UTC) if value.tzinfo else value).replace(tzinfo=None)
            text = naive.isoformat(sep=" ", timespec="microseconds")
            return sql(f"'{text}{self.offset}'")
        if isinstance(value, date):
            return sql(f"'{value.isoformat()}'")
        if isinstance(value, bytes | memoryview):
            return self.bytes_literal(bytes(value))
        return sa.literal(value)

    def bytes_literal(self, value: bytes) -> Expression:
        """Return bytes as a literal."""
        return sql(f"x'{value.hex()}'")

    def special(self, column: sa.ColumnElement[Any], tinyint: str) -> Landed | None:
        """Return how a column lands whose type only this engine has."""
        del column, tinyint
        return None

    def moment(self, column: sa.ColumnElement[Any]) -> Expression:
        """Return how a time is selected."""
        return column

    def sortable(self, moment: Expression) -> Expression:
        """Return a time by which rows are picked."""
        return moment

    def no_times(self, moment: Expression) -> list[sa.ColumnElement[bool]]:
        """Return when a column of times has a value that is none, where an engine allows that."""
        del moment
        return []

    def crooked(self, columns: Sequence[sa.ColumnElement[Any]]) -> Expression | None:
        """Return which of a row's columns have a value that lands as null, where that can be."""
        del columns
        return None

    def text(self, value: Expression, kind: str) -> Expression:
        """Return a column as text, the same in all engines, by how it is compared."""
        if kind in ("integer", "number"):
            return sa.cast(sa.cast(value, sa.Numeric(38, 10)), sa.Text)
        if kind == "double":
            number = sa.cast(self.four_places(value), sa.Text)
            return sa.case((sa.func.abs(value) < sql("1e15"), number), else_="large")
        if kind == "moment":
            return sa.cast(self.microseconds(value), sa.Text)
        if kind == "boolean":
            return sa.case((value, "1"), else_="0")
        if kind == "bytes":
            return sa.func.md5(value)
        return sa.func.rtrim(sa.cast(value, sa.Text))

    def number(self, value: Expression, kind: str) -> Expression:
        """Return what adds up of a column; a text where it is a plain number."""
        if kind == "double":
            number = self.four_places(value)
            return sa.case((sa.func.abs(value) < sql("1e15"), number), else_=0)
        if kind in ("integer", "number"):
            return value
        text = sa.cast(value, sa.Text)
        return sa.case((self.is_number(text), sa.cast(text, sa.Numeric(38, 10))), else_=0)

    def four_places(self, value: Expression) -> Expression:
        """Return a double, rounded as it is written: all 17 digits that it may have count."""
        return sa.cast(value, sa.Numeric(38, 4))

    def is_number(self, text: Expression, *, is_whole: bool = False) -> sa.ColumnElement[bool]:
        """Return the condition that a text is a plain number, or one that a bigint holds."""
        whole = "^-?([0-9]{1,18}|[1-8][0-9]{18})$"
        return text.regexp_match(whole if is_whole else "^-?[0-9]{1,15}([.][0-9]{1,30})?$")

    def is_moment(self, text: Expression) -> sa.ColumnElement[bool]:
        """Return the condition that a text is a time that the calendar has."""
        return text.regexp_match(A_MOMENT)

    def row_text(self, values: Sequence[tuple[Expression, str]]) -> Expression:
        """Return a row as one text.

        Args:
            values: its columns, each with how it is compared.
        """
        texts: list[Expression] = [
            sa.case((value.is_(None), "~"), else_=self.text(value, kind)) for value, kind in values
        ]
        while len(texts) > 1:
            texts = [
                sa.func.concat_ws("|", *texts[start : start + ARGUMENTS])
                for start in range(0, len(texts), ARGUMENTS)
            ]
        return texts[0]

    def digest(self, text: Expression) -> Expression:
        """Return 12 hexadecimal digits of a text's MD5 as a number.

        A sum of them tells one set of rows from another as far as accidents go, and needs no order
        of rows.
        """
        raise NotImplementedError

    def total(self, value: Expression) -> Expression:
        """Return a sum."""
        return sa.func.sum(value)

    def moment_of(self, number: Expression) -> Expression:
        """Return a number as a time: seconds since 1970 or, by size, parts of them; 0 is none."""
        exact = sa.func.nullif(sa.cast(number, sa.Numeric(38, 10)), 0)
        sizes = ((11, "1.0"), (14, "1000.0"), (17, "1000000.0"), (20, "1000000000.0"))
        seconds = sa.case(*((sa.func.abs(exact) < sql(f"1e{d}"), exact / sql(p)) for d, p in sizes))
        text = self.epoch.format(self.compile(seconds))
        return sa.literal_column(text, sa.DateTime(timezone=True))

    def microseconds(self, moment: Expression) -> Expression:
        """Return a moment as microseconds since 1970."""
        raise NotImplementedError

    def day(
        self, moment: Expression, seconds: Expression, ends: tuple[datetime, datetime]
    ) -> Expression:
        """Return the business date of a moment.

        Args:
            moment: the moment.
            seconds: what turns its clock into business time.
            ends: moments before and after these count as they.
        """
        raise NotImplementedError
