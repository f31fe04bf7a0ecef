"""The page of figures: mart, metric and tile give the number that the page says."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from metricflow.engine.metricflow_engine import MetricFlowQueryRequest
from psycopg import sql
from psycopg.rows import dict_row

from ingest.publish.metrics import Configuration
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
        return not one and not other
    return abs(one - other) <= Decimal("0.0001" if name.endswith("_share") else "0.011")


def in_mart(warehouse: Warehouse, figure: Figure) -> Numbers:
    day = "month_start" if figure.mart.endswith("_months") else "business_date"
    statement = sql.SQL(
        "select branch_id, {} from marts.{} where date_trunc('month', {}) = %s group by 1"
    ).format(sql.SQL(figure.formula), sql.Identifier(figure.mart), sql.Identifier(day))
    with warehouse.connect(role="reader") as connection:
        return dict(connection.execute(statement, [MONTH]).fetchall())


def test_the_page_has_every_tile_of_the_trading_and_the_kitchen_section() -> None:
    declared = (PROJECT_DIR / "report" / "figures.yml").read_text(encoding="utf-8")
    tiles = re.findall(
        r"^  - name: (\w+)\n    section: (\w+)\n    label: .*\n    kind:", declared, re.M
    )
    shown = {figure.tile for figure in FIGURES}
    wanted = {name for name, section in tiles if section in ("trading", "menu")}
    assert wanted
    assert wanted <= shown
    assert len({figure.name for figure in FIGURES}) == len(FIGURES)


def test_tiles_say_what_the_page_says(small_warehouse: Warehouse) -> None:
    query = (PROJECT_DIR / "report" / "queries" / "figures.sql").read_text(encoding="utf-8")
    with small_warehouse.connect(role="reader") as connection:
        found = connection.cursor(row_factory=dict_row).execute(query).fetchall()
    tiles: dict[str, dict[str, Any]] = {
        row["scope_id"]: row
        for row in found
        if row["period_id"] == f"{MONTH:%Y-%m}"
        # the period itself, not what it is compared with
        and (row.get("basis", "period") == "period" and not row.get("is_previous"))
    }
    for figure in FIGURES:
        if figure.tile != "–":
            numbers = in_mart(small_warehouse, figure)
            assert len(numbers) == 3
            for branch, number in numbers.items():
                assert close(tiles[branch][figure.tile], number, figure.name), (figure, branch)


@pytest.fixture
def layer(small_warehouse: Warehouse) -> Iterator[Configuration]:
    """What asks for the metrics; it changes the process that it runs in."""
    environment, root = dict(os.environ), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configuration = Configuration(small_warehouse)
    yield configuration
    configuration.sql_client.close()
    os.environ.clear()
    os.environ.update(environment)
    logging.basicConfig(handlers=handlers, level=level, force=True)


def test_metrics_say_what_the_page_says(small_warehouse: Warehouse, layer: Configuration) -> None:
    for figure in FIGURES:
        if figure.metric == "–":
            continue
        answer = layer.mf.query(
            MetricFlowQueryRequest.create(
                metric_names=[figure.metric],
                group_by_names=["branch", "metric_time__month"],
            )
        ).result_df
        assert answer is not None
        asked: Numbers = {
            row[0]: None if row[2] is None else Decimal(str(row[2]))
            for row in answer.rows
            if row[0] and row[1].date() == MONTH
        }
        for branch, number in in_mart(small_warehouse, figure).items():
            assert close(asked.get(branch), number, figure.name), (figure, branch)


def test_every_amount_of_every_mart_is_on_the_page(small_warehouse: Warehouse) -> None:
    with small_warehouse.connect(role="reader") as connection:
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


@pytest.fixture
def queries() -> dict[str, str]:
    """The page's queries by their comment."""
    return dict(re.findall(r"```sql\n-- (.*?)\n(.*?)```", PAGE, re.DOTALL))


def test_cash_in_euros_is_that_of_the_export(
    small_warehouse: Warehouse, queries: dict[str, str]
) -> None:
    """Held against the file's own lines: what was given back is deducted."""
    with small_warehouse.connect(role="reader") as connection:
        documented = dict(
            connection.execute(queries["euros of December 2015 by way of paying"]).fetchall()
        )
    with small_warehouse.connect() as connection:
        of_file = dict(
            connection.execute(
                r"""
                select
                    case mode_de_paiement when 'carte' then 'card' when 'espèces' then 'cash'
                        else 'voucher' end,
                    sum(
                        cast(quantite as numeric)
                        * cast(replace(regexp_replace(prix_unitaire, '[^0-9,-]', '', 'g'), ',', '.')
                            as numeric)
                    )
                from raw_files.lyon_sales
                where _deleted_at is null and date_trunc(
                    'month', to_timestamp(date || heure, 'DD/MM/YYYYHH24:MI') - interval '4 hours'
                ) = '2015-12-01'
                group by 1
                """
            ).fetchall()
        )
    assert documented == of_file
    assert documented["cash"] > 0


def test_the_gap_between_the_two_costs_is_that_of_the_recipes_and_the_till(
    small_warehouse: Warehouse, queries: dict[str, str]
) -> None:
    with small_warehouse.connect(role="reader") as connection:
        (documented,) = [
            row
            for row in connection.execute(
                queries["the two costs of each branch in December 2015"]
            ).fetchall()
            if row[0] == "chicago"
        ]
        ((recipe, till),) = connection.execute(
            """
            select
                (
                    select sum(consumed_amount) from marts.fct_stock_days
                    where branch_id = 'chicago'
                        and business_date between '2015-12-01' and '2015-12-31'
                ),
                (
                    select sum(till_cost) from marts.fct_order_lines
                    where branch_id = 'chicago'
                        and business_date between '2015-12-01' and '2015-12-31'
                        and line_kind = 'sale'
                )
            """
        ).fetchall()
        ((revenue,),) = connection.execute(
            "select sum(gross_revenue - discount_amount) from marts.fct_orders where branch_id ="
            " 'chicago' and business_date between '2015-12-01' and '2015-12-31'"
        ).fetchall()
    assert abs(documented[1] - recipe / revenue) < Decimal("0.001")
    assert abs(documented[2] - till / revenue) < Decimal("0.001")
