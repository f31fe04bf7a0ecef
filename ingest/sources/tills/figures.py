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

from ingest.loads import raw_tables
from ingest.loads.compare import Comparison, Row
from ingest.loads.source import Window
from ingest.sources.tills.connect import Link
from ingest.sources.tills.days import Clock, within
from ingest.sources.tills.declaration import Figure, Table
from ingest.sources.tills.dialect import KINDS, POSTGRES, Dialect
from ingest.sources.tills.survey import Survey
from ingest.sources.tills.tables import alive, at_till, in_raw

Kinds = Mapping[str, str]
"""How each column is compared that both sides have: a till may have dropped one."""


def land(link: Link, survey: Survey, clock: Clock, window: Window, comparison: Comparison) -> None:
    """Land the figures of both sides for the days of a window.

    Args:
        link: the till and its raw tables.
        survey: what the till has.
        clock: the branch's business dates.
        window: the days.
        comparison: where they land.
    """
    types = raw_tables.columns(link.connection, link.system.raw)
    tables = {
        table: _kinds(survey, table, types.get(table.name, {}))
        for table in link.system.tables
        if table.figures
    }
    with ThreadPoolExecutor(1) as pool:
        # Two servers, so at the same time.
        rows = pool.submit(lambda: list(_of_till(link, tables, clock, window)))
        for table, kinds in tables.items():
            query = _query(link, table, kinds, clock, window, None)
            comparison.land_query("raw", sql.SQL(POSTGRES.compile(query)), _names(table))
        comparison.land("source", rows.result())


def _names(table: Table) -> list[str]:
    return [*(figure.name for figure in table.figures), *([table.hash] if table.hash else [])]


def _of_till(
    link: Link, tables: Mapping[Table, Kinds], clock: Clock, window: Window
) -> Iterator[Row]:
    """Yield the figures as the till's engine works them out."""
    with link.till.engine.connect() as connection:
        for table, kinds in tables.items():
            query = _query(link, table, kinds, clock, window, link.till.dialect)
            for row in connection.execute(query).mappings():
                for name in _names(table):
                    yield row["business_date"], name, Decimal(row[name] or 0)


def _kinds(survey: Survey, table: Table, raw: Mapping[str, str]) -> Kinds:
    at_the_till = (
        survey.metadata.tables[table.name].columns if table.name in (survey.metadata.tables) else ()
    )
    return {
        name: KINDS.get(kind, {}).get(raw[name], "text")
        for name, kind in table.compared.items()
        if name in at_the_till and name in raw
    }


def _query(
    link: Link,
    table: Table,
    kinds: Kinds,
    clock: Clock,
    window: Window,
    till: Dialect | None,
) -> sa.Select[Any]:
    """Return the query of a table's figures per business date; in the raw layer without a till."""
    dialect = till or POSTGRES
    root_table = link.system.root
    named = {*kinds, *(name for figure in table.figures for name in (*figure.where, *figure.sum))}
    if till:
        root = at_till(root_table, root_table.needed, "root")
        rows = at_till(table, {*table.needed, *named}, "listed") if table.parent else root
        if not table.parent:
            rows = root = at_till(table, {*table.needed, *named}, "root")
        conditions: list[sa.ColumnElement[bool]] = []
        joined = rows.c[table.root_key] == root.c[root_table.key]
    else:
        root = in_raw(link, root_table, root_table.needed, "root")
        rows = in_raw(link, table, {*table.needed, *named}, "listed")
        if not table.parent:
            root = rows
        conditions = [alive(root, link)]
        joined = sa.and_(alive(rows, link), rows.c[table.root_key] == root.c[root_table.key])
    moment = root.c[str(root_table.business_time)]
    day = clock.day(moment, window, dialect)
    columns = [_expression(rows, figure, kinds, dialect) for figure in table.figures]
    if table.hash:
        columns.append(_hash(rows, kinds, dialect).label(table.hash))
    query = sa.select(day.label("business_date"), *columns)
    query = query.select_from(root.join(rows, joined) if table.parent else root)
    return query.where(within(moment, clock.stretch(window), dialect), *conditions).group_by(day)


def _expression(
    rows: sa.FromClause, figure: Figure, kinds: Kinds, dialect: Dialect
) -> sa.Label[Any]:
    """Return a figure: rows counted, or the product of columns added up."""
    value: sa.ColumnElement[Any] = sa.literal_column("1")
    if figure.sum:
        factors = [
            dialect.numbers[kinds[name]].format(dialect.compile(rows.c[name]))
            if name in kinds
            else "0"
            for name in figure.sum
        ]
        value = sa.literal_column(" * ".join(f"({factor})" for factor in factors), sa.Numeric())
    if figure.where:
        wanted = sa.and_(*(rows.c[name] == text for name, text in figure.where.items()))
        value = sa.case((wanted, value), else_=sa.literal_column("0"))
    return sa.func.sum(value).label(figure.name)


def _hash(rows: sa.FromClause, kinds: Kinds, dialect: Dialect) -> sa.ColumnElement[Any]:
    texts = [
        f"coalesce({dialect.texts[kind].format(dialect.compile(rows.c[name]))}, '~')"
        for name, kind in kinds.items()
    ]
    row = f"concat_ws('|', {', '.join(texts)})"
    return sa.func.sum(sa.literal_column(dialect.hash.format(row), sa.Numeric()))
