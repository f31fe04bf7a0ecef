"""How each figure is drawn: a function each, which returns an Altair chart.

The rows come later, by the page's script. Colours are expressions on the parameter `theme`, so that
a chart can be shown in light and dark without being made again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import altair as alt

from report.theme import THEMES

ROWS = alt.NamedData("rows")
"""The rows of a figure's query that belong to what is chosen."""

DAY, MONTH = "%a %-d %b %Y", "%b %Y"
"""How a chart writes a day and a month."""


def theme(name: str) -> Any:
    """Return an expression for a colour of the theme."""
    return alt.ExprRef(expr=f"theme.{name}")


def revenue() -> Any:
    """Draw the net revenue of each day, week or month as a bar as wide as its time."""
    return _chart(height=240).transform_calculate(
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


def branches() -> Any:
    """Draw the net revenue of each branch as a bar, with a mark where it was before."""
    base = _chart(height=alt.Step(48)).encode(
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


def hours() -> Any:
    """Draw the average orders of each weekday and hour as a heat map."""
    return _chart(height=alt.Step(30)).mark_rect().encode(
        x=alt.X(
            "local_hour:O",
            sort=alt.EncodingSortField("hours_after_cutover", op="min"),
            title="Hour",
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


def menu_map() -> Any:
    """Draw each product by what was sold of it and what one earns, in four quarters."""
    names = list(MENU_CLASSES)
    costed = _chart(height=340).transform_filter("datum.margin !== null")
    points = costed.mark_point(filled=True, size=64, opacity=0.85).encode(
        x=alt.X("units:Q", title="Items sold", axis=_counts()),
        y=alt.Y(
            "unit_margin:Q", title="Unit margin", axis=alt.Axis(format="$.0f", tickCount=6),
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
            alt.Tooltip("unit_margin:Q", title="unit margin", format="$,.2f"),
        ],
    )  # fmt: skip
    line = {"color": theme("muted"), "strokeDash": [5, 4]}
    # popular is 70 % of an equal share of all items, as in queries/products.sql
    popular = (
        _chart()
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


def visitors() -> Any:
    """Draw the guests of each month as stacked bars: new ones, and those known before it."""
    return _stack({"new_guests": ("New", "accent"), "known_guests": ("Known before", "second")})


def sentiment() -> Any:
    """Draw how many posts of each month praise, how many do neither, how many blame."""
    parts = {
        "positive_posts": ("Praise", "good"),
        "neutral_posts": ("Neither", "muted"),
        "negative_posts": ("Blame", "bad"),
    }
    return _stack(parts)


def cohorts() -> Any:
    """Draw which share of the guests of a first month came again in each month since."""
    later = _chart(height=alt.Step(26)).transform_filter(
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
    return later.mark_rect().encode(color=_heat("share:Q", "Returning share", ".0%"))


def complaints() -> Any:
    """Draw the complaints of each reason as bars."""
    return _bars("reason", "complaints", "second")


def food_cost() -> Any:
    """Draw the food cost of each month as a share of the net revenue."""
    return _share_line("food_cost_share", "accent")


def waste() -> Any:
    """Draw the unexplained loss of each month as a share of the food cost."""
    return _share_line("waste_share", "bad")


def stock_outs() -> Any:
    """Draw the ten ingredients that ran out on the most days."""
    return _bars("ingredient_name", "stock_out_days", "second")


STATES = {"equal": "good", "equal after reload": "second", "still open": "muted", "differs": "bad"}
"""What a comparison of till and warehouse comes to, and the colour of it."""


def reconciliation() -> Any:
    """Draw for each branch and day whether till and warehouse are equal."""
    day = 24 * 60 * 60 * 1000
    return _chart(height=alt.Step(30)).transform_calculate(
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


CHARTS: dict[str, Callable[[], Any]] = {
    chart.__name__: chart
    for chart in (
        revenue, branches, hours, menu_map, visitors, cohorts, complaints, sentiment, food_cost,
        waste, stock_outs, reconciliation,
    )
}  # fmt: skip
"""What draws a figure, by the figure's name."""


def _chart(**properties: Any) -> Any:
    colours = alt.param(name="theme", value=THEMES["light"])
    chart = alt.Chart(ROWS).properties(width="container", **properties)
    return chart.add_params(colours) if properties else chart


def _heat(shorthand: str, title: str, form: str) -> Any:
    return alt.Color(
        shorthand,
        title=title,
        scale=alt.Scale(range=[theme("low"), theme("high")], domainMin=0),
        legend=alt.Legend(format=form, orient="top", gradientLength=160, tickCount=3),
    )


def _stack(parts: dict[str, tuple[str, str]]) -> Any:
    names = [label for label, _ in parts.values()]
    labels = {column: label for column, (label, _) in parts.items()}
    return _chart(height=220).transform_fold(
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


def _bars(label: str, value: str, colour: str) -> Any:
    return _chart(height=alt.Step(28)).mark_bar(color=theme(colour), height=18).encode(
        x=alt.X(f"{value}:Q", title=None, axis=_counts()),
        y=alt.Y(f"{label}:N", sort=None, title=None),
        tooltip=[alt.Tooltip(f"{label}:N", title=" "), alt.Tooltip(f"{value}:Q", format=",")],
    )  # fmt: skip


def _share_line(value: str, colour: str) -> Any:
    return _chart(height=200).transform_calculate(
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
