"""Postgres, also as the raw layer's own side of every comparison."""

from __future__ import annotations

import getpass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from ingest.sources.tills.dialects.base import Dialect, Expression, sql


class Postgres(Dialect):
    """Postgres 9.6 and newer."""

    # SQLAlchemy 2.1 would take a bare postgresql:// for psycopg 3.
    driver = "postgresql+psycopg2"
    session = "set time zone 'UTC'"
    offset = "+00:00"
    copies = True
    epoch = "to_timestamp({})"
    retried = ("conflict with recovery", "deadlock detected", "could not serialize")
    denied = ("permission denied",)
    slow = ("statement timeout", "lock timeout")

    @property
    def compiler(self) -> sa.Dialect:
        """SQLAlchemy's dialect for statements that are sent as they are."""
        return postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]  # untyped there

    def arguments(self, url: sa.URL) -> dict[str, Any]:
        """Say what the address lacks: libpq would take it from the warehouse's own variables."""
        user = url.username or getpass.getuser()
        absent = {
            "host": None if url.host else "", "port": None if url.port else 5432,
            "user": None if url.username else user, "password": None if url.password else "",
            "dbname": None if url.database else user, "sslmode": "prefer",
        }  # fmt: skip
        return dict(self.connect_args) | {
            name: value
            for name, value in absent.items()
            if value is not None and name not in url.query
        }

    def zone(self) -> Expression:
        """Return the time zone that the till's server is set to: our sessions have their own."""
        return sql("(select reset_val from pg_catalog.pg_settings where name = 'TimeZone')")

    def bytes_literal(self, value: bytes) -> Expression:
        """Return bytes as a literal."""
        return sql(f"'\\x{value.hex()}'::bytea")

    def number(self, value: Expression, kind: str) -> Expression:
        """Return what adds up of a column: NaN does not."""
        if kind == "number":
            return sa.func.nullif(value, sql("'NaN'"))
        return super().number(value, kind)

    def four_places(self, value: Expression) -> Expression:
        """Return a double, rounded as it is written: a direct cast keeps 15 digits only."""
        return super().four_places(sa.cast(value, sa.Text))

    def digest(self, text: Expression) -> Expression:
        """Return 12 hexadecimal digits of a text's MD5 as a number."""
        digits = sa.func.substr(sa.func.md5(sa.func.convert_to(text, "UTF8")), 1, 12)
        bits = sa.cast(sa.literal("x", sa.Text).concat(digits), postgresql.BIT(48))
        return sa.cast(bits, sa.BigInteger)

    def microseconds(self, moment: Expression) -> Expression:
        """Return a moment as microseconds since 1970."""
        return sa.func.trunc(sa.extract("epoch", moment) * sql("1000000"))

    def day(
        self, moment: Expression, seconds: Expression, ends: tuple[datetime, datetime]
    ) -> Expression:
        """Return the business date of a moment."""
        first, last = map(self.literal, ends)
        wall: Expression = sa.func.least(sa.func.greatest(moment, first), last)
        if getattr(moment.type, "timezone", False):
            wall = wall.op("at time zone")(sql("'UTC'"))
        shift: Any = seconds.op("*")(sql("interval '1 second'"))
        return sa.cast(wall.op("+")(shift), sa.Date)


POSTGRES = Postgres()
