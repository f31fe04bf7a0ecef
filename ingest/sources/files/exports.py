"""The export of a till without a database, compared with the till's own day totals.

Both come as files and land as text, so both sides are in the warehouse, and one statement reads
each in the dialect of its feed (`raw_files._feeds`). A closed day that differs has its files read
once more, even if their size and time are the same; what still differs then stays in
`audit.reconciliation` and fails the audit. A value that cannot be read counts as nothing, and so
shows as a difference.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from psycopg import sql

from ingest.loads import raw_tables
from ingest.loads.branches import Branch, branches
from ingest.loads.compare import Comparison
from ingest.loads.source import Compared, Connection, LoadResult, Window
from ingest.loads.statements import Statements
from ingest.sources.files import dialect
from ingest.sources.files.feed import FIGURES, Feed, Totals

RAW = "raw_files"
STATEMENTS = Statements(__file__)

Heal = Callable[[str, Sequence[str]], LoadResult]
"""Reads files of a feed again, by the feed's name and theirs."""


@dataclass(frozen=True)
class Export:
    """A till's export: its sales, its totals, and how the two belong together."""

    sales: Feed
    totals: Feed
    declared: Totals
    branch: Branch

    @property
    def figures(self) -> tuple[str, ...]:
        """The figures that the totals have."""
        return tuple(name for name in FIGURES if name in self.declared.figures)


def exports(feeds: Sequence[Feed]) -> list[Export]:
    """Return the exports that have totals.

    Args:
        feeds: all feeds, checked.
    """
    known = {feed.name: feed for feed in feeds}
    return [
        Export(feed, known[feed.totals.feed], feed.totals, branches()[feed.branch])
        for feed in feeds
        if feed.totals and feed.branch
    ]


def compare(connection: Connection, export: Export, window: Window, heal: Heal) -> Compared:
    """Compare an export with its day totals, read again what differs, and record both.

    Args:
        connection: the session's connection.
        export: the export, whose feeds were loaded.
        window: which days; an export compares all it has unless days are named.
        heal: reads files of a feed again.

    Returns:
        What was compared, with a problem where closed days still differ.
    """
    started = time.monotonic()
    name = export.branch.branch_id
    problem = _not_comparable(connection, export)
    if problem is not None:
        seconds = time.monotonic() - started
        return Compared(name, seconds=seconds, problem=problem or None)
    comparison = Comparison(connection, "files", name, export.branch.today, window)
    _land_figures(connection, export, comparison)
    differed = comparison.differing()
    loads = []
    if differed:
        for feed in (export.sales, export.totals):
            names = _files_of(connection, export, feed, differed)
            if names:
                loads.append(heal(feed.name, names))
        _land_figures(connection, export, comparison)
    still = comparison.differing()
    days = comparison.days()
    # a day is read again as a whole: all its figures are what the heal has made of them
    comparison.record(dict.fromkeys(differed, export.figures))
    if still:
        problem = (
            f"The export of {name} (feed {export.sales.name}) and its totals (feed "
            f"{export.totals.name}) differ on {len(still)} day(s), first on {min(still)}: see "
            "audit.reconciliation where source = 'files' and difference <> 0, and ask the branch "
            "for the files again."
        )
    return Compared(
        name=name,
        days=days,
        healed=tuple(day for day in differed if day not in still),
        differing=still,
        loads=tuple(loads),
        seconds=time.monotonic() - started,
        problem=problem,
    )


def _not_comparable(connection: Connection, export: Export) -> str | None:
    """Say why there is nothing to compare: an empty text where there are no sales either."""
    if not _has_landed(connection, export.sales):
        return ""
    if not _has_landed(connection, export.totals):
        return (
            f"The export of {export.branch.branch_id} (feed {export.sales.name}) has sales, and "
            f"its totals (feed {export.totals.name}) have not sent a file yet: nothing shows that "
            f"the sales are complete. Look where {export.totals.files!r} should be."
        )
    declared = export.declared
    sales = (declared.date, declared.time, declared.order, declared.quantity, declared.unit_price)
    landed = raw_tables.columns(connection, RAW)
    for feed, wanted in ((export.sales, sales), (export.totals, declared.columns)):
        columns = landed[feed.name]
        if missing := [name for name in wanted if name and name not in columns]:
            own = [name for name in columns if name[0] != "_"]
            return (
                f"The feed {feed.name} has no column {', '.join(missing)} (it has "
                f"{', '.join(own)}), by which the export of {export.branch.branch_id} is compared "
                f"with its totals: correct totals in {export.sales.section}, or the delimiter "
                f"in {feed.section}."
            )
    return None


def _has_landed(connection: Connection, feed: Feed) -> bool:
    row = connection.execute(
        "select exists (select 1 from raw_files._files where feed = %s)", [feed.name]
    ).fetchone()
    return bool(row and row[0])


def _land_figures(connection: Connection, export: Export, comparison: Comparison) -> None:
    """Land the figures of both sides, each worked out from its feed."""
    declared, figures = export.declared, export.figures
    comparison.begin()
    sales = STATEMENTS(
        "sales_figures",
        table=sql.Identifier(RAW, export.sales.name),
        feed=sql.Literal(export.sales.name),
        day=dialect.day(declared.date),
        time=dialect.time_of_day(declared.time) if declared.time else sql.SQL("null::time"),
        cutover_hour=sql.Literal(export.branch.cutover_hour),
        receipt=declared.order,
        quantity=dialect.number(declared.quantity),
        unit_price=dialect.number(declared.unit_price),
    )
    totals = STATEMENTS(
        "totals_figures",
        table=sql.Identifier(RAW, export.totals.name),
        feed=sql.Literal(export.totals.name),
        day=dialect.day(declared.day),
        figures=sql.SQL(", ").join(
            sql.SQL("sum({}) as {}").format(dialect.number(column), sql.Identifier(name))
            for name, column in declared.figures.items()
        ),
    )
    comparison.land_query("raw", sales, figures)
    comparison.land_query("source", totals, figures)
    window = comparison.window
    if window.first or window.last:
        connection.execute(
            "delete from day_figures where business_date not between %s and %s",
            [window.first or date.min, window.last or date.max],
        )


def _files_of(
    connection: Connection, export: Export, feed: Feed, days: Collection[date]
) -> list[str]:
    """Return the files that hold lines of some days, or of the night after them."""
    wanted = sorted({*days, *(day + timedelta(days=1) for day in days)})
    statement = STATEMENTS(
        "files_of_days",
        table=sql.Identifier(RAW, feed.name),
        feed=sql.Literal(feed.name),
        day=dialect.day(export.declared.day if feed is export.totals else export.declared.date),
    )
    return [name for (name,) in connection.execute(statement, {"days": wanted})]
