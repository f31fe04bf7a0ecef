"""The page of figures: mart, metric and tile give the number that the page says."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from psycopg import sql
from psycopg.rows import dict_row

from ingest.publish.metrics import Metrics, Question
from ingest.warehouse import PROJECT_DIR, Warehouse

PAGE = (PROJECT_DIR / "docs" / "dbt" / "figures.md").read_text(encoding="utf-8")

MONTH = date(2015, 12, 1)
"""The only one of the small company's that is whole."""

MONEY_TYPES = {"numeric(18,2)", "numeric(14,2)", "numeric(18,6)"}

Numbers = dict[str, Decimal | None]


class Figure(NamedTuple):
    """A figure of the page, and where it is to be found."""

    mart: str
    name: str
    formula: str
    metric: str
    tile: str


def figures() -> Iterator[Figure]:
    """Read the page's tables, each with the mart that its section names."""
    for section in PAGE.split("\n## ")[1:]:
        mart = re.search(r"^Of \[(\w+)\]", section, re.MULTILINE)
        rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", section, re.MULTILINE)
        for name, rest in rows if mart else ():
            cells = [cell.strip().strip("`") for cell in rest.split("|")]
            yield Figure(mart[1] if mart else "", name, *cells[2:5])


FIGURES = list(figures())


def close(one: Decimal | None, other: Decimal | None, name: str) -> bool:
    """Whether two numbers are the same: the tiles add what is rounded for each period."""
    if one is None or other is None:
        return one is other
    return abs(one - other) <= Decimal("0.0001" if name.endswith("_share") else "0.011")


def in_mart(warehouse: Warehouse, figure: Figure, month: date = MONTH) -> Numbers:
    """The figure of each branch, and of each currency, as the page makes it from the mart."""
    months = {
        "days": "date_trunc('month', business_date)",
        "parts": "date_trunc('month', business_date)",
        "months": "month_start",
        "periods": "case when period_id = to_char(first_date, 'YYYY-MM') then first_date end",
    }
    statement = sql.SQL(
        "select coalesce(branch_id, currency), {} from marts.{} where {} = %s"
        " group by grouping sets (branch_id, currency)"
    ).format(
        sql.SQL(figure.formula),
        sql.Identifier(figure.mart),
        sql.SQL(months[figure.mart.rpartition("_")[2]]),
    )
    with warehouse.connect(role="reader") as connection:
        return dict(connection.execute(statement, [month]).fetchall())


def in_metric(layer: Metrics, figure: Figure, month: date = MONTH) -> Numbers:
    """The same, by the metric that the page names."""
    last = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    found: Numbers = {}
    for place in ("branch", "branch__currency"):
        question = Question(
            [figure.metric],
            [place],
            first=datetime.combine(month, time()),
            last=datetime.combine(last, time()),
        )
        names, rows = layer.ask(question)
        at = names.index(figure.metric)
        values = {row[1 - at]: row[at] for row in rows}
        found |= {
            scope: None if value is None else Decimal(str(value)) for scope, value in values.items()
        }
    return found


def in_tile(warehouse: Warehouse, month: date = MONTH) -> dict[str, dict[str, Any]]:
    """All tiles of a month, by branch and by currency."""
    query = (PROJECT_DIR / "report" / "queries" / "figures.sql").read_text(encoding="utf-8")
    with warehouse.connect(role="reader") as connection:
        found = connection.cursor(row_factory=dict_row).execute(query.encode()).fetchall()
    return {
        row["scope_id"]: row
        for row in found
        # the period itself, not what it is compared with
        if row["period_id"] == f"{month:%Y-%m}" and row["basis"] == "period"
    }


def ask_metrics(warehouse: Warehouse) -> Iterator[Metrics]:
    environment = dict(os.environ)
    metrics = Metrics(warehouse)
    yield metrics
    metrics.close()
    os.environ.clear()
    os.environ.update(environment)


@pytest.fixture(scope="module")
def layer(resting_warehouse: Warehouse) -> Iterator[Metrics]:
    yield from ask_metrics(resting_warehouse)


def names_of_the_page() -> list[str]:
    """What the page defines: the names in the first column of its tables."""
    first = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", PAGE, re.MULTILINE)
    return [name for cell in first for name in re.findall(r"\w+", cell)]


def test_the_page_has_every_tile_and_every_metric(layer: Metrics) -> None:
    declared = (PROJECT_DIR / "report" / "figures.yml").read_text(encoding="utf-8")
    tiles = set(
        re.findall(r"^  - name: (\w+)\n    section: \w+\n    label: .*\n    kind:", declared, re.M)
    )
    metrics = {metric.name for metric in layer.semantic_manifest.metrics}
    assert tiles - set(names_of_the_page()) == set()
    shown = {figure.tile for figure in FIGURES}
    # the report makes it from days alone
    assert {each.name for each in FIGURES} & tiles - shown == {"known_guest_share"}
    assert metrics - set(names_of_the_page()) == set()
    # what has the name of a metric is that metric
    assert [each for each in FIGURES if (each.metric == "–") is (each.name in metrics)] == []


def test_a_name_of_the_page_has_one_meaning() -> None:
    names = names_of_the_page()
    assert len(names) > 150
    assert {name for name in names if names.count(name) > 1} == set()
    for figure in FIGURES:
        assert {figure.metric, figure.tile} <= {"–", figure.name}
    # and a meaning one name, but for a basis that is summed by other days or for other products
    formulas = [(figure.mart, figure.formula) for figure in FIGURES]
    assert len(set(formulas)) == len(formulas)


def test_every_number_of_a_report_mart_is_on_the_page(resting_warehouse: Warehouse) -> None:
    with resting_warehouse.connect(role="reader") as connection:
        columns = connection.execute(
            """
            select c.relname, a.attname
            from pg_attribute as a inner join pg_class as c on a.attrelid = c.oid
            where c.relnamespace = 'marts'::regnamespace and c.relkind = 'r' and a.attnum > 0
                and starts_with(c.relname, 'rpt_') and not a.attisdropped
                and a.atttypid in ('numeric'::regtype, 'integer'::regtype, 'bigint'::regtype,
                    'double precision'::regtype)
            """
        ).fetchall()
    assert len(columns) > 300
    names = set(names_of_the_page())
    assert {
        (mart, name) for mart, name in columns if name.removesuffix("_exact") not in names
    } == set()


def test_tiles_say_what_the_page_says(resting_warehouse: Warehouse) -> None:
    tiles = in_tile(resting_warehouse)
    for figure in FIGURES:
        if figure.tile != "–":
            numbers = in_mart(resting_warehouse, figure)
            assert {"chicago", "quito", "USD"} <= numbers.keys()
            for scope, number in numbers.items():
                assert close(tiles[scope][figure.tile], number, figure.name), (figure, scope)


@pytest.mark.parametrize(
    "figure", [figure for figure in FIGURES if figure.metric != "–"], ids=lambda each: each.name
)
def test_metrics_say_what_the_page_says(
    resting_warehouse: Warehouse, layer: Metrics, figure: Figure
) -> None:
    numbers, answers = in_mart(resting_warehouse, figure), in_metric(layer, figure)
    assert {"chicago", "quito", "USD"} <= numbers.keys()
    for scope in numbers.keys() | answers.keys():
        assert close(answers.get(scope), numbers.get(scope), figure.name), (figure, scope)


def test_every_amount_of_every_mart_is_on_the_page(resting_warehouse: Warehouse) -> None:
    with resting_warehouse.connect(role="reader") as connection:
        columns = connection.execute(
            """
            select distinct a.attname, replace(format_type(a.atttypid, a.atttypmod), ' ', '')
            from pg_attribute as a inner join pg_class as c on a.attrelid = c.oid
            where c.relnamespace = 'marts'::regnamespace and c.relkind = 'r' and a.attnum > 0
            """
        ).fetchall()
    amounts = {name for name, kind in columns if kind in MONEY_TYPES}
    assert len(amounts) > 30
    assert {name for name in amounts if f"\n| `{name}` |" not in PAGE} == set()


def test_an_amount_that_a_mart_shares_with_the_days_is_theirs(small_warehouse: Warehouse) -> None:
    """Of the day on which it was sold or paid: what is of an order has another name."""
    shared = """
        select marts.relname, amounts.attname
        from pg_class as marts
        inner join pg_attribute as amounts on amounts.attrelid = marts.oid
        inner join pg_attribute as days on amounts.attname = days.attname
        where marts.relnamespace = 'marts'::regnamespace and marts.relkind = 'r'
            and days.attrelid = 'marts.rpt_branch_days'::regclass and days.attname ~ '_exact$'
            and marts.oid <> days.attrelid
            and 2 = (
                select count(*) from pg_attribute as keys where keys.attrelid = marts.oid
                    and keys.attname in ('branch_id', 'business_date')
            )
        order by 1, 2
    """
    # a returned line is a row like others there: below 0, and a refund of its day
    sold = {"fct_order_lines": "line_kind <> 'return'"}
    with small_warehouse.connect(role="reader") as connection:
        found = connection.execute(shared).fetchall()
        apart = [
            (mart, name)
            for mart, name in found
            if connection.execute(
                sql.SQL(
                    "select 1 from (select branch_id, business_date, sum({0}) as amount from {1}"
                    " where {2} group by 1, 2) as marts inner join marts.rpt_branch_days as days"
                    " using (branch_id, business_date) where abs(days.{0} - marts.amount) > 0.0001"
                ).format(
                    sql.Identifier(name),
                    sql.Identifier("marts", mart),
                    sql.SQL(sold.get(mart, "true")),
                )
            ).fetchone()
        ]
    assert {"fct_orders", "fct_payments", "fct_order_lines", "fct_order_taxes"} <= {
        mart for mart, _ in found
    }
    assert apart == []


@pytest.fixture
def queries() -> dict[str, str]:
    """The page's queries by their comment."""
    return dict(re.findall(r"```sql\n-- (.*?)\n(.*?)```", PAGE, re.DOTALL))


def test_what_came_in_by_way_of_paying_is_what_the_days_have_taken(
    resting_warehouse: Warehouse, queries: dict[str, str]
) -> None:
    """Refunds are deducted: they were once added."""
    with resting_warehouse.connect(role="reader") as connection:
        documented = dict(
            connection.execute(queries["euros of January 2016 by way of paying"]).fetchall()
        )
        ((taken, paid_back),) = connection.execute(
            "select sum(taken_amount), sum(paid_back_amount) from marts.rpt_branch_days where"
            " branch_id = 'lyon' and business_date between '2016-01-01' and '2016-01-31'"
        ).fetchall()
    assert documented["cash"] > 0
    assert paid_back > 0
    assert sum(documented.values()) == taken


def test_the_gap_between_the_two_costs_is_that_of_the_recipes_and_the_till(
    resting_warehouse: Warehouse, queries: dict[str, str]
) -> None:
    with resting_warehouse.connect(role="reader") as connection:
        (documented,) = [
            row
            for row in connection.execute(
                queries["the two costs of each branch in December 2015"]
            ).fetchall()
            if row[0] == "chicago"
        ]
        ((recipe, till),) = connection.execute(
            """
            with products as (
                select sum(l.till_cost) as cost, sum(l.gross_revenue - l.discount_amount) as revenue
                from marts.fct_order_lines as l
                where l.branch_id = 'chicago' and l.line_kind = 'sale'
                    and l.business_date between '2015-12-01' and '2015-12-31'
                group by product_key
                having count(*) = count(l.till_cost)
            )
            select
                (
                    select sum(consumed_amount) from marts.fct_stock_days
                    where branch_id = 'chicago'
                        and business_date between '2015-12-01' and '2015-12-31'
                ) / (
                    select sum(gross_revenue - discount_amount) from marts.fct_orders
                    where branch_id = 'chicago'
                        and business_date between '2015-12-01' and '2015-12-31'
                ),
                (select sum(cost) / sum(revenue) from products)
            """
        ).fetchall()
    assert abs(documented[1] - recipe) < Decimal("0.001")
    assert abs(documented[2] - till) < Decimal("0.001")
    assert documented[3] == documented[2] - documented[1]
