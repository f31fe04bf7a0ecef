"""Every section and figure of the report, once: what it shows, and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from report import charts
from report.tiles import Kind

Pick = Literal["period", "grain", "months", "days", "scope", "all"]
"""Which of a query's rows a figure shows.

`period`: those of the chosen branch and period; `grain`: of the chosen step, too; `months`: of the
branch and the year up to the period's end; `days`: of the branch and the period's days; `scope`: of
the branch as of now; `all`: all of them.
"""

SECTIONS = {
    "trading": ("Trading", "What did we sell, when and where?"),
    "menu": ("Menu", "Which products earn their place?"),
    "guests": ("Guests", "Who comes, who returns, and what do they say?"),
    "kitchen": ("Kitchen", "What does food cost, what is wasted, what runs out?"),
    "trust": ("Trust", "Do these figures equal the tills?"),
}
"""The sections, in order: what each is called, and the question that it answers."""

STEPS = {"": "automatic", "day": "by day", "week": "by week", "month": "by month"}
"""The steps in which figures over time can be seen."""

DEFAULT_PERIODS = ("last-28-days", "last-7-days")
"""The period that is shown first, as far as there is one; else the first one of all."""


@dataclass(frozen=True)
class Column:
    """A column of a figure's table: its name in the query, its heading, how it is written."""

    name: str
    label: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Figure:
    """A chart with the table of its data, or a table alone.

    Attributes:
        name: what it is called in code.
        section: where it stands.
        title: what people call it.
        note: one sentence on how to read it.
        query: the file in queries/ that has its rows.
        pick: which of the rows it shows.
        columns: the columns of its table; the rest of the query's stay unseen.
        empty: what is said where there is no row.
        draw: makes its chart; none for a table.
        date: the column of dates that `months` and `days` go by.
        label: the column that names a row in the text alternative.
        value: the column whose highest row stands in the text alternative.
        top: show so many rows only, the first, or with a minus the last.
        wide: whether it takes the whole width.
    """

    name: str
    section: str
    title: str
    note: str
    query: str
    pick: Pick
    columns: tuple[Column, ...]
    empty: str
    draw: Callable[[], Any] | None = None
    date: str = ""
    label: str = ""
    value: str = ""
    top: int = 0
    wide: bool = False


def _month_share(name: str, title: str, label: str, colour: str, note: str, empty: str) -> Figure:
    """Return the figure of a share of money in the kitchen, month by month."""
    column = f"{name}_share"
    return Figure(
        name, "kitchen", title, note, "months", "months", (_MONTH, Column(column, label, "share")),
        empty, partial(charts.share_line, value=column, colour=colour), date="month_start",
        label="month_start", value=column,
    )  # fmt: skip


_MONTH = Column("month_start", "Month", "month")

_PRODUCT = (
    Column("product_name", "Product"),
    Column("size", "Size"),
    Column("units", "Sold", "count"),
    Column("net_revenue", "Net revenue", "money"),
    Column("margin", "Margin", "money"),
    Column("unit_margin", "Unit margin", "money"),
    Column("menu_class", "Class"),
)

_RANK = tuple(column for column in _PRODUCT if column.name != "unit_margin")

FIGURES = (
    Figure(
        "revenue", "trading", "Net revenue over time",
        "Each bar is a day, week or month; the first and the last may be shorter than the others.",
        "revenue", "grain",
        (Column("start_date", "From", "date"), Column("net_revenue", "Net revenue", "money"),
         Column("orders", "Orders", "count")),
        "No day of this period has been loaded for this branch.",
        charts.revenue, label="start_date", value="net_revenue", wide=True,
    ),
    Figure(
        "branches", "trading", "Net revenue by branch",
        "The vertical mark is the branch's net revenue in the previous period.",
        "branches", "period",
        (Column("branch_name", "Branch"), Column("net_revenue", "Net revenue", "money"),
         Column("previous_net_revenue", "Before", "money"), Column("growth", "Change", "change"),
         Column("orders", "Orders", "count"), Column("average_order", "Average order", "money")),
        "No branch has traded in this period.",
        charts.branches, label="branch_name", value="net_revenue",
    ),
    Figure(
        "hours", "trading", "Orders by weekday and hour",
        "Average orders per trading day; hours after midnight belong to the evening before.",
        "hours", "period",
        (Column("weekday", "Day"), Column("local_hour", "Hour", "count"),
         Column("average_orders", "Orders per day", "number"), Column("orders", "Orders", "count")),
        "There were no orders in this period.",
        charts.hours, label="weekday", value="average_orders",
    ),
    Figure(
        "menu_map", "menu", "The menu in four quarters",
        "Right of the dashed line is popular, above it profitable: stars are both, dogs neither, "
        "plough-horses sell well and earn little, puzzles earn well and sell little.",
        "products", "period", _PRODUCT,
        "Nothing with a known cost was sold in this period.",
        charts.menu_map, label="product_name", value="margin", wide=True,
    ),
    Figure(
        "top_products", "menu", "The ten products with the most revenue", "",
        "products", "period", _RANK, "Nothing was sold in this period.", top=10,
    ),
    Figure(
        "bottom_products", "menu", "The ten products with the least revenue", "",
        "products", "period", _RANK, "No more than ten products were sold in this period.", top=-10,
    ),
    Figure(
        "prices", "menu", "Price changes", "",
        "prices", "days",
        (Column("changed_date", "Since", "date"), Column("branch_name", "Branch"),
         Column("product_name", "Product"), Column("size", "Size"),
         Column("previous_price", "Before", "money"), Column("unit_price", "Now", "money"),
         Column("change", "Change", "change")),
        "No price was changed in this period.", date="changed_date", wide=True,
    ),
    Figure(
        "visitors", "guests", "New and known guests by month",
        "The year up to the period's end; each guest counts once a month.",
        "months", "months",
        (_MONTH, Column("new_guests", "New", "count"),
         Column("known_guests", "Known before", "count")),
        "No known guest has visited this branch.",
        charts.visitors, date="month_start", label="month_start", value="known_guests",
    ),
    Figure(
        "cohorts", "guests", "Returning guests by cohort",
        "Of the guests who first came in a month, the share that came in each month since.",
        "cohorts", "months",
        (Column("first_month_start", "First visit", "month"),
         Column("months_since", "Months since", "count"),
         Column("guests", "Guests", "count"), Column("share", "Share", "share")),
        "No known guest has visited this branch.",
        charts.cohorts, date="first_month_start",
    ),
    Figure(
        "complaints", "guests", "Complaints by reason", "",
        "complaints", "period",
        (Column("reason", "Reason"), Column("complaints", "Complaints", "count"),
         Column("first_response", "First response", "minutes")),
        "There were no complaints in this period.",
        charts.complaints, label="reason", value="complaints",
    ),
    Figure(
        "sentiment", "guests", "What social posts say, by month",
        "Posts in English, scored by a lexicon; the year up to the period's end.",
        "months", "months",
        (_MONTH, Column("positive_posts", "Praise", "count"),
         Column("neutral_posts", "Neither", "count"), Column("negative_posts", "Blame", "count")),
        "There are no posts about this branch.",
        charts.sentiment, date="month_start", label="month_start", value="positive_posts",
    ),
    _month_share(
        "food_cost", "Food cost by month", "Food cost", "accent",
        "Share of the net revenue, by recipes and delivery prices, in the year up to its end.",
        "The food cost is not known: this branch has no recipes or no deliveries.",
    ),
    _month_share(
        "waste", "Waste by month", "Waste", "bad",
        "Unexplained loss by the stock counts, as a share of the food cost.",
        "No stock is counted at this branch.",
    ),
    Figure(
        "stock_outs", "kitchen", "What runs out",
        "The ten ingredients that ran out most often: days, over all branches shown.",
        "stock_outs", "period",
        (Column("ingredient_name", "Ingredient"), Column("stock_out_days", "Days", "count"),
         Column("branches", "Branches", "count")),
        "Nothing ran out in this period.",
        charts.stock_outs, label="ingredient_name", value="stock_out_days", top=10,
    ),
    Figure(
        "alerts", "kitchen", "Needs attention",
        "As of each branch's last day, for any selected period.",
        "alerts", "scope",
        (Column("ingredient_name", "Ingredient"), Column("alert", "Alert"),
         Column("branch_name", "Branch"), Column("stock_quantity", "In stock", "number"),
         Column("unit", "Unit"), Column("days_of_cover", "Days of cover", "number")),
        "Nothing needs attention.", top=12,
    ),
    Figure(
        "reconciliation", "trust", "Till and warehouse, day by day",
        "Each day's orders, lines, payments and refunds are compared, in number and money; "
        "the last 90 days.",
        "reconciliation", "days",
        (Column("branch_name", "Branch"), Column("business_date", "Day", "date"),
         Column("order_total_at_till", "At the till", "money"),
         Column("order_total_in_raw", "In the warehouse", "money"),
         Column("order_total_difference", "Difference", "money"), Column("state", "State")),
        "The comparison shows the last 90 days, and none of them is in this period.",
        charts.reconciliation, date="business_date", wide=True,
    ),
    Figure(
        "quarantine", "trust", "Records in quarantine",
        "Records that break a rule are held back until they are corrected; all branches together.",
        "quarantine", "all",
        (Column("source_name", "Source"), Column("table_name", "Table"),
         Column("records", "Records", "count"),
         Column("records_in_quarantine", "Held back", "count"),
         Column("quarantine_share", "Share", "share")),
        "No source has sent anything yet.",
    ),
    Figure(
        "freshness", "trust", "When each source was last loaded", "Times are in UTC.",
        "freshness", "all",
        (Column("source_name", "Source"), Column("feed_name", "What"),
         Column("records", "Records", "count"), Column("last_loaded_at", "Last load", "time")),
        "No source has been loaded yet.",
    ),
)  # fmt: skip
"""All figures, in the order in which they are shown."""
