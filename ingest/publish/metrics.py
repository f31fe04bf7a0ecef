"""The semantic layer: MetricFlow writes the SQL of a question, and the warehouse answers it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.postgres import PostgresSQLSqlPlanRenderer
from metricflow_semantics.errors.error_classes import MetricFlowException
from metricflow_semantics.model.dbt_manifest_parser import (
    parse_manifest_from_dbt_generated_manifest,
)
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

from ingest.publish.metric_names import Names, known_metrics, listed
from ingest.publish.semantic import read_manifest
from ingest.warehouse import Warehouse, WarehouseError, become_reader

ONE_CURRENCY = re.compile(
    r"""(?:currency['"]|Entity\(\s*['"]branch['"])\s*\)\s*\}\}\s*=\s*'([^']*)'"""
)
"""A filter by which one currency is left: it names one, or one branch."""

NAMED_VALUES = re.compile(
    r"""(?:Dimension|Entity)\(\s*['"](\w+)['"]\s*\)\s*\}\}\s*(?:=|in\s*(?=\())\s*"""
    r"""(\([^)]*\)|'(?:[^']|'')*')""",
    re.IGNORECASE,
)
"""A filter that names values of a dimension, and these values."""

ALTERNATIVE = re.compile(r"'(?:[^']|'')*'|\b(or|not)\b", re.IGNORECASE)
"""A text in quotes, or a word by which a filter leaves more than it names."""


@dataclass(frozen=True)
class Question:
    """What is asked, by the names that people write.

    Attributes:
        metrics: the names of metrics.
        group_by: those of dimensions, `channel` or `order__channel`.
        where: filters, plain (`currency = 'EUR'`) or as MetricFlow has them.
        order: names of either, with a minus for the highest first.
        first: the first day.
        last: the last day.
        limit: how many rows at most.
        saved_query: a query that the project has saved, instead of metrics and dimensions.
    """

    metrics: Sequence[str] = ()
    group_by: Sequence[str] = ()
    where: Sequence[str] = ()
    order: Sequence[str] = ()
    first: datetime | None = None
    last: datetime | None = None
    limit: int | None = None
    saved_query: str | None = None

    def days(self) -> dict[str, date | None]:
        """Return the first and the last day, by their option."""
        moments = {"--start-time": self.first, "--end-time": self.last}
        return {option: moment and moment.date() for option, moment in moments.items()}


class _Client:
    """What MetricFlow writes SQL for; the SQL is run here, not by it."""

    sql_engine_type = SqlEngine.POSTGRES
    sql_plan_renderer = PostgresSQLSqlPlanRenderer()


class Metrics:
    """The metrics of the published marts, for as long as the connection is open.

    Attributes:
        currencies: the currency and its places, by the id and the name of each branch that the
            login may see, and by the currency itself.
        semantic_manifest: the semantic layer as dbt has read it.
        engine: MetricFlow.
    """

    def __init__(self, warehouse: Warehouse) -> None:
        """Read the metrics, and prepare to ask the warehouse for their values.

        Args:
            warehouse: where the marts are.

        Raises:
            WarehouseError: nothing was published yet, or the login may not read it.
        """
        self.connection = warehouse.connect(name="mypizza metrics")
        if self.connection.execute("select to_regclass('marts.dim_branches')").fetchone() == (
            None,
        ):
            self.close()
            raise WarehouseError(
                "There are no metrics yet: no version of the marts is published, or you may "
                "not read it. mypizza run builds and publishes one."
            )
        become_reader(self.connection)
        self.currencies: dict[str, tuple[str, int]] = {}
        for branch_id, name, currency, places in self.connection.execute(
            "select branch_id, branch_name, currency, minor_unit from marts.dim_branches"
        ):
            self.currencies |= dict.fromkeys((branch_id, name, currency), (currency, places))
        self.semantic_manifest: Any = parse_manifest_from_dbt_generated_manifest(
            read_manifest(warehouse)
        )
        self.engine = MetricFlowEngine(
            semantic_manifest_lookup=SemanticManifestLookup(self.semantic_manifest),
            sql_client=_Client(),
        )

    def newest_days(self) -> tuple[dict[str, date], set[tuple[str, str, date]]]:
        """Return each currency's newest closed day, and the periods within which its data begin.

        Returns:
            The days by currency; and currency, kind and first day of the periods.
        """
        rows = self.connection.execute(
            "select currency, kind, first_date, last_date, is_complete or is_in_progress"
            " from marts.dim_periods"
        ).fetchall()
        days: dict[str, date] = {}
        for currency, _, _, last, _ in rows:
            days[currency] = max(last, days.get(currency, last))
        return days, {
            (currency, kind, first) for currency, kind, first, _, whole in rows if not whole
        }

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def names(self, metrics: Sequence[str]) -> Names:
        """Return what some metrics can be grouped and filtered by.

        Raises:
            WarehouseError: there is no metric of one of the names.
        """
        wanted = known_metrics(metrics, [each.name for each in self.semantic_manifest.metrics])
        return Names(
            wanted,
            self.engine.simple_dimensions_for_metrics(wanted),
            self.engine.entities_for_metrics(wanted),
            alone=lambda metric: self.names([metric]),
        )

    def sql(self, question: Question) -> str:
        """Return the SQL of a question.

        Raises:
            WarehouseError: a name is not known, or the query would add two currencies.
        """
        parts: dict[str, Any] = {"saved_query_name": question.saved_query}
        if question.saved_query and (question.metrics or question.group_by):
            raise WarehouseError("A saved query has its own metrics and groups: leave them out.")
        if question.first and question.last and question.first > question.last:
            raise WarehouseError("--start-time is after --end-time: no day is between them.")
        if saved := question.saved_query:
            each = next((q for q in self.semantic_manifest.saved_queries if q.name == saved), None)
            if each is None:
                known = ", ".join(sorted(q.name for q in self.semantic_manifest.saved_queries))
                raise WarehouseError(f"There is no saved query {saved}: there are {known}.")
            names = self.names(each.query_params.metrics)
            grouped = [re.split("['\"]", text)[1] for text in each.query_params.group_by]
        else:
            names = self.names(question.metrics)
            grouped = [names.group_by(name) for name in question.group_by]
            parts |= {"metric_names": names.metrics, "group_by_names": grouped}
        where = [names.where(text) for text in question.where]
        self.refuse_mixed_currencies(names.metrics, grouped, where)
        where += names.within(question.days(), grouped)
        request = MetricFlowQueryRequest.create(
            where_constraints=where or None,
            # a question that does not say how is sorted by what it is grouped by
            order_by_names=[names.order(name) for name in question.order or grouped] or None,
            time_constraint_start=question.first,
            time_constraint_end=question.last,
            limit=question.limit,
            **parts,
        )
        try:
            explained = self.engine.explain(request)
        except MetricFlowException as error:
            raise WarehouseError(_explained(str(error), names.metrics)) from None
        return str(explained.sql_statement.without_descriptions.sql)

    def ask(self, question: Question) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Answer a question: the names of the columns, and the rows.

        Raises:
            WarehouseError: a name or a filter is wrong, or the query would add two currencies.
        """
        try:
            cursor = self.connection.execute(self.sql(question).encode())
        except (psycopg.ProgrammingError, psycopg.DataError) as error:
            raise WarehouseError(
                f"The warehouse cannot answer this: {error.diag.message_primary}; check --where."
            ) from None
        rows = cursor.fetchall()
        # without a group, sums over nothing are a row
        if not question.saved_query and not any(any(row[len(question.group_by) :]) for row in rows):
            self.refuse_unknown_values(question)
        return [column.name for column in cursor.description or ()], rows

    def refuse_unknown_values(self, question: Question) -> None:
        """Raise a `WarehouseError` where a filter names a value that no row has."""
        texts = [self.names(question.metrics).where(text) for text in question.where]
        for name, values in (found for text in texts for found in NAMED_VALUES.findall(text)):
            request = MetricFlowQueryRequest.create(
                metric_names=list(question.metrics), group_by_names=[name]
            )
            statement = self.engine.explain(request).sql_statement.without_descriptions.sql
            known = {str(row[0]) for row in self.connection.execute(statement.encode())}
            for quoted in re.findall("'((?:[^']|'')*)'", values):
                value = quoted.replace("''", "'")
                if value not in known:
                    raise WarehouseError(
                        f"No {name.replace('__', ' ')} is called {value}; there are "
                        f"{listed(value, known)}; correct --where."
                    )

    def refuse_mixed_currencies(
        self, metrics: Iterable[str], group_by: Iterable[str], where: Iterable[str]
    ) -> None:
        """Raise a `WarehouseError` where a query would add money of two currencies.

        Args:
            metrics: the names of the metrics that are asked for.
            group_by: what they are grouped by.
            where: the filters.
        """
        money = sorted({name.lower() for name in metrics} & set(self.money()))
        apart = any(name == "branch" or name.endswith("currency") for name in group_by)
        chosen = any(
            ONE_CURRENCY.search(text) and not any(ALTERNATIVE.findall(text)) for text in where
        )
        count = len({currency for currency, _ in self.currencies.values()})
        if money and count > 1 and not apart and not chosen:
            raise WarehouseError(
                f"{', '.join(money)}: money of {count} currencies cannot be added. Add "
                "currency to --group-by, or --where \"currency = 'USD'\"."
            )

    def money(self) -> list[str]:
        """Return the metrics that are amounts of money, or are made of some, by name."""
        return [
            metric.name
            for metric in self.semantic_manifest.metrics
            if metric.config and metric.config.meta.get("is_money")
        ]


def _explained(text: str, metrics: Sequence[str]) -> str:
    """Return what MetricFlow does not like, in one sentence."""
    if "do not include 'metric_time'" in text:
        return (
            f"{', '.join(metrics)}: add day, week, month, quarter or year to --group-by; "
            "one of them compares days."
        )
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = lines[lines.index("Message:") + 1 :] if "Message:" in lines else lines
    return f"MetricFlow refuses the question: {' '.join(said[:3])}"
