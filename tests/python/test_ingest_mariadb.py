"""A till on MariaDB comes in like one on Postgres, into the same raw tables."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ingest import warehouse as warehouse_module
from ingest.loads import driver
from ingest.loads.source import LoadResult, Window
from ingest.sources.tills.source import MYPIZZA
from ingest.warehouse import Warehouse

PASSWORD = "p@ss/word: 100%? 'quo\"ted' #&=+"  # noqa: S105 - of a server that lives for one test


@dataclass(frozen=True)
class MariaDb:
    """A running server with an empty database `till`."""

    port: int

    @property
    def url(self) -> sa.URL:
        """The address of the till's database."""
        return sa.URL.create(
            "mysql+pymysql", "reader", PASSWORD, "127.0.0.1", self.port, "till",
            query={"charset": "utf8mb4"},
        )  # fmt: skip

    def execute(self, *statements: str) -> None:
        """Run some statements in a session that speaks UTC."""
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            for statement in ("set time_zone = '+00:00'", *statements):
                connection.exec_driver_sql(statement)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a query."""
        with sa.create_engine(self.url, poolclass=sa.NullPool).connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(statement)]


def is_installed() -> bool:
    """Say whether Debian's mariadb-server-core is there."""
    return _program("mariadbd") is not None


@contextmanager
def run_server(folder: Path) -> Iterator[MariaDb]:
    """Run a server out of a folder until the block ends."""
    user = None
    if os.geteuid() == 0:
        user = "mysql" if _has_user("mysql") else "nobody"  # MariaDB refuses to be root, too
        for parent in [folder, *folder.parents]:
            if parent.stat().st_mode & 0o011 != 0o011:  # its group is still root's
                parent.chmod(parent.stat().st_mode | 0o011)
    data = folder / "mariadb"
    data.mkdir()
    if user:
        shutil.chown(data, user)
    installed = subprocess.run(
        [
            str(_program("mariadb-install-db")), "--no-defaults", f"--datadir={data}",
            "--auth-root-authentication-method=normal", "--skip-test-db",
        ],
        capture_output=True, text=True, user=user,
    )  # fmt: skip
    assert installed.returncode == 0, installed.stdout + installed.stderr
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        [
            str(_program("mariadbd")), "--no-defaults", f"--datadir={data}", f"--port={port}",
            "--bind-address=127.0.0.1", f"--socket={data}/socket",
            "--default-time-zone=-05:00",  # a till's server need not keep UTC
        ],
        stderr=subprocess.DEVNULL, user=user,
    )  # fmt: skip
    try:
        _create_till(data / "socket")
        yield MariaDb(port)
    finally:
        process.terminate()
        process.wait()


def _create_till(socket_file: Path) -> None:
    url = sa.URL.create("mysql+pymysql", "root", query={"unix_socket": str(socket_file)})
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    deadline = time.monotonic() + 30
    while True:
        try:
            connection = engine.connect()
            break
        except sa.exc.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
    with connection:
        connection.exec_driver_sql("create database till character set utf8mb4")
        connection.exec_driver_sql("create user reader@'127.0.0.1' identified by %s", (PASSWORD,))
        connection.exec_driver_sql("grant all on till.* to reader@'127.0.0.1'")


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


pytestmark = pytest.mark.skipif(
    not is_installed() and not os.environ.get("CI"),
    reason="Debian's mariadb-server-core is not installed; in CI it must be.",
)

TILL = (
    """
    create table customers (
        customer_id bigint primary key, full_name varchar(200) not null, email varchar(200),
        phone varchar(40), preferred_language varchar(8) not null,
        accepts_marketing boolean not null, preferences json, created_at datetime(6) not null,
        updated_at datetime(6) not null
    )
    """,
    """
    create table products (
        product_id int primary key, sku varchar(40) not null, product_name varchar(200) not null,
        category varchar(40) not null, size enum('S', 'M', 'L') not null,
        unit_price decimal(10, 2) not null, unit_cost decimal(10, 2), is_active boolean not null,
        attributes json, created_at timestamp(6) not null, updated_at timestamp(6) not null
    )
    """,
    """
    create table orders (
        order_id bigint primary key, order_number varchar(40) not null, customer_id bigint,
        channel varchar(20) not null, status varchar(20) not null, ordered_at datetime(6) not null,
        currency char(3) not null, gross_amount decimal(12, 2) not null,
        discount_amount decimal(12, 2) not null, tax_amount decimal(12, 2) not null,
        total_amount decimal(12, 2) not null, note text, metadata json,
        created_at datetime(6) not null, updated_at datetime(6) not null
    )
    """,
    """
    create table order_lines (
        order_line_id bigint primary key, order_id bigint not null, line_number int not null,
        product_id int not null, quantity int not null, unit_price decimal(10, 2) not null,
        discount_amount decimal(10, 2) not null, updated_at datetime(6) not null
    )
    """,
    """
    create table payments (
        payment_id bigint primary key, order_id bigint not null,
        payment_method varchar(20) not null, payment_type varchar(20) not null,
        amount decimal(12, 2) not null, tax_amount decimal(12, 2) not null,
        tip_amount decimal(12, 2) not null, currency char(3) not null, card_last_four char(4),
        paid_at timestamp(6) not null default current_timestamp(6),
        updated_at datetime(6) not null
    )
    """,
    """
    insert into customers values
        (1, 'Zoë مرحبا 🍕', '', null, 'es', true, '{"a": [null, {"ü": "🍕"}], "n": 1.10}',
         '2015-06-06 12:00:00.123456', '2015-06-06 12:00:00.123456'),
        (2, 'line\\nline\\ttab\\\\back "quote" ''single''', null, '', 'es', false, null,
         '2015-06-07 12:00:00', '2015-06-07 12:00:00')
    """,
    """
    insert into products values
        (1, 'a', 'Pizza', 'classic', 'L', 12.5, null, true, null,
         '2015-06-06 12:00:00.123456', '2015-06-06 12:00:00.123456')
    """,
    """
    insert into orders
    select seq, concat('2015-Q-', seq), if(mod(seq, 3), 1, null), 'app', 'completed',
        '2015-06-06 14:00:00' + interval seq * 1237 second, 'USD', 20, 0, 1.6, 21.6,
        if(mod(seq, 2), '', null), null, '2015-06-06 14:00:00' + interval seq * 1237 second,
        '2015-06-06 14:00:00' + interval seq * 1237 second
    from seq_1_to_500
    """,
    """
    insert into order_lines
    select o.order_id * 2 + n.seq, o.order_id, n.seq + 1, 1, 1, 10, 0, o.updated_at
    from orders as o cross join seq_0_to_1 as n
    """,
    """
    insert into payments
    select order_id, order_id, 'cash', 'sale', 21.6, 1.6, 2, 'USD', null, updated_at, updated_at
    from orders
    """,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    with run_server(tmp_path_factory.mktemp("mariadb")) as running:
        running.execute(*TILL)
        yield running


@pytest.fixture
def loaded(
    server: MariaDb, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Warehouse]:
    """A warehouse of this test's own with the till loaded once."""
    monkeypatch.setenv(
        "SOURCES__POS__TILLS__QUITO__URL", f"mysql://reader@127.0.0.1:{server.port}/till"
    )
    monkeypatch.setenv("SOURCES__POS__TILLS__QUITO__PASSWORD", PASSWORD)
    with warehouse.connect() as connection:
        connection.execute("create database beside_mariadb")
    own = replace(warehouse, database="beside_mariadb")
    warehouse_module.init_warehouse(own)
    (first,) = _run(own)
    assert (first.kind, first.outcome, first.error) == ("initial", "succeeded", None)
    yield own
    with warehouse.connect() as connection:
        connection.execute("drop database beside_mariadb")


def _run(warehouse: Warehouse) -> list[LoadResult]:
    return driver.run(warehouse, [MYPIZZA], ["quito"])


def _query(warehouse: Warehouse, statement: str) -> list[tuple[Any, ...]]:
    with warehouse.connect() as connection:
        return connection.execute(statement).fetchall()


def test_every_row_comes_and_the_second_load_brings_nothing(
    loaded: Warehouse, server: MariaDb
) -> None:
    columns = "order_id, order_number, customer_id, gross_amount, total_amount, note, order_number"
    at_till = server.query(f"select {columns} from orders order by order_id")

    assert _query(loaded, f"select {columns} from raw_pos.orders order by order_id") == at_till
    assert _query(loaded, "select count(*), sum(unit_price) from raw_pos.order_lines") == [
        (1000, Decimal(10_000))
    ]
    assert [result.row_count for result in _run(loaded)] == [0]


def test_every_kind_of_value_survives_the_way_from_mariadb(loaded: Warehouse) -> None:
    assert _query(
        loaded,
        "select full_name, email, phone, accepts_marketing, preferences, created_at"
        " from raw_pos.customers order by customer_id",
    ) == [
        (
            "Zoë مرحبا 🍕", "", None, True, '{"a": [null, {"ü": "🍕"}], "n": 1.10}',
            datetime(2015, 6, 6, 12, 0, 0, 123456, tzinfo=UTC),
        ),
        (
            "line\nline\ttab\\back \"quote\" 'single'", None, "", False, None,
            datetime(2015, 6, 7, 12, tzinfo=UTC),
        ),
    ]  # fmt: skip
    assert _query(
        loaded, "select size, unit_price, unit_cost, is_active, created_at from raw_pos.products"
    ) == [("L", Decimal("12.5"), None, True, datetime(2015, 6, 6, 12, 0, 0, 123456, tzinfo=UTC))]


def test_both_engines_land_the_same_types(loaded: Warehouse, warehouse: Warehouse) -> None:
    types = (
        "select table_name, column_name, data_type from information_schema.columns"
        " where table_schema = 'raw_pos' and table_name !~ '^_' order by 1, ordinal_position"
    )
    here = _query(loaded, types)
    with warehouse.connect() as connection:
        connection.execute("drop database if exists beside_postgres")
        connection.execute("create database beside_postgres")
    from sample import company

    company.create(warehouse, prefix="types_")
    try:
        os.environ["SOURCES__POS__TILLS__HONOLULU__URL"] = (
            f"postgresql://{warehouse.user}:{warehouse.password}@{warehouse.host}:"
            f"{warehouse.port}/types_honolulu"
        )
        beside = replace(warehouse, database="beside_postgres")
        warehouse_module.init_warehouse(beside)
        driver.run(beside, [MYPIZZA], ["honolulu"])
        assert _query(beside, types) == here
        # And so a branch may change its engine, or each have its own, in the same tables.
        (result,) = driver.run(loaded, [MYPIZZA], ["honolulu"])
        assert (result.outcome, result.error) == ("succeeded", None)
    finally:
        del os.environ["SOURCES__POS__TILLS__HONOLULU__URL"]
        company.drop(warehouse, prefix="types_")


def test_changes_and_deletes_are_followed(loaded: Warehouse, server: MariaDb) -> None:
    server.execute(
        "update orders set note = 'new', updated_at = utc_timestamp(6) - interval 2 second"
        " where order_id = 7",
        "delete from payments where order_id = 490",
        "update order_lines set quantity = quantity + 1 where order_id = 480 and line_number = 1",
        "update payments set payment_method = 'card' where order_id = 485",  # which no sum shows
    )

    results = _run(loaded)

    assert {result.outcome for result in results} == {"succeeded"}
    assert results[0].row_count == 1
    assert _query(loaded, "select note from raw_pos.orders where order_id = 7") == [("new",)]
    assert _query(loaded, "select payment_method from raw_pos.payments where order_id = 485") == [
        ("card",)
    ]
    assert _query(
        loaded, "select order_id from raw_pos.payments where _deleted_at is not null"
    ) == [(490,)]
    assert _query(loaded, "select count(*) from audit.reconciliation where difference <> 0") == [
        (0,)
    ]


def test_business_days_are_those_of_the_branch(loaded: Warehouse) -> None:
    ((first,),) = _query(
        loaded, "select min(business_date) from audit.reconciliation where branch_id = 'quito'"
    )

    assert first == date(2015, 6, 6)  # 14:20 UTC is 09:20 in Quito


@pytest.mark.parametrize("way", ["first load", "later load", "heal"])
def test_values_at_the_limits_survive_the_way_from_mariadb(
    server: MariaDb, loaded: Warehouse, way: str
) -> None:
    create = "create table if not exists {} like orders"
    columns = (
        "big decimal(28, 10)", "wide decimal(50, 20)", "ratio double", "day date",
        "moment datetime(6)", "words text", "bytes blob", "huge bigint unsigned", "yes tinyint(1)",
    )  # fmt: skip
    names = [column.split()[0] for column in columns]
    server.execute(
        create.format("orders_kept"), "insert into orders_kept select * from orders",
        "alter table orders " + ", ".join(f"add {column}" for column in columns),
    )  # fmt: skip
    rows = (
        "123456789012345678.0123456789, 123456789012345678901234567890.01234567890123456789, 0.1,"
        " '1000-01-01', '1000-01-01 00:00:00.000001', '', x'00ff', 18446744073709551615, true",
        "-0.0000000001, -0.00000000000000000001, -1e300, '9999-12-31',"
        " '9999-12-31 23:59:59.999999',"
        " 'line\\nline\\ttab\\\\back \"quote\" ''single'' مرحبا 🍕', '', 0, false",
        "null, null, null, null, null, null, null, null, null",
    )
    try:
        if way == "first load":
            with loaded.connect() as connection:
                connection.execute("delete from raw_pos._dlt_loads where schema_name = 'pos_quito'")
        if way == "heal":
            _run(loaded)
        for order_id, row in enumerate(rows, start=1):
            stamp = "updated_at" if way == "heal" else "utc_timestamp(6) - interval 2 second"
            server.execute(
                f"create or replace table one as select {', '.join(names)} from orders limit 0",
                f"insert into one values ({row})",
                f"update orders, one set {', '.join(f'orders.{n} = one.{n}' for n in names)},"
                f" orders.total_amount = 1, orders.updated_at = {stamp}"
                f" where order_id = {order_id}",
            )
        if way == "heal":
            (compared,) = driver.compare(loaded, [MYPIZZA], ["quito"], Window(everything=True))
            assert (compared.problem, {load.kind for load in compared.loads}) == (None, {"heal"})
        else:
            results = _run(loaded)
            assert {result.outcome for result in results} == {"succeeded"}, results
            assert results[0].kind == ("initial" if way == "first load" else "incremental")
        at_till = server.query(
            "select big, cast(wide as char), ratio, day, moment, words, bytes, cast(huge as char),"
            " yes from orders where order_id <= 3 order by order_id"
        )
        in_raw = _query(
            loaded,
            "select big, wide, ratio, day, moment at time zone 'UTC', words, bytes, huge::text,"
            " yes::int from raw_pos.orders where order_id <= 3 order by order_id",
        )
        assert in_raw == at_till
    finally:
        server.execute("drop table orders", "alter table orders_kept rename to orders")


def test_a_nul_is_named_with_its_place_and_the_other_tables_load(
    server: MariaDb, loaded: Warehouse
) -> None:
    server.execute(
        "update orders set note = concat('a', char(0), 'b'),"
        " updated_at = utc_timestamp(6) - interval 2 second where order_id = 11",
        "update payments set tip_amount = 3, updated_at = utc_timestamp(6) - interval 2 second"
        " where payment_id = 12",
    )
    try:
        (result,) = _run(loaded)

        assert result.outcome == "failed"
        assert "orders.note" in str(result.error)
        assert "order_id is 11" in str(result.error)
        assert "removed there" in str(result.error)
        assert _query(loaded, "select tip_amount from raw_pos.payments where payment_id = 12") == [
            (3,)
        ]
    finally:
        server.execute(
            "update orders set note = null, updated_at = utc_timestamp(6) - interval 2 second"
            " where order_id = 11"
        )
    assert {result.outcome for result in _run(loaded)} == {"succeeded"}
    assert _query(loaded, "select count(*) from audit.reconciliation where difference <> 0") == [
        (0,)
    ]


def test_money_that_is_text_is_compared_in_both_engines_by_one_rule(
    server: MariaDb, loaded: Warehouse
) -> None:
    """The raw layer is emptied first: a branch's columns may not change their type under it."""
    with loaded.connect() as connection:
        connection.execute("drop schema raw_pos, raw_pos_staging cascade")
    server.execute(
        "create table kept like order_lines", "insert into kept select * from order_lines",
        "alter table order_lines modify unit_price varchar(40), modify quantity double",
    )  # fmt: skip
    try:
        assert {result.outcome for result in _run(loaded)} == {"succeeded"}
        for text in ("'12,5o'", "'7.50'", "'7.50\\n'", "' 7.50'", "'-0.125'", "'1e3'", "null"):
            server.execute(
                f"update order_lines set unit_price = {text}, quantity = quantity + 0.1"
                " where order_line_id = 1000"
            )
            results = _run(loaded)
            assert [result.kind for result in results] == ["incremental", "heal"], text
            assert {result.outcome for result in results} == {"succeeded"}, text
            assert _query(
                loaded, "select count(*) from audit.reconciliation where difference <> 0"
            ) == [(0,)], text
    finally:
        server.execute("drop table order_lines", "alter table kept rename to order_lines")
