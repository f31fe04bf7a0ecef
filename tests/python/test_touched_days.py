"""Facts built day by day, by what each load touches, are the facts that are built at once.

Records change in the raw tables as a load would change them; then the incremental facts are
compared, row by row, with what the same models say without a past.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ingest.warehouse import Warehouse
from tests.python.commands import mypizza

FACTS = ("fct_orders", "fct_order_lines", "fct_payments")

# All in chicago; every change names its load as %(load)s.
CHANGES = {
    "an order is gone from the till, with all that belongs to it": """
        update raw_pos.orders set _deleted_at = now(), _dlt_load_id = %(load)s
        where branch_id = 'chicago' and order_id in (11, 12);
        update raw_pos.order_lines set _deleted_at = now(), _dlt_load_id = %(load)s
        where branch_id = 'chicago' and order_id in (11, 12);
        update raw_pos.payments set _deleted_at = now(), _dlt_load_id = %(load)s
        where branch_id = 'chicago' and order_id in (11, 12)""",
    "a day loses its last order": """
        update raw_pos.orders set _deleted_at = now(), _dlt_load_id = %(load)s
        where branch_id = 'chicago' and order_id in (
            select order_id from intermediate.int_orders_dated
            where branch_id = 'chicago' and business_date = '2015-03-17'
        )""",
    "an order is cancelled, and its lines and payments stay as they were": """
        update raw_pos.orders set status = 'cancelled', _dlt_load_id = %(load)s
        where branch_id = 'chicago' and order_id = 21""",
    "an order moves to another day": """
        update raw_pos.orders set ordered_at = ordered_at + interval '3 days',
            _dlt_load_id = %(load)s
        where branch_id = 'chicago' and order_id = 31""",
    "a line is struck off": """
        update raw_pos.order_lines set _deleted_at = now(), _dlt_load_id = %(load)s
        where branch_id = 'chicago' and order_line_id = 41""",
    "a line moves to an order of another day": """
        update raw_pos.order_lines set order_id = 4000, _dlt_load_id = %(load)s
        where branch_id = 'chicago' and order_line_id = 51""",
    "a payment moves to another order": """
        update raw_pos.payments set order_id = 4001, _dlt_load_id = %(load)s
        where branch_id = 'chicago' and payment_id = 61""",
    "a payment turns out to be of another day": """
        update raw_pos.payments set paid_at = paid_at - interval '2 days', _dlt_load_id = %(load)s
        where branch_id = 'chicago' and payment_id = 71""",
    "a refund is paid out days after the order": """
        insert into raw_pos.payments
        select branch_id, 900000 + payment_id, order_id, payment_method, 'refund', amount,
            tax_amount, 0, currency, null, paid_at + interval '5 days', updated_at, null, %(load)s
        from raw_pos.payments where branch_id = 'chicago' and order_id = 81""",
    "a price had changed before lines that are already built": """
        update raw_pos.products set unit_price = unit_price + 1, unit_cost = unit_cost + 1,
            updated_at = '2015-12-20 00:00:00+00', _dlt_load_id = %(load)s
        where branch_id = 'chicago' and product_id <= 5""",
}


def build() -> None:
    """Build the facts and all before them, without tests: these changes are no honest till's."""
    types = ("test", "unit_test")
    excluded = [word for kind in types for word in ("--exclude-resource-type", kind)]
    mypizza("dbt", "build", "--select", *(f"+{fact}" for fact in FACTS), *excluded)


@pytest.fixture(scope="module")
def warehouse(published_warehouse: Warehouse) -> Warehouse:
    """The published sample company, which the tests change one after the other."""
    return published_warehouse


@pytest.fixture(scope="module")
def built_at_once(warehouse: Warehouse) -> dict[str, str]:
    """The SQL of each fact without a past, on a company whose facts are built."""
    assert warehouse.embedded
    build()
    mypizza("dbt", "compile", "--full-refresh", "--select", *FACTS)
    target = Path(os.environ["DBT_TARGET_PATH"])
    folder = target / "compiled" / "mypizza" / "models" / "marts" / "sales"
    return {fact: (folder / f"{fact}.sql").read_text() for fact in FACTS}


def differences(
    connection: psycopg.Connection[Any], built_at_once: dict[str, str]
) -> dict[str, list[tuple[Any, ...]]]:
    """Return, per fact, the rows that only one of the two ways of building has."""
    different = {}
    for fact, statement in built_at_once.items():
        cursor = connection.execute(f"select * from marts_next.{fact} limit 0")
        columns = ", ".join(column.name for column in cursor.description or [])
        built, at_once = (
            f"select {columns} from marts_next.{fact}",
            f"select {columns} from ({statement}) as at_once",
        )
        different[fact] = connection.execute(
            f"""
            (select 'only by days', * from ({built} except all {at_once}) as a limit 5)
            union all
            (select 'only at once', * from ({at_once} except all {built}) as b limit 5)
            """
        ).fetchall()
    return different


def load(connection: psycopg.Connection[Any], *changes: str, complete: bool = True) -> str:
    """Make changes to the raw tables as one load of chicago, which may still be in flight."""
    load_id = str(time.time())
    for change in changes:
        for statement in CHANGES[change].split(";"):
            assert connection.execute(statement, {"load": load_id}).rowcount > 0, change
    if complete:
        complete_load(connection, load_id)
    return load_id


def complete_load(connection: psycopg.Connection[Any], load_id: str) -> None:
    connection.execute(
        "insert into raw_pos._dlt_loads (load_id, schema_name, status, inserted_at)"
        " values (%s, 'pos_chicago', 0, now())",
        [load_id],
    )


def test_nothing_is_built_again_where_nothing_is_new(
    warehouse: Warehouse, built_at_once: dict[str, str]
) -> None:
    with warehouse.connect() as connection:
        version = "select min(xmin::text::bigint), max(xmin::text::bigint) from marts_next."
        before = [connection.execute(version + fact).fetchone() for fact in FACTS]
        build()
        assert [connection.execute(version + fact).fetchone() for fact in FACTS] == before
        assert not any(differences(connection, built_at_once).values())


def test_rows_of_a_load_in_flight_are_built_and_looked_at_again(
    warehouse: Warehouse, built_at_once: dict[str, str]
) -> None:
    first, second = "an order moves to another day", "a line is struck off"
    with warehouse.connect() as connection:
        load_id = load(connection, first, complete=False)
        build()
        assert not any(differences(connection, built_at_once).values())
        in_flight = "select count(*) from marts_next.fct_orders where load_id is null"
        assert connection.execute(in_flight).fetchone() == (1,)

        # the same load goes on, and ends
        connection.execute(CHANGES[second], {"load": load_id})
        complete_load(connection, load_id)
        build()
        assert not any(differences(connection, built_at_once).values())
        assert connection.execute(in_flight).fetchone() == (0,)


def test_every_change_finds_the_days_that_it_touches(
    warehouse: Warehouse, built_at_once: dict[str, str]
) -> None:
    with warehouse.connect() as connection:
        load(connection, *CHANGES)
        build()
        assert not any(differences(connection, built_at_once).values())
        emptied = "select count(*) from marts_next.fct_orders where business_date = '2015-03-17'"
        assert connection.execute(f"{emptied} and branch_id = 'chicago'").fetchone() == (0,)
