"""Facts built order by order, by what each load touches, are the facts that are built at once.

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
from tests.python.commands import build, mypizza

FACTS = ("fct_orders", "fct_order_lines", "fct_payments", "fct_order_taxes")
BASKETS = "int_baskets_paired"
BUILT = (*FACTS, BASKETS)
OF_TILLS = ("quarantine", *BUILT)
"""All that keeps rows from build to build; exports have tables, too, which are made anew."""
OF_EXPORTS = (*(f"base_exports__lines_read+,+{fact}" for fact in FACTS), BASKETS)
"""Those tables, and what is between them and the facts."""

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
        where branch_id = 'chicago' and cast(order_id as text) in (
            select order_id from intermediate.int_orders_dated
            where branch_id = 'chicago' and business_date = '2015-12-05'
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
        update raw_pos.order_lines set order_id = 400, _dlt_load_id = %(load)s
        where branch_id = 'chicago' and order_line_id = 51""",
    "a line moves to an order that is cancelled": """
        update raw_pos.order_lines set order_id = 21, _dlt_load_id = %(load)s
        where branch_id = 'chicago' and order_line_id = 451""",
    "a payment moves to another order": """
        update raw_pos.payments set order_id = 401, _dlt_load_id = %(load)s
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

LINE = """
        insert into raw_files.lyon_sales (branch_id, _file_name, _line_number, _dlt_load_id,
            date, heure, ticket, article, quantite, prix_unitaire, mode_de_paiement)
        values ('lyon', 'exports/lyon/late.csv', {number}, %(load)s,
            '{day}/01/2016', '12:00', '{ticket}', 'Reine', '{quantity}', '13,50 €', 'carte')"""
FILE = "exports/lyon/ventes_2016-01-0"

# All in lyon, whose till has no database: one dictionary is one load, one follows the other.
CHANGES_OF_EXPORTS = (
    {
        "lines are appended to a file, one of them a refund": ";".join(
            (
                LINE.format(number=2, day="03", ticket="T1", quantity="2"),
                LINE.format(number=3, day="03", ticket="T2", quantity="1"),
                LINE.format(number=4, day="06", ticket="T1", quantity="-1"),
                LINE.format(number=5, day="06", ticket="T2", quantity="-1"),
            )
        ),
        "a line is corrected": f"""
            update raw_files.lyon_sales set quantite = '7', _dlt_load_id = %(load)s
            where _file_name = '{FILE}2.csv' and _line_number = 2""",
        "a line turns out to be of another ticket": f"""
            update raw_files.lyon_sales set ticket = '000001', _dlt_load_id = %(load)s
            where _file_name = '{FILE}2.csv' and _line_number = 3""",
        "a line is gone from its file": f"""
            update raw_files.lyon_sales set _deleted_at = now(), _dlt_load_id = %(load)s
            where _file_name = '{FILE}2.csv' and _line_number = 4""",
        "a file is emptied": f"""
            update raw_files.lyon_sales set _deleted_at = now(), _dlt_load_id = %(load)s
            where _file_name = '{FILE}4.csv'""",
        "a line cannot be read any more": f"""
            update raw_files.lyon_sales set quantite = 'two', _dlt_load_id = %(load)s
            where _file_name = '{FILE}3.csv' and _line_number = 2""",
    },
    {
        "a sale comes between another sale and its refund": LINE.format(
            number=6, day="04", ticket="T1", quantity="1"
        ),
        "a sale with a refund turns out to be of another ticket": """
            update raw_files.lyon_sales set ticket = 'T3', _dlt_load_id = %(load)s
            where _file_name = 'exports/lyon/late.csv' and _line_number = 3""",
        "a line can be read again": f"""
            update raw_files.lyon_sales set quantite = '2', _dlt_load_id = %(load)s
            where _file_name = '{FILE}3.csv' and _line_number = 2""",
        "a file is there again": f"""
            update raw_files.lyon_sales set _deleted_at = null, _dlt_load_id = %(load)s
            where _file_name = '{FILE}4.csv'""",
    },
    {
        "the refund's sale is gone, so an older one has it": """
            update raw_files.lyon_sales set _deleted_at = now(), _dlt_load_id = %(load)s
            where _file_name = 'exports/lyon/late.csv' and _line_number = 6""",
    },
)


@pytest.fixture(scope="module")
def warehouse(small_warehouse: Warehouse) -> Warehouse:
    """The published small company, which the tests change one after the other."""
    return small_warehouse


@pytest.fixture(scope="module")
def built_at_once(warehouse: Warehouse) -> dict[str, str]:
    """The SQL of each fact without a past, on a company whose facts are built."""
    assert warehouse.embedded
    build(*BUILT)
    mypizza("dbt", "compile", "--full-refresh", "--select", *BUILT)
    compiled = Path(os.environ["DBT_TARGET_PATH"]) / "compiled" / "mypizza" / "models"
    return {fact: next(compiled.rglob(f"{fact}.sql")).read_text() for fact in BUILT}


def rows(fact: str) -> str:
    """SQL of a table's rows, without those that say that a day has lost all of its orders."""
    if fact == BASKETS:
        return f"intermediate.{fact} where baskets > 0"
    return f"marts_next.{fact}"


def differences(
    connection: psycopg.Connection[Any], built_at_once: dict[str, str]
) -> dict[str, list[tuple[Any, ...]]]:
    """Return, per fact, the rows that only one of the two ways of building has."""
    different = {}
    for fact, statement in built_at_once.items():
        cursor = connection.execute(f"select * from {rows(fact)} limit 0")
        columns = ", ".join(column.name for column in cursor.description or [])
        built, at_once = (
            f"select {columns} from {rows(fact)}",
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


def load(
    connection: psycopg.Connection[Any],
    changes: dict[str, str],
    source: str = "pos",
    complete: bool = True,
) -> str:
    """Make changes to the raw tables as one load of a source, which may still be in flight."""
    load_id = str(time.time())
    for change, statements in changes.items():
        for statement in statements.split(";"):
            assert connection.execute(statement, {"load": load_id}).rowcount > 0, change
    if complete:
        complete_load(connection, load_id, source)
    return load_id


def complete_load(connection: psycopg.Connection[Any], load_id: str, source: str = "pos") -> None:
    """Let a load be complete."""
    scope = {"pos": "pos_chicago", "files": "files_lyon_sales"}[source]
    connection.execute(
        f"insert into raw_{source}._dlt_loads (load_id, schema_name, status, inserted_at)"
        " values (%s, %s, 0, now())",
        [load_id, scope],
    )


def test_nothing_is_built_again_where_nothing_is_new(
    warehouse: Warehouse, built_at_once: dict[str, str]
) -> None:
    with warehouse.connect() as connection:
        version = "select min(xmin::text::bigint), max(xmin::text::bigint) from "
        before = [connection.execute(version + rows(fact)).fetchone() for fact in BUILT]
        build(*OF_TILLS, alone=True)
        assert [connection.execute(version + rows(fact)).fetchone() for fact in BUILT] == before
        assert not any(differences(connection, built_at_once).values())


def test_rows_of_a_load_in_flight_are_built_and_looked_at_again(
    warehouse: Warehouse, built_at_once: dict[str, str]
) -> None:
    first, second = "an order moves to another day", "a line is struck off"
    with warehouse.connect() as connection:
        load_id = load(connection, {first: CHANGES[first]}, complete=False)
        build(*OF_TILLS, alone=True)
        assert not any(differences(connection, built_at_once).values())
        in_flight = "select count(*) from marts_next.fct_orders where load_id is null"
        assert connection.execute(in_flight).fetchone() == (1,)

        # the same load goes on, and ends
        connection.execute(CHANGES[second], {"load": load_id})
        complete_load(connection, load_id)
        build(*OF_TILLS, alone=True)
        assert not any(differences(connection, built_at_once).values())
        assert connection.execute(in_flight).fetchone() == (0,)


def test_every_change_at_a_till_finds_the_orders_that_it_touches(
    warehouse: Warehouse, built_at_once: dict[str, str]
) -> None:
    with warehouse.connect() as connection:
        load(connection, CHANGES)
        build(*OF_TILLS, alone=True)
        assert not any(differences(connection, built_at_once).values())
        emptied = "select count(*) from marts_next.fct_orders where business_date = '2015-12-05'"
        assert connection.execute(f"{emptied} and branch_id = 'chicago'").fetchone() == (0,)


def test_every_change_of_an_export_finds_the_tickets_that_it_touches(
    warehouse: Warehouse, built_at_once: dict[str, str]
) -> None:
    """Also for a version of the facts that has seen none of the loads before the last one."""
    with warehouse.connect() as connection:
        for fact in FACTS:
            connection.execute(f"create temporary table old_{fact} as table marts_next.{fact}")
        for changes in CHANGES_OF_EXPORTS:
            load(connection, changes, "files")
            build(*OF_EXPORTS, alone=True)
            assert not any(differences(connection, built_at_once).values())
        for fact in FACTS:
            connection.execute(f"delete from marts_next.{fact}")
            connection.execute(f"insert into marts_next.{fact} table old_{fact}")
        build(*OF_EXPORTS, alone=True)
        assert not any(differences(connection, built_at_once).values())


def test_a_line_that_is_appended_to_an_export_builds_its_ticket_alone(
    warehouse: Warehouse, built_at_once: dict[str, str]
) -> None:
    with warehouse.connect() as connection:
        # A load that only takes rows away is looked at again until another one brings rows.
        line = LINE.format(number=7, day="05", ticket="T9", quantity="1")
        load(connection, {"a line": line}, "files")
        build(*OF_EXPORTS, alone=True)
        before = {fact: versions_of_rows(connection, fact) for fact in FACTS}
        line = LINE.format(number=8, day="03", ticket="T3", quantity="1")
        load(connection, {"another line": line}, "files")
        build(*OF_EXPORTS, alone=True)
        built = {fact: versions_of_rows(connection, fact) - before[fact] for fact in FACTS}
        assert {fact: len(rows) for fact, rows in built.items()} == {
            "fct_orders": 1,
            "fct_order_lines": 2,
            "fct_payments": 1,
            "fct_order_taxes": 1,
        }
        assert not any(differences(connection, built_at_once).values())


def test_where_most_orders_are_touched_they_are_joined_and_not_looked_up(
    warehouse: Warehouse, built_at_once: dict[str, str]
) -> None:
    corrected = """
        update raw_pos.orders set discount_amount = discount_amount + 1, _dlt_load_id = %(load)s
        where branch_id = 'chicago'"""
    with warehouse.connect() as connection:
        load(connection, {"a discount is corrected everywhere": corrected})
        build(*OF_TILLS, alone=True)
        assert not any(differences(connection, built_at_once).values())


def versions_of_rows(connection: psycopg.Connection[Any], fact: str) -> set[tuple[Any, ...]]:
    """Return what tells a row of a fact from the row that was there before."""
    return set(connection.execute(f"select xmin::text, ctid::text from marts_next.{fact}"))
