"""The figures of business dates, built from the declaration: the same at the till and in raw.

The two databases do the counting, each with its own `group by`; Python sees one row per day. A hash
over each row's key, version and content goes with the counts and sums, which two edits can leave as
they were. Rows of a table with a parent count on their parent's day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from psycopg import sql

from ingest.loads.compare import Comparison, Row
from ingest.loads.source import Window
from ingest.sources.tills.declaration import Figure, Table
from ingest.sources.tills.dialects import POSTGRES
from ingest.sources.tills.dialects.base import KINDS
from ingest.sources.tills.tables import AtTill, InRaw, Side
from ingest.sources.tills.window import Part

Kinds = Mapping[str, str]
"""How each column is compared that both sides have: a till may have dropped one."""


def land(till: AtTill, part: Part, window: Window, comparison: Comparison) -> None:
    """Land the figures of both sides for some days of a branch.

    Args:
        till: the till.
        part: the branch.
        window: the days.
        comparison: where they land.
    """
    tables = {
        table: shared(till, part.raw, table)
        for table in till.tables
        if table.belongs_to_a_day and all(map(part.raw.has, part.system.path(table)))
    }
    with ThreadPoolExecutor(1) as pool:
        # Two servers, so at the same time.
        rows = pool.submit(lambda: list(_of_till(till, tables, part, window)))
        for table, kinds in tables.items():
            query = _query(part.raw, table, kinds, part, window)
            comparison.land_query("raw", sql.SQL(POSTGRES.compile(query)), _names(table))
        comparison.land("source", rows.result())


def _names(table: Table) -> list[str]:
    return [*(figure.name for figure in table.all_figures), table.hash_name]


def _of_till(
    till: AtTill, tables: Mapping[Table, Kinds], part: Part, window: Window
) -> Iterator[Row]:
    """Yield the figures as the till's engine works them out."""
    with till.till.engine.connect() as connection:
        for table, kinds in tables.items():
            query = _query(till, table, kinds, part, window)
            with till.asking(table):
                found = connection.execute(query).mappings().all()
            for row in found:
                for name in _names(table):
                    yield row["business_date"], name, Decimal(row[name] or 0)


def shared(till: AtTill, raw: InRaw, table: Table, *, with_personal: bool = False) -> Kinds:
    """Return how the columns of a table are compared that both sides have.

    What an erasure changes in the raw layer is no difference to mend.

    Args:
        till: the till.
        raw: its raw tables.
        table: the table.
        with_personal: also the columns that an erasure changes.
    """
    at_till, types = till.found[table].columns, raw.types[table.name]
    names = table.compared or [name for name in types if name in at_till]
    changed = () if with_personal else {*table.erased, *table.emptied}
    return {
        name: KINDS.get(types[name], "text")
        for name in sorted(names)
        if name in at_till and name in types and name not in changed
    }


def hash_of(side: Side, table: Table, rows: sa.FromClause, kinds: Kinds) -> sa.ColumnElement[Any]:
    """Return a hash over some columns of all rows, which needs no order of them."""
    values = [(side.value(table, rows.c[name]), kind) for name, kind in kinds.items()]
    return side.dialect.total(side.dialect.digest(side.dialect.row_text(values)))


def _query(side: Side, table: Table, kinds: Kinds, part: Part, window: Window) -> sa.Select[Any]:
    """Return the query of a table's figures per business date of a branch."""
    joined, found = side.with_parents(table)
    rows, root, root_table = found[0], found[-1], side.system.root_of(table)
    moment = root.c[str(root_table.business_time)]
    day = part.raw.clock(root_table, part.branch).day(moment, window, side.dialect)
    columns = [_expression(side, table, rows, figure, kinds) for figure in table.all_figures]
    columns.append(hash_of(side, table, rows, kinds).label(table.hash_name))
    query = sa.select(day.label("business_date"), *columns).select_from(joined)
    return query.where(
        part.within(side, root_table, root, window), *map(side.alive, found)
    ).group_by(day)


def _expression(
    side: Side, table: Table, rows: sa.FromClause, figure: Figure, kinds: Kinds
) -> sa.Label[Any]:
    """Return a figure: rows counted, or the product of columns added up."""
    value: sa.ColumnElement[Any] = sa.literal_column("1")
    for number, name in enumerate(figure.sum):
        factor: sa.ColumnElement[Any] = sa.literal_column("0")
        if name in rows.c and (kind := kinds.get(name)):
            factor = side.dialect.number(side.value(table, rows.c[name]), kind)
        value = value * factor if number else factor
    if figure.where:
        wanted = sa.and_(*(rows.c[name] == text for name, text in figure.where.items()))
        value = sa.case((wanted, value), else_=sa.literal_column("0"))
    return side.dialect.total(value).label(figure.name)
