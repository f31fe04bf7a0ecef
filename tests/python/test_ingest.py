"""The tills come in: whole, once, and again after every accident. Real servers, no mocks."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql

from ingest import warehouse as warehouse_module
from ingest.loads import driver
from ingest.loads.branches import branches
from ingest.loads.source import LoadResult, Window
from ingest.sources.registry import chosen
from ingest.sources.tills.days import Clock
from ingest.sources.tills.declaration import Table
from ingest.sources.tills.dialects import POSTGRES
from ingest.sources.tills.source import MYPIZZA
from ingest.warehouse import Warehouse, WarehouseError
from sample import company
from sample.company import Size
from tests.python import preloaded

QUITO, HONOLULU = "quito", "honolulu"
TEMPLATE = "template_till_"
LOADED = "template_warehouse"
TABLES = {
    "customers": "customer_id",
    "products": "product_id",
    "orders": "order_id",
    "order_lines": "order_line_id",
    "payments": "payment_id",
}
ADDRESS = "SOURCES__POS__TILLS__{}__URL"
PASSWORD = "SOURCES__POS__TILLS__{}__PASSWORD"  # noqa: S105 - the name of a variable

# A run in a process of its own, which says when it begins so that it can be killed in the middle.
A_RUN = """
import sys
from ingest import warehouse
from ingest.loads import driver
from ingest.loads.branches import branches
from ingest.sources.tills.source import MYPIZZA
begins()
driver.run(warehouse.resolve(), [MYPIZZA], sys.argv[1:])
"""


@dataclass(frozen=True)
class World:
    """A warehouse of one test's own, with two tills."""

    warehouse: Warehouse
    tills: dict[str, str]

    def configure(self, patch: pytest.MonkeyPatch) -> None:
        """Write where the tills are, and make the warehouse what `mypizza` needs."""
        it = self.warehouse
        for branch_id, database in self.tills.items():
            patch.setenv(
                ADDRESS.format(branch_id.upper()),
                f"postgresql://{it.user}@{it.host}:{it.port}/{database}",
            )
            patch.setenv(PASSWORD.format(branch_id.upper()), it.password)
        warehouse_module.init_warehouse(it)

    def run(self, *branches: str) -> list[LoadResult]:
        """Load the tills, as the command line does."""
        return driver.run(self.warehouse, [MYPIZZA], branches or tuple(self.tills))

    def till(self, branch_id: str, statement: str) -> None:
        """Do something at a till behind the loader's back."""
        with self.warehouse.connect(self.tills[branch_id]) as connection:
            connection.execute(statement)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        with self.warehouse.connect() as connection:
            return connection.execute(statement).fetchall()

    def differences(self, *branches: str) -> list[str]:
        """Compare every row of every table between tills and raw layer."""
        found = []
        with self.warehouse.connect() as connection:
            for branch_id in branches or self.tills:
                with self.warehouse.connect(self.tills[branch_id]) as till:
                    for table, key in TABLES.items():
                        found += _compare_rows(till, connection, branch_id, table, key)
        return found


def _compare_rows(
    till: psycopg.Connection[Any],
    raw: psycopg.Connection[Any],
    branch_id: str,
    table: str,
    key: str,
) -> list[str]:
    columns = till.execute(
        "select column_name, data_type from information_schema.columns"
        " where table_schema = 'public' and table_name = %s order by ordinal_position",
        [table],
    ).fetchall()
    landed = [sql.SQL("{}::text" if kind == "jsonb" else "{}").format(sql.Identifier(name))
              for name, kind in columns]  # fmt: skip
    at_till = till.execute(
        sql.SQL("select {} from {} order by {}").format(
            sql.SQL(", ").join(landed), sql.Identifier(table), sql.Identifier(key)
        )
    ).fetchall()
    in_raw = raw.execute(
        sql.SQL(
            "select {} from raw_pos.{} where branch_id = %s and _deleted_at is null order by {}"
        ).format(
            sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns),
            sql.Identifier(table),
            sql.Identifier(key),
        ),
        [branch_id],
    ).fetchall()
    if at_till == in_raw:
        return []
    return [f"{branch_id}.{table}: {len(at_till)} at the till, {len(in_raw)} in raw"]


@pytest.fixture(scope="module")
def template(warehouse: Warehouse) -> Iterator[Warehouse]:
    """Two tills of the sample company, renamed: tests may break copies of them, never them.

    `LOADED` is a warehouse that has both of them, to be copied likewise.
    """
    company.create(warehouse, Size(branches=(QUITO, HONOLULU)), prefix=TEMPLATE)
    loaded = World(
        replace(warehouse, database=LOADED),
        {branch_id: f"{TEMPLATE}{branch_id}" for branch_id in (QUITO, HONOLULU)},
    )
    with pytest.MonkeyPatch.context() as patch, warehouse.connect() as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(LOADED)))
        loaded.configure(patch)
        assert {result.outcome for result in loaded.run()} == {"succeeded"}
    yield warehouse
    with warehouse.connect() as connection:
        connection.execute(sql.SQL("drop database {}").format(sql.Identifier(LOADED)))
    company.drop(warehouse, prefix=TEMPLATE)


@contextmanager
def _copied(
    template: Warehouse, name: str, like: str, patch: pytest.MonkeyPatch
) -> Iterator[World]:
    tills = {branch_id: f"{name}_{branch_id}" for branch_id in (QUITO, HONOLULU)}
    copies = {database: f"{TEMPLATE}{branch_id}" for branch_id, database in tills.items()}
    with template.connect() as connection:
        for copy, original in {name: like, **copies}.items():
            connection.execute(
                sql.SQL("create database {} template {}").format(
                    sql.Identifier(copy), sql.Identifier(original)
                )
            )
        world = World(replace(template, database=name), tills)
        world.configure(patch)
        yield world
        for database in (name, *tills.values()):
            # Not "with (force)", which an autovacuum worker refuses to one who is no superuser.
            connection.execute(sql.SQL("drop database {}").format(sql.Identifier(database)))


@pytest.fixture
def world(
    template: Warehouse, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[World]:
    """An empty warehouse and fresh copies of two tills."""
    with _copied(template, _name(request), "template1", monkeypatch) as copied:
        yield copied


@pytest.fixture
def loaded(
    template: Warehouse, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[World]:
    """A warehouse that has two tills, and fresh copies of these."""
    with _copied(template, _name(request), LOADED, monkeypatch) as copied:
        yield copied


def _name(request: pytest.FixtureRequest) -> str:
    return f"w{abs(hash(request.node.name))}"


def _outcomes(results: Sequence[LoadResult]) -> list[tuple[str | None, str, str]]:
    return [(result.branch_id, result.kind, result.outcome) for result in results]


def test_the_first_load_brings_every_row_and_the_second_nothing(world: World) -> None:
    first = world.run()

    assert _outcomes(first) == [(HONOLULU, "initial", "succeeded"), (QUITO, "initial", "succeeded")]
    assert world.differences() == []
    before = world.query("select _dlt_load_id, count(*) from raw_pos.order_lines group by 1")

    second = world.run()

    assert [(result.kind, result.row_count) for result in second] == [("incremental", 0)] * 2
    assert (
        world.query("select _dlt_load_id, count(*) from raw_pos.order_lines group by 1") == before
    )


def test_every_load_is_recorded_with_its_rows_and_cursors(loaded: World) -> None:
    ((kind, outcome, rows, tables, is_complete),) = loaded.query(
        """
        select l.kind, l.outcome, l.row_count, l.tables, d.status = 0
        from audit.loads as l
        left join raw_pos._dlt_loads as d
            on d.load_id = l.load_id and d.schema_name = 'pos_' || l.branch_id
        where l.branch_id = 'quito'
        """
    )
    assert (kind, outcome, is_complete) == ("initial", "succeeded", True)
    assert rows == sum(table["rows"] for table in tables.values())
    ((newest,),) = loaded.query(
        "select max(updated_at) from raw_pos.orders where branch_id = 'quito'"
    )
    assert tables["orders"]["last_cursor"] == newest.isoformat()


def test_a_later_load_brings_only_what_changed(loaded: World) -> None:
    loaded.till(QUITO, "update orders set note = 'late', updated_at = now() where order_id <= 7")
    loaded.till(
        QUITO, "update products set unit_price = 99, updated_at = now() where product_id = 1"
    )

    changed = loaded.run()

    assert {result.branch_id: result.row_count for result in changed} == {QUITO: 8, HONOLULU: 0}
    assert loaded.differences() == []


def test_many_rows_with_one_cursor_come_once_and_quickly(loaded: World) -> None:
    loaded.till(QUITO, "update order_lines set updated_at = now()")
    started = time.monotonic()

    (bulk,) = loaded.run(QUITO)
    (after,) = loaded.run(QUITO)

    assert bulk.tables["order_lines"] == 4_046
    assert after.row_count == 0
    assert time.monotonic() - started < 20


def test_a_row_dated_in_the_future_does_not_stop_what_comes_after_it(loaded: World) -> None:
    loaded.till(
        QUITO, "update orders set updated_at = now() + interval '9 years' where order_id = 5"
    )
    loaded.run(QUITO)
    loaded.till(QUITO, "update orders set note = 'x', updated_at = now() where order_id = 6")

    (result,) = loaded.run(QUITO)

    assert result.tables["orders"] == 1


@pytest.mark.parametrize(
    "statement",
    [
        # A late commit: the cursor has passed it by.
        """
        insert into orders select 900000, 'late', customer_id, channel, status, ordered_at,
            currency, gross_amount, discount_amount, tax_amount, total_amount, note, metadata,
            created_at, updated_at - interval '2 days'
        from orders where order_id = (select max(order_id) from orders)
        """,
        # An edit that leaves its timestamp alone.
        "update order_lines set quantity = quantity + 1"
        " where order_line_id = (select max(order_line_id) - 20 from order_lines)",
        # A line deleted for good.
        "delete from order_lines"
        " where order_line_id = (select max(order_line_id) from order_lines)",
        # A payment deleted for good.
        "delete from payments where payment_id = (select max(payment_id) from payments)",
        # An order deleted for good, with all that hangs on it.
        "create temp table gone as select max(order_id) as id from orders;"
        " delete from payments where order_id = (select id from gone);"
        " delete from order_lines where order_id = (select id from gone);"
        " delete from orders where order_id = (select id from gone)",
        # An order moved to a day long before the window, without a new timestamp.
        "update orders set ordered_at = ordered_at - interval '60 days'"
        " where order_id = (select max(order_id) - 3 from orders)",
        # A till restored from yesterday's backup.
        "create temp table gone as select order_id as id from orders"
        " where ordered_at > (select max(ordered_at) - interval '1 day' from orders);"
        " delete from payments where order_id in (select id from gone);"
        " delete from order_lines where order_id in (select id from gone);"
        " delete from orders where order_id in (select id from gone)",
    ],
    ids=["late commit", "silent edit", "line", "payment", "order", "moved order", "restored till"],
)
def test_what_a_cursor_cannot_see_is_healed(loaded: World, statement: str) -> None:
    loaded.till(QUITO, statement)

    results = loaded.run(QUITO, HONOLULU)

    assert {result.outcome for result in results} == {"succeeded"}, [r.error for r in results]
    assert {result.branch_id for result in results if result.kind == "heal"} == {QUITO}
    assert loaded.differences() == []
    assert loaded.query("select count(*) from audit.reconciliation where difference <> 0") == [(0,)]
    assert loaded.query("select count(*) from audit.reconciliation where is_healed")[0][0] > 0
    assert [result.kind for result in loaded.run(QUITO)] == ["incremental"]


def test_deleted_rows_stay_in_raw_with_a_mark_and_a_complete_load(loaded: World) -> None:
    loaded.till(
        QUITO, "delete from payments where payment_id = (select max(payment_id) from payments)"
    )
    loaded.run(QUITO)

    assert loaded.query(
        """
        select count(*), bool_and(p._deleted_at is not null), bool_and(d.status = 0)
        from raw_pos.payments as p
        inner join raw_pos._dlt_loads as d on d.load_id = p._dlt_load_id
        where
            p.branch_id = 'quito'
            and p.payment_id = (
                select max(payment_id) from raw_pos.payments where branch_id = 'quito'
            )
        """
    ) == [(1, True, True)]


def test_a_row_that_comes_back_is_alive_again(loaded: World) -> None:
    loaded.till(
        QUITO, "create table kept as select * from payments order by payment_id desc limit 1"
    )
    loaded.till(QUITO, "delete from payments where payment_id in (select payment_id from kept)")
    loaded.run(QUITO)
    loaded.till(QUITO, "insert into payments select * from kept; drop table kept")

    loaded.run(QUITO)

    assert loaded.differences(QUITO) == []


def test_a_difference_before_the_window_is_found_by_a_full_comparison(loaded: World) -> None:
    loaded.till(QUITO, "update orders set total_amount = total_amount + 1 where order_id = 1")
    assert [result.kind for result in loaded.run(QUITO)] == ["incremental"]

    (compared,) = driver.compare(loaded.warehouse, [MYPIZZA], [QUITO], Window(everything=True))

    assert len(compared.healed) == 1
    assert loaded.differences(QUITO) == []


def test_a_day_that_still_trades_is_recorded_and_left_until_it_closes(world: World) -> None:
    world.till(QUITO, "update orders set ordered_at = now(), updated_at = now() where order_id = 9")
    world.run(QUITO)
    world.till(QUITO, "update orders set total_amount = total_amount + 1 where order_id = 9")

    results = world.run(QUITO)

    assert _outcomes(results) == [(QUITO, "incremental", "succeeded")]
    assert world.query(
        "select figure, difference, is_open_day, is_healed from audit.reconciliation"
        " where difference <> 0 and figure <> 'orders_hash'"
    ) == [("order_total", -1, True, False)]


def test_the_business_date_is_the_same_everywhere_also_when_clocks_change(
    warehouse: Warehouse,
) -> None:
    moment = sa.column("ordered_at", sa.DateTime(timezone=True))
    for branch in branches().values():
        query = sql.SQL(
            """
            select count(*), count(*) filter (
                where {day} <> cast(
                    (ordered_at at time zone {zone}) - {cutover} * interval '1 hour' as date
                )
            )
            from generate_series(
                timestamptz '2015-01-01', '2017-01-01', interval '15 minutes'
            ) as o (ordered_at)
            """
        ).format(
            day=sql.SQL(POSTGRES.compile(Clock(branch).day(moment, Window(), POSTGRES))),
            zone=branch.time_zone,
            cutover=branch.cutover_hour,
        )
        with warehouse.connect() as connection:
            ((moments, wrong),) = connection.execute(query).fetchall()
        assert (moments, wrong) == (731 * 24 * 4 + 1, 0), branch.branch_id


def test_a_row_that_was_copied_twice_is_noticed_and_read_again(loaded: World) -> None:
    with loaded.warehouse.connect() as connection:
        connection.execute("drop index raw_pos.payments_key")
        connection.execute(
            "insert into raw_pos.payments select * from raw_pos.payments where payment_id = 3"
        )

    (result,) = loaded.run(QUITO)

    assert (result.kind, result.outcome) == ("initial", "succeeded")
    assert loaded.differences(QUITO) == []


def test_a_branch_that_is_down_stops_no_other_and_catches_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = os.environ[ADDRESS.format("QUITO")]
    monkeypatch.setenv(ADDRESS.format("QUITO"), "postgresql://till@127.0.0.1:1/till")

    down = {result.branch_id: result for result in world.run()}

    assert down[HONOLULU].outcome == "succeeded"
    assert down[QUITO].outcome == "failed"
    error = down[QUITO].error or ""
    assert "quito" in error
    assert "127.0.0.1:1" in error
    assert world.warehouse.password not in error
    assert "Traceback" not in error

    monkeypatch.setenv(ADDRESS.format("QUITO"), address)
    world.run()
    assert world.differences() == []


def test_a_product_and_a_customer_that_committed_late_are_found(loaded: World) -> None:
    """Their cursor lies before the last load, and they belong to no business date."""
    loaded.till(
        QUITO,
        """
        insert into products
        select product_id + 100000, sku || '-late', product_name, category, size, unit_price,
            unit_cost, is_active, attributes, created_at, updated_at - interval '3 days'
        from products where product_id = (select min(product_id) from products);
        delete from customers
        where customer_id = (
            select max(customer_id) from customers
            where customer_id not in (select customer_id from orders where customer_id is not null)
        )
        """,
    )
    assert ("quito", "heal", "succeeded") in _outcomes(loaded.run())
    assert loaded.differences() == []
    assert "heal" not in [result.kind for result in loaded.run()]


def test_late_commits_are_healed_however_long_the_pause_between_two_runs(loaded: World) -> None:
    """The window reaches back from the last comparison, not from the newest order."""
    loaded.till(
        HONOLULU,
        """
        insert into orders
        select order_id + 100000, order_number || '-late', customer_id, channel, status,
            ordered_at, currency, gross_amount, discount_amount, tax_amount, total_amount, note,
            metadata, created_at, updated_at - interval '1 day'
        from orders order by ordered_at desc limit 1;
        insert into orders
        select order_id + 200000, order_number || '-new', customer_id, channel, status,
            ordered_at + interval '60 days', currency, gross_amount, discount_amount, tax_amount,
            total_amount, note, metadata, created_at, updated_at + interval '60 days'
        from orders order by ordered_at desc limit 1
        """,
    )
    loaded.run()
    assert loaded.differences() == []


def test_a_till_that_refuses_a_table_stops_no_other(loaded: World) -> None:
    """ConnectorX panics where a table may not be read; the panic is that till's alone."""
    loaded.till(QUITO, "revoke select on customers from current_user")
    loaded.till(HONOLULU, "update orders set note = 'new', updated_at = now() where order_id = 1")
    results = loaded.run()
    failed = [result for result in results if result.outcome == "failed"]
    assert {result.branch_id for result in failed} == {QUITO}
    assert "permission denied" in str(failed[0].error)
    assert loaded.differences(HONOLULU) == []


def test_a_password_with_special_characters_works(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The server's own superuser makes the login: the pipeline's user may not, and need not.
    password = "p@ss/word: 100%? 'quo\"ted' ü#&=+"  # noqa: S105 - invented for this test
    admin = _administrator(world)
    with admin.connect() as connection:
        connection.execute(
            sql.SQL("create role awkward login password {} in role mypizza").format(
                sql.Literal(password)
            )
        )
    try:
        address = os.environ[ADDRESS.format("QUITO")]
        monkeypatch.setenv(ADDRESS.format("QUITO"), address.replace("//mypizza@", "//awkward@"))
        monkeypatch.setenv(PASSWORD.format("QUITO"), password)

        (result,) = world.run(QUITO)

        assert (result.outcome, result.error) == ("succeeded", None)
        assert world.query("select count(*) from raw_pos.orders") == [(1_707,)]
    finally:
        with admin.connect() as connection:
            connection.execute("drop role awkward")


def _administrator(world: World) -> Warehouse:
    connection = warehouse_module.read_connection()
    return replace(
        world.warehouse, database="postgres", user="postgres", password=connection.admin_password
    )


def test_a_lost_working_directory_loses_and_doubles_nothing(world: World) -> None:
    import shutil

    world.run(QUITO)
    shutil.rmtree(warehouse_module.warehouse_dir() / "dlt")
    world.till(QUITO, "update orders set note = 'after', updated_at = now() where order_id = 4")

    (result,) = world.run(QUITO)

    assert (result.kind, result.row_count) == ("incremental", 1)


@pytest.mark.parametrize("seconds", [0.1, 0.4])
def test_a_first_load_that_is_killed_is_read_again(world: World, seconds: float) -> None:
    _kill_a_run(world, seconds)

    world.run()

    assert world.differences() == []
    assert world.query("select count(*) from audit.loads where outcome = 'running'") == [(0,)]


@pytest.mark.parametrize("seconds", [0.15, 0.5])
def test_a_merge_or_heal_that_is_killed_is_made_good(loaded: World, seconds: float) -> None:
    for branch_id in loaded.tills:
        loaded.till(branch_id, "update order_lines set quantity = quantity + 1, updated_at = now()")
        loaded.till(
            branch_id, "delete from payments where payment_id % 7 = 0 and paid_at > '2015-12-20'"
        )
        loaded.till(branch_id, "update orders set note = '!' where ordered_at > '2015-12-29'")
    _kill_a_run(loaded, seconds)

    loaded.run()

    still = [text for text in loaded.differences() if ".orders" not in text]
    assert still == []  # a note is no figure: a silent edit of it is seen only by a new timestamp
    # Whatever stands in raw is counted: it came, or came again, with a load that is complete.
    assert loaded.query(
        """
        select count(*) from raw_pos.order_lines as l
        where not exists (
            select 1 from raw_pos._dlt_loads as d
            where d.load_id = l._dlt_load_id and d.status = 0
        )
        """
    ) == [(0,)]


def _kill_a_run(world: World, seconds: float) -> None:
    """Start a run in a process group of its own, and kill the group after some seconds."""
    environment = {name: value for name, value in os.environ.items() if name != "MYPIZZA_EMBEDDED"}
    preloaded.kill(A_RUN, list(world.tills), environment | world.warehouse.environment, seconds)


def test_a_column_that_is_new_lands_and_is_reported(loaded: World) -> None:
    loaded.till(QUITO, "alter table orders add tip_pool numeric(8, 2)")
    loaded.till(QUITO, "update orders set tip_pool = 1.25, updated_at = now() where order_id = 1")

    (result,) = loaded.run(QUITO)

    assert any("orders.tip_pool" in note for note in result.notes)
    assert loaded.query(
        "select tip_pool from raw_pos.orders where branch_id = 'quito' and order_id = 1"
    ) == [(Decimal("1.25"),)]


def test_a_column_that_is_dropped_lands_as_null_and_is_reported(loaded: World) -> None:
    loaded.till(QUITO, "alter table orders drop column note")
    loaded.till(QUITO, "update orders set updated_at = now() where order_id = 1")

    (result,) = loaded.run(QUITO)

    assert result.outcome == "succeeded"
    assert any("orders.note" in note for note in result.notes)


def test_a_column_that_changed_its_type_is_refused_by_name_and_the_rest_loads(
    loaded: World,
) -> None:
    loaded.till(QUITO, "alter table order_lines alter column updated_at type text")
    loaded.till(QUITO, "update orders set updated_at = now() where order_id = 1")

    (result,) = loaded.run(QUITO)

    assert result.outcome == "failed"
    assert result.error is not None
    assert "order_lines.updated_at" in result.error
    assert result.tables["orders"] == 1
    assert "order_lines" not in result.tables


def test_times_and_money_that_become_text_land_as_null_where_they_are_none(loaded: World) -> None:
    loaded.till(
        QUITO,
        "alter table payments alter column paid_at type text, alter column amount type text;"
        " update payments set paid_at = '2016-02-30 12:00:00', updated_at = now()"
        " where payment_id = 1;"
        " update payments set amount = '12,5o', updated_at = now() where payment_id = 2;"
        " update payments set paid_at = '2016-02-29 12:00:00.5', updated_at = now()"
        " where payment_id = 3",
    )

    (result, *_) = results = loaded.run(QUITO)

    assert {each.outcome for each in results} == {"succeeded"}, _outcomes(results)
    notes = " ".join(result.notes)
    assert "payments.paid_at of the till of quito has a value that is no timestamp" in notes
    assert "payments.amount of the till of quito has a value that is no numeric" in notes
    assert "payment_id is 2: it lands as null" in notes
    assert loaded.query(
        "select payment_id from raw_pos.payments where paid_at is null or amount is null"
        " and branch_id = 'quito' order by 1"
    ) == [(1,), (2,)]
    assert loaded.query(
        "select (paid_at at time zone 'UTC')::text from raw_pos.payments"
        " where payment_id = 3 and branch_id = 'quito'"
    ) == [("2016-02-29 12:00:00.5",)]


def test_a_table_that_is_gone_is_named_and_the_rest_loads(loaded: World) -> None:
    loaded.till(QUITO, "alter table payments rename to payments_old")

    (result,) = loaded.run(QUITO)

    assert result.outcome == "failed"
    assert result.error is not None
    assert "payments" in result.error


def test_an_empty_table_lands_with_its_columns(world: World) -> None:
    world.till(QUITO, "truncate payments")

    (result,) = world.run(QUITO)

    assert result.outcome == "succeeded"
    assert world.query("select count(*), count(amount) from raw_pos.payments") == [(0, 0)]


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("SOURCES__POS__TILLS__QUITO__URL", "oracle://till@host/db", ["quito", "oracle"]),
        ("SOURCES__POS__TILLS__QUITO__URL", "no address at all", ["quito", "url"]),
    ],
)
def test_a_till_that_cannot_be_addressed_is_explained(
    world: World, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: list[str]
) -> None:
    monkeypatch.setenv(variable, value)

    (result,) = world.run(QUITO)

    assert result.outcome == "failed"
    assert result.error is not None
    assert all(word in result.error for word in [*words, ".dlt/config.toml"])


def test_an_unknown_branch_or_source_is_refused(world: World) -> None:
    with pytest.raises(WarehouseError, match="atlantis"):
        world.run("atlantis")
    with pytest.raises(WarehouseError, match="weather"):
        chosen(["weather"])


def test_a_cursor_without_a_key_is_refused() -> None:
    with pytest.raises(ValueError, match="no key"):
        Table.model_validate({"at_till": "orders", "name": "orders", "key": ""})


STRANGE_COLUMNS = """
    alter table orders add big numeric(28, 10), add wide numeric(38, 10), add free numeric,
        add words text, add moment timestamptz, add wall timestamp, add document jsonb,
        add yes boolean, add day date, add ratio float8, add bytes bytea, add small smallint
"""
STRANGE_VALUES = """
    create table strange (like orders including defaults);
    alter table strange drop column order_number, drop column channel, drop column status,
        drop column ordered_at, drop column currency, drop column gross_amount,
        drop column discount_amount, drop column tax_amount, drop column total_amount,
        drop column created_at, drop column updated_at;
    insert into strange (
        order_id, big, wide, free, words, moment, wall, document, yes, day, ratio, bytes, small
    ) values
        (1, 123456789012345678.0123456789, 1234567890123456789012345678.0123456789, 1e-20, '',
         '1901-05-06 07:08:09.123456+05:30', '1969-12-31 23:59:59.999999',
         '{"a": [null, {"ü": "🍕"}], "n": 1.10}', true, '0001-01-01', 0.1, '\\x00ff', -32768),
        (2, -0.0000000001, -0.0000000001, -1e30, null,
         '2262-04-11 23:47:16.999999+00', '2016-01-01', 'null', false, '9999-12-31', -1e300,
         '', 32767),
        (3, null, null, null, E'line\nline\r\n\ttab\\\\back "quote" ''single'' مرحبا 🍕',
         '2016-03-13 10:00:00+00', null, null, null, null, null, null, null),
        (4, 'NaN', 'NaN', 'Infinity', 'null', 'infinity', '-infinity', '[]', true, 'infinity',
         'NaN', null, 0),
        (5, 0, 99999999999999999999999999.9, -0.0, E'\\\\N', '-infinity', 'infinity', '"\\u00fc"',
         true, '-infinity', '-Infinity', null, 1),
        (6, 1, 1, 1, ' blank ', '0044-03-15 12:00:00+00 BC', '0001-01-01', '{}', true,
         '0044-03-15 BC', 5e-324, null, 1),
        (7, 1, 1, 1, '0', '9999-12-31 23:59:59.999999+00', '294276-12-31', '{}', true,
         '5874897-12-31', 1.7976931348623157e308, null, 1);
    update orders
    set (big, wide, free, words, moment, wall, document, yes, day, ratio, bytes, small)
        = (s.big, s.wide, s.free, s.words, s.moment, s.wall, s.document, s.yes, s.day, s.ratio,
           s.bytes, s.small)
    from strange as s where s.order_id = orders.order_id
"""


@pytest.mark.parametrize("way", ["first load", "later load", "heal"])
def test_every_kind_of_value_survives_the_way_from_postgres(
    request: pytest.FixtureRequest, way: str
) -> None:
    world: World = request.getfixturevalue("world" if way == "first load" else "loaded")
    world.till(QUITO, STRANGE_COLUMNS)
    if way == "heal":
        world.run(QUITO)
    world.till(QUITO, STRANGE_VALUES)
    if way == "heal":
        world.till(QUITO, "update orders set total_amount = 1 where order_id <= 7")
        (compared,) = driver.compare(world.warehouse, [MYPIZZA], [QUITO], Window(everything=True))
        assert {load.kind for load in compared.loads} == {"heal"}
    else:
        world.till(QUITO, "update orders set updated_at = now() where order_id <= 7")
        assert {result.outcome for result in world.run(QUITO)} == {"succeeded"}

    # as text: Python knows neither infinity nor years before Christ
    names = ("order_id", "big", "wide", "free", "words", "moment", "wall", "document", "yes", "day",
             "ratio", "bytes", "small", "total_amount")  # fmt: skip
    columns = ", ".join(f"{name}::text" for name in names)
    where = "where order_id <= 7"
    with world.warehouse.connect(world.tills[QUITO]) as till:
        at_till = till.execute(
            f"select {columns} from (select * from orders {where} order by order_id) as o".replace(
                "big::text", "big::numeric(38, 10)::text"
            )
            .replace("total_amount::text", "total_amount::numeric(38, 10)::text")
            .replace("wall::text", "(wall at time zone 'UTC')::text")
        ).fetchall()
    assert len(at_till) == 7
    in_raw = f"from raw_pos.orders {where} and branch_id = 'quito' order by order_id"
    assert world.query(f"select {columns} {in_raw}") == at_till


def test_money_that_is_text_is_compared_number_or_not(world: World) -> None:
    for branch_id in world.tills:
        world.till(
            branch_id,
            "alter table order_lines alter unit_price type text, alter unit_price drop not null;"
            " alter table payments alter amount type numeric(50, 20);"
            " alter table orders alter total_amount type float8;"
            " update order_lines set unit_price = '12,5o' where order_line_id = 10",
        )
    assert {result.outcome for result in world.run()} == {"succeeded"}
    payments = [f"{branch_id}.payments" for branch_id in world.tills]  # text in raw alone
    assert {text.partition(":")[0] for text in world.differences()} <= {*payments}

    # Another text that is no number, without a new timestamp: no sum shows it.
    last = "(select max(order_line_id) from order_lines)"
    for text in ("'free'", "'gratis'", "'7.50'", "E'7.50\\n'", "null"):
        world.till(
            QUITO, f"update order_lines set unit_price = {text} where order_line_id = {last}"
        )
        assert (QUITO, "heal", "succeeded") in _outcomes(world.run(QUITO)), text
    assert {text.partition(":")[0] for text in world.differences()} <= {*payments}
    assert world.query("select count(*) from audit.reconciliation where difference <> 0") == [(0,)]


def test_times_that_no_calendar_holds_are_loaded_compared_and_healed(world: World) -> None:
    moments = ("infinity", "-infinity", "0044-03-15 12:00+00 BC", "0001-01-01 00:00+00",
               "9999-12-31 23:59:59+00", "294276-12-31 12:00+00")  # fmt: skip
    for order_id, moment in enumerate(moments, start=1):
        world.till(QUITO, f"update orders set ordered_at = '{moment}' where order_id = {order_id}")
    world.till(QUITO, "alter table orders alter ordered_at drop not null")
    world.till(QUITO, "update orders set ordered_at = null, discount_amount = 0 where order_id = 7")
    world.till(
        QUITO, "alter table orders alter total_amount type numeric(12, 2);"
        " update orders set total_amount = 'NaN' where order_id = 8",
    )  # fmt: skip
    assert {result.outcome for result in world.run(QUITO)} == {"succeeded"}
    text = "select order_id, ordered_at::text, total_amount::text from {} where order_id <= 8" \
        " order by 1"  # fmt: skip

    def at_both() -> tuple[list[Any], list[Any]]:
        with world.warehouse.connect(world.tills[QUITO]) as till:
            at_till = till.execute(
                text.format("orders").replace("total_amount:", "total_amount::numeric(38, 10):")
            ).fetchall()
        return at_till, world.query(text.format("raw_pos.orders"))

    at_till, in_raw = at_both()
    assert at_till == in_raw

    world.till(QUITO, "update orders set status = 'odd' where order_id <= 8")
    world.till(QUITO, "update orders set ordered_at = 'infinity' where order_id = 2")
    world.query("update audit.reconciliation set reconciled_at = '2000-01-01' returning 1")
    assert {result.outcome for result in world.run(QUITO)} == {"succeeded"}

    at_till, in_raw = at_both()
    assert at_till == in_raw
    assert world.query("select count(*) from raw_pos.orders where status = 'odd'") == [(8,)]
    assert world.query("select count(*) from audit.reconciliation where difference <> 0") == [(0,)]
    assert [result.kind for result in world.run(QUITO)] == ["incremental"]


def test_a_till_that_counts_from_1_again_is_refused_until_a_person_believes_it(
    loaded: World,
) -> None:
    alive = (
        "select count(*), count(distinct _dlt_load_id), sum(total_amount) from raw_pos.orders"
        " where branch_id = 'quito' and _deleted_at is null"
    )
    before = loaded.query(alive)
    loaded.till(
        QUITO,
        """
        create temp table fresh as
            select row_number() over (order by order_id) as number, * from orders
            where order_id in (select order_id from orders order by order_id desc limit 30);
        truncate order_lines, payments, orders;
        alter table fresh drop column order_id;
        insert into orders select number, order_number, customer_id, channel, status,
            now() - interval '2 days', currency, gross_amount, discount_amount, tax_amount,
            total_amount, note, metadata, created_at, now() from fresh
        """,
    )

    (result,) = loaded.run(QUITO)

    assert result.outcome == "failed"
    assert "till of quito has lost" in str(result.error)
    assert "mypizza reconcile --branch quito --accept-loss" in str(result.error)
    assert loaded.query(alive) == before
    # Nor does a comparison alone take it over.
    (compared,) = driver.compare(loaded.warehouse, [MYPIZZA], [QUITO], Window())
    assert "has lost" in str(compared.problem)
    assert loaded.query(alive) == before

    (accepted,) = driver.compare(loaded.warehouse, [MYPIZZA], [QUITO], Window(accept_loss=True))

    assert accepted.problem is None
    assert loaded.differences(QUITO) == []
    assert [result.kind for result in loaded.run(QUITO)] == ["incremental"]


def test_a_till_that_is_another_branchs_is_refused(
    loaded: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = loaded.query("select count(*), sum(total_amount) from raw_pos.orders")
    monkeypatch.setenv(ADDRESS.format("QUITO"), os.environ[ADDRESS.format("HONOLULU")])

    (result,) = loaded.run(QUITO)

    assert result.outcome == "failed"
    assert "confused with another" in str(result.error)
    assert loaded.query("select count(*), sum(total_amount) from raw_pos.orders") == here


# In a process of its own: while ConnectorX waits for an answer, no other thread runs beside it.
THROW_OUT = """
import sys, time
import psycopg
with psycopg.connect(autocommit=True) as observer, psycopg.connect() as holder:
    holder.execute(f"lock table {sys.argv[1]} in access exclusive mode")
    print("locked", flush=True)
    until = time.monotonic() + 50
    waiting = []
    while not waiting and time.monotonic() < until:
        time.sleep(0.02)
        waiting = observer.execute(
            "select pid from pg_stat_activity"
            " where datname = current_database() and wait_event_type = 'Lock'"
        ).fetchall()
    for (pid,) in waiting:
        observer.execute("select pg_terminate_backend(%s)", [pid])
        print("thrown out", flush=True)
"""


@pytest.mark.parametrize("side", ["till", "warehouse"])
@pytest.mark.parametrize("way", ["first load", "later load", "heal"])
def test_a_connection_that_drops_in_the_middle_loses_and_doubles_nothing(
    request: pytest.FixtureRequest, side: str, way: str
) -> None:
    """Whoever reads or writes payments waits for a lock, and is then thrown out by the server."""
    world: World = request.getfixturevalue("world" if way == "first load" else "loaded")
    if way == "first load":
        world.run(HONOLULU)
    else:
        stamp = "updated_at = now()" if way == "later load" else "tip_amount = tip_amount + 1"
        world.till(QUITO, f"update payments set {stamp} where payment_id > 1700")
    database = world.tills[QUITO] if side == "till" else world.warehouse.database
    table = "payments" if side == "till" else "raw_pos.payments"
    thrower = subprocess.Popen(
        [sys.executable, "-c", THROW_OUT, table],
        env=os.environ | replace(world.warehouse, database=database).environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert thrower.stdout is not None
    assert thrower.stdout.readline() == "locked\n"
    try:
        said = [result.error or "" for result in world.run(QUITO)]
    except (WarehouseError, psycopg.OperationalError) as error:
        said = [warehouse_module.trouble(error) or str(error)]

    assert thrower.wait(timeout=60) == 0
    assert thrower.stdout.read() == "thrown out\n"
    assert all("Traceback" not in text and "\n" not in text for text in said)
    world.run()
    assert world.differences() == []
    assert world.query("select count(*) from audit.loads where outcome = 'running'") == [(0,)]
    assert world.query("select count(*) from audit.reconciliation where difference <> 0") == [(0,)]
