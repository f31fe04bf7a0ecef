"""The two sides of a till: its own tables, and the raw tables that they fill.

Either side selects by the same expressions, in which columns have their names of the raw layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from psycopg import sql

from ingest.loads import raw_tables
from ingest.loads.branches import Branch
from ingest.loads.source import Connection
from ingest.sources.tills.connect import Till, refusal
from ingest.sources.tills.days import Clock
from ingest.sources.tills.declaration import System, Table
from ingest.sources.tills.dialects import POSTGRES
from ingest.sources.tills.dialects.base import Dialect, Expression, Landed
from ingest.sources.tills.landing import TEXT, as_type, landing, postgres_name, raw_type
from ingest.warehouse import WarehouseError

Key = tuple[Any, ...]
Keys = dict[Table, list[Key]]
"""Keys by table."""

Condition = sa.ColumnElement[bool]


@dataclass(frozen=True, kw_only=True)
class Side:
    """One side: a till, or the raw layer.

    Attributes:
        system: the till's system.
        dialect: how the side's engine writes SQL.
    """

    system: System
    dialect: Dialect = POSTGRES

    def has(self, table: Table) -> bool:
        """Say whether the side has a table."""
        raise NotImplementedError

    def rows(self, table: Table, alias: str = "listed") -> sa.FromClause:
        """Return a table, under another name."""
        raise NotImplementedError

    def kind(self, table: Table, column: str) -> str | None:
        """Return a column's type in the raw layer, as Postgres calls it."""
        raise NotImplementedError

    def value(self, table: Table, column: sa.ColumnElement[Any]) -> Expression:
        """Return a column as it lands."""
        del table
        return column

    def of_till(self, rows: sa.FromClause) -> Condition:
        """Return the condition that rows are the till's."""
        del rows
        return sa.true()

    def alive(self, rows: sa.FromClause) -> Condition:
        """Return the condition that rows are the till's and not deleted."""
        return self.of_till(rows)

    def key(self, table: Table, rows: sa.FromClause) -> list[Expression]:
        """Return a table's key, each column as it lands."""
        return [self.value(table, rows.c[name]) for name in table.key]

    def named(self, table: Table, rows: sa.FromClause, names: Sequence[str]) -> list[Expression]:
        """Return columns of keys as they are compared with the raw layer's."""
        del table
        return [rows.c[name] for name in names]

    def keyed(self, table: Table, rows: sa.FromClause, keys: Sequence[Key]) -> Condition:
        """Return the condition that rows have one of some keys, each part as it lands."""
        columns, literal = self.named(table, rows, table.key), self.dialect.literal
        if len(columns) == 1:
            return columns[0].in_([literal(value) for (value,) in keys])
        return sa.tuple_(*columns).in_([sa.tuple_(*map(literal, key)) for key in keys])

    def linked(
        self, table: Table, rows: sa.FromClause, above: sa.FromClause
    ) -> list[tuple[Expression, Expression]]:
        """Return the columns that name a row's parent, each with that of the parent's key."""
        parent = self.system.table(str(table.parent))
        columns = self.named(table, rows, table.parent_key)
        return [(one, above.c[key]) for one, key in zip(columns, parent.key, strict=True)]

    def belongs(self, table: Table, rows: sa.FromClause, above: sa.FromClause) -> Condition:
        """Return the condition that rows are of a parent of the till's."""
        pairs = self.linked(table, rows, above)
        return sa.and_(self.of_till(above), *(one == other for one, other in pairs))

    def belongs_to_some(
        self, table: Table, rows: sa.FromClause, above: sa.FromClause, wanted: Condition
    ) -> Condition:
        """Return the condition that rows are of one of some parents of the till's."""
        columns, key = zip(*self.linked(table, rows, above), strict=True)
        parents = sa.select(*key).where(self.of_till(above), wanted)
        return (columns[0] if len(columns) == 1 else sa.tuple_(*columns)).in_(parents)

    def clock(self, table: Table, branch: Branch, column: str | None = None) -> Clock:
        """Return a branch's business dates, as a column tells them; default the business time."""
        column = column or str(table.business_time)
        kind, times = self.kind(table, column), self.system.clock(table, column)
        if kind == "date":
            times = "date"
        elif kind == "timestamp with time zone":
            times = "utc"
        return Clock(branch, times)

    def with_parents(
        self, table: Table, *, is_outer: bool = False
    ) -> tuple[sa.FromClause, list[sa.FromClause]]:
        """Return a table joined with its parents up to the root, and each of them, itself first."""
        path = self.system.path(table)
        found = [self.rows(each, f"t{number}") for number, each in enumerate(path)]
        joined: sa.FromClause = found[0]
        for child, rows, above in zip(path, found, found[1:], strict=False):
            joined = joined.join(above, self.belongs(child, rows, above), isouter=is_outer)
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


@dataclass(frozen=True, kw_only=True)
class AtTill(Side):
    """The till's side: what it offers, compared with what the raw layer has.

    Attributes:
        till: the till.
        now: its present, in UTC.
        found: its tables with the columns that may leave the till, by their names in the raw layer.
        raw_types: the types in which columns land that the raw layer has, by table.
        tables: the tables that can be loaded.
        problems: one sentence for each table that cannot be loaded.
        notes: one sentence for each change that does not hinder.
        has_landed: whether the raw layer has all the columns that the till has now.
    """

    till: Till
    now: datetime
    found: Mapping[Table, sa.FromClause]
    raw_types: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    tables: tuple[Table, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    has_landed: bool = True

    def has(self, table: Table) -> bool:
        """Say whether the till has a table."""
        return table in self.found

    def rows(self, table: Table, alias: str = "listed") -> sa.FromClause:
        """Return a table, under another name."""
        return self.found[table].alias(alias)

    def landed(self, table: Table, rows: sa.FromClause) -> dict[str, Landed]:
        """Return how a table's columns land, by name in their order."""
        return {str(column.key): self._landed(table, column) for column in rows.columns}

    def types(self, table: Table) -> dict[str, pa.DataType]:
        """Return the Arrow types in which a table's columns land."""
        return {name: kind for name, (_, kind) in self.landed(table, self.found[table]).items()}

    def kind(self, table: Table, column: str) -> str | None:
        """Return a column's type in the raw layer, as Postgres calls it."""
        there = self.found[table].c
        return postgres_name(self._landed(table, there[column])[1]) if column in there else None

    def value(self, table: Table, column: sa.ColumnElement[Any]) -> Expression:
        """Return a column as it lands."""
        landed = self._landed(table, column)[0]
        return landed.element if isinstance(landed, sa.Label) else landed

    def named(self, table: Table, rows: sa.FromClause, names: Sequence[str]) -> list[Expression]:
        """Return columns of keys; one that is a text on one side only, as it lands."""
        natural, others = self._natural(table), self._others(table)
        return [
            self.value(table, rows.c[name])
            if name in others and TEXT in (natural[name], self.kind(table, name))
            else rows.c[name]
            for name in names
        ]

    def unreadable(self, table: Table, rows: sa.FromClause) -> dict[str, Condition]:
        """Return, by column that does not land in its own type, when its value does not fit."""
        return {
            name: sa.and_(column.is_not(None), self.value(table, column).is_(None))
            for name, column in rows.c.items()
            if name in self._others(table)
        }

    def _natural(self, table: Table) -> dict[str, str]:
        return {
            str(column.key): postgres_name(landing(column, self.system, table, self.dialect)[1])
            for column in self.found[table].columns
        }

    def _others(self, table: Table) -> set[str]:
        targets = self.raw_types.get(table.name, {})
        natural = self._natural(table).items()
        return {name for name, there in natural if targets.get(name, there) != there}

    @contextmanager
    def asking(self, table: Table) -> Iterator[None]:
        """Say in one sentence what the till answers to a question about a table, if no rows.

        Raises:
            TillError: the till refuses it, or does not answer.
        """
        try:
            yield
        except WarehouseError:
            raise
        except Exception as error:  # a driver raises more than its own: for a year 0, for a login
            raise refusal(error, self.till, table) from None

    def _landed(self, table: Table, column: sa.ColumnElement[Any]) -> Landed:
        landed, name = landing(column, self.system, table, self.dialect), str(column.key)
        there = postgres_name(landed[1])
        target = self.raw_types.get(table.name, {}).get(name, there)
        return landed if target == there else as_type(landed, name, target, self.dialect)


@dataclass(frozen=True, kw_only=True)
class InRaw(Side):
    """The raw layer's side.

    Attributes:
        connection: a connection to the warehouse as loader.
        till_id: what the raw tables call the till.
        branch_ids: its branches.
    """

    connection: Connection
    till_id: str
    branch_ids: Sequence[str] = ()

    @cached_property
    def types(self) -> Mapping[str, Mapping[str, str]]:
        """The raw tables, each with its columns and their types as Postgres names them."""
        return raw_tables.columns(self.connection, self.system.raw)

    @property
    def schema_name(self) -> str:
        """Dlt's name of the till's pipeline, under which its loads are kept."""
        return self.system.schema_name(self.till_id)

    def has(self, table: Table) -> bool:
        """Say whether the table has ever landed."""
        return table.name in self.types

    def rows(self, table: Table, alias: str = "listed") -> sa.FromClause:
        """Return a table, under another name."""
        return self.table(table).alias(alias)

    def kind(self, table: Table, column: str) -> str | None:
        """Return a column's type, as Postgres calls it."""
        return self.types[table.name].get(column)

    def is_linked_by_text(self, table: Table) -> bool:
        """Say whether rows are found by their parent's number as text, as the models find them."""
        if len(self.system.path(table)) != 2 or len(table.parent_key) > 1:
            return False
        parent = self.system.table(str(table.parent))
        kinds = {self.kind(table, table.parent_key[0])}
        return self.has(parent) and kinds | {self.kind(parent, parent.key[0])} == {"bigint"}

    def linked(
        self, table: Table, rows: sa.FromClause, above: sa.FromClause
    ) -> list[tuple[Expression, Expression]]:
        """Return the columns that name a parent, as the one index on them has them."""
        pairs = super().linked(table, rows, above)
        if not self.is_linked_by_text(table):
            return pairs
        return [(sa.cast(one, sa.Text), sa.cast(other, sa.Text)) for one, other in pairs]

    def table(self, table: Table) -> sa.Table:
        """Return a raw table itself."""
        columns = [sa.Column(name, raw_type(kind)) for name, kind in self.types[table.name].items()]
        return sa.Table(table.name, sa.MetaData(), *columns, schema=self.system.raw)

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


def in_raw(till: Till, connection: Connection) -> InRaw:
    """Return the raw side of a till, as it is now."""
    branch_ids = [branch.branch_id for branch in till.branches]
    return InRaw(
        system=till.system, connection=connection, till_id=till.till_id, branch_ids=branch_ids
    )
