"""The export of a till without a database, compared with the till's own day totals.

Both come as files and land as text, so both sides are in the warehouse, and one statement reads
each in the dialect of its feed (`raw_files._feeds`). A closed day that differs has its files read
once more, even if their size and time are the same; what still differs then stays in
`audit.reconciliation` and fails the audit. A value that cannot be read counts as nothing, and so
shows as a difference.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, timedelta

from psycopg import sql

from ingest.loads import raw_tables
from ingest.loads.branches import branches
from ingest.loads.compare import Comparison
from ingest.loads.source import Compared, Window
from ingest.loads.statements import Statements
from ingest.sources.files.dialect import value
from ingest.sources.files.feed import Feed, Totals
from ingest.sources.files.land import RAW
from ingest.sources.files.visit import FeedVisit

STATEMENTS = Statements(__file__)


@dataclass(frozen=True)
class ExportVisit(FeedVisit):
    """A feed of a till's sales, which its totals are compared with.

    Attributes:
        declared: how sales and totals belong together.
        totals: the visit to the feed of the totals.
    """

    declared: Totals
    totals: FeedVisit

    def compare(self, window: Window) -> Compared:
        """Compare the sales with the totals, read again what differs, and record both.

        Args:
            window: which days; an export compares all it has unless days are named.

        Returns:
            What was compared, with a problem where closed days still differ.
        """
        started = time.monotonic()
        compared = self._compare(window) if self._has_landed(self.feed) else Compared(self.branch)
        return replace(compared, seconds=time.monotonic() - started)

    @property
    def branch(self) -> str:
        """The branch, which every export has."""
        return str(self.feed.branch)

    def _compare(self, window: Window) -> Compared:
        if problem := self._not_comparable():
            return Compared(self.branch, problem=problem)
        today = branches()[self.branch].today
        comparison = Comparison(self.session.connection, "files", self.branch, today, window)
        self._land_figures(comparison)
        differed = comparison.differing()
        loads = [
            visit.read(names)
            for visit, day in ((self, self.declared.date), (self.totals, self.declared.day))
            if differed and (names := self._files_of(visit.feed, day, differed))
        ]
        if differed:
            self._land_figures(comparison)
        still = comparison.differing()
        # a day is read again as a whole: all its figures are what the heal has made of them
        comparison.record(dict.fromkeys(differed, tuple(self.declared.figures)))
        what = f"The totals of {self.branch} (feed {self.totals.name})"
        problem = comparison.problem(what, still)
        return Compared(
            name=self.branch,
            days=comparison.days(),
            healed=tuple(day for day in differed if day not in still),
            differing=still,
            loads=tuple(loads),
            problem=problem and f"{problem} Ask the branch for the files again.",
        )

    def _not_comparable(self) -> str | None:
        """Say why the sales cannot be compared."""
        totals, declared = self.totals.feed, self.declared
        if not self._has_landed(totals):
            return (
                f"The export of {self.branch} (feed {self.name}) has sales, and its totals (feed "
                f"{totals.name}) have not sent a file yet: nothing shows that the sales are "
                f"complete. Look where {totals.files!r} should be."
            )
        landed = raw_tables.columns(self.session.connection, RAW)
        wanted = ((self.feed, declared.sales_columns), (totals, declared.columns))
        for feed, names in wanted:
            there = landed[feed.name]
            if missing := [name for name in names if name not in there]:
                others = [name for name in there if name[0] != "_"]
                return (
                    f"The feed {feed.name} has no column {', '.join(missing)} (it has "
                    f"{', '.join(others)}), by which the export of {self.branch} is compared with "
                    f"its totals: correct totals in {self.feed.section}, or the delimiter in "
                    f"{feed.section}."
                )
        return None

    def _has_landed(self, feed: Feed) -> bool:
        statement = "select exists (select 1 from raw_files._files where feed = %s)"
        return self.session.connection.execute(statement, [feed.name]).fetchone() == (True,)

    def _land_figures(self, comparison: Comparison) -> None:
        """Land the figures of both sides, each worked out from its feed."""
        declared, figures = self.declared, list(self.declared.figures)
        comparison.begin()
        sales = STATEMENTS(
            "sales_figures",
            **_landed(self.feed),
            day=value(declared.date, "date"),
            time=value(declared.time, "time") if declared.time else sql.SQL("null::time"),
            cutover_hour=sql.Literal(branches()[self.branch].cutover_hour),
            receipt=declared.order,
            quantity=value(declared.quantity, "numeric"),
            unit_price=value(declared.unit_price, "numeric"),
        )
        totals = STATEMENTS(
            "totals_figures",
            **_landed(self.totals.feed),
            day=value(declared.day, "date"),
            figures=sql.SQL(", ").join(
                sql.SQL("sum({}) as {}").format(value(column, "numeric"), sql.Identifier(name))
                for name, column in declared.figures.items()
            ),
        )
        comparison.land_query("raw", sales, figures)
        comparison.land_query("source", totals, figures)

    def _files_of(self, feed: Feed, column: str, days: Collection[date]) -> list[str]:
        """Return the files that hold lines of some days, or of the night after them."""
        statement = STATEMENTS("files_of_days", **_landed(feed), day=value(column, "date"))
        wanted = sorted({*days, *(day + timedelta(days=1) for day in days)})
        rows = self.session.connection.execute(statement, {"days": wanted})
        return [name for (name,) in rows]


def _landed(feed: Feed) -> dict[str, sql.Composable]:
    """Return where a feed's rows are, and its name, by which its dialect is found."""
    return {"table": sql.Identifier(RAW, feed.name), "feed": sql.Literal(feed.name)}
