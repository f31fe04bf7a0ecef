"""All that differs between the engines of tills, in one place: another engine is one more entry.

Both sides of a comparison work with the same text of the same columns: a hash is equal only if
every column became the same text in both engines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

KINDS: Mapping[str, Mapping[str, str]] = {
    "money": {"numeric": "money", "bigint": "integer", "double precision": "double"},
    "moment": {"timestamp with time zone": "moment"},
}
"""How a column is compared, by what it is declared to be and its type in the raw layer; else as
text: a till's money may be text, and then all that is not a number in it still tells rows apart."""


@dataclass(frozen=True)
class Dialect:
    """How one engine writes what the others write differently.

    Attributes:
        name: SQLAlchemy's name of the engine.
        driver: SQLAlchemy's name of the driver that reads it.
        session: what makes a session speak UTC: a naive DATETIME is taken to be UTC.
        present: the engine's present, in whole seconds where a cursor has no more.
        texts: how a column becomes text, by how it is compared.
        numbers: what adds up of a column; a text counts where it is a plain number, by one rule.
        hash: 12 hexadecimal digits of a text's MD5 as a number: a sum of them tells one set of
            rows from another as far as accidents go, and needs no order of rows.
        day: the business date of a moment, given the seconds that turn UTC into business time.
        day_of_epoch: a moment's day, as a number.
        offset: what a literal of a moment ends with to be read as UTC.
        large_text: the type of a text of any length.
    """

    name: str
    driver: str
    session: str
    present: str
    texts: Mapping[str, str]
    numbers: Mapping[str, str]
    hash: str
    day: str
    day_of_epoch: str
    offset: str
    large_text: type[sa.types.TypeEngine[Any]]

    @property
    def compiler(self) -> sa.Dialect:
        """SQLAlchemy's dialect for statements that are sent as they are."""
        engine: Any = postgresql if self.name == "postgresql" else mysql
        dialect: sa.Dialect = engine.dialect(paramstyle="named")
        return dialect

    def literal(self, moment: datetime) -> sa.ColumnClause[Any]:
        """Return a moment as the literal that the engine reads as UTC.

        Args:
            moment: the moment; one without a zone is taken to be UTC.
        """
        naive = (moment.astimezone(UTC) if moment.tzinfo else moment).replace(tzinfo=None)
        text = naive.isoformat(sep=" ", timespec="microseconds")
        return sa.literal_column(f"'{text}{self.offset}'")

    def compile(self, statement: sa.ClauseElement) -> str:
        """Return a statement as text with its values in it."""
        compiled = statement.compile(dialect=self.compiler, compile_kwargs={"literal_binds": True})
        return str(compiled)


POSTGRES = Dialect(
    name="postgresql",
    # SQLAlchemy 2.1 would take a bare postgresql:// for psycopg 3.
    driver="postgresql+psycopg2",
    session="set time zone 'UTC'",
    present="current_timestamp",
    texts={
        "text": "rtrim(cast({} as text))",
        "integer": "cast(cast({} as numeric(38, 10)) as text)",
        "money": "cast(cast({} as numeric(38, 10)) as text)",
        "double": "case when abs({0}) < 1e15 then cast(cast({0} as numeric(38, 4)) as text)"
        " else 'large' end",
        "moment": "cast(trunc(extract(epoch from {}) * 1000000) as text)",
    },
    numbers={
        "integer": "{}",
        "money": "nullif({}, 'NaN')",
        "double": "case when abs({0}) < 1e15 then cast({0} as numeric(38, 4)) else 0 end",
        "text": "case when cast({0} as text) ~ '^-?[0-9]{{1,15}}([.][0-9]{{1,30}})?$'"
        " then cast(cast({0} as text) as numeric(38, 10)) else 0 end",
    },
    hash="cast(cast('x' || substr(md5(convert_to({}, 'UTF8')), 1, 12) as bit(48)) as bigint)",
    day="cast(least(greatest({moment}, {first}), {last}) at time zone 'UTC'"
    " + {seconds} * interval '1 second' as date)",
    day_of_epoch="floor(extract(epoch from {}) / 86400)",
    offset="+00:00",
    large_text=sa.Text,
)
MYSQL = Dialect(
    name="mysql",
    driver="mysql+pymysql",
    session="set time_zone = '+00:00'",
    present="utc_timestamp()",  # whole seconds: rows of the current second wait for the next run
    texts={
        "text": "rtrim(convert({} using utf8mb4))",
        "integer": "convert(cast({} as decimal(38, 10)) using utf8mb4)",
        "money": "convert(cast({} as decimal(38, 10)) using utf8mb4)",
        "double": "case when abs({0}) < 1e15"
        " then convert(cast({0} as decimal(38, 4)) using utf8mb4) else 'large' end",
        "moment": "convert(timestampdiff(microsecond, '1970-01-01', {}) using utf8mb4)",
    },
    numbers={
        "integer": "{}",
        "money": "{}",
        "double": "case when abs({0}) < 1e15 then cast({0} as decimal(38, 4)) else 0 end",
        # its $ would let a line feed pass
        "text": "case when {0} regexp '^-?[0-9]{{1,15}}([.][0-9]{{1,30}})?$'"
        " and {0} not regexp '[^0-9.-]' then cast({0} as decimal(38, 10)) else 0 end",
    },
    hash="cast(conv(substr(md5({}), 1, 12), 16, 10) as unsigned)",
    day="cast(least(greatest(coalesce({moment}, timestamp {first}), timestamp {first}),"
    " timestamp {last}) + interval {seconds} second as date)",
    day_of_epoch="floor(timestampdiff(second, '1970-01-01', {}) / 86400)",
    offset="",  # MariaDB reads no offset
    large_text=sa.CHAR,
)
SCHEMES: Mapping[str, Dialect] = {
    "postgresql": POSTGRES, "postgres": POSTGRES, "mysql": MYSQL, "mariadb": MYSQL,
}  # fmt: skip
"""By the scheme of a till's url, as a chain writes it."""
