"""A till's tables compared with the raw layer's, before anything is loaded."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from ingest.loads import packages, raw_tables
from ingest.sources.tills.connect import Link, RefusedTableError, TillError, cannot_read
from ingest.sources.tills.declaration import Table
from ingest.sources.tills.landing import OWN_COLUMNS, landing, postgres_name


@dataclass(frozen=True)
class Survey:
    """What a till offers, compared with what the raw layer has.

    Attributes:
        tables: the tables that can be loaded.
        metadata: the till's tables, reflected.
        problems: one sentence for each table that cannot be loaded.
        notes: one sentence for each change that does not hinder.
        has_landed: whether the raw layer has all the columns that the till has now.
    """

    tables: tuple[Table, ...]
    metadata: sa.MetaData
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    has_landed: bool

    def columns(self, table: Table) -> sa.Table:
        """Return a table with the columns that may leave the till."""
        whole = self.metadata.tables[table.name]
        kept = [column for column in whole.columns if column.name not in table.excluded]
        return sa.Table(table.name, sa.MetaData(), *(column._copy() for column in kept))

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
    metadata = sa.MetaData()
    tables, problems, notes = [], [], []
    has_landed = True
    try:
        with link.till.engine.connect() as connection:
            present = set(sa.inspect(connection).get_table_names())
            for table in link.system.tables:
                if table.name not in present:
                    problems.append(f"The till of {link.branch_id} has no table {table.name}.")
                    continue
                columns = _columns(link, connection, metadata, table)
                in_raw = raw.get(table.name, {})
                wrong = _wrong(link, table, columns, in_raw)
                problems += wrong
                notes += _changed(link, table, columns, known.get(table.name, set()))
                if not wrong:
                    tables.append(table)
                    has_landed = has_landed and in_raw.keys() >= columns.keys()
    except sa.exc.DBAPIError as error:
        raise TillError(cannot_read(error.orig, link.till)) from None
    return Survey(tuple(tables), metadata, tuple(problems), tuple(notes), has_landed)


_Columns = Mapping[str, tuple[sa.Column[Any], pa.DataType]]


def _columns(
    link: Link, connection: sa.Connection, metadata: sa.MetaData, table: Table
) -> _Columns:
    with warnings.catch_warnings():
        # Of types that SQLAlchemy does not know: they land as text.
        warnings.simplefilter("ignore", sa.exc.SAWarning)
        reflected = sa.Table(table.name, metadata, autoload_with=connection, resolve_fks=False)
    return {
        name: (column, landing(column, link.till.dialect)[1])
        for name, column in reflected.columns.items()
        if name not in table.excluded
    }


def _wrong(link: Link, table: Table, columns: _Columns, raw: Mapping[str, str]) -> list[str]:
    """Return what hinders a table's loading."""
    wrong = [
        f"The till of {link.branch_id} has no column {table.name}.{name}, which loading needs: "
        "the table is not loaded."
        for name in table.needed
        if name not in columns
    ]
    for name, (column, arrow_type) in columns.items():
        lands_as = postgres_name(arrow_type)
        if raw.get(name, lands_as) != lands_as:
            wrong.append(
                f"The column {table.name}.{name} of the till of {link.branch_id} has changed its "
                f"type: it is {column.type} there and would land as {lands_as}, but "
                f"{link.system.raw}.{table.name} has {raw[name]}. The table is not loaded until "
                "both agree."
            )
    return wrong


def _changed(link: Link, table: Table, columns: _Columns, known: set[str]) -> list[str]:
    """Return what has changed since this till's last load, and does not hinder."""
    if not known:
        return []
    new = [
        f"New column {table.name}.{name} ({postgres_name(arrow_type)}) at {link.branch_id}."
        for name, (_, arrow_type) in columns.items()
        if name not in known
    ]
    return new + [
        f"The column {table.name}.{name} no longer exists at {link.branch_id}: it lands as null."
        for name in sorted(known.difference(columns, OWN_COLUMNS, table.excluded))
    ]
