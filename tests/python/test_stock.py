"""Late, corrected and bad stock files reach the marts, and only the days that they concern.

The tests of this file share one warehouse and follow one another.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
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


def fingerprint(warehouse: Warehouse, where: str = "true") -> list[tuple[Any, ...]]:
    return [
        query(
            warehouse,
            "select count(*), sum(hashtextextended(to_jsonb(t)::text, 0)::numeric)"
            f" from marts.{mart} as t where {where}",
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


def test_what_is_late_or_corrected_reaches_the_days_that_it_concerns(
    warehouse: Warehouse, published: list[tuple[Any, ...]]
) -> None:
    before = {day: stock_day(warehouse, f"2015-12-{day}") for day in (27, 28, 29, 30, 31)}
    sold_before = stock_day(warehouse, "2015-11-20", "mozzarella")
    held_before = waiting(warehouse)
    mended = next(key for key in held_before if "/quito/" in key and COUNT not in key)
    mended_file, mended_line = mended.rsplit(":", 1)
    day = Path(mended_file).stem
    onions_before = query(
        warehouse,
        "select counted_quantity from marts.fct_stock_days"
        f" where stock_day_key = 'quito-red_onions-{day}'",
    )[0][0]

    def correct(lines: list[list[str]]) -> None:
        flour = next(line for line in lines if line[0] == "flour")
        flour[1] = "1.500"
        lines.append(["unicorn", "1", "kg", "Ana", ""])
        lines.append(["ham", "-3", "kg", "Ana", ""])
        lines.append(["ham", "2,5o", "kg", "Ana", ""])
        lines.append(["ham", "1", "bag", "Ana", ""])

    def join_the_comma(lines: list[list[str]]) -> None:
        lines[-1] = ["red_onions", "2.5", "kg", *lines[-1][4:]]

    change(COUNT, correct)
    change(mended_file, join_the_comma)
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

    mypizza("run", "--no-docs")

    after = {day: stock_day(warehouse, f"2015-12-{day}") for day in before}
    # the corrected count: its own day, and the next one's opening
    assert after[27] == before[27]
    assert after[28]["counted_quantity"] == Decimal("1.5")
    assert after[28]["variance_quantity"] == after[28]["expected_quantity"] - Decimal("1.5")
    assert after[29]["opening_quantity"] == Decimal("1.5") != before[29]["opening_quantity"]
    # the late delivery, in the ingredient's own unit: its day, and the price from then on
    assert query(
        warehouse,
        "select quantity, unit, unit_price, amount from marts.fct_deliveries"
        " where delivery_id = 'quito-late'",
    ) == [(Decimal("4.5359"), "kg", Decimal("2.00003364"), Decimal("9.07"))]
    assert after[29]["delivered_quantity"] == Decimal("4.5359")
    assert after[28]["unit_cost"] == before[28]["unit_cost"] < after[29]["unit_cost"]
    assert after[30]["unit_cost"] == after[29]["unit_cost"]
    assert after[30]["consumed_amount"] > before[30]["consumed_amount"]
    assert after[31]["opening_quantity"] == before[31]["opening_quantity"]  # counted the day before
    # orders that the till has cancelled since: less was consumed, so more is missing
    sold = stock_day(warehouse, "2015-11-20", "mozzarella")
    assert sold["consumed_quantity"] < sold_before["consumed_quantity"]
    assert sold["variance_quantity"] > sold_before["variance_quantity"]
    # the mended line: released, and counted with the other shelf
    assert query(
        warehouse,
        "select counted_quantity from marts.fct_stock_days"
        f" where stock_day_key = 'quito-red_onions-{day}'",
    ) == [(onions_before + Decimal("2.5"),)]
    # bad lines wait with their reasons, and hold back nothing else
    held = waiting(warehouse)
    assert mended not in held
    assert mended_line in mended
    new = {reason for key in held.keys() - held_before.keys() for reason in held[key]}
    assert new == {
        "ingredient: 'unicorn' is not in seeds/ingredients.csv",
        "counted_quantity: '-3' is below 0",
        "counted_quantity: '2,5o' is not a number",
        "unit: 'bag' has no conversion for this ingredient in seeds/unit_conversions.csv",
        f"_file_name: '{NO_DAY}' does not begin with a day that exists, as YYYY-MM-DD",
    }
    assert fingerprint(warehouse, "branch_id <> 'quito'") == published


def test_what_is_mended_in_its_file_flows_by_itself(warehouse: Warehouse) -> None:
    held_before = waiting(warehouse)
    change(COUNT, lambda lines: lines.__delitem__(slice(-4, None)))
    (bucket() / NO_DAY).write_text("ingredient,counted quantity,unit\n")

    mypizza("ingest", "files")
    build(*FACTS)

    held = waiting(warehouse)
    gone = held_before.keys() - held.keys()
    assert {key.rsplit(":", 1)[0] for key in gone} == {COUNT, NO_DAY}
    assert len(gone) == 5
    assert held.keys() <= held_before.keys()
    counted = stock_day(warehouse, "2015-12-28", schema="marts_next")["counted_quantity"]
    assert counted == Decimal("1.5")


def test_a_build_without_anything_new_writes_no_row(warehouse: Warehouse) -> None:
    version = "select max(xmin::text::bigint), count(*) from marts_next."
    before = [query(warehouse, version + fact) for fact in FACTS]

    build(*FACTS)

    assert [query(warehouse, version + fact) for fact in FACTS] == before


def test_a_slip_of_the_pen_is_an_alert_and_no_waste(warehouse: Warehouse) -> None:
    """687 kg of jalapenos, where half a kilo was counted."""
    last = "2015-12-31"
    waste = f"select waste_exact from marts.rpt_branch_days where business_date = '{last}'"
    waste += " and branch_id = 'quito'"
    ((waste_before,),) = query(warehouse, waste)
    before = stock_day(warehouse, last, "jalapenos")
    assert not before["is_surplus"]

    def slip(lines: list[list[str]]) -> None:
        next(line for line in lines if line[0] == "jalapenos")[1] = "687"

    change(f"stock/counts/quito/{last}.csv", slip)
    mypizza("run", "--no-docs")

    after = stock_day(warehouse, last, "jalapenos")
    assert (after["counted_quantity"], after["is_surplus"]) == (Decimal(687), True)
    assert (after["variance_quantity"], after["variance_amount"]) == (None, None)
    assert after["days_of_cover"] <= before["days_of_cover"] + 3
    # what the other ingredients lost stays, and nothing is below nothing
    ((waste_after,),) = query(warehouse, waste)
    assert waste_after == waste_before - before["variance_amount_exact"]
    assert query(
        warehouse,
        "select has_surplus, stock_quantity, surplus_quantity from marts.rpt_stock_alerts"
        " where branch_id = 'quito' and ingredient_id = 'jalapenos'",
    ) == [(True, after["expected_quantity"], 687 - after["expected_quantity"])]
    assert query(
        warehouse,
        "select business_date::text, records from marts.rpt_findings"
        " where finding = 'more was found than expected: jalapenos' and branch_id = 'quito'",
    ) == [(last, 1)]
