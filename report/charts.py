"""Every tile and every figure of the report, once: what it shows, and how it is drawn.

A figure's `draw` takes rows (a data frame, a list, or the name of data that come later) and gives
an Altair chart. Colours are expressions on the parameter `theme`, so that a chart can be shown in
light and dark without being made again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import altair as alt

Kind = Literal[
    "text", "date", "month", "time", "count", "money", "share", "change", "number", "minutes"
]
"""What a value is, and so how people write it."""

NUMBERS = {"money", "count", "number", "share", "change", "minutes"}
"""The kinds that are numbers."""

Pick = Literal["period", "grain", "months", "days", "scope", "all"]
"""Which of a query's rows a figure shows.

`period`: those of the chosen branch and period; `grain`: of the chosen step, too; `months`: of the
branch and the year up to the period's end; `days`: of the branch and the period's days; `scope`: of
the branch as of now; `all`: all of them.
"""

SECTIONS = {
    "trading": ("Trading", "What did we sell, when and where?"),
    "menu": ("Menu", "Which products earn their place?"),
    "guests": ("Guests", "Who comes, who comes back, and what do they say?"),
    "kitchen": ("Kitchen", "What does it cost, what is thrown away, what runs out?"),
    "trust": ("Trust", "Do these figures equal the tills?"),
}
"""The sections, in order: what each is called, and the question that it answers."""

THEMES = {
    "light": {
        "page": "#faf7f4", "card": "#ffffff", "text": "#241f1c", "soft": "#635a54",
        "line": "#e3dad3", "accent": "#b4350f", "second": "#1d5f8a", "muted": "#8a817c",
        "good": "#1b7a43", "bad": "#b3261e", "low": "#fbeee6", "high": "#7d2508",
    },
    "dark": {
        "page": "#171412", "card": "#211d1a", "text": "#f3ece7", "soft": "#bcb0a8",
        "line": "#3d3631", "accent": "#ff8a5c", "second": "#6cb6e8", "muted": "#9c928b",
        "good": "#5fcf8e", "bad": "#ff8f86", "low": "#33251e", "high": "#ffb08c",
    },
}  # fmt: skip
"""The colours of both themes, of pages and charts."""

DAY, MONTH = "%a %-d %b %Y", "%b %Y"
"""How a chart writes a day and a month."""

STEPS = {"": "automatic", "day": "by day", "week": "by week", "month": "by month"}
"""The steps in which figures over time can be seen."""

DEFAULT_PERIODS = ("last-28-days", "last-7-days")
"""The period that is shown first, as far as there is one; else the first one of all."""


@dataclass(frozen=True)
class Tile:
    """One figure of the chosen branch and period, beside that of the period before.

    Attributes:
        name: its column in queries/figures.sql.
        section: where it stands.
        label: what people call it.
        kind: how it is written.
        better: whether more of it is good (`up`), bad (`down`) or neither.
        note: its formula, in words.
    """

    name: str
    section: str
    label: str
    kind: Kind
    better: Literal["up", "down", ""]
    note: str


TILES = (
    Tile(
        "net_revenue",
        "trading",
        "Net revenue",
        "money",
        "up",
        "after discounts and refunds, without tax",
    ),
    Tile("orders", "trading", "Orders", "count", "up", "that were not cancelled"),
    Tile(
        "average_order",
        "trading",
        "Average order",
        "money",
        "up",
        "revenue before refunds, per order",
    ),
    Tile("refund_share", "trading", "Refunds", "share", "down", "of the revenue before refunds"),
    Tile("discount_share", "trading", "Discounts", "share", "", "of the gross revenue"),
    Tile("units", "menu", "Items sold", "count", "up", "such as pizzas"),
    Tile(
        "units_per_order",
        "menu",
        "Items per order",
        "number",
        "up",
        "of orders that were not cancelled",
    ),
    Tile(
        "unit_revenue", "menu", "Revenue per item", "money", "up", "after discounts, before refunds"
    ),
    Tile(
        "new_guests", "guests", "New guests", "count", "up", "known customers on their first visit"
    ),
    Tile(
        "returning_guests", "guests", "Returning guests", "count", "up", "who came again, each once"
    ),
    Tile(
        "returning_share",
        "guests",
        "Came again",
        "share",
        "up",
        "of all known guests of the period",
    ),
    Tile(
        "complaints", "guests", "Complaints", "count", "down", "tickets about orders of the period"
    ),
    Tile(
        "complaint_rate",
        "guests",
        "Complaint rate",
        "number",
        "down",
        "complaints per 1,000 orders",
    ),
    Tile(
        "first_response",
        "guests",
        "First response",
        "minutes",
        "down",
        "on average, of all tickets",
    ),
    Tile(
        "positive_share",
        "guests",
        "Posts that praise",
        "share",
        "up",
        "of those whose sentiment is known",
    ),
    Tile(
        "food_cost_share",
        "kitchen",
        "Food cost",
        "share",
        "down",
        "of the net revenue, by recipe and delivery price",
    ),
    Tile(
        "waste_share",
        "kitchen",
        "Waste",
        "share",
        "down",
        "of the food cost: gone without an explanation",
    ),
    Tile("waste", "kitchen", "Waste in money", "money", "down", "by the stock counts"),
    Tile(
        "stock_out_share", "kitchen", "Stock-outs", "share", "down", "of all ingredients and days"
    ),
)
"""All tiles, in the order in which they are shown."""


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
    draw: Callable[[Any], Any] | None = None
    date: str = ""
    label: str = ""
    value: str = ""
    top: int = 0
    wide: bool = False


def theme(name: str) -> Any:
    """Return an expression for a colour of the theme."""
    return alt.ExprRef(expr=f"theme.{name}")


def revenue(rows: Any) -> Any:
    """Draw the net revenue of each day, week or month as a bar as wide as its time."""
    return _chart(rows, height=240).transform_calculate(
        start_text=_in_utc("start_date", DAY)
    ).mark_bar(color=theme("accent"), x2Offset=-0.5).encode(
        x=alt.X("start_date:T", scale=alt.Scale(type="utc"), title=None, axis=_days()),
        x2="end_date:T",
        y=alt.Y("net_revenue:Q", title=None, axis=_money()),
        y2=alt.Y2Datum(0),
        tooltip=[
            alt.Tooltip("start_text:N", title="from"),
            alt.Tooltip("net_revenue:Q", title="net revenue", format="$,.2f"),
            alt.Tooltip("orders:Q", format=","),
        ],
    )  # fmt: skip


def branches(rows: Any) -> Any:
    """Draw the net revenue of each branch as a bar, with a mark where it was before."""
    base = _chart(rows, height=alt.Step(48)).encode(
        y=alt.Y("branch_name:N", sort=None, title=None),
        tooltip=[
            alt.Tooltip("branch_name:N", title="branch"),
            alt.Tooltip("net_revenue:Q", title="net revenue", format="$,.2f"),
            alt.Tooltip("previous_net_revenue:Q", title="before", format="$,.2f"),
        ],
    )
    bars = base.mark_bar(color=theme("accent"), height=22).encode(
        x=alt.X("net_revenue:Q", title=None, axis=_money())
    )
    before = (
        base.transform_filter("datum.previous_net_revenue !== null")
        .mark_tick(color=theme("text"), thickness=3, height=30)
        .encode(x="previous_net_revenue:Q")
    )
    return bars + before


def hours(rows: Any) -> Any:
    """Draw the average orders of each weekday and hour as a heat map."""
    return _chart(rows, height=alt.Step(30)).mark_rect().encode(
        x=alt.X(
            "local_hour:O",
            sort=alt.EncodingSortField("hours_after_cutover", op="min"),
            title="Hour of the clock",
            axis=alt.Axis(labelAngle=0, labelOverlap=True),
        ),
        y=alt.Y("weekday:N", sort=list(WEEKDAYS), title=None),
        color=_heat("average_orders:Q", "Orders per day", ".1~f"),
        tooltip=[
            alt.Tooltip("weekday:N", title="day"),
            alt.Tooltip("local_hour:O", title="hour"),
            alt.Tooltip("average_orders:Q", title="orders per day", format=",.2f"),
            alt.Tooltip("orders:Q", title="orders in all", format=","),
        ],
    ).transform_calculate(weekday=f"{list(WEEKDAYS)}[datum.iso_day_of_week - 1]")  # fmt: skip


WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

MENU_CLASSES = {
    "star": ("circle", "accent"),
    "plough-horse": ("square", "second"),
    "puzzle": ("diamond", "good"),
    "dog": ("cross", "muted"),
}
"""Shape and colour of each class of the menu: neither is needed to tell them apart."""


def menu_map(rows: Any) -> Any:
    """Draw each product by what was sold of it and what one earns, in four quarters."""
    names = list(MENU_CLASSES)
    costed = _chart(rows, height=340).transform_filter("datum.margin !== null")
    points = costed.mark_point(filled=True, size=64, opacity=0.85).encode(
        x=alt.X("units:Q", title="Items sold", axis=_counts()),
        y=alt.Y(
            "unit_margin:Q", title="Margin of one", axis=alt.Axis(format="$.0f", tickCount=6),
            scale=alt.Scale(zero=False),
        ),
        color=alt.Color("menu_class:N", title=None, legend=_legend(), scale=alt.Scale(
            domain=names, range=[theme(colour) for _, colour in MENU_CLASSES.values()],
        )),
        shape=alt.Shape("menu_class:N", title=None, legend=_legend(), scale=alt.Scale(
            domain=names, range=[shape for shape, _ in MENU_CLASSES.values()],
        )),
        tooltip=[
            alt.Tooltip("product_name:N", title="product"),
            alt.Tooltip("size:N"),
            alt.Tooltip("menu_class:N", title="class"),
            alt.Tooltip("units:Q", title="sold", format=","),
            alt.Tooltip("unit_margin:Q", title="margin of one", format="$,.2f"),
        ],
    )  # fmt: skip
    line = {"color": theme("muted"), "strokeDash": [5, 4]}
    # popular is 70 % of an equal share of all items, as in queries/products.sql
    popular = (
        _chart(rows)
        .transform_aggregate(units="mean(units)")
        .transform_calculate(popular="0.7 * datum.units")
        .mark_rule(**line)
        .encode(x="popular:Q")
    )
    profitable = (
        costed.transform_aggregate(margin="sum(margin)", units="sum(units)")
        .transform_calculate(profitable="datum.margin / datum.units")
        .mark_rule(**line)
        .encode(y="profitable:Q")
    )
    return popular + profitable + points


def visitors(rows: Any) -> Any:
    """Draw the guests of each month as stacked bars: new ones, and those known before it."""
    return _stack(
        rows, {"new_guests": ("New", "accent"), "known_guests": ("Known before", "second")}
    )


def sentiment(rows: Any) -> Any:
    """Draw how many posts of each month praise, how many do neither, how many blame."""
    parts = {
        "positive_posts": ("Praise", "good"),
        "neutral_posts": ("Neither", "muted"),
        "negative_posts": ("Blame", "bad"),
    }
    return _stack(rows, parts)


def cohorts(rows: Any) -> Any:
    """Draw which share of the guests of a first month came again in each month since."""
    later = _chart(rows, height=alt.Step(26)).transform_filter(
        "datum.months_since > 0"
    ).transform_calculate(month_text=_in_utc("first_month_start", MONTH)).encode(
        x=alt.X(
            "months_since:O", title="Months since the first visit", axis=alt.Axis(labelAngle=0)
        ),
        y=alt.Y(
            "yearmonth(first_month_start):O", title=None, timeUnit="utcyearmonth",
            axis=alt.Axis(format=MONTH),
        ),
        tooltip=[
            alt.Tooltip("month_text:N", title="first visit"),
            alt.Tooltip("months_since:O", title="months since"),
            alt.Tooltip("guests:Q", format=","),
            alt.Tooltip("share:Q", format=".1%"),
        ],
    )  # fmt: skip
    return later.mark_rect().encode(color=_heat("share:Q", "Came again", ".0%"))


def complaints(rows: Any) -> Any:
    """Draw the complaints of each reason as bars."""
    return _bars(rows, "reason", "complaints", "second")


def stock_outs(rows: Any) -> Any:
    """Draw the ten ingredients that ran out on the most days."""
    return _bars(rows, "ingredient_name", "stock_out_days", "second")


STATES = {"equal": "good", "equal after mending": "second", "still open": "muted", "differs": "bad"}
"""What a comparison of till and warehouse comes to, and the colour of it."""


def reconciliation(rows: Any) -> Any:
    """Draw for each branch and day whether till and warehouse are equal."""
    day = 24 * 60 * 60 * 1000
    return _chart(rows, height=alt.Step(30)).transform_calculate(
        next_date=f"+datum.business_date + {day}", day_text=_in_utc("business_date", DAY)
    ).mark_bar(height=20, x2Offset=-0.5).encode(
        x=alt.X("business_date:T", scale=alt.Scale(type="utc"), title=None, axis=_days()),
        x2="next_date:T",
        y=alt.Y("branch_name:N", title=None),
        color=alt.Color("state:N", title=None, legend=_legend(), scale=alt.Scale(
            domain=list(STATES), range=[theme(colour) for colour in STATES.values()]
        )),
        tooltip=[
            alt.Tooltip("branch_name:N", title="branch"),
            alt.Tooltip("day_text:N", title="day"),
            alt.Tooltip("state:N"),
            alt.Tooltip("order_total_at_till:Q", title="at the till", format="$,.2f"),
            alt.Tooltip("order_total_in_raw:Q", title="in the warehouse", format="$,.2f"),
        ],
    )  # fmt: skip


def _chart(rows: Any, **properties: Any) -> Any:
    colours = alt.param(name="theme", value=THEMES["light"])
    chart = alt.Chart(rows).properties(width="container", **properties)
    return chart.add_params(colours) if properties else chart


def _heat(shorthand: str, title: str, form: str) -> Any:
    return alt.Color(
        shorthand,
        title=title,
        scale=alt.Scale(range=[theme("low"), theme("high")], domainMin=0),
        legend=alt.Legend(format=form, orient="top", gradientLength=160, tickCount=3),
    )


def _stack(rows: Any, parts: dict[str, tuple[str, str]]) -> Any:
    names = [label for label, _ in parts.values()]
    labels = {column: label for column, (label, _) in parts.items()}
    return _chart(rows, height=220).transform_fold(
        list(parts), as_=["column", "count"]
    ).transform_calculate(
        part=f"{labels}[datum.column]", order=f"indexof({list(parts)}, datum.column)",
        month_text=_in_utc("month_start", MONTH),
    ).mark_bar(width={"band": 0.8}).encode(
        x=_month(),
        y=alt.Y("count:Q", title=None, axis=_counts()),
        color=alt.Color("part:N", title=None, legend=_legend(), scale=alt.Scale(
            domain=names, range=[theme(colour) for _, colour in parts.values()]
        )),
        order="order:O",
        tooltip=[
            alt.Tooltip("month_text:N", title="month"),
            alt.Tooltip("part:N", title="who"),
            alt.Tooltip("count:Q", format=","),
        ],
    )  # fmt: skip


def _bars(rows: Any, label: str, value: str, colour: str) -> Any:
    return _chart(rows, height=alt.Step(28)).mark_bar(color=theme(colour), height=18).encode(
        x=alt.X(f"{value}:Q", title=None, axis=_counts()),
        y=alt.Y(f"{label}:N", sort=None, title=None),
        tooltip=[alt.Tooltip(f"{label}:N", title=" "), alt.Tooltip(f"{value}:Q", format=",")],
    )  # fmt: skip


def _line(rows: Any, value: str, colour: str) -> Any:
    return _chart(rows, height=200).transform_calculate(
        month_text=_in_utc("month_start", MONTH)
    ).mark_line(color=theme(colour), point=alt.OverlayMarkDef(
        filled=True, size=50, color=theme(colour)
    )).encode(
        x=_month(),
        y=alt.Y(f"{value}:Q", title=None,
                axis=alt.Axis(format=".1%", tickCount=5, tickMinStep=0.001),
                scale=alt.Scale(zero=False, padding=12)),
        tooltip=[
            alt.Tooltip("month_text:N", title="month"),
            alt.Tooltip(f"{value}:Q", title="share", format=".2%"),
        ],
    )  # fmt: skip


def _money() -> Any:
    return alt.Axis(labelExpr="format(datum.value, '$~s')", tickCount=5)


def _counts() -> Any:
    return alt.Axis(labelExpr="format(datum.value, '~s')", tickMinStep=1, tickCount=5)


def _days() -> Any:
    return alt.Axis(format="%-d %b", tickCount=8, labelOverlap=True, labelSeparation=8)


def _legend() -> Any:
    return alt.Legend(orient="top", direction="horizontal", columns=0)


def _in_utc(column: str, form: str) -> str:
    # a tooltip's own format would be in the reader's time zone: west of London, the day before
    return f"utcFormat(datum.{column}, '{form}')"


def _month() -> Any:
    return alt.X(
        "month_start:O",
        timeUnit="utcyearmonth",
        title=None,
        axis=alt.Axis(format=MONTH, labelAngle=0, labelOverlap=True),
    )


def _month_share(name: str, title: str, label: str, colour: str, note: str, empty: str) -> Figure:
    """Return the figure of a share of money in the kitchen, month by month."""
    column = f"{name}_share"
    return Figure(
        name, "kitchen", title, note, "months", "months", (_MONTH, Column(column, label, "share")),
        empty, partial(_line, value=column, colour=colour), date="month_start",
        label="month_start", value=column,
    )  # fmt: skip


_MONTH = Column("month_start", "Month", "month")

_PRODUCT = (
    Column("product_name", "Product"),
    Column("size", "Size"),
    Column("units", "Sold", "count"),
    Column("net_revenue", "Net revenue", "money"),
    Column("margin", "Margin", "money"),
    Column("unit_margin", "Margin of one", "money"),
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
        "No day of this period has come in from this branch.",
        revenue, label="start_date", value="net_revenue", wide=True,
    ),
    Figure(
        "branches", "trading", "Net revenue by branch",
        "The upright mark is the branch's own net revenue in the period before.",
        "branches", "period",
        (Column("branch_name", "Branch"), Column("net_revenue", "Net revenue", "money"),
         Column("previous_net_revenue", "Before", "money"), Column("growth", "Change", "change"),
         Column("orders", "Orders", "count"), Column("average_order", "Average order", "money")),
        "No branch has traded in this period.",
        branches, label="branch_name", value="net_revenue",
    ),
    Figure(
        "hours", "trading", "Orders by weekday and hour",
        "Average orders of a day of trading; hours after midnight belong to the evening.",
        "hours", "period",
        (Column("weekday", "Day"), Column("local_hour", "Hour", "count"),
         Column("average_orders", "Orders per day", "number"), Column("orders", "Orders", "count")),
        "No order was taken in this period.",
        hours, label="weekday", value="average_orders",
    ),
    Figure(
        "menu_map", "menu", "The menu in four quarters",
        "Right of the dashed line is popular, above it profitable: stars are both, dogs neither, "
        "plough-horses sell well and earn little, puzzles earn well and sell little.",
        "products", "period", _PRODUCT,
        "Nothing with a known cost was sold in this period.",
        menu_map, label="product_name", value="margin", wide=True,
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
        "prices", "menu", "Prices that changed", "",
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
        "No known guest has come to this branch.",
        visitors, date="month_start", label="month_start", value="known_guests",
    ),
    Figure(
        "cohorts", "guests", "Who comes again",
        "Of the guests who first came in a month, the share that came in each month since.",
        "cohorts", "months",
        (Column("first_month_start", "First visit", "month"),
         Column("months_since", "Months since", "count"),
         Column("guests", "Guests", "count"), Column("share", "Share", "share")),
        "No known guest has come to this branch.",
        cohorts, date="first_month_start",
    ),
    Figure(
        "complaints", "guests", "Complaints by reason", "",
        "complaints", "period",
        (Column("reason", "Reason"), Column("complaints", "Complaints", "count"),
         Column("first_response", "First response", "minutes")),
        "Nobody has complained in this period.",
        complaints, label="reason", value="complaints",
    ),
    Figure(
        "sentiment", "guests", "What social posts say, by month",
        "Posts in English, by the weights of their words; the year up to the period's end.",
        "months", "months",
        (_MONTH, Column("positive_posts", "Praise", "count"),
         Column("neutral_posts", "Neither", "count"), Column("negative_posts", "Blame", "count")),
        "No post is about this branch.",
        sentiment, date="month_start", label="month_start", value="positive_posts",
    ),
    _month_share(
        "food_cost", "Food cost by month", "Food cost", "accent",
        "Share of the net revenue, by recipes and delivery prices, in the year up to its end.",
        "The food cost of this branch is not known: it has no recipes or no deliveries.",
    ),
    _month_share(
        "waste", "Waste by month", "Waste", "bad",
        "Share of the food cost that is gone without an explanation, by the counts.",
        "No stock is counted at this branch.",
    ),
    Figure(
        "stock_outs", "kitchen", "What runs out",
        "The ten ingredients that ran out most often: days, over all branches shown.",
        "stock_outs", "period",
        (Column("ingredient_name", "Ingredient"), Column("stock_out_days", "Days", "count"),
         Column("branches", "Branches", "count")),
        "Nothing is known to have run out in this period.",
        stock_outs, label="ingredient_name", value="stock_out_days", top=10,
    ),
    Figure(
        "alerts", "kitchen", "What to see to now",
        "As of each branch's newest day, whatever period is chosen.",
        "alerts", "scope",
        (Column("ingredient_name", "Ingredient"), Column("alert", "It"),
         Column("branch_name", "Branch"), Column("stock_quantity", "In stock", "number"),
         Column("unit", "Unit"), Column("days_of_cover", "Lasts for days", "number")),
        "There is nothing to see to.", top=12,
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
        reconciliation, date="business_date", wide=True,
    ),
    Figure(
        "quarantine", "trust", "Held back in quarantine",
        "Records that break a rule wait here until they are corrected; all branches together.",
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
        "No source was loaded yet.",
    ),
)  # fmt: skip
"""All figures, in the order in which they are shown."""
