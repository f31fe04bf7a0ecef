"""What befalls a till behind the loader's back is found, mended and shown, to the cent.

The tests of this file share the sample company and follow one another: each does something to a
till that no cursor sees, loads, and finds raw and till equal again. The last one runs the whole way
on all that they have left behind.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from psycopg import sql

from ingest.loads import driver
from ingest.loads.source import LoadResult, Window
from ingest.sources.tills.source import MYPIZZA
from ingest.warehouse import Warehouse
from sample import company, files
from tests.python.commands import build, connect_sample, mypizza

NEW_YORK, CHICAGO, HONOLULU, QUITO = "new_york", "chicago", "honolulu", "quito"
SAN_FRANCISCO = "san_francisco"
HELD_TO_ACCOUNT = {
    "orders": "order_id",
    "order_lines": "order_line_id",
    "payments": "payment_id",
}

# A copy of an order with all that hangs on it, under new ids: {what} is done to the copy.
COPY_ORDER = """
    create temp table original as
        select * from orders where status = 'completed' and order_id = {order_id};
    create temp table ids as select
        (select max(order_id) from orders) as orders,
        (select max(order_line_id) from order_lines) as lines,
        (select max(payment_id) from payments) as payments;
    create temp table copied_order as select * from original;
    update copied_order set order_id = ids.orders + 1, order_number = 'copy-' || ids.orders + 1
        from ids;
    create temp table copied_line as
        select * from order_lines where order_id = (select order_id from original);
    update copied_line set order_id = ids.orders + 1, order_line_id = ids.lines + line_number
        from ids;
    create temp table copied_payment as
        select *, row_number() over (order by payment_id) as position
        from payments
        where order_id = (select order_id from original) and payment_type = 'sale';
    update copied_payment set order_id = ids.orders + 1, payment_id = ids.payments + position
        from ids;
    alter table copied_payment drop column position;
    {what};
    insert into orders select * from copied_order;
    insert into order_lines select * from copied_line;
    insert into payments select * from copied_payment;
"""
AT = """
    update copied_order set ordered_at = '{0}', created_at = '{0}', updated_at = '{0}';
    update copied_line set updated_at = '{0}';
    update copied_payment set paid_at = '{0}', updated_at = '{0}'
"""
DELETE_ORDERS = """
    delete from payments where order_id in ({0});
    delete from order_lines where order_id in ({0});
    delete from orders where order_id in ({0})
"""
# Of the day before the newest, so that it is closed for sure, with two lines at least.
AN_ORDER = """
    select o.order_id from orders as o
    where o.status = 'completed' and o.discount_amount = 0
        and (select count(distinct product_id) from order_lines as l
             where l.order_id = o.order_id) >= 2
        and (select count(*) from payments as p where p.order_id = o.order_id) = 1
    order by o.ordered_at desc, o.order_id offset {0} limit 1
"""


@dataclass(frozen=True)
class World:
    """The sample company and its warehouse."""

    warehouse: Warehouse

    def till(self, branch_id: str, statement: str) -> list[tuple[Any, ...]]:
        """Do something at a till behind the loader's back."""
        with self.warehouse.connect(f"till_{branch_id}") as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        with self.warehouse.connect() as connection:
            return connection.execute(statement.encode()).fetchall()

    def run(self, *branches: str) -> list[LoadResult]:
        """Load and reconcile, as the command line does."""
        return driver.run(self.warehouse, [MYPIZZA], branches or None)

    def order(self, branch_id: str, number: int) -> int:
        """Return the id of a recent order of two lines or more, paid at once, without discount."""
        order_id: int = self.till(branch_id, AN_ORDER.format(number))[0][0]
        return order_id

    def rows(self, branch_id: str, table: str) -> tuple[list[Any], list[Any]]:
        """Return a table's rows at the till, and those in raw that are not deleted."""
        with self.warehouse.connect(f"till_{branch_id}") as till:
            columns = [
                sql.SQL("{}::text" if kind == "jsonb" else "{}").format(sql.Identifier(name))
                for name, kind in till.execute(
                    "select column_name, data_type from information_schema.columns"
                    " where table_schema = 'public' and table_name = %s order by ordinal_position",
                    [table],
                )
            ]
            names = sql.SQL(", ").join(columns)
            at_till = till.execute(
                sql.SQL("select {} from {} order by 1").format(names, sql.Identifier(table))
            ).fetchall()
        with self.warehouse.connect() as connection:
            in_raw = connection.execute(
                sql.SQL(
                    "select {} from raw_pos.{} where branch_id = %s and _deleted_at is null"
                    " order by 1"
                ).format(names, sql.Identifier(table)),
                [branch_id],
            ).fetchall()
        return at_till, in_raw

    def unequal(self, *branches: str) -> list[str]:
        """Compare orders, lines and payments row by row, and what audit says of closed days."""
        found = [
            f"{branch_id}.{table}"
            for branch_id in branches
            for table in HELD_TO_ACCOUNT
            if not _is_same(*self.rows(branch_id, table))
        ]
        found += [
            str(row)
            for row in self.query(
                "select branch_id, business_date, figure, difference from audit.reconciliation"
                " where difference <> 0 and not is_open_day"
            )
        ]
        return found


def _is_same(at_till: Sequence[Any], in_raw: Sequence[Any]) -> bool:
    return at_till == in_raw


@pytest.fixture(scope="module")
def world(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The sample company, three days on and loaded."""
    os.environ["DBT_TARGET_PATH"] = str(tmp_path_factory.mktemp("target"))
    os.environ["DBT_LOG_PATH"] = str(tmp_path_factory.mktemp("logs"))
    company.create(warehouse)
    company.advance(warehouse, days=4)
    files.create(warehouse)
    connect_sample(warehouse)
    world = World(warehouse)
    results = world.run()
    assert {(result.kind, result.outcome) for result in results} == {("initial", "succeeded")}
    return world


def _heals(results: Sequence[LoadResult]) -> set[str | None]:
    assert {result.outcome for result in results} == {"succeeded"}, results
    return {result.branch_id for result in results if result.kind == "heal"}


def test_a_late_commit_with_an_old_timestamp_comes_in(world: World) -> None:
    order_id = world.order(QUITO, 20)
    world.till(QUITO, COPY_ORDER.format(order_id=order_id, what="select 1"))

    assert _heals(world.run(QUITO)) == {QUITO}

    assert world.unequal(QUITO) == []


def test_a_late_order_of_a_late_customer_brings_the_customer(world: World) -> None:
    what = """
        insert into customers select (select max(customer_id) + 1 from customers), 'Late Guest',
            null, null, 'en', false, null, created_at, '2015-07-01'
        from customers limit 1;
        update copied_order set customer_id = (select max(customer_id) from customers)
    """
    world.till(QUITO, COPY_ORDER.format(order_id=world.order(QUITO, 25), what=what))

    world.run(QUITO)

    assert world.unequal(QUITO) == []
    assert _is_same(*world.rows(QUITO, "customers"))


def test_an_edit_without_a_new_timestamp_that_changes_no_sum_is_seen(world: World) -> None:
    order_id = world.order(CHICAGO, 10)
    world.till(
        CHICAGO,
        f"""
        update order_lines set product_id = (
            select product_id from products
            where product_id not in (select product_id from order_lines where order_id = {order_id})
            limit 1
        )
        where order_id = {order_id} and line_number = 1;
        update payments set payment_method = case payment_method when 'cash' then 'card'
            else 'cash' end where order_id = {order_id}
        """,
    )

    assert _heals(world.run(CHICAGO)) == {CHICAGO}

    assert world.unequal(CHICAGO) == []
    assert {
        figure
        for (figure,) in world.query(
            "select figure from audit.reconciliation where branch_id = 'chicago' and is_healed"
        )
    } == {"lines_hash", "payments_hash"}


def test_two_edits_that_cancel_out_in_count_and_sum_are_seen(world: World) -> None:
    one, other = world.order(SAN_FRANCISCO, 8), world.order(SAN_FRANCISCO, 9)
    world.till(
        SAN_FRANCISCO,
        f"""
        create temp table swapped as
            select case order_id when {one} then {other} else {one} end as order_id, channel,
                customer_id
            from orders where order_id in ({one}, {other});
        update swapped set channel = case channel when 'app' then 'takeaway' else 'app' end;
        update orders set channel = s.channel, customer_id = s.customer_id
            from swapped as s where s.order_id = orders.order_id;
        create temp table places as
            select order_line_id, product_id, line_number from order_lines
            where order_id = {one} and line_number in (1, 2);
        update order_lines set product_id = p.product_id
            from places as p
            where order_id = {one} and order_lines.line_number = 3 - p.line_number
        """,
    )

    assert _heals(world.run(SAN_FRANCISCO)) == {SAN_FRANCISCO}

    assert world.unequal(SAN_FRANCISCO) == []


def test_an_order_deleted_for_good_keeps_its_mark_in_raw(world: World) -> None:
    order_id = world.order(HONOLULU, 12)
    world.till(HONOLULU, DELETE_ORDERS.format(order_id))

    assert _heals(world.run(HONOLULU)) == {HONOLULU}

    assert world.unequal(HONOLULU) == []
    for table in HELD_TO_ACCOUNT:
        assert world.query(
            f"select count(*) > 0, bool_and(_deleted_at is not null) from raw_pos.{table}"
            f" where branch_id = 'honolulu' and order_id = {order_id}"
        ) == [(True, True)]


def test_a_line_deleted_for_good_keeps_its_mark_in_raw(world: World) -> None:
    order_id = world.order(HONOLULU, 15)
    world.till(
        HONOLULU,
        f"""
        delete from order_lines where order_id = {order_id} and line_number = 2;
        update orders set gross_amount = l.gross, tax_amount = round(
            tax_amount / gross_amount * l.gross, 2
        )
        from (select sum(quantity * unit_price) as gross from order_lines
              where order_id = {order_id}) as l
        where order_id = {order_id};
        update orders set total_amount = gross_amount + tax_amount where order_id = {order_id};
        update payments set amount = o.total_amount, tax_amount = o.tax_amount
            from orders as o where o.order_id = {order_id} and payments.order_id = o.order_id
        """,
    )

    assert _heals(world.run(HONOLULU)) == {HONOLULU}

    assert world.unequal(HONOLULU) == []
    assert world.query(
        "select count(*) from raw_pos.order_lines where branch_id = 'honolulu' and line_number = 2"
        f" and order_id = {order_id} and _deleted_at is not null"
    ) == [(1,)]


def test_a_night_in_which_the_clocks_change_is_compared_as_one_business_day(world: World) -> None:
    # 01:30 came twice that night in New York, and half past two never did in spring.
    moments = ("2015-11-01 05:30+00", "2015-11-01 06:30+00", "2015-03-08 06:59+00",
               "2015-03-08 07:01+00")  # fmt: skip
    for moment in moments:
        world.till(
            NEW_YORK,
            COPY_ORDER.format(order_id=world.order(NEW_YORK, 5), what=AT.format(moment)),
        )

    compared = [
        driver.compare(world.warehouse, [MYPIZZA], [NEW_YORK], Window(first, last))[0].healed
        for first, last in (
            (date(2015, 10, 31), date(2015, 11, 1)),
            (date(2015, 3, 7), date(2015, 3, 8)),
        )
    ]

    assert compared == [(date(2015, 10, 31),), (date(2015, 3, 7),)]
    assert world.unequal(NEW_YORK) == []


def test_an_order_that_moves_across_the_cut_over_hour_changes_its_day(world: World) -> None:
    # Quito: UTC-5 without clock changes, and the day begins at the branch's cut-over hour.
    cutover = world.till(QUITO, "select cutover_hour from company.settings")[0][0]
    before, after = f"2016-01-03 {cutover + 4:02}:59:59+00", f"2016-01-03 {cutover + 5:02}:00:00+00"
    copy = COPY_ORDER.format(order_id=world.order(QUITO, 3), what=AT.format(before))
    world.till(QUITO, copy)
    world.run(QUITO)
    figures = """
        select business_date::text, at_till from audit.reconciliation
        where branch_id = 'quito' and figure = 'orders'
            and business_date in ('2016-01-02', '2016-01-03')
        order by 1
    """
    ((_, first_before), (_, second_before)) = world.query(figures)
    world.till(QUITO, f"update orders set ordered_at = '{after}' where ordered_at = '{before}'")

    assert _heals(world.run(QUITO)) == {QUITO}

    assert world.unequal(QUITO) == []
    assert world.query(figures) == [
        ("2016-01-02", first_before - 1), ("2016-01-03", second_before + 1),
    ]  # fmt: skip


def test_a_till_restored_from_yesterdays_backup_is_followed_also_under_the_same_ids(
    world: World,
) -> None:
    with world.warehouse.connect() as connection:
        connection.execute("create database till_backup template till_chicago")
        company.advance(world.warehouse, days=1)
        world.run()
        newest = world.till(CHICAGO, "select max(order_id) from orders")[0][0]
        lost = world.rows(CHICAGO, "orders")[1]
        connection.execute("drop database till_chicago")
        connection.execute("alter database till_backup rename to till_chicago")
    assert world.till(CHICAGO, "select max(order_id) from orders")[0][0] < newest

    assert _heals(world.run(CHICAGO)) == {CHICAGO}
    assert world.unequal(CHICAGO) == []

    # The day is traded again, otherwise: other orders get the ids of those that were lost.
    world.till(CHICAGO, "update company.settings set seed = seed + 1")
    company.advance(world.warehouse, days=0)
    others = {row[0]: row for row in world.rows(CHICAGO, "orders")[0]}
    assert any(others.get(row[0], row) != row for row in lost)
    world.till(CHICAGO, "update company.settings set seed = seed - 1")
    world.run(CHICAGO)
    assert world.unequal(CHICAGO) == []


def test_a_branch_that_was_offline_for_three_days_catches_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__POS__TILLS__HONOLULU__URL", "postgresql://till@127.0.0.1:1/till")
    for _ in range(3):
        company.advance(world.warehouse, days=1)
        outcomes = {result.branch_id: result.outcome for result in world.run(HONOLULU, QUITO)}
        assert outcomes == {HONOLULU: "failed", QUITO: "succeeded"}
    monkeypatch.delenv("SOURCES__POS__TILLS__HONOLULU__URL")

    (result,) = world.run(HONOLULU)

    assert (result.kind, result.outcome) == ("incremental", "succeeded")
    assert world.unequal(HONOLULU, QUITO) == []
    world.run()


def test_after_a_week_all_days_are_compared_again(world: World) -> None:
    world.till(QUITO, "update orders set channel = 'app' where order_id in (select order_id from "
                      "orders where channel <> 'app' order by ordered_at limit 1)")  # fmt: skip
    assert _heals(world.run(QUITO)) == set()
    world.query(
        "update audit.reconciliation set reconciled_at = reconciled_at - interval '8 days'"
        " where branch_id = 'quito' returning 1"
    )

    assert _heals(world.run(QUITO)) == {QUITO}

    assert world.unequal(QUITO) == []
    assert _heals(world.run(QUITO)) == set()


def test_days_that_were_never_compared_are_compared_at_the_next_load(world: World) -> None:
    # What a first load leaves that is killed before its comparison.
    world.query(
        "delete from audit.reconciliation where branch_id = 'honolulu'"
        " and business_date < '2015-12-20' returning 1"
    )

    world.run(HONOLULU)

    assert world.query(
        "select min(business_date) < '2015-01-05' from audit.reconciliation"
        " where branch_id = 'honolulu'"
    ) == [(True,)]


def test_a_till_that_was_emptied_is_not_believed(world: World) -> None:
    with world.warehouse.connect() as connection:
        connection.execute("create database till_kept template till_quito")
        world.till(QUITO, "truncate payments, order_lines, orders")
        alive = (
            "select count(*) from raw_pos.orders where branch_id = 'quito' and _deleted_at is null"
        )
        before = world.query(alive)

        refused = [result for result in world.run(QUITO) if result.outcome == "failed"]

        assert world.query(alive) == before
        ((result),) = refused
        assert "The till of quito has lost" in (result.error or "")
        assert "--accept-loss" in (result.error or "")
        connection.execute("drop database till_quito")
        connection.execute("alter database till_kept rename to till_quito")
    world.run(QUITO)
    assert world.unequal(QUITO) == []


def test_after_all_this_every_closed_day_is_equal_to_the_cent_from_till_to_marts(
    world: World,
) -> None:
    # the broker of shop and sensors does not run here
    said = mypizza("ingest", expect=1)
    assert said.stdout.count(" failed") == 2, said
    mypizza("dbt", "seed")
    build("rpt_branch_days", "fct_orders", "fct_order_lines", "fct_payments")
    everyone = company.branch_ids()

    assert world.unequal(*everyone) == []
    for branch_id in everyone:
        at_till = world.till(
            branch_id,
            """
            select count(*), sum(gross_amount), sum(discount_amount), sum(tax_amount)
            from orders where status = 'completed'
            """,
        )
        in_marts = world.query(
            f"""
            select sum(orders), sum(gross_revenue), sum(discount_amount), sum(tax_amount)
            from marts_next.rpt_branch_days where branch_id = '{branch_id}'
            """
        )
        assert at_till == in_marts, branch_id
    for mart, table, key in (
        ("fct_orders", "orders", "order_id"),
        ("fct_order_lines", "order_lines", "order_line_id"),
        ("fct_payments", "payments", "payment_id"),
    ):
        assert world.query(
            f"""
            select count(*) from marts_next.{mart} as m
            inner join raw_pos.{table} as r on r.branch_id = m.branch_id
                and r.{key}::text = m.{key}
            where r._deleted_at is not null
            """
        ) == [(0,)]
        assert world.query(
            f"select count(*) > 0 from raw_pos.{table} where _deleted_at is not null"
        ) == [(True,)]
