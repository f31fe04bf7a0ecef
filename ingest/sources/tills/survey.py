"""A till's tables compared with the raw layer's, before anything is loaded."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from ingest.loads import packages, raw_tables
from ingest.loads.branches import Branch
from ingest.sources.tills.connect import (
    Link,
    RefusedTableError,
    Till,
    TillError,
    cannot_read,
    refusal,
)
from ingest.sources.tills.declaration import FOLDER, System, Table
from ingest.sources.tills.dialects.base import Dialect, Landed
from ingest.sources.tills.landing import landing, postgres_name
from ingest.sources.tills.names import raw_name, raw_names


@dataclass(frozen=True)
class Survey:
    """What a till offers, compared with what the raw layer has.

    Attributes:
        system: the till's system.
        branch: its branch, or the first of them.
        dialect: how its engine writes SQL.
        now: the till's present, without a zone in UTC.
        found: its tables with the columns that may leave the till, by their names in the raw layer.
        tables: the tables that can be loaded.
        problems: one sentence for each table that cannot be loaded.
        notes: one sentence for each change that does not hinder.
        has_landed: whether the raw layer has all the columns that the till has now.
    """

    system: System
    branch: Branch
    dialect: Dialect
    now: datetime
    found: Mapping[Table, sa.FromClause]
    tables: tuple[Table, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    has_landed: bool = True

    def rows(self, table: Table, alias: str) -> sa.FromClause:
        """Return a table of the till, under another name."""
        return self.found[table].alias(alias)

    def landed_as(self, table: Table, column: sa.ColumnElement[Any]) -> Landed:
        """Return how a column lands."""
        return landing(column, self.system, table, self.dialect)

    def landed(self, table: Table, rows: sa.FromClause) -> dict[str, Landed]:
        """Return how a table's columns land, by name in their order."""
        return {str(column.key): self.landed_as(table, column) for column in rows.columns}

    def types(self, table: Table) -> dict[str, pa.DataType]:
        """Return the Arrow types in which a table's columns land."""
        return {name: kind for name, (_, kind) in self.landed(table, self.found[table]).items()}

    def without(self, refused: RefusedTableError) -> Survey:
        """Return what can be loaded beside a table that was refused."""
        tables = tuple(table for table in self.tables if table.name != refused.table)
        return replace(self, tables=tables, problems=(*self.problems, str(refused)))


def survey(link: Link) -> Survey:
    """Connect to a till and compare its tables with the raw layer's.

    Args:
        link: the till and the raw tables that it fills.

    Returns:
        What can be loaded, and what has changed.

    Raises:
        TillError: the till cannot be reached.
    """
    raw = raw_tables.columns(link.connection, link.system.raw)
    known = packages.known_columns(link.connection, link.system.raw, link.schema_name)
    tables: list[Table] = []
    problems: list[str] = []
    notes: list[str] = []
    has_landed = True
    looked = look(link.system, link.till)
    for table in link.system.tables:
        if table not in looked.found:
            continue
        if hangs := [each.at_till for each in link.system.path(table) if each not in looked.found]:
            problems.append(f"Nor is {table.at_till} loaded, whose rows belong to {hangs[-1]}.")
            continue
        types, in_raw = looked.types(table), raw.get(table.name, {})
        wrong = [*_wrong(link, table, looked, in_raw)]
        problems += wrong
        notes += _changed(link, table, types, known.get(table.name, set()))
        if not wrong:
            tables.append(table)
            has_landed = has_landed and in_raw.keys() >= types.keys()
    return replace(
        looked,
        tables=tuple(tables),
        problems=(*looked.problems, *problems),
        notes=tuple(notes),
        has_landed=has_landed,
    )


def look(system: System, till: Till) -> Survey:
    """Return what a till has of the declared tables, without a look at the raw layer.

    Raises:
        TillError: the till cannot be reached.
    """
    try:
        with till.engine.connect() as connection, warnings.catch_warnings():
            # of types that SQLAlchemy does not know: they land as text
            warnings.simplefilter("ignore", sa.exc.SAWarning)
            now: Any = connection.execute(sa.select(till.dialect.now())).scalar_one()
            found: dict[Table, sa.FromClause] = {}
            problems: list[str] = []
            for table, rows in _reflected(system, till, connection):
                if rows is None:
                    problems.append(f"The till of {till.part} has no table {table.at_till}.")
                elif refused := _refused(till, connection, table, rows):
                    problems.append(str(refused))
                else:
                    found[table] = rows
    except sa.exc.DBAPIError as error:
        raise TillError(cannot_read(error.orig, till)) from None
    if isinstance(now, str):
        now = datetime.fromisoformat(now)
    now = (now.astimezone(UTC) if now.tzinfo else now).replace(tzinfo=None)
    branch = next(iter(till.branches))
    return Survey(system, branch, till.dialect, now, found, problems=tuple(problems))


def _reflected(
    system: System, till: Till, connection: sa.Connection
) -> Iterator[tuple[Table, sa.FromClause | None]]:
    """Yield the declared tables, each as the till has it, if it has it."""
    dialect = till.dialect
    by_schema: dict[str | None, list[Table]] = {}
    for table in system.tables:
        by_schema.setdefault(table.schema_name or till.schema, []).append(table)
    for schema, tables in by_schema.items():
        there = dialect.tables(connection, schema)
        similar = {raw_name(name): name for name in reversed(there)}
        at_till = {
            table: table.at_till if table.at_till in there else similar.get(table.name)
            for table in tables
            if not table.query
        }
        columns = dialect.columns(connection, schema, [name for name in at_till.values() if name])
        for table in tables:
            if table.query:
                yield table, _of_query(table)
            else:
                name = at_till[table]
                yield table, _as_raw(system, table, name, schema, columns[name]) if name else None


def _as_raw(
    system: System, table: Table, name: str, schema: str | None, columns: list[sa.Column[Any]]
) -> sa.Table:
    """Return a till's table whose columns are known by their names in the raw layer."""
    names = raw_names(
        sorted((column.name for column in columns), key=lambda known: raw_name(known) != known),
        system.own_columns,
    )
    return sa.Table(
        name,
        sa.MetaData(),
        *(
            sa.Column(column.name, column.type, key=names[column.name], nullable=column.nullable)
            for column in columns
            if names[column.name] not in table.excluded
        ),
        schema=schema,
        quote=None,
    )


def _of_query(table: Table) -> sa.FromClause:
    text = (FOLDER / str(table.query)).read_text(encoding="utf-8")
    kinds: dict[str, Any] = {"moment": sa.DateTime(), "date": sa.Date(), "boolean": sa.Boolean()}
    columns = [sa.column(name, kinds.get(kind)) for name, kind in table.columns.items()]
    return sa.text(text.replace(":", r"\:")).columns(*columns).subquery(table.name)


def _refused(
    till: Till, connection: sa.Connection, table: Table, rows: sa.FromClause
) -> TillError | None:
    """Return why a table cannot be read: asked for no row of all its columns."""
    try:
        connection.execute(sa.select(*rows.columns).where(sa.false()))
    except sa.exc.DBAPIError as error:
        connection.rollback()
        refused = refusal(error.orig or error, till, table)
        if not isinstance(refused, RefusedTableError):
            raise
        return refused
    return None


def _wrong(link: Link, table: Table, looked: Survey, raw: Mapping[str, str]) -> Iterator[str]:
    """Yield what hinders a table's loading."""
    types, rows = looked.types(table), looked.found[table]
    for name in table.needed:
        if name not in types:
            yield (
                f"The till of {link.till.part} has no column {table.name}.{name}, which loading "
                f"needs: the table is not loaded."
            )
    for name, arrow_type in types.items():
        lands_as = postgres_name(arrow_type)
        if raw.get(name, lands_as) != lands_as:
            yield (
                f"The column {table.name}.{name} of the till of {link.till.part} has changed its "
                f"type: it is {rows.c[name].type} there and would land as {lands_as}, but "
                f"{link.system.raw}.{table.name} has {raw[name]}. The table is not loaded until "
                "both agree."
            )


def _changed(
    link: Link, table: Table, types: Mapping[str, pa.DataType], known: set[str]
) -> Iterator[str]:
    """Yield what has changed since this till's last load, and does not hinder."""
    if not known:
        return
    for name, arrow_type in types.items():
        if name not in known:
            yield f"New column {table.name}.{name} ({postgres_name(arrow_type)}) at " \
                f"{link.till.part}."  # fmt: skip
    for name in sorted(known.difference(types, link.system.own_columns, table.excluded)):
        yield (
            f"The column {table.name}.{name} no longer exists at {link.till.part}: it lands as "
            f"null."
        )
