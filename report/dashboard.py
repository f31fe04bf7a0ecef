"""The report's charts, interactively: a page of Streamlit, which answers on this machine alone.

What is shown, how it is drawn and where it comes from is said in charts.py and queries/. What the
script of the report's page does in a browser is done here in Python: to pick the rows of a branch
and a period, and to write them as people do. A test holds both together.
"""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from functools import partial
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st
from babel import dates
from babel import numbers as babel

from ingest.warehouse import Warehouse, WarehouseError, configured
from report.charts import (
    DEFAULT_PERIODS,
    FIGURES,
    NUMBERS,
    SECTIONS,
    STEPS,
    THEMES,
    TILES,
    WEEKDAYS,
    Figure,
    Kind,
    Tile,
)
from report.page import Rows, plain, read

LOCALE = "en_US"

NO_WAY_OUT = {
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "no_proxy": "",
}
"""Variables for the server: where a page from elsewhere knocks, Streamlit would ask a host at
Amazon for this machine's address, to compare the two, and cannot be told not to."""


@dataclass(frozen=True)
class Chosen:
    """A setting of the filters.

    Attributes:
        scope: a row of queries/scopes.sql: a branch, or all of one currency.
        period: a row of queries/periods.sql; none where the branch has no closed day yet.
        step: what the bars of revenue over time are: a day, a week or a month.
    """

    scope: dict[str, Any]
    period: dict[str, Any] | None
    step: str

    @property
    def currency(self) -> str:
        """Return the currency of all its money."""
        return str(self.scope["currency"])

    @property
    def name(self) -> str:
        """Return what people call the branch, or all of them."""
        return name_of(self.scope)


def command(port: int) -> list[str]:
    """Return the command that serves the dashboard.

    Args:
        port: where it answers, on 127.0.0.1 alone.

    Returns:
        The program and its arguments; the warehouse is the one that libpq's variables name.
    """
    options: dict[str, Any] = {
        "server.address": "127.0.0.1",
        "server.allowedHosts": "127.0.0.1",
        "server.port": port,
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        "theme.baseFontSize": 15,
        "theme.headingFontSizes": '["1.75rem", "1.4rem", "1.1rem"]',
        "theme.metricValueFontSize": "1.6rem",
        "theme.paddingTop": "2.5rem",
    }
    for name, colours in THEMES.items():
        options |= {
            f"theme.{name}.primaryColor": colours["accent"],
            f"theme.{name}.backgroundColor": colours["page"],
            f"theme.{name}.secondaryBackgroundColor": colours["card"],
            f"theme.{name}.textColor": colours["text"],
            f"theme.{name}.borderColor": colours["line"],
            f"theme.{name}.greenTextColor": colours["good"],
            f"theme.{name}.redTextColor": colours["bad"],
            f"theme.{name}.grayTextColor": colours["soft"],
        }
    return [
        *(sys.executable, "-m", "streamlit", "run", str(Path(__file__).resolve())),
        *(f"--{name}={value}" for name, value in options.items()),
    ]


def name_of(scope: dict[str, Any]) -> str:
    """Return what people call a row of queries/scopes.sql."""
    if scope["branch_id"] is None:
        return f"All branches in {scope['currency']}"
    return f"{scope['branch_name']} ({scope['city']})"


def step_of(period: dict[str, Any] | None, wanted: str) -> str:
    """Return the step of a period's bars: the wanted one, unless it would be one bar alone.

    Args:
        period: a row of queries/periods.sql.
        wanted: `day`, `week`, `month`, or nothing.

    Returns:
        `day`, `week` or `month`.
    """
    days = (period["last_date"] - period["first_date"]).days + 1 if period else 0
    if days > {"day": 0, "week": 7, "month": 31}.get(wanted, days):
        return wanted
    return "day" if days <= 35 else "week" if days <= 120 else "month"


def picked(answers: dict[str, Rows], figure: Figure, chosen: Chosen) -> Rows:
    """Return the rows of a figure's query that belong to what is chosen.

    Args:
        answers: the rows of each query.
        figure: what they are for.
        chosen: branch, period and step.

    Returns:
        The rows in the query's order.
    """
    rows = answers[figure.query]
    period = chosen.period
    if figure.pick == "all":
        return rows
    if period is None:
        return []
    rows = [row for row in rows if row["scope_id"] == chosen.scope["scope_id"]]
    if figure.pick == "scope":
        return rows
    if figure.pick in ("period", "grain"):
        return [
            row | {"weekday": WEEKDAYS[row["iso_day_of_week"] - 1]}
            if "iso_day_of_week" in row
            else row
            for row in rows
            if row["period_id"] == period["period_id"]
            and (figure.pick == "period" or row["grain"] == chosen.step)
        ]
    first, last = period["first_date"], period["last_date"]
    if figure.pick == "months":
        # the month after the same month of the year before
        first = date(last.year - 1 + last.month // 12, last.month % 12 + 1, 1)
    return [
        row
        for row in rows
        if first <= row[figure.date] <= last and row.get("month_start", last) <= last
    ]


def shown(figure: Figure, rows: Rows) -> Rows:
    """Return those of a figure's rows that it shows: none where they say nothing.

    Args:
        figure: what they are for.
        rows: as `picked`.

    Returns:
        The rows in the order in which they are shown.
    """
    amounts = [column.name for column in figure.columns if column.kind in NUMBERS]
    # months without anything are no chart of zeros
    if figure.pick == "months" and not any(row[name] for row in rows for name in amounts):
        return []
    if figure.value and all(row[figure.value] is None for row in rows):
        return []
    if figure.top < 0:  # the last ones are none of the first ones
        return rows[max(-figure.top, len(rows) + figure.top) :][::-1]
    return rows[: figure.top or None]


def tiles(answers: dict[str, Rows], chosen: Chosen) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return the tiles' values by name, of what is chosen and of the days to compare it with.

    Args:
        answers: the rows of each query.
        chosen: branch and period.

    Returns:
        Both; the second is none where no branch has traded on all of those days.
    """
    rows = [
        plain(row)
        for row in answers["figures"]
        if chosen.period
        and row["scope_id"] == chosen.scope["scope_id"]
        and row["period_id"] == chosen.period["period_id"]
    ]
    now = next((row for row in rows if not row["is_previous"]), {})
    before = next((row for row in rows if row["is_previous"] and row["is_covered"]), None)
    return now, before


def written(value: Any, kind: Kind, currency: str, compact: bool = False) -> str:
    """Write a value as people do, and as the report's page does.

    Args:
        value: a number, a text, a date, or nothing.
        kind: what it is.
        currency: of money (ISO 4217).
        compact: no cents from a thousand on, millions as `$1.25M`.

    Returns:
        The text.
    """
    if value is None or value != value:  # pandas writes nothing as NaN
        return "–"
    if kind in ("date", "month"):
        pattern = "d MMMM y" if kind == "date" else "MMM y"
        return str(dates.format_date(value, pattern, locale=LOCALE))
    if kind not in NUMBERS:
        return str(plain({"": value})[""])
    # a browser rounds the number that it has, and halves away from zero
    number = Decimal(plain({"": value})[""])
    with localcontext(Context(rounding=ROUND_HALF_UP)):
        if kind == "minutes":
            minutes = int(number.to_integral_value())
            return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
        if kind == "money":
            if compact and abs(number) >= 1_000_000:
                return str(
                    babel.format_compact_currency(
                        number, currency, locale=LOCALE, fraction_digits=2
                    )
                )
            pattern = "¤#,##0" if compact and abs(number) >= 1000 else "¤#,##0.00"
            return str(
                babel.format_currency(
                    number, currency, pattern, locale=LOCALE, currency_digits=False
                )
            )
        if kind in ("share", "change"):
            text = str(babel.format_decimal(number * 100, "#,##0.0", locale=LOCALE)) + "%"
            return "+" + text if kind == "change" and number > 0 and text != "0.0%" else text
        pattern = "#,##0" if kind == "count" else "#,##0.#"
        return str(babel.format_decimal(number, pattern, locale=LOCALE))


def symbol(currency: str) -> str:
    """Return the sign of a currency (ISO 4217)."""
    return str(babel.get_currency_symbol(currency, locale=LOCALE))


def compared(tile: Tile, value: float | None, before: dict[str, Any] | None, currency: str) -> str:
    """Say how much more or less a tile's value is than before.

    Args:
        tile: what it is.
        value: now; nothing where it is not known.
        before: the values of the days to compare with, by tile, as `tiles`.
        currency: of money (ISO 4217).

    Returns:
        For example `▲ 3.1% more`; nothing where there is nothing to compare.
    """
    if value is None or before is None:
        return ""
    past = before[tile.name]
    if past is None:
        return "not known before"
    difference = value - past
    if tile.kind == "share":
        amount = f"{written(abs(difference) * 100, 'number', currency)} points"
    elif past == 0:
        amount = f"from {written(past, tile.kind, currency)}"
    else:
        amount = written(abs(difference / past), "share", currency)
    if difference == 0 or amount in ("0 points", "0.0%"):
        return "● as before"
    return f"▲ {amount} more" if difference > 0 else f"▼ {amount} less"


def proof(answers: dict[str, Rows], chosen: Chosen) -> tuple[str, str]:
    """Say whether till and warehouse are equal in the period.

    Args:
        answers: the rows of each query.
        chosen: branch and period.

    Returns:
        `good`, `bad` or `unknown`, and the sentences.
    """
    row = next(
        (
            row
            for row in answers["proof"]
            if chosen.period
            and row["scope_id"] == chosen.scope["scope_id"]
            and row["period_id"] == chosen.period["period_id"]
        ),
        None,
    )
    if row is None:
        return "unknown", (
            "The comparison with the tills shows the last 90 days, and none of them is in this "
            "period."
        )
    counts = {
        name: written(row[name], "count", chosen.currency)
        for name in ("days", "equal_days", "healed_days")
    }
    amounts = {
        name: written(row[name], "money", chosen.currency)
        for name in ("order_total_at_till", "order_total_in_raw", "order_total_difference")
    }
    is_equal = row["equal_days"] == row["days"]
    return "good" if is_equal else "bad", (
        f"Till and warehouse {'are equal' if is_equal else 'differ'}: {counts['equal_days']} of "
        f"{counts['days']} branch days are equal, to the cent. {amounts['order_total_at_till']} "
        f"at the tills, {amounts['order_total_in_raw']} in the warehouse, difference "
        f"{amounts['order_total_difference']}; {counts['healed_days']} days had to be read again."
    )


def main() -> None:
    """Show the page; Streamlit runs this anew whenever a filter is changed."""
    st.set_page_config(page_title="myPizza dashboard", layout="wide")
    warehouse = configured()
    try:
        publication = _publication(warehouse)
        answers = _answers(warehouse, publication)
    except WarehouseError as error:
        st.error(str(error))
        st.stop()
    st.title("myPizza dashboard")
    if not answers["scopes"]:
        st.info("There is nothing to show: nothing was published yet, or you may see no branch.")
        st.stop()
    chosen = _filters(answers)
    now, before = tiles(answers, chosen)
    st.caption(_summary(chosen, now, before))
    for tab, (section, (_, question)) in zip(
        st.tabs([title for title, _ in SECTIONS.values()]), SECTIONS.items(), strict=True
    ):
        with tab:
            st.header(question)
            if section == "trust":
                state, text = proof(answers, chosen)
                {"good": st.success, "bad": st.error, "unknown": st.info}[state](_escaped(text))
            _show_tiles(section, chosen, now, before)
            _show_figures(section, answers, chosen)
    published = answers["publication"][0]["publication"] if answers["publication"] else None
    st.caption(
        f"{f'The figures were published on {published}. ' if published else ''}Revenue, refund and "
        "the other words are defined in the docs site."
    )
    _watch(warehouse, publication)


@st.cache_resource(max_entries=1, show_spinner="Reading what is published")
def _answers(
    warehouse: Warehouse,
    publication: str,  # noqa: ARG001 - a part of the cache's key
) -> dict[str, Rows]:
    """Read all that is shown, once per login and publication: no filter asks the warehouse."""
    return read(warehouse)


@st.cache_resource
def _spec(name: str) -> dict[str, Any]:
    """Write a figure's chart once; its rows and colours come later."""
    draw = next(figure.draw for figure in FIGURES if figure.name == name and figure.draw)
    spec: dict[str, Any] = draw(alt.NamedData("rows")).to_dict()
    return spec


def _publication(warehouse: Warehouse) -> str:
    """Return what changes with every publication: the transaction that has named the marts."""
    with warehouse.connect(name="mypizza dashboard") as connection:
        row = connection.execute(
            "select concat(oid, ' ', xmin) from pg_namespace where nspname = 'marts'"
        ).fetchone()
    return str(row[0]) if row else ""


@st.fragment(run_every=60)
def _watch(warehouse: Warehouse, publication: str) -> None:
    """Show the new figures within a minute, whether or not somebody touches a filter."""
    # a server that is away for a moment is asked again in the next minute
    with suppress(WarehouseError):
        if _publication(warehouse) != publication:
            st.rerun()


def _filters(answers: dict[str, Rows]) -> Chosen:
    """Show the filters, keep what is chosen in the address, and return it."""
    asked = st.query_params
    scopes = {row["scope_id"]: row for row in answers["scopes"]}
    left, middle, right = st.columns([4, 4, 2])
    scope = scopes[
        left.selectbox(
            "Branch", list(scopes), format_func=lambda scope_id: name_of(scopes[scope_id]),
            index=_place(asked.get("branch"), list(scopes)), key="branch",
        )
    ]  # fmt: skip
    periods = {
        row["period_id"]: row for row in answers["periods"] if row["currency"] == scope["currency"]
    }
    period = periods.get(
        middle.selectbox(
            "Period", list(periods), format_func=lambda period_id: _period_name(periods[period_id]),
            index=_place(asked.get("period"), list(periods), *DEFAULT_PERIODS), key="period",
        )
    )  # fmt: skip
    step = right.selectbox(
        "Step", list(STEPS), format_func=STEPS.__getitem__,
        index=_place(asked.get("step"), list(STEPS)), key="step",
    )  # fmt: skip
    st.query_params.from_dict(
        {"branch": scope["scope_id"]}
        | ({"period": period["period_id"]} if period else {})
        | ({"step": step} if step else {})
    )
    return Chosen(scope, period, step_of(period, step))


def _place(wanted: str | None, offered: list[str], *defaults: str) -> int:
    """Return where the first of them that is offered stands."""
    return next((offered.index(each) for each in (wanted, *defaults) if each in offered), 0)


def _period_name(period: dict[str, Any]) -> str:
    return f"{period['period_name']}{'' if period['is_complete'] else ' (so far)'}"


def _summary(chosen: Chosen, now: dict[str, Any], before: dict[str, Any] | None) -> str:
    period = chosen.period
    if period is None:
        return "There is no closed day yet at this branch."
    days = {
        name: written(period[name], "date", chosen.currency)
        for name in ("first_date", "last_date", "previous_first_date", "previous_last_date")
    }
    compared_with = (
        f"Compared with {days['previous_first_date']} to {days['previous_last_date']}."
        if before
        else "There is no full period before to compare with."
    )
    return _escaped(
        f"{chosen.name}, {period['period_name']}: {days['first_date']} to {days['last_date']}"
        f"{'' if period['is_complete'] else ', so far'}. {compared_with} {TILES[0].label} "
        f"{written(now.get(TILES[0].name), TILES[0].kind, chosen.currency)}."
    )


def _show_tiles(
    section: str, chosen: Chosen, now: dict[str, Any], before: dict[str, Any] | None
) -> None:
    with st.container(horizontal=True):
        for tile in (tile for tile in TILES if tile.section == section):
            value = now.get(tile.name)
            text = compared(tile, value, before, chosen.currency)
            direction = {"▲": "up", "▼": "down"}.get(text[:1])
            arrow: Any = direction or "off"
            colour: Any = (
                "off"
                if not direction or not tile.better
                else "green"
                if direction == tile.better
                else "red"
            )
            st.metric(
                tile.label,
                "not known" if value is None
                else _escaped(written(value, tile.kind, chosen.currency, compact=True)),
                _escaped(text.lstrip("▲▼● ")) or None,
                delta_arrow=arrow,
                delta_color=colour,
                help=tile.note,
                border=True,
                width=165,
            )  # fmt: skip


def _show_figures(section: str, answers: dict[str, Rows], chosen: Chosen) -> None:
    columns: list[Any] = []
    for figure in (figure for figure in FIGURES if figure.section == section):
        if figure.wide:
            place: Any = st
        else:
            columns = columns or list(st.columns(2))
            place = columns.pop(0)
        with place.container(border=True):
            _show_figure(figure, answers, chosen)


def _show_figure(figure: Figure, answers: dict[str, Rows], chosen: Chosen) -> None:
    everything = picked(answers, figure, chosen)
    rows = shown(figure, everything)
    st.subheader(figure.title)
    if figure.note:
        st.caption(figure.note)
    if not rows:
        st.info(figure.empty)
        return
    if not figure.draw:
        _show_table(figure, rows, chosen)
        if len(rows) < len(everything):
            st.caption(f"{len(rows)} of {len(everything):,}.")
        return
    theme = THEMES[st.context.theme.type or "light"]
    spec = copy.deepcopy(_spec(figure.name))
    for parameter in spec["params"]:
        if parameter["name"] == "theme":
            parameter["value"] = theme
    st.vega_lite_chart(
        spec=spec | {"datasets": {"rows": pd.DataFrame(map(plain, rows))},
                     "config": _config(theme, chosen.currency)},
        theme=None,
        alt=f"{figure.title}, {chosen.name}: {len(rows)} values, all in the table below.",
    )  # fmt: skip
    with st.expander("The data as a table"):
        _show_table(figure, rows, chosen)


def _show_table(figure: Figure, rows: Rows, chosen: Chosen) -> None:
    """Show a table, its numbers written as people do; all but the shortest can be sorted."""
    frame = pd.DataFrame(
        {column.label: [row[column.name] for row in rows] for column in figure.columns}
    )
    formats = {
        column.label: partial(written, kind=column.kind, currency=chosen.currency)
        for column in figure.columns
    }
    if figure.top and not figure.draw:  # a few rows to read: long texts go over lines
        written_frame = frame.style.format(
            {label: partial(_escaped_by, form) for label, form in formats.items()}
        )
        st.table(written_frame, hide_index=True, border="horizontal", alt=figure.title)
    else:
        written_frame = frame.style.format(formats)
        st.dataframe(written_frame, hide_index=True, placeholder="–", alt=figure.title)


def _config(theme: dict[str, str], currency: str) -> dict[str, Any]:
    """Return how Vega draws what a chart does not say, as the report's page does it."""
    words = {
        "labelColor": theme["soft"], "titleColor": theme["soft"], "labelFontSize": 12,
        "titleFontSize": 12, "titleFontWeight": 500,
    }  # fmt: skip
    return {
        "background": "transparent",
        "font": "Source Sans, sans-serif",
        "view": {"stroke": "transparent"},
        "axis": words | {"gridColor": theme["line"], "domainColor": theme["muted"],
                         "tickColor": theme["muted"], "labelLimit": 160},
        "legend": words | {"orient": "top", "symbolStrokeWidth": 0, "symbolSize": 90},
        "locale": {"number": {"decimal": ".", "thousands": ",", "grouping": [3],
                              "currency": [symbol(currency), ""]}},
    }  # fmt: skip


def _escaped(text: str) -> str:
    """Return the text for what Streamlit reads as Markdown: a name may not be a picture."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)


def _escaped_by(form: Callable[[Any], str], value: Any) -> str:
    return _escaped(form(value))


if __name__ == "__main__":
    main()
