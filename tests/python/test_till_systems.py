"""Tills of any system come in: by their declaration alone, from the engines that they run on."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pymysql  # type: ignore[import-untyped]  # it brings no types
import pytest
import sqlalchemy as sa
from psycopg import sql

from ingest import warehouse as warehouse_module
from ingest.loads import configuration, driver, erasure
from ingest.loads.branches import branches
from ingest.loads.source import LoadResult, Source
from ingest.sources.registry import SOURCES, chosen
from ingest.sources.tills import connect
from ingest.sources.tills.dialects.sqlite import SQLITE
from ingest.warehouse import Warehouse, WarehouseError
from tests.python.commands import copy_project, mypizza, read_settings_again, settings
from tests.python.test_ingest_mariadb import PASSWORD, MariaDb, run_server
from tests.python.test_till_generators import needs_mariadb
from tests.python.tills import odoo, odoo_changes, ospos, ospos_changes, unicenta, unicenta_changes
from tests.python.tills import world as dice
from tests.python.tills.tables import Till

TILL = "front"


@dataclass(frozen=True)
class Program:
    """A till program: its declaration, its generator, and which branches its database is of."""

    system: str
    engine: str
    sales: ModuleType
    changes: ModuleType
    branches: dict[str, Any]


UNICENTA = {"lyon": None}
ODOO = {"lyon": 1, "quito": 2, "chicago": 3, "new_york": 4}
PROGRAMS = [
    pytest.param(
        Program("unicenta", "postgres", unicenta, unicenta_changes, UNICENTA),
        id="uniCenta on Postgres",
    ),
    pytest.param(
        Program("unicenta", "mariadb", unicenta, unicenta_changes, UNICENTA),
        id="uniCenta on MariaDB", marks=needs_mariadb,
    ),
    pytest.param(
        Program("ospos", "mariadb", ospos, ospos_changes, {"new_york": None}),
        id="OSPOS on MariaDB", marks=needs_mariadb,
    ),
    pytest.param(
        Program("odoo", "postgres", odoo, odoo_changes, ODOO),
        id="Odoo on Postgres",
    ),
]  # fmt: skip


@dataclass
class World:
    """A till that is connected to a warehouse of its own."""

    program: Program
    warehouse: Warehouse
    connect: Callable[[], Any]

    @property
    def source(self) -> Source:
        """The source of the program's tills."""
        (source,) = chosen([self.program.system])
        return source

    def run(self) -> list[LoadResult]:
        """Load the till, as the command line does."""
        return driver.run(self.warehouse, [self.source])

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        with self.warehouse.connect() as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def sell(self, days: int, since: int = 0) -> None:
        """Sell on some days."""
        with closing(self.connect()) as connection:
            if not since:
                self.program.sales.create(connection)
            first_day = dice.FIRST_DAY + timedelta(days=since)
            self.program.sales.sell(connection, days, 12, first_day=first_day)
            connection.commit()

    def change(self, *names: str) -> None:
        """Let cashiers correct what they sold."""
        with closing(self.connect()) as connection:
            self.program.changes.change(connection, 5, *names)
            connection.commit()

    def spoil(self, name: str) -> None:
        """Write what the program never writes."""
        with closing(self.connect()) as connection:
            self.program.changes.spoil(connection, name)

    def till(self, *statements: str) -> None:
        """Do something at the till."""
        with closing(self.connect()) as connection:
            for statement in statements:
                Till(connection, self.program.system).execute(statement)
            connection.commit()

    def unlike(self) -> list[str]:
        """Compare every column of every row of the till with the raw layer."""
        return [name for name, rows in self.rows_at_till().items() if rows != self.in_raw(name)]

    def rows_at_till(self) -> dict[str, list[str]]:
        """Return what the till has, as far as its columns may leave it."""
        found = {}
        with closing(self.connect()) as connection:
            till = Till(connection, self.program.system)
            for table in self.source.system.tables:  # type: ignore[attr-defined]  # a till's
                if not table.query:
                    rows = till.query(f"select * from {table.at_till}")
                    kept = [
                        {name: value for name, value in row.items() if name not in table.excluded}
                        for row in rows
                    ]
                    found[table.name] = sorted(map(plain, kept))
        return found

    def in_raw(self, table: str) -> list[str]:
        """Return a raw table's rows that are not deleted, without the columns of the raw layer."""
        with self.warehouse.connect(row_factory=psycopg.rows.dict_row) as connection:
            connection.execute("set time zone 'UTC'")
            rows = connection.execute(
                sql.SQL("select * from {} where _deleted_at is null").format(
                    sql.Identifier(self.source.raw, table)
                )
            )
            own = {"till_id", "_deleted_at", "_dlt_load_id"}
            return sorted(
                plain({name: value for name, value in row.items() if name not in own})  # type: ignore[attr-defined]  # a dictionary, by the row factory
                for row in rows
            )

    def differences(self) -> list[tuple[Any, ...]]:
        """Return the days that differ, as audit.reconciliation has them."""
        return self.query(
            "select branch_id, business_date, figure, at_till, in_raw from audit.reconciliation"
            " where difference <> 0"
        )


def plain(row: dict[str, Any]) -> str:
    """Return a row as a text in which engines and types make no difference."""
    return str({name: _plain(value) for name, value in sorted(row.items())})


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).replace(tzinfo=None).isoformat()
    if isinstance(value, bool) or value in (b"\x00", b"\x01"):
        return int.from_bytes(value) if isinstance(value, bytes) else int(value)
    if isinstance(value, float | Decimal | int):
        return f"{Decimal(str(value)):.8f}"
    if isinstance(value, dict | list):
        return None
    if isinstance(value, str) and value[:1] == "{":
        return None
    return value


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    with run_server(tmp_path_factory.mktemp("tills")) as server:
        yield server


def open_till(
    program: Program, warehouse: Warehouse, request: pytest.FixtureRequest, name: str
) -> tuple[str, Callable[[], Any]]:
    """Return the url of an empty database, and what connects to it."""
    if program.engine == "mariadb":
        server: MariaDb = request.getfixturevalue("mariadb")
        server.execute("drop database till", "create database till character set utf8mb4")
        return f"mysql://reader@127.0.0.1:{server.port}/till", lambda: pymysql.connect(
            host="127.0.0.1", port=server.port, user="reader", password=PASSWORD,
            database="till", charset="utf8mb4",
        )  # fmt: skip
    with warehouse.connect() as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    address = f"postgresql://{warehouse.user}@{warehouse.host}:{warehouse.port}/{name}"
    return address, lambda: warehouse.connect(name)


def configure(program: Program, address: str, password: str) -> None:
    """Write a till into the configuration, as a user does."""
    (branch, value), *_ = program.branches.items()
    pairs = ", ".join(f"{name} = {said}" for name, said in program.branches.items())
    branches = f'"{branch}"' if value is None else f"{{{pairs}}}"
    section = f"[sources.tills.{TILL}]\n"
    (settings() / "config.toml").write_text(
        f'{section}system = "{program.system}"\nurl = "{address}"\nbranches = {branches}\n',
        encoding="utf-8",
    )
    (settings() / "secrets.toml").write_text(
        "" if not password else f"{section}password = {json.dumps(password)}\n", encoding="utf-8"
    )
    read_settings_again()


@pytest.fixture
def _all_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let dbt know of all till systems, as a chain that has them does in dbt_project.yml."""
    in_use = dict.fromkeys(source.name for source in SOURCES)
    monkeypatch.setattr(configuration, "systems", lambda: in_use)


@contextmanager
def open_world(
    program: Program, warehouse: Warehouse, request: pytest.FixtureRequest
) -> Iterator[World]:
    """Give an empty till of a program, and an empty warehouse."""
    name = f"w{abs(hash(request.node.name + str(request.param)))}"
    address, connect = open_till(program, warehouse, request, f"{name}_till")
    with warehouse.connect() as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    own = replace(warehouse, database=name)
    warehouse_module.init_warehouse(own)
    configure(program, address, PASSWORD if program.engine == "mariadb" else warehouse.password)
    yield World(program, own, connect)
    with warehouse.connect() as connection:
        for database in (name, f"{name}_till"):
            connection.execute(
                sql.SQL("drop database if exists {}").format(sql.Identifier(database))
            )


@pytest.fixture
def world(
    request: pytest.FixtureRequest, warehouse: Warehouse, _all_in_use: None
) -> Iterator[World]:
    """An empty till of a program, and an empty warehouse."""
    with open_world(request.param, warehouse, request) as opened:
        yield opened


@pytest.fixture(scope="module", params=PROGRAMS)
def trading(request: pytest.FixtureRequest, warehouse: Warehouse) -> Iterator[World]:
    """A till that trades on from test to test, and its warehouse."""
    with open_world(request.param, warehouse, request) as opened:
        yield opened


def outcomes(results: list[LoadResult]) -> list[tuple[str, str, str | None]]:
    return [(result.kind, result.outcome, result.error) for result in results]


@pytest.mark.usefixtures("_all_in_use")
def test_every_row_comes_in_and_the_second_load_brings_nothing(trading: World) -> None:
    trading.sell(9)

    first = trading.run()

    assert outcomes(first) == [("initial", "succeeded", None)]
    assert trading.unlike() == []
    assert trading.differences() == []
    before = trading.query(f"select count(*) from {trading.source.raw}._dlt_loads")

    second = trading.run()

    assert outcomes(second) == [("incremental", "succeeded", None)]
    assert [result.row_count for result in second] == [0]
    assert trading.unlike() == []
    assert trading.differences() == []
    assert before


@pytest.mark.usefixtures("_all_in_use")
def test_what_is_corrected_deleted_moved_and_refunded_later_is_followed(trading: World) -> None:
    trading.change()
    trading.sell(2, since=9)
    results = trading.run()

    assert {result.outcome for result in results} == {"succeeded"}, outcomes(results)
    assert trading.unlike() == []
    assert trading.differences() == []
    assert {result.row_count for result in trading.run()} == {0}


@pytest.mark.usefixtures("_all_in_use")
def test_a_row_without_a_parent_that_appears_later_comes_in_once(trading: World) -> None:
    trading.sell(1, since=11)
    trading.spoil("orphan")
    results = trading.run()

    assert {result.outcome for result in results} == {"succeeded"}, outcomes(results)
    assert trading.unlike() == []
    assert trading.differences() == []
    assert {result.row_count for result in trading.run()} == {0}


@pytest.mark.parametrize("world", PROGRAMS[:2], indirect=True)
def test_a_row_whose_parent_is_deleted_goes_with_it_and_is_not_asked_for_again(
    world: World,
) -> None:
    world.sell(4)
    world.run()
    ((receipt,),) = world.query("select min(ticket) from raw_unicenta.ticketlines")
    with closing(world.connect()) as connection:
        Till(connection, "unicenta").drop_parent("ticketlines", "ticket")
    world.till(
        *(f"delete from {table} where receipt = '{receipt}'" for table in ("taxlines", "payments")),
        *(f"delete from {table} where id = '{receipt}'" for table in ("tickets", "receipts")),
    )

    results = world.run()

    assert {result.outcome for result in results} == {"succeeded"}, outcomes(results)
    assert world.unlike() == ["ticketlines"]
    assert world.query(
        "select count(*) > 0, bool_and(_deleted_at is not null) from raw_unicenta.ticketlines"
        f" where ticket = '{receipt}'"
    ) == [(True, True)]
    assert world.differences() == []
    assert {result.row_count for result in world.run()} == {0}


@pytest.mark.parametrize("world", PROGRAMS[3:], indirect=True)
def test_each_shop_of_one_database_is_compared_by_its_own_days(world: World) -> None:
    world.sell(9)
    world.run()

    assert world.query(
        "select branch_id, sum(at_till) from audit.reconciliation where figure = 'pos_order'"
        " group by branch_id order by branch_id"
    ) == world.query(
        "select branches.branch_id, count(*) from raw_odoo.pos_order as orders"
        " inner join raw_odoo.pos_session as sessions on orders.session_id = sessions.id"
        " inner join audit.till_branches as branches"
        " on branches.branch_value = sessions.config_id::text group by 1 order by 1"
    )


@pytest.mark.parametrize("world", PROGRAMS[1:3], indirect=True)
def test_a_date_of_noughts_is_named_lands_as_null_and_stops_nothing(world: World) -> None:
    world.sell(4)
    world.spoil("zero_date")

    (result,) = world.run()

    assert (result.outcome, result.error) == ("succeeded", None)
    (note,) = (note for note in result.notes if "does not exist" in note)
    assert "of the till of" in note
    root = world.source.system.root  # type: ignore[attr-defined]  # a till's
    assert f"{root.name}.{root.business_time}" in note
    assert f"{root.key[0]} is" in note
    assert world.query(
        f"select count(*) from {world.source.raw}.{root.name} where {root.business_time} is null"
    ) == [(1,)]
    assert world.differences() == []


@pytest.mark.parametrize("world", PROGRAMS[:1], indirect=True)
def test_a_till_in_a_schema_of_its_own_is_read_there_also_by_its_queries(world: World) -> None:
    world.sell(4)
    world.till('alter schema public rename to "Laden 1"')
    configured = settings() / "config.toml"
    configured.write_text(configured.read_text("utf-8") + 'schema = "Laden 1"\n', "utf-8")
    read_settings_again()

    assert outcomes(world.run()) == [("initial", "succeeded", None)]
    assert world.query(
        "select count(*), round(sum(paid), 6), round(sum(sold), 6), round(sum(tax), 6)"
        " from raw_unicenta.closing_figures"
    ) == world.query(
        "select (select count(*) from raw_unicenta.closedcash), (select round(sum(total::numeric),"
        " 6) from raw_unicenta.payments inner join raw_unicenta.tickets on receipt = tickets.id),"
        " (select round(sum(units::numeric * price::numeric), 6) from raw_unicenta.ticketlines),"
        " (select round(sum(amount::numeric), 6) from raw_unicenta.taxlines)"
    )


@pytest.mark.parametrize("world", PROGRAMS[:1], indirect=True)
def test_a_person_whose_key_is_a_text_is_erased_and_stays_so(world: World) -> None:
    world.sell(4)
    world.run()
    ((person,),) = world.query("select min(id) from raw_unicenta.customers")
    with driver.session(world.warehouse) as opened:
        assert erasure.forget(opened, [world.source], "lyon", person) > 0
    world.till("update customers set phone = '0815'")
    world.run()

    assert world.query(
        f"select name, email, phone from raw_unicenta.customers where id = '{person}'"
    ) == [("erased", None, None)]
    assert world.query("select min(phone) from raw_unicenta.customers") == [("0815",)]


@pytest.mark.parametrize("world", PROGRAMS[:1], indirect=True)
def test_a_table_that_may_not_be_read_is_named_and_the_others_come(world: World) -> None:
    world.sell(4)
    world.till("revoke select on taxlines from current_user")

    (result,) = world.run()

    assert result.outcome == "failed"
    assert "The table taxlines of the till of lyon is not loaded" in str(result.error)
    assert "grant select" in str(result.error)
    assert "taxlines" not in result.tables
    assert result.tables["receipts"] > 50


@pytest.mark.parametrize("world", PROGRAMS[3:], indirect=True)
def test_a_check_says_what_a_till_has_and_what_is_missing(world: World, tmp_path: Path) -> None:
    world.sell(3)
    world.till(
        "do $$ begin execute format('alter database %I set timezone to %L', current_database(),"
        " 'Asia/Kolkata'); end $$"
    )
    project = copy_project(tmp_path)
    listed = (project / "dbt_project.yml").read_text("utf-8")
    (project / "dbt_project.yml").write_text(
        listed.replace("  systems:\n", "  systems:\n    odoo: {loads_go_by: branch_id}\n"), "utf-8"
    )
    said = mypizza("till", "check", TILL, project=project)
    assert "pos_order" in said.stdout
    assert "Nothing is missing" in said.stdout
    clock = r"The database's clock (agrees with|is \d+ s (behind|ahead of)) this machine's"
    assert re.search(clock, said.stdout)
    assert "its server is set to the time zone Asia/Kolkata." in said.stdout.replace("\n", " ")
    assert re.search(r"pos_order +[\d,]+ .* utc\n", said.stdout)

    world.till("alter table pos_payment rename to pos_payment_old")
    world.till("update pos_order set date_order = '2999-01-01' where id = 1")
    world.till("update pos_session set config_id = 2 where config_id = 4")
    world.till("update pos_order set config_id = 2 where config_id = 4")
    said = mypizza("till", "check", TILL, expect=1)
    assert "has no table pos_payment" in said.stdout + said.stderr
    assert "vars.systems in dbt_project.yml lacks it" in said.stdout.replace("\n", " ")
    assert "1 rows of pos_order of the till of front are in the future" in (
        said.stdout + said.stderr
    ).replace("\n", " ")
    assert "No row of pos_order is of the branch 4, which [sources.tills.front] names" in (
        said.stdout.replace("\n", " ")
    )


SMALL_TILL = """
create table customers (customer_id integer primary key, "fullName" text, updated_at timestamp);
create table products (product_id integer primary key, "Größe" real, updated_at timestamp);
create table orders (order_id integer primary key, ordered_at timestamp, customer_id integer,
    total_amount numeric(12, 2), updated_at timestamp);
create table order_lines (order_line_id integer primary key, order_id integer, quantity integer,
    unit_price numeric(10, 2), updated_at timestamp);
create table payments (payment_id integer primary key, order_id integer, payment_type text,
    amount numeric(12, 2), updated_at timestamp);
insert into customers values (1, 'Zoë', '2016-01-02 12:00:00');
insert into products values (1, 9.95, '2016-01-02 12:00:00.5');
with recursive n (i) as (select 1 union all select i + 1 from n where i < 60)
insert into orders select i, datetime('2016-01-02 12:00:00', i || ' hours'), 1, i + 0.35,
    datetime('2016-01-02 12:00:00', i || ' hours') from n;
insert into order_lines select order_id, order_id, 1, total_amount, updated_at from orders;
insert into payments select order_id, order_id, 'sale', total_amount, updated_at from orders;
"""


def test_a_till_that_is_one_file_of_sqlite_comes_in_and_is_healed(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    file = tmp_path / "till.db"
    with closing(sqlite3.connect(file)) as till:
        till.executescript(SMALL_TILL)
    with warehouse.connect() as connection:
        connection.execute("create database beside_sqlite")
    own = replace(warehouse, database="beside_sqlite")
    warehouse_module.init_warehouse(own)
    configure(
        Program("mypizza", "sqlite", unicenta, unicenta_changes, {"lyon": None}),
        f"sqlite:///{file}", "",
    )  # fmt: skip
    world = World(Program("pos", "sqlite", unicenta, unicenta_changes, {}), own, lambda: None)

    assert outcomes(world.run()) == [("initial", "succeeded", None)]
    assert world.query("select full_name from raw_pos.customers") == [("Zoë",)]
    assert world.query("select grosse from raw_pos.products") == [(9.95,)]
    assert world.query("select count(*), sum(total_amount) from raw_pos.orders") == [
        (60, Decimal("1851"))
    ]
    with closing(sqlite3.connect(file)) as till:
        till.executescript(
            "update orders set ordered_at = 'half past eight' where order_id = 8;"
            "update order_lines set unit_price = 99 where order_line_id = 7;"
            " delete from payments where payment_id = 9;"
            "update products set \"Größe\" = 10.5, updated_at = 'soon'"
        )
    results = world.run()
    assert {result.outcome for result in results} == {"succeeded"}, outcomes(results)
    notes = [note for result in results for note in result.notes]
    assert any("orders.ordered_at" in note and "order_id is 8" in note for note in notes)
    assert world.query("select order_id from raw_pos.orders where ordered_at is null") == [(8,)]
    assert world.query("select unit_price from raw_pos.order_lines where order_line_id = 7") == [
        (99,)
    ]
    assert world.query("select payment_id from raw_pos.payments where _deleted_at is not null") == [
        (9,)
    ]
    assert world.query("select grosse, updated_at from raw_pos.products") == [(10.5, None)]
    with closing(sqlite3.connect(file)) as till:
        # what its change column says is no time: nothing tells that it has changed
        till.executescript('update products set "Größe" = 11')
    assert {result.outcome for result in world.run()} == {"succeeded"}
    assert world.query("select grosse from raw_pos.products") == [(11,)]
    assert world.differences() == []


def test_a_time_of_sqlite_that_is_a_number_keeps_its_thousandths(tmp_path: Path) -> None:
    till = sa.create_engine(f"sqlite:///{tmp_path / 'till.db'}")
    noon = 1456833600
    expected = {
        noon: "2016-03-01 12:00:00",
        noon * 1000 + 7: "2016-03-01 12:00:00.007000",
        noon * 1000 + 999: "2016-03-01 12:00:00.999000",
        noon * 1000: "2016-03-01 12:00:00",
        -noon * 1000 - 250: "1923-11-02 11:59:59.750000",
        0: None,
    }
    with till.connect() as connection:
        SQLITE.prepare(connection.connection)
        for number, text in expected.items():
            moment = SQLITE.moment_of(sa.literal_column(str(number)))
            found, sorts, parts = connection.execute(
                sa.select(
                    sa.cast(moment, sa.Text),
                    # as the position of a load, and the ends of a day, are compared with it
                    moment == SQLITE.literal(datetime.fromisoformat(text or "1970-01-01")),
                    SQLITE.microseconds(moment),
                )
            ).one()
            assert found == text
            assert bool(sorts) == (text is not None)
            if number > noon and text:
                assert parts == number * 1000
    till.dispose()


@pytest.mark.parametrize("world", PROGRAMS[:2], indirect=True)
def test_views_and_columns_of_any_name_come_in(world: World) -> None:
    world.sell(4)
    quote = "`" if world.program.engine == "mariadb" else '"'
    names = ("tableNo", "Table No", "per%cent", "Größe", "select")
    columns = (f"add column {quote}{name}{quote} integer default 7" for name in names)
    world.till(
        f"alter table ticketlines {', '.join(columns)}",
        "alter table payments rename to payments_table",
        "create view payments as select * from payments_table",
    )
    (result,) = world.run()

    assert (result.outcome, result.error) == ("succeeded", None)
    assert world.query(
        'select distinct table_no, table_no_2, per_cent, grosse, "select"'
        " from raw_unicenta.ticketlines"
    ) == [(7, 7, 7, 7, 7)]
    assert world.query("select count(*) > 50 from raw_unicenta.payments") == [(True,)]
    world.till(f"update ticketlines set {quote}per%cent{quote} = 8 where line = 0")
    assert {result.outcome for result in world.run()} == {"succeeded"}
    assert world.query("select min(per_cent) from raw_unicenta.ticketlines where line = 0") == [
        (8,)
    ]
    assert world.differences() == []


@pytest.mark.parametrize("world", PROGRAMS[3:], indirect=True)
def test_a_branch_of_a_till_with_several_is_reached_and_one_that_no_till_has_is_refused(
    world: World,
) -> None:
    world.sell(2)

    (result,) = driver.run(world.warehouse, [world.source], ["chicago"])

    assert (result.outcome, result.error) == ("succeeded", None)
    with pytest.raises(WarehouseError, match=r"^No source has the branch honolulu \(asked: odoo\)"):
        driver.run(world.warehouse, [world.source], ["honolulu"])


@pytest.mark.parametrize("world", PROGRAMS[3:], indirect=True)
def test_a_system_of_which_dbt_is_not_told_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(configuration, "systems", dict)

    (result,) = world.run()

    assert result.error == (
        "[sources.tills.front] in .dlt/config.toml is a till of the system odoo, and vars.systems "
        "in dbt_project.yml lacks it: add it there."
    )


@pytest.mark.parametrize("world", PROGRAMS[:1], indirect=True)
def test_a_till_whose_section_is_wrong_is_refused_alone(world: World) -> None:
    world.sell(2)
    wrong = {
        "typo": 'branches = "quito"\nurll = "x"',
        "nowhere": 'branches = "atlantis"\nurl = "postgresql://x"',
        "one": 'branches = "chicago"\nurl = "postgresql://x"',
        "two": 'branches = "chicago"\nurl = "postgresql://x"',
    }
    configured = settings() / "config.toml"
    sections = "".join(
        f'[sources.tills.{name}]\nsystem = "unicenta"\n{rest}\n' for name, rest in wrong.items()
    )
    configured.write_text(configured.read_text("utf-8") + sections, "utf-8")
    read_settings_again()

    results = world.run()

    failed = [str(result.error) for result in results if result.outcome != "succeeded"]
    assert [result.branch_id for result in results if result.outcome == "succeeded"] == ["lyon"]
    assert len(failed) == 4
    assert any("has the key 'urll', which is not allowed there" in error for error in failed)
    assert any("There is no branch 'atlantis'" in error for error in failed)
    assert sum("are both of the branch chicago: a branch has one till" in e for e in failed) == 2
    assert world.differences() == []
    assert world.query("select count(*) > 20 from raw_unicenta.receipts") == [(True,)]


def test_the_names_of_a_system_and_a_till_are_not_too_long_for_dlt(
    monkeypatch: pytest.MonkeyPatch, warehouse: Warehouse
) -> None:
    del warehouse  # the settings are in its folder
    monkeypatch.setattr(connect, "source_name", lambda name: f"{name}_" + "s" * 30)
    configure(PROGRAMS[0].values[0], "postgresql://x", "")  # type: ignore[arg-type]  # a program
    text = (settings() / "config.toml").read_text("utf-8")
    (settings() / "config.toml").write_text(text.replace(TILL, "t" * 40), "utf-8")
    read_settings_again()

    (till,) = connect.configured()

    assert "characters together, which is too long for dlt" in str(till.wrong)


def test_a_till_without_a_port_or_a_password_is_not_asked_with_those_of_the_warehouse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {"PGPORT": "54999", "PGUSER": "mypizza", "PGPASSWORD": "secret"}.items():
        monkeypatch.setenv(name, value)
    till = connect.Till("shop", "odoo", {}, address="postgresql://reader@127.0.0.1/odoo")
    assert till.dialect.arguments(till.url)["password"] == ""
    with pytest.raises(sa.exc.OperationalError, match="port 5432 failed"):
        till.engine.connect()


def test_several_branches_of_a_system_that_tells_none_apart_are_refused() -> None:
    both = dict(zip(branches().values(), (1, 2), strict=False))
    problem = connect.in_use(connect.Till("shop", "mypizza", both, "[sources.tills.shop]"))
    assert problem is not None
    assert "no column of orders says which of them" in problem


@pytest.mark.parametrize("world", PROGRAMS[:2], indirect=True)
def test_a_column_that_a_till_widens_is_widened_in_raw_and_money_never_becomes_text(
    world: World,
) -> None:
    world.sell(4)
    world.run()
    world.query("create view reads_it as select ticketid, id from raw_unicenta.tickets")
    modify = "modify {} {}" if world.program.engine == "mariadb" else "alter {} type {}"
    world.till(
        f"alter table tickets {modify.format('ticketid', 'varchar(20)')}",
        f"alter table tickets {modify.format('tickettype', 'decimal(10, 2)')}",
        f"alter table payments {modify.format('tip', 'varchar(40)')}",
        "update tickets set ticketid = concat('A', ticketid)",
        f"alter table ticketlines {modify.format('line', 'varchar(20)')}",
    )
    ((payment,),) = world.query("select max(id) from raw_unicenta.payments")
    world.till(
        "update payments set tip = '1.5'",
        f"update payments set tip = '12,5o' where id = '{payment}'",
    )

    results = world.run()

    assert {result.outcome for result in results} == {"succeeded"}, outcomes(results)
    assert world.query(
        "select column_name, data_type from information_schema.columns"
        " where table_schema = 'raw_unicenta' and table_name in ('tickets', 'payments')"
        " and column_name in ('ticketid', 'tickettype', 'tip') order by 1"
    ) == [
        ("ticketid", "character varying"), ("tickettype", "numeric"),
        ("tip", "double precision"),
    ]  # fmt: skip
    assert world.query("select to_regclass('reads_it')") == [(None,)]
    assert world.unlike() == ["payments"]  # where one value is null
    assert world.query("select count(*) from raw_unicenta.tickets where ticketid !~ '^A'") == [(0,)]
    assert world.query("select id from raw_unicenta.payments where tip is null") == [(payment,)]
    (note,) = {note for result in results for note in result.notes if "no double" in note}
    assert "payments.tip of the till of lyon has a value" in note
    assert f"id is {payment}" in note
    assert world.differences() == []
    assert {result.row_count for result in world.run()} == {0}


def limit_statements(server: MariaDb, seconds: float) -> None:
    """Let a server end what takes longer, as its administrator does."""
    ((socket,),) = server.query("select @@socket")
    with closing(pymysql.connect(unix_socket=socket, user="root")) as connection:
        connection.cursor().execute(f"set global max_statement_time = {seconds}")


SLOW = {
    "postgres": "pg_sleep(0.05)::text",
    "mariadb": "sleep(0.05)",
}


@pytest.mark.parametrize("world", PROGRAMS[:2], indirect=True)
def test_a_query_that_the_tills_server_ends_is_tried_twice_and_its_table_named(
    world: World, request: pytest.FixtureRequest
) -> None:
    world.sell(4)
    slow = SLOW[world.program.engine]
    world.till(
        "alter table payments rename to payments_table",
        f"create view payments as select p.*, {slow} as slept from payments_table as p",
    )
    if world.program.engine == "mariadb":
        server: MariaDb = request.getfixturevalue("mariadb")
        limit_statements(server, 0.5)
        request.addfinalizer(lambda: limit_statements(server, 0))
    else:
        with closing(world.connect()) as connection:
            name = connection.info.dbname
            connection.execute(f"alter database {name} set statement_timeout = '500ms'".encode())

    (result,) = world.run()

    assert result.outcome == "failed"
    assert "The table payments of the till of lyon is not loaded" in str(result.error)
    assert "ended the query twice, which took too long" in str(result.error)
    assert result.tables["receipts"] > 50


@pytest.mark.parametrize("world", PROGRAMS[:1], indirect=True)
def test_a_query_that_a_standby_interrupts_is_tried_again(world: World) -> None:
    world.sell(4)
    world.till(
        "create sequence tries",
        "create function interrupted() returns integer language plpgsql as $$ begin"
        " if nextval('tries') = 1 then raise exception using errcode = '40001',"
        " message = 'canceling statement due to conflict with recovery'; end if;"
        " return 1; end $$",
        "alter table payments rename to payments_table",
        "create view payments as select p.*, interrupted() as once from payments_table as p",
    )

    (result,) = world.run()

    assert (result.outcome, result.error) == ("succeeded", None)
    assert result.tables["payments"] > 50


TWO_SHOPS = Program("odoo", "postgres", odoo, odoo_changes, {"lyon": 1, "quito": 2})


@pytest.mark.parametrize("world", [TWO_SHOPS], indirect=True)
def test_shops_that_are_not_configured_are_not_compared_as_missing(world: World) -> None:
    world.sell(9)
    world.run()
    world.change()
    world.sell(1, since=9)

    results = world.run()

    assert {result.outcome for result in results} == {"succeeded"}, outcomes(results)
    assert world.differences() == []
    assert world.query("select distinct branch_id from audit.reconciliation order by 1") == [
        ("lyon",), ("quito",),
    ]  # fmt: skip
    assert {result.row_count for result in world.run()} == {0}


@pytest.mark.parametrize("world", PROGRAMS[:1], indirect=True)
def test_materialised_views_and_partitions_come_in(world: World) -> None:
    world.sell(4)
    world.till(
        "alter table payments rename to payments_table",
        "create materialized view payments as select * from payments_table",
        "alter table taxlines rename to taxlines_table",
        "create table taxlines (like taxlines_table) partition by hash (id)",
        "create table taxlines_0 partition of taxlines for values with (modulus 2, remainder 0)",
        "create table taxlines_1 partition of taxlines for values with (modulus 2, remainder 1)",
        "insert into taxlines select * from taxlines_table",
    )

    assert outcomes(world.run()) == [("initial", "succeeded", None)]
    assert world.unlike() == []
    world.till(
        "delete from taxlines where receipt = (select max(receipt) from taxlines)",
        "update payments_table set tip = 1",
        "refresh materialized view payments",
    )
    assert {result.outcome for result in world.run()} == {"succeeded"}
    assert world.unlike() == []
    assert world.differences() == []


@pytest.mark.parametrize("world", PROGRAMS[:1], indirect=True)
def test_a_table_that_fails_at_the_till_is_named_and_stops_no_other(world: World) -> None:
    world.sell(4)
    world.till(
        "create function broken() returns integer language plpgsql as"
        " $$ begin raise exception 'the drawer is open'; end $$",
        "alter table payments rename to payments_table",
        "create view payments as select p.*, broken() as once from payments_table as p",
    )

    (result,) = world.run()

    assert result.outcome == "failed"
    assert "The table payments of the till of lyon is not loaded (" in str(result.error)
    assert "the drawer is open" in str(result.error)
    assert "take out the table in systems/unicenta.toml" in str(result.error)
    assert result.tables["receipts"] > 50
