"""How an answer about metrics is written: months as 2016-02, amounts as their currency."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from ingest.publish.metrics import ONE_CURRENCY, Metrics, Question

NO_AMOUNTS = ("_share", "_rate", "_year_over_year")
"""How metrics that are made of money, and are none, end."""

DIGITS = 4
"""Of what is neither money nor whole."""


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
    chosen = [match[1] for text in question.where for match in ONE_CURRENCY.finditer(text)]
    chosen += [text.rpartition("=")[2].strip(" '") for text in question.where]
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
            return _period(value, name)
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            return str(value)
        if decimals is not None and not isinstance(value, int):
            return f"{value:.{decimals}f}"
        if name in amounts:
            return f"{value:.{_places(metrics, [*row, *chosen])}f}"
        return f"{value:.0f}" if whole[index] else f"{value:.{DIGITS}f}"

    return [[cell(row, index) for index in range(len(names))] for row in rows]


def _places(metrics: Metrics, values: Sequence[Any]) -> int:
    """Return the places of a row's currency: the row names the currency, or the branch."""
    for value in values:
        if isinstance(value, str) and value in metrics.currencies:
            return metrics.currencies[value][1]
    return max((places for _, places in metrics.currencies.values()), default=2)


def _period(day: date, name: str) -> str:
    if name.endswith("__month"):
        return f"{day:%Y-%m}"
    if name.endswith("__quarter"):
        return f"{day.year}-Q{(day.month + 2) // 3}"
    return f"{day:%Y}" if name.endswith("__year") else f"{day:%Y-%m-%d}"


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
