"""Days, months and other periods of metrics, as people write them: 2016-02, 2016-Q1."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from ingest.warehouse import WarehouseError

FORMS = {
    "day": "'2016-02-29'",
    "week": "its Monday, '2016-02-29'",
    "month": "'2016-02'",
    "quarter": "'2016-Q1'",
    "year": "'2016'",
}
"""How people write each grain."""

MONTHS = {"month": 1, "quarter": 3, "year": 12}

VALUE = r"(?:(?:date|timestamp)\s*)?(?:'[^']*'|\d+\b)"
COMPARED = re.compile(
    r"""(TimeDimension\(\s*['"]\w+['"]\s*,\s*['"](\w+)['"]\s*\)\s*\}\}\s*(?:not\s+)?)"""
    rf"([<>=!]+\s*{VALUE}|in\s*\(\s*{VALUE}(?:\s*,\s*{VALUE})*|between\s+{VALUE}\s+and\s+{VALUE})",
    re.IGNORECASE,
)
"""A time in one of MetricFlow's filters, its grain, and what it is compared with."""


def dated(where: str) -> str:
    """Return one of MetricFlow's filters with the first days of the periods that it names.

    Args:
        where: the filter; a month in it may be `'2016-02'` or its first day.

    Raises:
        WarehouseError: a value is no period of its grain.
    """

    def days(match: re.Match[str]) -> str:
        def day(value: re.Match[str]) -> str:
            return f"'{_first_day(value[0], match[2])}'"

        return match[1] + re.sub(VALUE, day, match[3], flags=re.IGNORECASE)

    return COMPARED.sub(days, where)


def _first_day(value: str, grain: str) -> date:
    text = re.sub(r"^(date|timestamp)\s*", "", value, flags=re.IGNORECASE).strip("'").lower()
    of = grain
    try:
        if short := re.fullmatch(r"(\d{4})(?:-q([1-4])|-(\d\d))?", text):
            year, quarter, month = short.groups()
            of = "quarter" if quarter else "month" if month else "year"
            day = datetime(int(year), int(month or 3 * int(quarter or 1) - 2), 1)
        else:
            day = datetime.fromisoformat(text)
        if of == grain and day == datetime.combine(start(day.date(), grain), datetime.min.time()):
            return day.date()
    except ValueError:
        pass
    raise WarehouseError(f"{value} is no {grain}: write {FORMS[grain]}; correct --where.")


def start(day: date, grain: str) -> date:
    """Return the first day of the period of a day.

    Args:
        day: the day.
        grain: `day`, `week`, `month`, `quarter` or `year`.
    """
    if grain not in MONTHS:
        return day - timedelta(days=day.weekday() if grain == "week" else 0)
    return day.replace(month=day.month - (day.month - 1) % MONTHS[grain], day=1)


def last_day(first: date, grain: str) -> date:
    """Return the last day of a period.

    Args:
        first: its first day.
        grain: `day`, `week`, `month`, `quarter` or `year`.
    """
    if grain not in MONTHS:
        return first + timedelta(days=6 if grain == "week" else 0)
    months = first.month - 1 + MONTHS[grain]
    return date(first.year + months // 12, months % 12 + 1, 1) - timedelta(days=1)


def period(day: date, grain: str) -> str:
    """Return a period as people write it, by its first day."""
    if grain == "month":
        return f"{day:%Y-%m}"
    if grain == "quarter":
        return f"{day.year}-Q{(day.month + 2) // 3}"
    return f"{day:%Y}" if grain == "year" else f"{day:%Y-%m-%d}"
