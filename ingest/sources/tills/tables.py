"""A declared table as SQLAlchemy selects from it: at the till, and in the raw layer."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from ingest.sources.tills.connect import Link
from ingest.sources.tills.declaration import Table
from ingest.sources.tills.landing import OWN_COLUMNS


def at_till(table: Table, columns: Iterable[str], alias: str) -> sa.FromClause:
    """Return a table of the till, under another name.

    Args:
        table: the declared table.
        columns: those that are asked for.
        alias: the name.
    """
    return sa.table(table.name, *(sa.column(name) for name in sorted({*columns}))).alias(alias)


def in_raw(link: Link, table: Table, columns: Iterable[str], alias: str) -> sa.FromClause:
    """Return a raw table, under another name.

    Args:
        link: the till and its raw tables.
        table: the declared table.
        columns: those that are asked for, beside those of the raw layer itself.
        alias: the name.
    """
    names = sorted({*columns, *OWN_COLUMNS})
    found = sa.table(table.name, *(sa.column(name) for name in names), schema=link.system.raw)
    return found.alias(alias)


def alive(rows: sa.FromClause, link: Link) -> sa.ColumnElement[bool]:
    """Return the condition that raw rows are of the till and not deleted."""
    return sa.and_(rows.c.branch_id == link.branch_id, rows.c._deleted_at.is_(None))
