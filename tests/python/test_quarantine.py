"""Bad records are held back with their reasons, lose nothing, and flow once they are mended.

The tests of this file share one warehouse and follow one another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ingest.warehouse import Warehouse
from tests.python.commands import build, copy_project, mypizza, query

pytestmark = pytest.mark.usefixtures("published")

# What each till calls its rules is its own affair: a till has none that would keep bad records out.
ORDERS = {"quantity": 101, "orphan": 102, "currency": 103, "future": 104, "price": 105}
FACTS = ("fct_orders", "fct_order_lines", "fct_payments")


def till(warehouse: Warehouse, statement: str, branch: str = "quito") -> list[tuple[Any, ...]]:
    return query(warehouse, statement, f"till_{branch}")


def waiting(warehouse: Warehouse) -> dict[tuple[str, str], list[str]]:
    """The tills' records in quarantine, with their reasons."""
    rows = query(
        warehouse,
        "select table_name, record_key, reasons from audit.quarantine"
        " where source_name = 'pos' and released_at is null",
    )
    return {(table, key): reasons for table, key, reasons in rows}


def in_marts(warehouse: Warehouse, order_id: int, schema: str = "marts") -> tuple[int, ...]:
    """How many rows each fact has of one of Quito's orders."""
    count = f"select count(*) from {schema}.{{}} where order_key = 'quito-{order_id}'"
    return tuple(query(warehouse, count.format(fact))[0][0] for fact in FACTS)


def fingerprint(warehouse: Warehouse, schema: str = "marts") -> list[tuple[Any, ...]]:
    """The facts' rows, whatever load brought them."""
    return [
        query(
            warehouse,
            "select count(*), sum(hashtextextended((to_jsonb(t) - 'load_id')::text, 0)::numeric)"
            f" from {schema}.{fact} as t",
        )[0]
        for fact in FACTS
    ]


@pytest.fixture(scope="module")
def warehouse(small_warehouse: Warehouse) -> Warehouse:
    """The published small company, which the tests change one after the other."""
    return small_warehouse


@pytest.fixture(scope="module")
def published(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    """The facts before anything went wrong."""
    assert waiting(warehouse) == {}
    return fingerprint(warehouse)


def test_a_bad_record_is_held_with_its_order_and_the_rest_is_published(
    warehouse: Warehouse,
) -> None:
    before = {name: in_marts(warehouse, order) for name, order in ORDERS.items()}
    assert all(all(counts) for counts in before.values())
    till(
        warehouse,
        f"""
        update order_lines set quantity = 0, updated_at = now() - interval '1 minute'
        where order_line_id = (
            select min(order_line_id) from order_lines where order_id = {ORDERS["quantity"]}
        );
        alter table order_lines drop constraint if exists order_lines_order_id_fkey;
        insert into order_lines
        select * from (
            select (jsonb_populate_record(l, jsonb_build_object(
                'order_line_id', 9000001, 'order_id', 9000001,
                'updated_at', now() - interval '1 minute'
            ))).*
            from order_lines as l where order_id = {ORDERS["orphan"]} limit 1
        ) as orphan;
        update payments set currency = 'XXX', updated_at = now() - interval '1 minute'
        where order_id = {ORDERS["currency"]};
        update orders
        set ordered_at = '2999-12-31 20:00+00', updated_at = now() - interval '1 minute'
        where order_id = {ORDERS["future"]};
        update payments
        set paid_at = '2999-12-31 20:00+00', updated_at = now() - interval '1 minute'
        where order_id = {ORDERS["future"]};
        alter table order_lines alter column unit_price type numeric(24, 2);
        update order_lines set unit_price = 99999999999.5, updated_at = now() - interval '1 minute'
        where order_line_id = (
            select max(order_line_id) from order_lines where order_id = {ORDERS["price"]}
        );
        alter table customers alter column created_at drop not null;
        update customers set created_at = null, updated_at = now() - interval '1 minute'
        where customer_id = (select min(customer_id) from customers)
        """,
    )

    ran = mypizza("run", "--no-docs", expect=1).stdout  # above the limit of quarantine

    assert "Published" in ran, ran
    assert "records wait in quarantine, which is more than the project allows" in ran
    held = waiting(warehouse)
    reasons = {reason for reasons in held.values() for reason in reasons}
    assert {
        "quantity: '0' is not above 0",
        "order_id: '9000001' names no record that has come in",
        "currency: 'XXX' is not the currency of the branch",
        "ordered_at: '2999-12-31 20:00:00+00' lies in the future",
        "unit_price: '99999999999.5' is too large for numeric(12, 2)",
        "created_at: is missing",
    } <= reasons
    assert held["order_lines", "quito-9000001"] == [
        "order_id: '9000001' names no record that has come in"
    ]
    for name, order_id in ORDERS.items():
        is_held = name != "orphan"  # the orphan's own order does not exist
        assert ("orders", f"quito-{order_id}") in held if is_held else True
        assert in_marts(warehouse, order_id) == ((0, 0, 0) if is_held else before[name]), name
    # all of them are found with their money, on days that are not proven: also what has no day
    assert query(
        warehouse,
        "select sum(records), sum(amount), bool_or(is_proven) from marts.rpt_findings"
        " inner join marts.rpt_branch_days using (branch_id, business_date)"
        " where finding = 'records wait in quarantine'",
    ) == query(
        warehouse,
        "select count(*), sum(cast(raw_record::jsonb ->> 'amount' as numeric))"
        " filter (where table_name = 'payments'), false"
        " from audit.quarantine where released_at is null and order_id is not null",
    )
    # the calendar does not reach into the thirtieth century for one wrong clock
    assert query(warehouse, "select max(year_number) < 2040 from marts.dim_dates") == [(True,)]


def test_what_is_held_is_listed_counted_and_shown(warehouse: Warehouse) -> None:
    listed = mypizza("quarantine", "--source", "pos").stdout
    assert "quantity: '0' is not above 0" in listed
    assert "quito-9000001" in listed
    elsewhere = mypizza("quarantine", "--source", "pos", "--branch", "chicago").stdout
    assert "No record is in quarantine." in elsewhere
    held = waiting(warehouse)
    assert f"{len(held):,} record(s)" in listed
    status = mypizza("status", expect=1).stdout  # above the limit of quarantine
    assert re.search(rf"pos +quito .* {len(held)} +succeeded", status), status
    counted = query(
        warehouse,
        "select sum(records_in_quarantine), sum(records_held_with_their_order)"
        " from marts.rpt_data_quality where source_name = 'pos'",
    )
    companions = sum("held back with its order" in " ".join(reasons) for reasons in held.values())
    assert counted == [(len(held), companions)]
    assert 0 < companions < len(held)


def test_the_quarantine_says_nothing_of_a_person(warehouse: Warehouse) -> None:
    (name, email), *_ = till(
        warehouse, "select full_name, email from customers order by customer_id limit 1"
    )
    (record,) = query(
        warehouse, "select raw_record, reasons from audit.quarantine where table_name = 'customers'"
    )
    assert name not in str(record)
    assert str(email) not in str(record)
    assert '"customer_id"' in str(record)


def test_every_raw_record_is_in_staging_or_in_quarantine(warehouse: Warehouse) -> None:
    for table, key in {
        "customers": "customer_id",
        "products": "product_id",
        "orders": "order_id",
        "order_lines": "order_line_id",
        "payments": "payment_id",
    }.items():
        raw, staged, held, both = query(
            warehouse,
            f"""
            select
                (select count(*) from raw_pos.{table}),
                (select count(*) from staging.stg_pos__{table}),
                (
                    select count(*) from audit.quarantine
                    where table_name = '{table}' and released_at is null
                ),
                (
                    select count(*) from staging.stg_pos__{table} as s
                    inner join audit.quarantine as q
                        on q.record_key = s.branch_id || '-' || s.{key}
                    where q.table_name = '{table}' and q.released_at is null
                )
            """,
        )[0]
        assert raw == staged + held, table
        assert both == 0, table


def test_what_is_corrected_at_the_till_flows_by_itself(
    warehouse: Warehouse,
) -> None:
    held = waiting(warehouse)
    till(
        warehouse,
        f"""
        update order_lines as l
        set quantity = greatest(quantity, 1), updated_at = now() - interval '1 second'
        where order_id = {ORDERS["quantity"]};
        update orders as o set
            ordered_at = o.created_at, updated_at = now() - interval '1 second'
        where order_id = {ORDERS["future"]};
        update payments set
            paid_at = (select created_at from orders where order_id = {ORDERS["future"]}),
            updated_at = now() - interval '1 second'
        where order_id = {ORDERS["future"]};
        update order_lines as l set
            unit_price = (select unit_price from products where product_id = l.product_id),
            updated_at = now() - interval '1 second'
        where order_id = {ORDERS["price"]};
        delete from order_lines where order_line_id = 9000001
        """,
    )
    mypizza("ingest", "pos")
    build(*FACTS)

    left = waiting(warehouse)
    orders = {key for table, key in left if table == "orders"}
    assert orders == {f"quito-{ORDERS['currency']}"}
    assert all(in_marts(warehouse, ORDERS["quantity"], "marts_next"))
    released = query(
        warehouse,
        "select table_name, record_key from audit.quarantine where released_at is not null",
    )
    assert set(released) == held.keys() - left.keys()
    assert len(released) == 15
    assert "waits" in mypizza("quarantine", "--released").stdout


@dataclass(frozen=True)
class OneRun:
    """A run by a project with a mended rule, on a day on which Chicago's feed is broken.

    Attributes:
        project: the project; by its rule a payment of the unknown currency XXX is right.
        printed: what the run printed.
        status: what the status was then.
        loads: what had brought the payment that waited, before the run and after it.
    """

    project: Path
    printed: str
    status: str
    loads: tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def one_run(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> OneRun:
    project = copy_project(tmp_path_factory.mktemp("mended"))
    rule = project / "models" / "staging" / "pos" / "base" / "base_pos__payments.sql"
    mended = re.sub(
        r"foreign_currency\(.*\)", "broken('currency', \"currency = '???'\", 'is none')",
        rule.read_text(),
    )  # fmt: skip
    assert mended != rule.read_text()
    rule.write_text(mended)
    till(
        warehouse,
        "update payments set currency = '???', updated_at = now() - interval '1 second'"
        " where payment_id % 10 = 0",
        "chicago",
    )
    load = (
        "select payment_id, _dlt_load_id from raw_pos.payments"
        f" where branch_id = 'quito' and order_id = {ORDERS['currency']}"
    )
    before = query(warehouse, load)
    printed = mypizza("run", "--no-docs", project=project, expect=1).stdout
    status = mypizza("status", project=project, expect=1).stdout
    return OneRun(project, printed, status, (before, query(warehouse, load)))


def test_a_broken_feed_stops_no_other_branch_and_asks_for_a_person(
    warehouse: Warehouse, one_run: OneRun
) -> None:
    assert "Published" in one_run.printed
    assert re.search(
        r"pos chicago: [\d,]+ of [\d,]+ records wait in quarantine, which is more", one_run.status
    )
    assert "pos quito: " not in one_run.status
    # what the orders that wait were paid, day by day
    ((expected,),) = query(
        warehouse,
        "select sum(amount) from payments where order_id in"
        " (select order_id from payments where currency = '???')",
        "till_chicago",
    )
    assert query(
        warehouse,
        "select sum(amount), bool_or(is_proven) from marts.rpt_findings"
        " inner join marts.rpt_branch_days using (branch_id, business_date)"
        " where branch_id = 'chicago' and finding = 'records wait in quarantine'",
    ) == [(expected, False)]


def test_a_record_whose_rule_is_mended_flows_without_a_new_load(
    warehouse: Warehouse, one_run: OneRun
) -> None:
    before, after = one_run.loads
    assert before == after != []
    # in both versions of the marts, one build after the other
    assert all(in_marts(warehouse, ORDERS["currency"]))
    build(*FACTS, project=one_run.project)
    assert all(in_marts(warehouse, ORDERS["currency"], "marts_next"))
    assert {table for table, key in waiting(warehouse) if key.startswith("quito-")} == {"customers"}

    # and the rule as it was holds the order back again, though no load has brought anything
    build(*FACTS)
    assert in_marts(warehouse, ORDERS["currency"], "marts_next") == (0, 0, 0)
    till(
        warehouse,
        f"""
        update payments set currency = 'USD', updated_at = now() - interval '1 second'
        where order_id = {ORDERS["currency"]};
        update customers set created_at = updated_at, updated_at = now() - interval '1 second'
        where created_at is null
        """,
    )
    till(
        warehouse,
        "update payments set currency = 'USD', updated_at = now() - interval '1 second'"
        " where currency = '???'",
        "chicago",
    )


def test_what_is_new_at_a_till_is_neither_a_rule_nor_shown(
    warehouse: Warehouse, published: list[tuple[Any, ...]]
) -> None:
    till(
        warehouse,
        """
        update products set unit_price = -1, updated_at = now() - interval '1 second'
        where product_id = 1;
        alter table customers add column birthday text;
        alter table customers alter column created_at drop not null;
        update customers
        set birthday = 'CANARY', created_at = null, updated_at = now() - interval '1 second'
        where customer_id = (select max(customer_id) from customers)
        """,
        "quito",
    )
    mypizza("ingest", "pos")
    build(*FACTS)
    held = waiting(warehouse)
    assert {table for table, _ in held} == {"products", "customers"}
    # by now all that was mended has come in
    before = fingerprint(warehouse, "marts_next")
    assert [rows for rows, _ in before] == [rows for rows, _ in published]
    # another till's new column makes nobody's product pull its sales out of the marts
    till(
        warehouse,
        "alter table orders add column kiosk text;"
        " update orders set kiosk = 'K', updated_at = now() - interval '1 second'"
        " where order_id = 7",
        "chicago",
    )
    mypizza("ingest", "pos")
    build(*FACTS)
    assert waiting(warehouse) == held
    assert fingerprint(warehouse, "marts_next") == before
    (shown,) = query(warehouse, "select string_agg(raw_record, '') from audit.quarantine")
    assert "CANARY" not in shown[0]
    till(
        warehouse,
        """
        update products set unit_price = 12, updated_at = now() where product_id = 1;
        update customers set created_at = updated_at, updated_at = now() where created_at is null
        """,
        "quito",
    )


def test_children_go_with_their_order(warehouse: Warehouse) -> None:
    till(
        warehouse,
        """
        alter table order_lines drop constraint if exists order_lines_order_id_fkey;
        alter table payments drop constraint if exists payments_order_id_fkey;
        delete from orders where order_id = 301
        """,
        "chicago",
    )
    mypizza("reconcile", "--branch", "chicago", "--all")
    alive = " where branch_id = 'chicago' and order_id = 301 and _deleted_at is null"
    for table in ("orders", "order_lines", "payments"):
        assert query(warehouse, f"select count(*) from raw_pos.{table}{alive}") == [(0,)], table


@pytest.mark.parametrize(("bad", "above"), [(4, []), (6, [(6, 406), (6, 506)])])
def test_records_of_no_known_branch_are_compared_with_all_of_their_table(
    warehouse: Warehouse, bad: int, above: list[tuple[int, int]]
) -> None:
    with warehouse.connect(role="transformer") as connection:
        connection.execute(
            "delete from intermediate.int_records_counted where table_name like '%_reviews'"
        )
        connection.execute(
            "insert into intermediate.int_records_counted (source_name, table_name, branch_id,"
            " loaded_on, records, records_in_quarantine) values"
            " ('files', 'google_reviews', 'quito', '2016-01-01', 500, 0),"
            " ('files', 'google_reviews', null, '2016-01-01', %(bad)s, %(bad)s),"
            " ('files', 'other_reviews', 'quito', '2016-01-01', 400, 0),"
            " ('files', 'other_reviews', null, '2016-01-01', %(bad)s, %(bad)s)",
            {"bad": bad},
        )
    mypizza("dbt", "test", "--select", "quarantine_stays_below_its_limit")
    assert above == query(
        warehouse,
        "select records_in_quarantine, records from audit.quarantine_stays_below_its_limit"
        " where source_name = 'files' order by records",
    )
    status = mypizza("status", expect=1).stdout
    for table, records in (("google_reviews", 506), ("other_reviews", 406)):
        told = f"files {table}, of no known branch: 6 of {records} records wait in quarantine"
        assert (told in status) == bool(above)
