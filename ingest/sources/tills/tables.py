"""The two sides of a till: its own tables, and the raw tables that they fill.

Either side selects by the same expressions, in which columns have their names of the raw layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from psycopg import sql

from ingest.loads import raw_tables
from ingest.loads.branches import Branch
from ingest.loads.source import Connection
from ingest.sources.tills.connect import Link, Till
from ingest.sources.tills.days import Clock
from ingest.sources.tills.declaration import System, Table
from ingest.sources.tills.dialects import POSTGRES
from ingest.sources.tills.dialects.base import Dialect, Expression
from ingest.sources.tills.landing import raw_type
from ingest.sources.tills.survey import Survey

Key = tuple[Any, ...]
Keys = dict[Table, list[Key]]
"""Keys by table."""

Condition = sa.ColumnElement[bool]


@dataclass(frozen=True)
class Side:
    """One side: a till, or the raw layer.

    Attributes:
        system: the till's system.
    """

    system: System

    @property
    def dialect(self) -> Dialect:
        """How the side's engine writes SQL."""
        raise NotImplementedError

    def has(self, table: Table) -> bool:
        """Say whether the side has a table."""
        raise NotImplementedError

    def rows(self, table: Table, alias: str) -> sa.FromClause:
        """Return a table, under another name."""
        raise NotImplementedError

    def value(self, table: Table, column: sa.ColumnElement[Any]) -> Expression:
        """Return a column as it lands."""
        raise NotImplementedError

    def of_till(self, rows: sa.FromClause) -> Condition:
        """Return the condition that rows are the till's."""
        raise NotImplementedError

    def alive(self, rows: sa.FromClause) -> Condition:
        """Return the condition that rows are the till's and not deleted."""
        return self.of_till(rows)

    def key(self, table: Table, rows: sa.FromClause) -> list[Expression]:
        """Return a table's key, each column as it lands."""
        return [self.value(table, rows.c[name]) for name in table.key]

    def with_parents(
        self, table: Table, *, is_outer: bool = False
    ) -> tuple[sa.FromClause, list[sa.FromClause]]:
        """Return a table joined with its parents up to the root, and each of them, itself first."""
        path = self.system.path(table)
        found = [self.rows(each, f"t{number}") for number, each in enumerate(path)]
        joined: sa.FromClause = found[0]
        for child, each, rows, above in zip(path, path[1:], found, found[1:], strict=False):
            joined = joined.join(
                above,
                sa.and_(self.of_till(above), named(rows, child.parent_key, above, each.key)),
                isouter=is_outer,
            )
        return joined, found

    def branch(self, table: Table, rows: sa.FromClause) -> Expression | None:
        """Return what says which branch a row with a business time is of."""
        found: list[Any] = []
        if table.branch and table.branch in rows.c:
            found.append(rows.c[table.branch])
        through = table.branch_through
        if through and through.column in rows.c:
            other = self.system.table(through.table)
            if self.has(other):
                there = self.rows(other, "branch")
                found.append(
                    sa.select(there.c[through.says])
                    .where(self.of_till(there), there.c[other.key[0]] == rows.c[through.column])
                    .scalar_subquery()
                )
        return sa.func.coalesce(*found) if len(found) > 1 else (found[0] if found else None)


@dataclass(frozen=True)
class AtTill(Side):
    """The till's side.

    Attributes:
        till: the till.
        survey: what was found there.
    """

    till: Till
    survey: Survey

    @property
    def dialect(self) -> Dialect:
        """How the till's engine writes SQL."""
        return self.till.dialect

    def has(self, table: Table) -> bool:
        """Say whether the till has a table."""
        return table in self.survey.found

    def rows(self, table: Table, alias: str) -> sa.FromClause:
        """Return a table, under another name."""
        return self.survey.rows(table, alias)

    def value(self, table: Table, column: sa.ColumnElement[Any]) -> Expression:
        """Return a column as it lands."""
        landed = self.survey.landed_as(table, column)[0]
        return landed.element if isinstance(landed, sa.Label) else landed

    def of_till(self, rows: sa.FromClause) -> Condition:
        """Return no condition: all is the till's."""
        del rows
        return sa.true()


@dataclass(frozen=True)
class InRaw(Side):
    """The raw layer's side.

    Attributes:
        connection: a connection to the warehouse as loader.
        till_id: what the raw tables call the till.
        branch_ids: its branches.
    """

    connection: Connection
    till_id: str
    branch_ids: Sequence[str]

    @cached_property
    def types(self) -> Mapping[str, Mapping[str, str]]:
        """The raw tables, each with its columns and their types as Postgres names them."""
        return raw_tables.columns(self.connection, self.system.raw)

    @property
    def dialect(self) -> Dialect:
        """How the warehouse writes SQL."""
        return POSTGRES

    def has(self, table: Table) -> bool:
        """Say whether the table has ever landed."""
        return table.name in self.types

    def rows(self, table: Table, alias: str) -> sa.FromClause:
        """Return a table, under another name."""
        return self.table(table).alias(alias)

    def table(self, table: Table) -> sa.Table:
        """Return a raw table itself."""
        columns = [sa.Column(name, raw_type(kind)) for name, kind in self.types[table.name].items()]
        return sa.Table(table.name, sa.MetaData(), *columns, schema=self.system.raw)

    def value(self, table: Table, column: sa.ColumnElement[Any]) -> Expression:
        """Return the column: it has landed."""
        del table
        return column

    def name(self, table: Table) -> sql.Identifier:
        """Return a raw table's name."""
        return sql.Identifier(self.system.raw, table.name)

    def of_till(self, rows: sa.FromClause) -> Condition:
        """Return the condition that rows are the till's."""
        return rows.c[self.system.till_column] == self.till_id

    def alive(self, rows: sa.FromClause) -> Condition:
        """Return the condition that rows are the till's and not deleted."""
        return sa.and_(self.of_till(rows), rows.c._deleted_at.is_(None))

    def fetch(self, query: sa.Select[Any]) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return self.connection.execute(POSTGRES.compile(query).encode()).fetchall()

    def clock(self, table: Table, branch: Branch) -> Clock:
        """Return a branch's business dates, as a table's business time tells them."""
        kind = self.types[table.name].get(str(table.business_time), "")
        times = self.system.clock(table, str(table.business_time))
        if kind == "date":
            times = "date"
        elif kind == "timestamp with time zone":
            times = "utc"
        return Clock(branch, times)


def named(
    rows: sa.FromClause, columns: Sequence[str], others: sa.FromClause, key: Sequence[str]
) -> Condition:
    """Return the condition that rows name others by their key."""
    return sa.and_(*(rows.c[one] == others.c[two] for one, two in zip(columns, key, strict=True)))


def listed(columns: Sequence[Any], keys: Sequence[Key], dialect: Dialect) -> Condition:
    """Return the condition that columns have one of some values."""
    if len(columns) == 1:
        one: Condition = columns[0].in_([dialect.literal(value) for (value,) in keys])
        return one
    return sa.tuple_(*columns).in_([sa.tuple_(*map(dialect.literal, key)) for key in keys])


def sides(link: Link, survey: Survey) -> tuple[AtTill, InRaw]:
    """Return both sides of a till, as they are now."""
    return AtTill(link.system, link.till, survey), in_raw(link)


def in_raw(link: Link) -> InRaw:
    """Return the raw side of a till, as it is now."""
    branch_ids = [branch.branch_id for branch in link.till.branches]
    return InRaw(link.system, link.connection, link.till_id, branch_ids)
