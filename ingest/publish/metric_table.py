"""How an answer about metrics is written: months as 2016-02, amounts as their currency."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from ingest.publish.metric_times import FORMS, last_day, period
from ingest.publish.metrics import ONE_CURRENCY, Metrics, Question

NO_AMOUNTS = ("_share", "_rate", "_year_over_year")
"""How metrics that are made of money, and are none, end."""

DIGITS = 4
"""Of what is neither money nor whole."""

LONGEST_DELAY = timedelta(days=92)
"""A currency without a sale for longer is given up, and not late."""


def written(
    metrics: Metrics,
    question: Question,
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    decimals: int | None,
) -> list[list[str]]:
    """Write rows as people read them.

    Args:
        metrics: the semantic layer, which knows what is money.
        question: what was asked; its filters may leave one currency.
        names: the columns.
        rows: the values.
        decimals: how many places numbers have; by default, amounts have those of their currency.
    """
    amounts = {name for name in metrics.money() if not name.endswith(NO_AMOUNTS)}
    chosen = _chosen(question)
    measured = {each.name for each in metrics.semantic_manifest.metrics}
    whole = {
        index: all(row[index] is None or row[index] == int(row[index]) for row in rows)
        for index, name in enumerate(names)
        if any(isinstance(row[index], int | float | Decimal) for row in rows)
    }

    def cell(row: Sequence[Any], index: int) -> str:
        value, name = row[index], names[index]
        if value is None:
            return ""
        if isinstance(value, date):
            return period(value, _grain(name))
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            return str(value)
        # a rate of tax, as it is: 0.08625
        if name not in measured:
            return f"{Decimal(str(value)).normalize():f}"
        if decimals is not None and not isinstance(value, int):
            return f"{value:.{decimals}f}"
        if name in amounts:
            return f"{value:.{_places(metrics, [*row, *chosen])}f}"
        return f"{value:.0f}" if whole[index] else f"{value:.{DIGITS}f}"

    return [[cell(row, index) for index in range(len(names))] for row in rows]


def _places(metrics: Metrics, values: Sequence[Any]) -> int:
    if found := _currency(metrics, values):
        return found[1]
    return max((places for _, places in metrics.currencies.values()), default=2)


def _currency(metrics: Metrics, values: Sequence[Any]) -> tuple[str, int] | None:
    """Return the currency of a row and its places: the row names the currency, or the branch."""
    named = (value for value in values if isinstance(value, str) and value in metrics.currencies)
    return next((metrics.currencies[value] for value in named), None)


def _chosen(question: Question) -> list[str]:
    """Return what filters name: a currency or a branch among it."""
    found = [match[1] for text in question.where for match in ONE_CURRENCY.finditer(text)]
    return found + [text.rpartition("=")[2].strip(" '") for text in question.where]


def _grain(name: str) -> str:
    grain = name.rpartition("__")[2]
    return grain if grain in FORMS else "day"


def states(
    metrics: Metrics, question: Question, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> list[str]:
    """Say of each row whether its period is complete; nothing if the rows are of no period.

    Args:
        metrics: the semantic layer, which knows the newest closed day of each currency.
        question: what was asked; its filters may leave one currency.
        names: the columns.
        rows: the values.

    Returns:
        `complete`, `so far` where days are still to come, `in part` where the data or the question
        begin within it or the question ends there, or an empty text where a row has no period.
    """
    grains = list(FORMS)
    columns = [
        (grains.index(name.rpartition("__")[2]), index)
        for index, name in enumerate(names)
        if name.rpartition("__")[2] in FORMS
    ]
    if not columns:
        return []
    place, index = min(columns)
    newest, begun = metrics.newest_days()
    asked_from, asked_to = question.days().values()
    chosen = _chosen(question)

    def state(row: Sequence[Any]) -> str:
        if row[index] is None:
            return ""
        first = date(row[index].year, row[index].month, row[index].day)
        found = _currency(metrics, [*row, *chosen])
        currencies = {found[0]} if found else {each for each, _ in metrics.currencies.values()}
        days = [newest[currency] for currency in currencies & newest.keys()]
        awaited = [day for day in days if day > max(days) - LONGEST_DELAY]
        last, over = last_day(first, grains[place]), min(awaited, default=date.min)
        is_cut = bool(
            (asked_from and asked_from > first) or (asked_to and asked_to < min(last, over))
        )
        if last > over and not is_cut:
            return "so far"
        is_begun = any((currency, grains[place], first) in begun for currency in currencies)
        return "in part" if is_begun or is_cut else "complete"

    return [state(row) for row in rows]


def marked(
    names: Sequence[str], lines: Sequence[Sequence[str]], found: Sequence[str]
) -> list[list[str]]:
    """Return written rows whose periods say that they are not complete.

    Args:
        names: the columns.
        lines: the rows as they are written.
        found: the state of each; see `states`.
    """
    periods = [index for index, name in enumerate(names) if name.rpartition("__")[2] in FORMS]
    made = [list(line) for line in lines]
    for line, state in zip(made, found or [""] * len(made), strict=True):
        for index in periods:
            line[index] += f" ({state})" if state not in ("", "complete") else ""
    return made


def table(names: Sequence[str], rows: Sequence[Sequence[str]], texts: set[int]) -> str:
    """Return a table of one line per row.

    Args:
        names: the columns.
        rows: their texts.
        texts: the columns that are not numbers, and so begin at the left.
    """
    lines = [list(names), *[list(row) for row in rows]]
    widths = [max(len(line[index]) for line in lines) for index in range(len(names))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "  ".join(
            text.ljust(width) if index in texts else text.rjust(width)
            for index, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
