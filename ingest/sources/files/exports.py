"""Compare the export of a till without a database with the till's own day totals.

Both come as files and land as text, so both sides of the comparison are in the warehouse: they are
read with the dialect of their feeds (`raw_files._feeds`). A closed day that differs has its files
read once more, whatever their size and time say; what still differs then stays in
`audit.reconciliation` and fails the audit. A value that cannot be read counts as nothing, and so
shows as a difference.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from psycopg import sql

from ingest.loads.branches import Branch
from ingest.loads.branches import branches as seed
from ingest.loads.compare import Comparison
from ingest.loads.raw_tables import exists
from ingest.loads.source import Compared, Connection, LoadResult, Session, Window
from ingest.loads.statements import Statements
from ingest.sources.files.feed import Feed, Totals
from ingest.sources.files.tables import RAW

STATEMENTS = Statements(__file__)

# What a figure is in the sales: a line with a negative quantity is a refund.
FIGURES: Mapping[str, str] = {
    "orders": "count(distinct receipt) filter (where quantity >= 0)",
    "lines": "count(*)",
    "order_total": "sum(quantity * unit_price) filter (where quantity >= 0)",
    "refund_total": "- sum(quantity * unit_price) filter (where quantity < 0)",
}

Readings = Mapping[str, Callable[[Sequence[str]], LoadResult]]
"""By feed, what reads files of it again, given their names."""


@dataclass(frozen=True)
class Export:
    """A till's export: its sales, its totals, and how the two belong together."""

    sales: Feed
    totals: Feed
    declared: Totals
    branch: Branch


def exports(feeds: Sequence[Feed]) -> list[Export]:
    """Return the exports that have totals.

    Args:
        feeds: all feeds, checked.
    """
    known = {feed.name: feed for feed in feeds}
    return [
        Export(feed, known[feed.totals.feed], feed.totals, seed()[feed.branch])
        for feed in feeds
        if feed.totals and feed.branch
    ]


def compare(session: Session, export: Export, reading: Readings, started: float) -> Compared:
    """Compare a till's export with its day totals, read again what differs, and record it.

    Args:
        session: the warehouse.
        export: the export, whose feeds were loaded.
        reading: what reads files of a feed again.
        started: when the comparison began, by the monotonic clock, in seconds.

    Returns:
        What was compared, healed, and still differs.
    """
    connection, sales = session.connection, export.sales
    compared = Compared(export.branch.branch_id)
    if not exists(connection, f"{RAW}.{sales.name}"):
        return compared
    if not exists(connection, f"{RAW}.{export.totals.name}"):
        return replace(compared, problem=_without_totals(connection, export))
    if problem := _missing_columns(connection, export):
        return replace(compared, problem=problem)
    comparison = Comparison(
        connection, "files", export.branch.branch_id, export.branch.today, Window()
    )
    _land(comparison, export)
    differing = comparison.differing()
    loads = []
    for feed in (sales, export.totals) if differing else ():
        if names := _files_of(connection, export, feed, differing):
            loads.append(reading[feed.name](names))
    if loads:
        _land(comparison, export)
    still = comparison.differing()
    comparison.record(differing)
    what = (
        f"The export of {export.branch.branch_id} (feed {sales.name}, totals in the feed "
        f"{export.totals.name})"
    )
    return replace(
        compared,
        days=comparison.days(),
        healed=tuple(day for day in differing if day not in still),
        differing=still,
        loads=tuple(loads),
        seconds=time.monotonic() - started,
        problem=comparison.problem(what, still),
    )


def _missing_columns(connection: Connection, export: Export) -> str | None:
    """Say which columns the totals are declared by, and which the files do not have."""
    declared = export.declared
    wanted: list[tuple[Feed, list[str | None]]] = [
        (
            export.sales,
            [declared.date, declared.time, declared.order, declared.quantity, declared.unit_price],
        ),
        (export.totals, list(declared.columns)),
    ]
    for feed, names in wanted:
        table = sql.Identifier(RAW, feed.name)
        cursor = connection.execute(sql.SQL("select * from {} limit 0").format(table))
        landed = [column.name for column in cursor.description or ()]
        if missing := [name for name in names if name and name not in landed]:
            own = [name for name in landed if name[0] != "_"]
            return (
                f"The feed {feed.name} has no column {', '.join(missing)} (it has "
                f"{', '.join(own)}), by which the export of {export.branch.branch_id} is held "
                f"against its totals: correct totals in {export.sales.section}, or the delimiter "
                f"in {feed.section}."
            )
    return None


def _without_totals(connection: Connection, export: Export) -> str | None:
    """Say that sales have nothing to be compared with: such sales are not proven."""
    sales = sql.SQL("select 1 from {} limit 1").format(sql.Identifier(RAW, export.sales.name))
    if connection.execute(sales).fetchone() is None:
        return None
    return (
        f"The export of {export.branch.branch_id} (feed {export.sales.name}) has sales, and its "
        f"totals (feed {export.totals.name}) have not sent a file yet: nothing shows that the "
        f"sales are whole. Look where {export.totals.files!r} should lie."
    )


def _land(comparison: Comparison, export: Export) -> None:
    """Land the figures of both sides, in the place of those before."""
    declared, sales, totals = export.declared, export.sales, export.totals
    figures = [name for name in FIGURES if name in declared.figures]
    comparison.begin()
    in_sales = STATEMENTS(
        "sales_figures",
        feed=sql.Literal(sales.name),
        sales_table=sql.Identifier(RAW, sales.name),
        sales_date=_read("date", declared.date),
        sales_time=_read("time", declared.time) if declared.time else sql.SQL("null::time"),
        cutover_hour=sql.Literal(export.branch.cutover_hour),
        receipt=declared.order,
        quantity=_read("number", declared.quantity),
        unit_price=_read("number", declared.unit_price),
        figures=_selected((name, sql.SQL(FIGURES[name])) for name in figures),
    )
    in_totals = STATEMENTS(
        "totals_figures",
        feed=sql.Literal(totals.name),
        totals_table=sql.Identifier(RAW, totals.name),
        totals_date=_read("date", declared.day),
        figures=_selected(
            (name, sql.SQL("sum({})").format(_read("number", declared.figures[name])))
            for name in figures
        ),
    )
    comparison.land_query("raw", in_sales, figures)
    comparison.land_query("source", in_totals, figures)


def _selected(figures: Iterable[tuple[str, sql.Composable]]) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("{} as {}").format(figure, sql.Identifier(name)) for name, figure in figures
    )


def _read(kind: str, column: str) -> sql.Composed:
    """Return the SQL that reads a column by its feed's dialect."""
    return STATEMENTS(f"read_{kind}", column=column)


def _files_of(
    connection: Connection, export: Export, feed: Feed, days: Iterable[date]
) -> list[str]:
    """Return the files that hold lines of some days, or of the night after them."""
    wanted = {day for one in days for day in (one, one + timedelta(days=1))}
    declared = export.declared
    statement = STATEMENTS(
        "files_of_days",
        landed_table=sql.Identifier(RAW, feed.name),
        feed=sql.Literal(feed.name),
        day=_read("date", declared.day if feed is export.totals else declared.date),
    )
    return [name for (name,) in connection.execute(statement, {"days": sorted(wanted)})]
