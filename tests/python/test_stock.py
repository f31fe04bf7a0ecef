"""Late, corrected and bad stock files reach the marts, and only the days that they concern.

The tests of this file share one warehouse and follow one another.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from psycopg.rows import dict_row

from ingest import warehouse as warehouse_module
from ingest.warehouse import Warehouse
from tests.python.commands import build, mypizza, query

pytestmark = pytest.mark.usefixtures("published")

FACTS = ("fct_stock_days", "fct_deliveries")
COUNT = "stock/counts/quito/2015-12-28.csv"
LATE = "stock/deliveries/quito/2015-12-29.parquet"  # a Tuesday, on which no wholesaler comes
NO_DAY = "stock/counts/quito/2015-11-31.csv"
LAST = "2015-12-31"


def bucket() -> Path:
    return warehouse_module.warehouse_dir() / "sample" / "bucket"


def change(name: str, edit: Callable[[list[list[str]]], None]) -> None:
    """Edit the lines of a count, as a person with a spreadsheet does."""
    path = bucket() / name
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))
    edit(lines)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(lines)


def waiting(warehouse: Warehouse) -> dict[str, list[str]]:
    """The lines in quarantine, with their reasons."""
    rows = query(
        warehouse,
        "select record_key, reasons from audit.quarantine"
        " where source_name = 'files' and table_name like 'stock_%' and released_at is null",
    )
    return dict(rows)


def fingerprint(
    warehouse: Warehouse, where: str = "true", schema: str = "marts"
) -> list[tuple[Any, ...]]:
    return [
        query(
            warehouse,
            "select count(*), sum(hashtextextended(to_jsonb(t)::text, 0)::numeric)"
            f" from {schema}.{mart} as t where {where}",
        )[0]
        for mart in (*FACTS, "rpt_stock_alerts", "rpt_branch_days")
    ]


def stock_day(
    warehouse: Warehouse, day: str, ingredient: str = "flour", schema: str = "marts"
) -> dict[str, Any]:
    """A row of the fact, for Quito."""
    with warehouse.connect() as connection:
        cursor = connection.cursor(row_factory=dict_row).execute(
            f"select * from {schema}.fct_stock_days where stock_day_key = %s".encode(),
            [f"quito-{ingredient}-{day}"],
        )
        (row,) = cursor.fetchall()
    return row


@pytest.fixture(scope="module")
def warehouse(small_warehouse: Warehouse) -> Warehouse:
    """The published small company, which the tests change one after the other."""
    return small_warehouse


@pytest.fixture(scope="module")
def published(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    """The marts of the branch that nothing will happen to."""
    return fingerprint(warehouse, "branch_id <> 'quito'")


def test_lines_that_do_not_fit_wait_in_the_quarantine_and_name_their_line(
    warehouse: Warehouse,
) -> None:
    held = waiting(warehouse)
    assert held
    for key, (reason,) in held.items():
        file, line = key.rsplit(":", 1)
        assert reason == f"line {line} of {file} cannot be read as a record"
        fields = (bucket() / file).read_text(encoding="utf-8").splitlines()[-1].split(",")
        assert len(fields) == 6, "one comma too many"
    # what a person wrote, and who it was, stays in raw
    records = query(
        warehouse, "select raw_record from audit.quarantine where source_name = 'files'"
    )
    assert not [record for (record,) in records if "another bag" in record]


def test_every_day_balances(warehouse: Warehouse) -> None:
    ((items, days, counted, broken),) = query(
        warehouse,
        """
        select
            count(distinct (branch_id, ingredient_id)),
            count(*),
            count(variance_quantity),
            count(*) filter (
                where opening_quantity + delivered_quantity - consumed_quantity - counted_quantity
                    is distinct from variance_quantity
            )
        from marts.fct_stock_days
        """,
    )
    # two branches, all ingredients but one that no pizza has needed yet; nothing comes before the
    # first of the 43 days, and one is needed later
    assert (items, broken) == (2 * 40, 0)
    assert 42 * items < days <= 43 * items
    assert counted == days - items
    ((branches,),) = query(
        warehouse, "select array_agg(distinct branch_id) from marts.fct_stock_days"
    )
    assert sorted(branches) == ["chicago", "quito"]


@dataclass(frozen=True)
class Before:
    """What the tests compare the corrected company with.

    Attributes:
        days: the last days of flour.
        sold: a day of mozzarella, of which the till cancels orders.
        held: the lines in quarantine.
        mended: one of them, which is mended in its file.
        onions: what was counted of the ingredient that it names.
        last: the last day of all ingredients, by ingredient.
    """

    days: dict[int, dict[str, Any]]
    sold: dict[str, Any]
    held: dict[str, list[str]]
    mended: str
    onions: Decimal
    last: dict[str, dict[str, Any]]

    @property
    def onions_day(self) -> str:
        """The day of the mended line."""
        return Path(self.mended.rsplit(":", 1)[0]).stem


def onions(warehouse: Warehouse, day: str, schema: str = "marts") -> Decimal:
    """What was counted of red onions in Quito."""
    ((quantity,),) = query(
        warehouse,
        f"select counted_quantity from {schema}.fct_stock_days"
        f" where stock_day_key = 'quito-red_onions-{day}'",
    )
    return Decimal(quantity)


def last_day(warehouse: Warehouse, schema: str = "marts") -> dict[str, dict[str, Any]]:
    """The last day of all ingredients of Quito."""
    with warehouse.connect() as connection:
        rows = connection.cursor(row_factory=dict_row).execute(
            f"select * from {schema}.fct_stock_days where branch_id = 'quito'"
            f" and business_date = '{LAST}'".encode()
        )
        return {row["ingredient_id"]: row for row in rows}


@pytest.fixture(scope="module")
def before(warehouse: Warehouse) -> Before:
    """The company before anything is corrected."""
    held = waiting(warehouse)
    mended = next(key for key in held if "/quito/" in key and COUNT not in key)
    return Before(
        days={day: stock_day(warehouse, f"2015-12-{day}") for day in (27, 28, 29, 30, 31)},
        sold=stock_day(warehouse, "2015-11-20", "mozzarella"),
        held=held,
        mended=mended,
        onions=onions(warehouse, Path(mended.rsplit(":", 1)[0]).stem),
        last=last_day(warehouse),
    )


@pytest.fixture(scope="module")
def corrected(warehouse: Warehouse, published: list[tuple[Any, ...]], before: Before) -> Warehouse:
    """The company after a day on which much was late, corrected and wrong, in one build.

    It is in marts_next; the tests of what it is made from have passed.
    """
    assert published

    def correct(lines: list[list[str]]) -> None:
        flour = next(line for line in lines if line[0] == "flour")
        flour[1] = "1.500"
        lines.append(["unicorn", "1", "kg", "Ana", ""])
        lines.append(["ham", "-3", "kg", "Ana", ""])
        lines.append(["ham", "2,5o", "kg", "Ana", ""])
        lines.append(["ham", "1", "bag", "Ana", ""])

    def join_the_comma(lines: list[list[str]]) -> None:
        lines[-1] = ["red_onions", "2.5", "kg", *lines[-1][4:]]

    def slip(lines: list[list[str]]) -> None:
        next(line for line in lines if line[0] == "jalapenos")[1] = "687"

    change(COUNT, correct)
    change(before.mended.rsplit(":", 1)[0], join_the_comma)
    change(f"stock/counts/quito/{LAST}.csv", slip)
    (bucket() / NO_DAY).write_text("ingredient,counted quantity,unit\nflour,1,kg\n")
    delivery = {
        "delivery_id": "quito-late",
        "ingredient": "flour",
        "quantity": Decimal("10.000"),
        "unit": "lb",
        "unit_price": Decimal("0.9072"),
        "currency": "USD",
    }
    pq.write_table(pa.Table.from_pylist([delivery]), bucket() / LATE)
    query(
        warehouse,
        """
        update orders set status = 'cancelled', updated_at = now() - interval '1 minute'
        where order_id in (
            select order_id from orders
            where ordered_at between '2015-11-20 17:00+00' and '2015-11-21 03:00+00'
        )
        """,
        "till_quito",
    )
    mypizza("ingest")
    marts = (*FACTS, "rpt_stock_alerts", "rpt_branch_days", "rpt_findings")
    selected = [f"+{mart}" for mart in marts]
    mypizza("dbt", "build", "--select", *selected, "--exclude-resource-type", "unit_test")
    return warehouse


def test_a_corrected_count_is_that_of_its_day_and_the_opening_of_the_next_one(
    corrected: Warehouse, before: Before
) -> None:
    after = {
        day: stock_day(corrected, f"2015-12-{day}", schema="marts_next") for day in before.days
    }
    assert after[27] == before.days[27]
    assert after[28]["counted_quantity"] == Decimal("1.5")
    assert after[28]["variance_quantity"] == after[28]["expected_quantity"] - Decimal("1.5")
    assert after[29]["opening_quantity"] == Decimal("1.5") != before.days[29]["opening_quantity"]
    # counted the day before
    assert after[31]["opening_quantity"] == before.days[31]["opening_quantity"]


def test_a_late_delivery_counts_from_its_day_on_in_the_ingredients_own_unit(
    corrected: Warehouse, before: Before
) -> None:
    after = {
        day: stock_day(corrected, f"2015-12-{day}", schema="marts_next") for day in before.days
    }
    assert query(
        corrected,
        "select quantity, unit, unit_price, amount from marts_next.fct_deliveries"
        " where delivery_id = 'quito-late'",
    ) == [(Decimal("4.5359"), "kg", Decimal("2.00003364"), Decimal("9.07"))]
    assert after[29]["delivered_quantity"] == Decimal("4.5359")
    assert after[28]["unit_cost"] == before.days[28]["unit_cost"] < after[29]["unit_cost"]
    assert after[30]["unit_cost"] == after[29]["unit_cost"]
    assert after[30]["consumed_amount"] > before.days[30]["consumed_amount"]


def test_what_cancelled_orders_did_not_consume_is_missing(
    corrected: Warehouse, before: Before
) -> None:
    sold = stock_day(corrected, "2015-11-20", "mozzarella", "marts_next")
    assert sold["consumed_quantity"] < before.sold["consumed_quantity"]
    assert sold["variance_quantity"] > before.sold["variance_quantity"]


def test_a_mended_line_is_released_and_counted_with_the_other_shelf(
    corrected: Warehouse, before: Before
) -> None:
    assert before.mended not in waiting(corrected)
    assert onions(corrected, before.onions_day, "marts_next") == before.onions + Decimal("2.5")


def test_bad_lines_wait_with_their_reasons_and_hold_back_nothing_else(
    corrected: Warehouse, before: Before, published: list[tuple[Any, ...]]
) -> None:
    held = waiting(corrected)
    new = {reason for key in held.keys() - before.held.keys() for reason in held[key]}
    assert new == {
        "ingredient: 'unicorn' is not in seeds/ingredients.csv",
        "counted_quantity: '-3' is below 0",
        "counted_quantity: '2,5o' is not a number",
        "unit: 'bag' has no conversion for this ingredient in seeds/unit_conversions.csv",
        f"_file_name: '{NO_DAY}' does not begin with a day that exists, as YYYY-MM-DD",
    }
    assert fingerprint(corrected, "branch_id <> 'quito'", "marts_next") == published


def test_a_slip_of_the_pen_is_an_alert_and_no_waste(corrected: Warehouse, before: Before) -> None:
    """687 kg of jalapenos, where half a kilo was counted."""
    was, is_now = before.last, last_day(corrected, "marts_next")
    ingredient = "jalapenos"
    assert not was[ingredient]["is_surplus"]
    after = is_now[ingredient]
    assert (after["counted_quantity"], after["is_surplus"]) == (Decimal(687), True)
    assert (after["variance_quantity"], after["variance_amount"]) == (None, None)
    assert after["days_of_cover"] <= was[ingredient]["days_of_cover"] + 3
    # what the other ingredients lost stays, and nothing is below nothing
    others = is_now.keys() - {ingredient}
    assert others == was.keys() - {ingredient}
    for name in others:
        assert is_now[name]["variance_quantity"] == was[name]["variance_quantity"], name
    assert query(
        corrected,
        "select waste_exact from marts_next.rpt_branch_days where branch_id = 'quito'"
        f" and business_date = '{LAST}'",
    ) == [(sum(is_now[name]["variance_amount_exact"] or 0 for name in others),)]
    assert query(
        corrected,
        "select has_surplus, stock_quantity, surplus_quantity from marts_next.rpt_stock_alerts"
        f" where branch_id = 'quito' and ingredient_id = '{ingredient}'",
    ) == [(True, after["expected_quantity"], 687 - after["expected_quantity"])]
    assert query(
        corrected,
        "select business_date::text, records from marts_next.rpt_findings"
        f" where finding = 'more was found than expected: {ingredient}' and branch_id = 'quito'",
    ) == [(LAST, 1)]


def test_what_is_mended_in_its_file_flows_by_itself(corrected: Warehouse) -> None:
    held_before = waiting(corrected)
    change(COUNT, lambda lines: lines.__delitem__(slice(-4, None)))
    (bucket() / NO_DAY).write_text("ingredient,counted quantity,unit\n")

    mypizza("ingest", "files")
    build(*FACTS)

    held = waiting(corrected)
    gone = held_before.keys() - held.keys()
    assert {key.rsplit(":", 1)[0] for key in gone} == {COUNT, NO_DAY}
    assert len(gone) == 5
    assert held.keys() <= held_before.keys()
    counted = stock_day(corrected, "2015-12-28", schema="marts_next")["counted_quantity"]
    assert counted == Decimal("1.5")


def test_a_build_without_anything_new_writes_no_row(corrected: Warehouse) -> None:
    version = "select max(xmin::text::bigint), count(*) from marts_next."
    before = [query(corrected, version + fact) for fact in FACTS]

    build(*FACTS)

    assert [query(corrected, version + fact) for fact in FACTS] == before
