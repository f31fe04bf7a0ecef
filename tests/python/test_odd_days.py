"""Days that stand out: oddities planted in the sample are found, and few other days are.

The model's own SQL is run on the published days with the oddities in them, and then rolled back.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ingest.warehouse import Warehouse
from tests.python.commands import mypizza

ODDITIES = {
    "an amount is rung up with a digit too many": (
        "revenue_before_refunds",
        "revenue_before_refunds_exact = revenue_before_refunds_exact * 3",
        0.5,
    ),
    "much is refunded": (
        "refund_share",
        "refund_amount_exact = revenue_before_refunds_exact * 0.4",
        0.9,
    ),
    "much is taken off": (
        "discount_share",
        "discount_amount_exact = gross_revenue_exact * 0.4",
        0.9,
    ),
}
"""What is planted: the figure, how, and the share of them that is found at the least."""

EVERY = 23
"""One day in so many is odd, each of another weekday than the one before."""

PLANT = """
    create temporary table planted on commit drop as
    select branch_id, business_date from (
        select
            branch_id, business_date,
            row_number() over (partition by branch_id order by business_date) as number
        from marts.rpt_branch_days where is_complete and orders > 0
    ) as days
    where number > 100 and number % {every} = 0;
    update marts.rpt_branch_days as days set {how} from planted
    where days.branch_id = planted.branch_id and days.business_date = planted.business_date
"""


@pytest.fixture(scope="module")
def statements(published_warehouse: Warehouse) -> list[str]:
    """The SQL of the two models on what is published, with tables that end with the transaction."""
    assert published_warehouse.embedded
    names = ("int_days_expected", "rpt_odd_days")
    mypizza("dbt", "compile", "--select", *names)
    compiled = Path(os.environ["DBT_TARGET_PATH"]) / "compiled" / "mypizza" / "models"
    texts = []
    for name in names:
        text = next(compiled.rglob(f"{name}.sql")).read_text().replace("marts_next", "marts")
        text = text.replace('"mypizza"."intermediate"."int_days_expected"', "int_days_expected")
        texts += [f"create temporary table {name} on commit drop as {text}", f"analyze {name}"]
    return texts


def found(connection: psycopg.Connection[Any], statements: list[str]) -> set[tuple[Any, ...]]:
    for statement in statements:
        connection.execute(statement)
    rows = connection.execute(
        "select branch_id, business_date, figure from rpt_odd_days"
    ).fetchall()
    return set(rows)


def test_planted_oddities_are_found_and_false_alarms_are_few(
    published_warehouse: Warehouse, statements: list[str]
) -> None:
    with published_warehouse.connect() as connection:
        connection.autocommit = False
        alarms = found(connection, statements)
        row = connection.execute(
            "select count(*) / 30.4 from int_days_expected where figure = 'orders'"
        ).fetchone()
        assert row is not None
        assert 0 < len(alarms) < 0.5 * float(row[0])
        connection.rollback()

        for oddity, (figure, how, share) in ODDITIES.items():
            for statement in PLANT.format(every=EVERY, how=how).split(";"):
                connection.execute(statement)
            planted = {(*row, figure) for row in connection.execute("select * from planted")}
            assert len(planted) > 30, oddity
            rows = found(connection, statements)
            assert len(planted & rows) >= share * len(planted), oddity
            assert len(rows - planted - alarms) <= 5, oddity
            connection.rollback()
