"""Every section, tile and figure: `figures.yml` says what is shown, `charts.yml` how."""

from __future__ import annotations

from typing import Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict

from report.read import FOLDER, Rows
from report.theme import THEMES

Pick = Literal["period", "grain", "months", "days", "scope", "all"]
"""Which of a query's rows a figure shows.

`period`: those of the chosen branch and period; `grain`: of the chosen step, too; `months`: of the
branch and the year up to the period's end; `days`: of the branch and the period's days; `scope`: of
the branch as of now; `all`: all of them.
"""

Kind = Literal[
    "text", "date", "month", "time", "count", "money", "share", "rate", "change", "points",
    "number", "decimal", "stars", "minutes",
]  # fmt: skip
"""What a value is, and so how people write it."""

NUMBERS = set(get_args(Kind)) - {"text", "date", "month", "time"}
"""The kinds that are numbers."""


class _Declared(BaseModel):
    """A part of figures.yml: what is not declared here is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class _Summed(_Declared):
    """A figure that the page can sum over days.

    Attributes:
        of: the column of the query of days whose sum it is, or the two whose quotient it is; none
            if the figures of days do not add up.
        times: what that is multiplied by.
        whole: whether it is unknown where the last of these columns is unknown on any day.
    """

    of: tuple[str, ...] = ()
    times: float = 1
    whole: bool = False


class Tile(_Summed):
    """One figure of the chosen branch and period, beside that of the period before.

    Attributes:
        name: its column in queries/figures.sql.
        section: where it stands.
        label: what people call it.
        kind: how it is written.
        better: whether more of it is good (`up`), bad (`down`) or neither.
        is_signed: whether its scale goes on both sides of 0: no percentage of it means much.
        note: its formula, in words.
        needs: the column that says whether the branch records it; otherwise it always does.
        days: the column that says on how many of the `trading_days` it is; otherwise on all.
    """

    name: str
    section: str
    label: str
    kind: Kind
    better: Literal["up", "down", ""] = ""
    is_signed: bool = False
    note: str
    needs: str = ""
    days: str = ""


class Column(_Summed):
    """A column of a figure's table.

    Attributes:
        name: its name in the query.
        label: its heading.
        kind: how it is written.
        by: the column that its rows are sorted by, if not by itself.
        less: of any days, it is the first of these two columns less the second.
        to: what a click on it chooses: the row's branch, its channel, way of paying or days.
    """

    name: str
    label: str
    kind: Kind = "text"
    by: str = ""
    less: tuple[str, ...] = ()
    to: Literal["branch", "channel", "payment", "days", ""] = ""


class Figure(_Declared):
    """A chart with the table of its data, or a table alone.

    Attributes:
        name: what it is called in code; the chart of that name in charts.yml is drawn.
        section: where it stands.
        title: what people call it.
        note: one sentence on how to read it.
        query: the file in queries/ that has its rows.
        days: the file that has them by day: those of a free range are summed by `label`.
        parts: its rows, where each is the sum of a column of the query of days, by its name.
        pick: which of the rows it shows.
        columns: the columns of its table; the rest of the query's stay unseen.
        empty: what is said where there is no row.
        needs: the column of queries/figures.sql that says whether the branch records it.
        is_of_sales: whether it tells revenue apart: revenue without a row is one not told apart.
        date: the column of dates that `months` and `days` go by.
        until: the column of each row's last date, if it is of several days; `date` has the first.
        label: the column that names a row in the text alternative.
        value: the column whose highest row stands in the text alternative.
        top: show so many rows only, the first, or with a minus the last.
        wide: whether it takes the whole width.
    """

    name: str
    section: str
    title: str
    note: str = ""
    query: str = ""
    days: str = ""
    parts: dict[str, str] = {}
    pick: Pick
    columns: tuple[Column, ...]
    empty: str
    needs: str = ""
    is_of_sales: bool = False
    date: str = ""
    until: str = ""
    label: str = ""
    value: str = ""
    top: int = 0
    wide: bool = False

    @property
    def chart(self) -> dict[str, Any] | None:
        """Its chart in Vega-Lite, still without rows; none for a table."""
        drawn = CHARTS.get(self.name)
        return drawn and {**AROUND, **drawn, "height": "container"}

    @property
    def height(self) -> dict[str, Any]:
        """The least height of its chart: pixels, or pixels for each value of a column."""
        drawn = CHARTS.get(self.name, {})
        if isinstance(height := drawn.get("height", 0), dict):
            return {**height, "column": drawn["encoding"]["y"]["field"]}
        return {"step": height}


class Report(_Declared):
    """The report: sections with their questions, bases of comparison, steps, tiles, figures.

    `records` names, for each `needs`, the column of queries/days.sql that is null where the branch
    does not record it. `optional` names the sections of which a page has none if no branch records
    what they are about.
    """

    sections: dict[str, tuple[str, str]]
    optional: dict[str, str]
    bases: dict[str, str]
    steps: dict[str, str]
    records: dict[str, str]
    default_periods: tuple[str, ...]
    tiles: tuple[Tile, ...]
    figures: tuple[Figure, ...]

    def of(self, days: Rows) -> Report:
        """Return what a chain sees of it.

        Args:
            days: the rows of queries/days.sql.
        """
        left_out = {
            section
            for section, needs in self.optional.items()
            if all(row[self.records[needs]] is None for row in days)
        }
        return self.model_copy(
            update={
                "sections": {
                    name: texts for name, texts in self.sections.items() if name not in left_out
                },
                "tiles": tuple(each for each in self.tiles if each.section not in left_out),
                "figures": tuple(each for each in self.figures if each.section not in left_out),
            }
        )


def _read(name: str) -> Any:
    # libyaml's loader: safe_load takes a quarter of a second in Python
    return yaml.load((FOLDER / name).read_bytes(), yaml.CSafeLoader)


CHARTS: dict[str, dict[str, Any]] = _read("charts.yml")["charts"]
AROUND = {
    "data": {"name": "rows"},
    "width": "container",
    "params": [{"name": "theme", "value": THEMES["light"]}],
}
"""What every chart has: rows that come later, a width, and the colours of the theme."""

PAGE = Report.model_validate(_read("figures.yml"))
