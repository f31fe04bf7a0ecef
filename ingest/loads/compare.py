"""Day figures: source and raw layer compared per business date.

Both sides land as rows of one temporary table, the source's and the raw layer's, and SQL compares
them. What the figures are, and how each side works them out, is the source's matter: a till counts
its own rows, an export brings totals of its own.

A day that still trades at its branch is compared and recorded, and healed once it has closed:
what comes in between the load and the comparison is no difference to mend.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from psycopg import sql

from ingest.loads.source import Connection, Days, Window
from ingest.loads.statements import Statements

STATEMENTS = Statements(__file__)

Side = Literal["source", "raw"]
Row = tuple[date, str, Decimal]
"""A business date, a figure's name and its value."""


@dataclass(frozen=True)
class Comparison:
    """The figures of one branch's days on both sides, in the session's temporary table.

    Attributes:
        connection: the session's connection.
        source: the source, as audit.reconciliation names it.
        branch_id: the branch.
        today: the branch's present business date.
        window: the days that are compared; the others are left as they were recorded.
    """

    connection: Connection
    source: str
    branch_id: str
    today: date
    window: Window = field(default_factory=Window)

    def begin(self) -> None:
        """Make the temporary table, or empty it of the comparison before."""
        self.connection.execute(STATEMENTS("begin_comparison"))

    def forget(self, window: Window) -> None:
        """Take days out, to be landed again after a heal."""
        self.connection.execute(
            "delete from day_figures where business_date between %s and %s",
            [window.first or date.min, window.last or date.max],
        )

    def land(self, side: Side, rows: Iterable[Row]) -> None:
        """Land one side's figures, as they were worked out elsewhere.

        Args:
            side: whose figures they are.
            rows: the figures.
        """
        with self.connection.cursor() as cursor, cursor.copy("copy day_figures from stdin") as copy:
            for row in rows:
                copy.write_row((side, *row))

    def land_query(self, side: Side, query: sql.Composable, figures: Sequence[str]) -> None:
        """Land one side's figures of the window's days, worked out by the warehouse.

        Args:
            side: whose figures they are.
            query: its columns are `business_date` and the figures; null is zero.
            figures: the figures' names.
        """
        pairs = sql.SQL(", ").join(
            sql.SQL("({}, found.{})").format(sql.Literal(name), sql.Identifier(name))
            for name in figures
        )
        self.connection.execute(
            STATEMENTS(
                "land_figures",
                side=sql.Literal(side),
                query=query,
                pairs=pairs,
                first=sql.Literal(self.window.first or date.min),
                last=sql.Literal(self.window.last or date.max),
            )
        )

    def differing(self) -> Days:
        """Return the closed days that differ, the oldest first, with the figures that do."""
        rows = self.connection.execute(
            STATEMENTS("differing_days"), {"today": self.today, "tomorrow": self._tomorrow}
        )
        return {day: tuple(figures) for day, figures in rows}

    def days(self) -> int:
        """Return how many business dates were compared."""
        row = self.connection.execute(
            "select count(distinct business_date) from day_figures"
        ).fetchone()
        return int(row[0]) if row else 0

    def record(self, differed: Days) -> None:
        """Write both sides into audit.reconciliation.

        A day that was recorded before and has figures on neither side now becomes zero.

        Args:
            differed: the days that differed before they were healed, with the figures that did.
        """
        found = [(day, figure) for day, figures in differed.items() for figure in figures]
        self.connection.execute(
            STATEMENTS("record_comparison"),
            {
                "source": self.source,
                "branch": self.branch_id,
                "today": self.today,
                "tomorrow": self._tomorrow,
                "first": self.window.first or date.min,
                "last": self.window.last or date.max,
                "differed_on": [day for day, _ in found],
                "differed_in": [figure for _, figure in found],
            },
        )

    def problem(self, what: str, differing: Days) -> str | None:
        """Return one sentence on the days that still differ, if any.

        Args:
            what: what was compared with the warehouse, as a sentence begins with it.
            differing: the days, with the figures that differ.
        """
        if not differing:
            return None
        day, figures = next(iter(differing.items()))
        return (
            f"{what} and the warehouse still differ on {len(differing)} day(s), first on {day} "
            f"({', '.join(figures)}): see audit.reconciliation where source = '{self.source}' and "
            f"branch_id = '{self.branch_id}' and difference <> 0."
        )

    @property
    def _tomorrow(self) -> date:
        # only a wrong clock knows days after tomorrow: those are compared like closed ones
        return self.today + timedelta(days=1)
