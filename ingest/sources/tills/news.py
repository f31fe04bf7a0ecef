"""Which of a till's rows are new: those that a table's change column dates after the last load."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from ingest.loads import packages
from ingest.sources.tills.declaration import Table, written
from ingest.sources.tills.dialects.base import MOMENT, WALL
from ingest.sources.tills.landing import TIMES
from ingest.sources.tills.tables import AtTill, Condition, InRaw


def has_news(till: AtTill, raw: InRaw) -> bool:
    """Say whether a load would bring anything: rows, a column or a problem.

    One query, before dlt is asked: it takes most of a second to find that there is nothing to load,
    and most visits find that.

    Args:
        till: the till.
        raw: its raw tables.
    """
    if till.problems or till.notes or not till.has_landed:
        return True
    tables = [table for table in till.tables if table.changed_at]
    if not tables:
        return False
    cursors = packages.cursors(raw.connection, raw.system.raw, raw.schema_name)
    if cursors is None:
        return True
    news = []
    for table in tables:
        rows = till.rows(table, table.name)
        last_value = cursors.get(table.name, {}).get(str(table.changed_at))
        news.append(sa.exists().where(fresh(till, table, rows, last_value)))
    with till.asking(till.system.root), till.till.engine.connect() as connection:
        return bool(connection.execute(sa.select(sa.or_(*news))).scalar())


def fresh(till: AtTill, table: Table, rows: sa.FromClause, last_value: Any) -> Condition:
    """Return the condition by which a load reads rows of a table.

    Args:
        till: the till.
        table: the table.
        rows: the till's rows.
        last_value: how far the last complete load came.
    """
    if not table.changed_at:
        return sa.true()
    cursor, literal = rows.c[table.changed_at], till.dialect.literal
    by_day = is_day(till, table)
    conditions = []
    if (until := present(till, table)) is not None:
        conditions.append(cursor <= literal(until) if by_day else cursor < literal(until))
    if last_value is not None:
        conditions.append(cursor >= literal(last_value) if by_day else cursor > literal(last_value))
    # A row without a cursor that can be read is read every time: it must not be lost.
    lacking: list[Condition] = [cursor.is_(None)] if may_be_null(cursor) else []
    if till.kind(table, str(cursor.key)) in TIMES and not table.changed_format:
        lacking += till.dialect.no_times(cursor)
    return sa.or_(sa.and_(sa.true(), *conditions), *lacking)


def present(till: AtTill, table: Table) -> Any:
    """Return the till's present as a table's change column has it; None for a key that grows."""
    column = str(table.changed_at)
    now = till.clock(table, next(iter(till.till.branches)), column).on_clock(till.now)
    if table.changed_format:
        return written(now if "%" in table.changed_format else till.now, table.changed_format)
    kind = till.types(table)[column]
    if kind in (MOMENT, WALL):
        return now
    return now.date() if kind == pa.date32() else None


def is_day(till: AtTill, table: Table) -> bool:
    """Say whether a table's change column has days."""
    return bool(till.types(table)[str(table.changed_at)] == pa.date32())


def may_be_null(column: Any) -> bool:
    """Say whether a column may hold nulls."""
    return bool(getattr(column, "nullable", True))
