"""The names of metrics and dimensions as people write them, and what MetricFlow calls them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date
from difflib import SequenceMatcher
from typing import Any

from ingest.publish.metric_times import FORMS as GRAINS
from ingest.publish.metric_times import dated, last_day, start
from ingest.warehouse import WarehouseError

SHOWN = 8
"""How many names an error lists."""

WORD = re.compile(r"'(?:[^']|'')*'|[A-Za-z_]\w*(?!\w*\s*\()")
SQL_WORDS = {
    *("and", "or", "not", "in", "is", "null", "between", "like", "ilike", "true", "false"),
    *("date", "timestamp"),
}
NAMED = re.compile(r"""((?:Dimension|Entity)\(\s*['"])(\w+)""")


class Names:
    """What some metrics can be grouped and filtered by.

    Attributes:
        metrics: the metrics.
        described: the description of each dimension and entity, by its full name.
    """

    def __init__(
        self,
        metrics: list[str],
        dimensions: Iterable[Any],
        entities: Iterable[Any],
        alone: Callable[[str], Names],
    ) -> None:
        """Collect the names.

        Args:
            metrics: the names of the metrics.
            dimensions: MetricFlow's dimensions that all of them have.
            entities: its entities.
            alone: makes the names of one metric.
        """
        self.metrics = metrics
        self._alone = alone
        self.described: dict[str, str] = {"metric_time": "The day that the metric counts on."}
        self._times = {"metric_time"}
        self._grain = "day"
        self._entities = {each.name for each in entities}
        for each in dimensions:
            name = each.granularity_free_dunder_name
            self.described.setdefault(name, " ".join((each.description or "").split()))
            if each.type.value == "time":
                self._times.add(name)
            if name == "metric_time":
                self._grain = each.type_params.time_granularity.value
        for each in entities:
            self.described.setdefault(each.name, " ".join((each.description or "").split()))

    def group_by(self, name: str) -> str:
        """Return the full name of a dimension.

        Args:
            name: as people write it: `channel`, `order__channel`, `month`, `metric_time__month`.

        Raises:
            WarehouseError: no dimension has the name, or more than one; the message says which
                there are.
        """
        text = name.strip().lower()
        if text in GRAINS:
            return f"metric_time__{text}"
        stem, _, grain = text.rpartition("__")
        stem, ending = (stem, f"__{grain}") if stem and grain in GRAINS else (text, "")
        found = self._called(stem)
        if len(found) == 1:
            return found[0] + ending
        asked = ", ".join(self.metrics)
        if found:
            raise WarehouseError(
                f"{name} is more than one dimension of {asked}: write {' or '.join(sorted(found))}."
            )
        meant: dict[str, list[str]] = {}
        for metric in self.metrics if len(self.metrics) > 1 else []:
            called = self._alone(metric)._called(stem)
            meant.setdefault(" or ".join(called) or "none", []).append(metric)
        if meant.keys() - {"none"}:
            told = "; ".join(f"{', '.join(metrics)}: {each}" for each, metrics in meant.items())
            raise WarehouseError(
                f"These metrics have no {name} in common ({told}); ask for each by itself, or "
                f"group all by one of {', '.join(sorted(self.described))}."
            )
        raise WarehouseError(
            f"{asked}: no dimension {name}; there are {listed(stem, self.described)} "
            f"(mypizza metrics list dimensions --metrics {','.join(self.metrics)})."
        )

    def _called(self, stem: str) -> list[str]:
        """Return the full names that a short one may mean."""
        if stem in self.described:
            return [stem]
        found = [each for each in self.described if each.endswith(f"__{stem}")]
        # that of the branch of an order is that of the branch
        fewest = min((each.count("__") for each in found), default=0)
        return [each for each in found if each.count("__") == fewest]

    def order(self, name: str) -> str:
        """Return the full name of what a query is ordered by; a minus in front stays."""
        name = name.strip().lower()
        minus, text = ("-", name[1:].strip()) if name.startswith("-") else ("", name)
        return minus + (text if text in self.metrics else self.group_by(text))

    def where(self, text: str) -> str:
        """Return a filter as MetricFlow has it.

        Args:
            text: `currency = 'EUR'`, `month = '2016-02'`, or MetricFlow's own with short or full
                names.

        Raises:
            WarehouseError: a name is not known, or a value is no period of its grain.
        """
        if "{{" in text:
            return dated(NAMED.sub(lambda match: match[1] + self.group_by(match[2]), text))
        return dated(WORD.sub(lambda match: self._reference(match[0]), text))

    def within(self, days: dict[str, date | None], group_by: Iterable[str]) -> list[str]:
        """Return filters for days within a period: MetricFlow would take all of the period.

        Args:
            days: the first and the last day that are asked for, by their option.
            group_by: the full names of the dimensions.

        Raises:
            WarehouseError: a metric is not known by day, and a period of it would be cut.
        """
        grains = [name.rpartition("__")[2] for name in group_by if name.startswith("metric_time__")]
        filters = []
        for (option, day), (sign, place, edge) in zip(
            days.items(), ((">=", "first", start), ("<=", "last", _last)), strict=True
        ):
            if day and self._grain != "day" and edge(day, self._grain) != day:
                raise WarehouseError(
                    f"{option} {day} cuts a {self._grain}, and {', '.join(self.metrics)} can only "
                    f"be had by {self._grain}: give the {place} day of one, "
                    f"{edge(day, self._grain)}."
                )
            if day and any(edge(day, grain) != day for grain in grains):
                filters.append(f"{{{{ TimeDimension('metric_time', 'day') }}}} {sign} '{day}'")
        return filters

    def _reference(self, word: str) -> str:
        if word.startswith("'") or word.lower() in SQL_WORDS:
            return word
        name = self.group_by(word)
        if name in self._entities:
            return f"{{{{ Entity('{name}') }}}}"
        stem, _, grain = name.rpartition("__")
        if grain in GRAINS:
            return f"{{{{ TimeDimension('{stem}', '{grain}') }}}}"
        if name in self._times:
            return f"{{{{ TimeDimension('{name}', 'day') }}}}"
        return f"{{{{ Dimension('{name}') }}}}"


def _last(day: date, grain: str) -> date:
    return last_day(start(day, grain), grain)


def known_metrics(wanted: Sequence[str], known: Collection[str]) -> list[str]:
    """Return the names of metrics as they are declared.

    Raises:
        WarehouseError: none is wanted, or one is not known; the message says which there are.
    """
    if not wanted:
        raise WarehouseError("Say what to ask for: --metrics, or --saved-query.")
    names = [name.strip().lower() for name in wanted]
    for name in names:
        if name not in known:
            raise WarehouseError(
                f"There is no metric {name}; there are {listed(name, known)} "
                "(mypizza metrics list)."
            )
    return names


def listed(name: str, known: Collection[str]) -> str:
    """Return the names that are most like another one, and how many others there are."""

    def unlike(each: str) -> tuple[bool, float, str]:
        short = each.rpartition("__")[2]
        part = short in name or name in short
        return not part, -SequenceMatcher(None, name, short).ratio(), each

    names = sorted(known, key=unlike)
    others = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {others} others" if others > 0 else "")
