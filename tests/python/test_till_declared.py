"""A till of a system that is not shipped: declared, its columns of any kind, taken out again."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql
from pydantic import ValidationError

from ingest import warehouse as warehouse_module
from ingest.loads import configuration, driver
from ingest.loads.source import LoadResult
from ingest.sources.tills import check, declaration, propose, remove, survey
from ingest.sources.tills.connect import TillError
from ingest.sources.tills.source import TillSource
from ingest.sources.tills.visit import TillVisit
from ingest.warehouse import Warehouse
from tests.python.commands import read_settings_again, settings
from tests.python.test_ingest_mariadb import PASSWORD, MariaDb, run_server
from tests.python.test_till_generators import needs_mariadb
from tests.python.test_till_systems import Program, configure, open_till, outcomes
from tests.python.tills import unicenta, unicenta_changes

ENGINES = ["postgres", pytest.param("mariadb", marks=needs_mariadb)]
SALES = """
    create table {name} (
        id integer primary key, sold_at timestamp not null, amount decimal(12, 2), {changed}
    )
"""
KINDS = {
    "by_date": ("changed date not null", "%Y-%m-%d", None),
    "by_epoch": ("changed bigint not null", None, "epoch"),
    "by_thousandths": ("changed bigint not null", None, "epoch_ms"),
    "by_text": ("changed varchar(30) not null", "%d.%m.%Y", "%Y-%m-%d %H:%M:%S"),
    "by_time": ("changed timestamp null", None, None),
    "by_key": ("changed timestamp null", None, None),
}
"""By table its change column, and how the declaration says that it is written."""


@dataclass
class Kiosk:
    """A till of a system of its own, and an empty warehouse."""

    engine: str
    warehouse: Warehouse
    connect: Callable[[], Any]
    address: str
    password: str
    systems: Path

    @property
    def source(self) -> TillSource:
        """The source of the system's tills."""
        return TillSource("kiosk", "kiosk")

    @property
    def url(self) -> str:
        """The till's address with its password."""
        url = sa.make_url(self.address).set(password=self.password)
        return url.render_as_string(hide_password=False)

    def run(self) -> list[LoadResult]:
        """Load the till, as the command line does."""
        return driver.run(self.warehouse, [self.source])

    def declare(self, text: str) -> None:
        """Declare the system."""
        (self.systems / "kiosk.toml").write_text(text, encoding="utf-8")

    def till(self, *statements: str) -> list[Any]:
        """Do something at the till; return what the last statement answers."""
        with closing(self.connect()) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            rows = cursor.fetchall() if cursor.description else []
            connection.commit()
        return list(rows)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        with self.warehouse.connect() as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def differing(self) -> list[str]:
        """Return the tables that are not the same at the till and in the raw layer."""
        statement = "select count(*), coalesce(sum(amount), 0), coalesce(sum(id), 0) from "
        return [
            name
            for name in KINDS
            if tuple(self.till(statement + name)[0])
            != self.query(f"{statement} raw_kiosk.{name} where _deleted_at is null")[0]
        ]


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    with run_server(tmp_path_factory.mktemp("kiosks")) as server:
        yield server


@pytest.fixture(params=ENGINES)
def kiosk(
    request: pytest.FixtureRequest,
    warehouse: Warehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Kiosk]:
    systems = tmp_path / "systems"
    systems.mkdir()
    for module in (declaration, propose, survey):
        monkeypatch.setattr(module, "FOLDER", systems)
    monkeypatch.setattr(configuration, "systems", lambda: {"kiosk": None, "pos": None})
    name = f"k{abs(hash(request.node.name))}"
    program = Program("kiosk", request.param, unicenta, unicenta_changes, {"lyon": None})
    address, connect = open_till(program, warehouse, request, f"{name}_till")
    with warehouse.connect() as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    own = replace(warehouse, database=name)
    warehouse_module.init_warehouse(own)
    password = PASSWORD if request.param == "mariadb" else warehouse.password
    configure(program, address, password)
    yield Kiosk(request.param, own, connect, address, password, systems)
    with warehouse.connect() as connection:
        for database in (name, f"{name}_till"):
            connection.execute(
                sql.SQL("drop database if exists {}").format(sql.Identifier(database))
            )


def moment(kind: str, at: datetime) -> str:
    """Return a moment as a change column has it, as a literal."""
    if kind == "by_date":
        return f"'{at:%Y-%m-%d}'"
    if kind in ("by_epoch", "by_thousandths"):
        seconds = int((at - datetime(1970, 1, 1)).total_seconds())
        return str(seconds * (1000 if kind == "by_thousandths" else 1))
    return f"'{at:%Y-%m-%d %H:%M:%S}'"


def test_change_columns_of_all_kinds_bring_each_change_once(kiosk: Kiosk) -> None:
    start = datetime(2016, 3, 1, 12)
    lines = []
    for name, (column, _, written) in KINDS.items():
        kiosk.till(SALES.format(name=name, changed=column))
        rows = [(number, start + timedelta(hours=number)) for number in range(1, 31)]
        kiosk.till(
            f"insert into {name} (id, sold_at, amount, changed) values "
            + ", ".join(
                f"({number}, '{at:%Y-%m-%d %H:%M:%S}', {number}.35, {moment(name, at)})"
                for number, at in rows
            )
        )
        lines.append(
            f'[tables.{name}]\nkey = "id"\nbusiness_time = "sold_at"\nmoney = "amount"\n'
            f'changed_at = "{"id" if name == "by_key" else "changed"}"\n'
            + (f'changed_format = "{written}"\n' if written else "")
        )
    future = "2037-12-31 00:00:00"
    kiosk.till(
        "update by_time set changed = null where id = 7",
        f"update by_time set changed = '{future}' where id = 8",
    )
    has_zero = kiosk.engine == "mariadb"
    if has_zero:
        zero = "update by_time set changed = '0000-00-00 00:00:00' where id = 9"
        kiosk.till("set sql_mode = ''", zero)
    kiosk.declare("\n".join(lines))

    # what is dated in the future waits for the comparison, which reads its day
    assert outcomes(kiosk.run()) == [("initial", "succeeded", None), ("heal", "succeeded", None)]
    assert kiosk.differing() == []
    assert [result.outcome for result in kiosk.run()] == ["succeeded"]

    later = start + timedelta(days=40)
    for name in KINDS:
        changed = f", changed = {moment(name, later)}" if name != "by_key" else ""
        if name != "by_key":
            kiosk.till(f"update {name} set amount = 1000{changed} where id = 3")
        kiosk.till(
            f"insert into {name} (id, sold_at, amount, changed) values"
            f" (31, '{later:%Y-%m-%d %H:%M:%S}', 5, {moment(name, later)})"
        )
    (result, *_) = results = kiosk.run()
    assert {each.outcome for each in results} == {"succeeded"}, outcomes(results)
    assert {name: result.tables[name] for name in ("by_epoch", "by_thousandths", "by_text")} == {
        "by_epoch": 2, "by_thousandths": 2, "by_text": 2,
    }  # fmt: skip
    assert result.tables["by_key"] == 1
    # what has no time, or none that is one, comes every time
    assert result.tables["by_time"] == 3 + has_zero
    assert kiosk.differing() == []


EDITED = """
    create table sales (id integer primary key, sold_at timestamp not null, changed timestamp null);
    create table sale_lines (id integer primary key, sale_id integer, amount decimal(12, 2));
    create table toppings (id integer primary key, line_id integer, amount decimal(12, 2));
    insert into sales values {sales};
    insert into sale_lines select id, id, 5 from sales;
    insert into sale_lines select 1000 + id, id, 7 from sales;
    insert into toppings select id, id, 1 from sale_lines
"""
EDITED_TABLES = """
    [tables.sales]
    key = "id"
    changed_at = "changed"
    business_time = "sold_at"
    [tables.sale_lines]
    key = "id"
    parent = "sales"
    parent_key = "sale_id"
    money = "amount"
    [tables.toppings]
    key = "id"
    parent = "sale_lines"
    parent_key = "line_id"
    money = "amount"
"""


def test_an_old_sale_that_is_edited_brings_its_lines_although_these_say_no_change(
    kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sold = [datetime(2016, 3, 1, 12) + timedelta(days=day) for day in range(100)]
    sales = [f"({day}, '{at}', '2016-09-01 12:00:00')" for day, at in enumerate(sold)]
    kiosk.till(*EDITED.format(sales=", ".join(sales)).split(";"))
    kiosk.declare(EDITED_TABLES)

    def lines() -> list[Any]:
        return kiosk.query(
            "select l.id, l.amount, t.amount from raw_kiosk.sale_lines as l left join"
            " raw_kiosk.toppings as t on t.line_id = l.id and t._deleted_at is null"
            " where l.sale_id in (3, 4) and l._deleted_at is null order by 1"
        )

    assert outcomes(kiosk.run()) == [("initial", "succeeded", None)]
    assert lines() == [(3, 5, 1), (4, 5, 1), (1003, 7, 1), (1004, 7, 1)]
    kiosk.till(
        "update sales set changed = '2016-09-02 12:00:00' where id = 3",
        "update sale_lines set amount = 6 where id = 3",
        "delete from toppings where id = 1003",
        "delete from sale_lines where id = 1003",
        "insert into sale_lines values (2003, 3, 8)",
        "insert into toppings values (2003, 2003, 2)",
    )
    kiosk.run()
    assert lines() == [(3, 6, 1), (4, 5, 1), (1004, 7, 1), (2003, 8, 2)]
    # a visit that ends between the sale and its lines
    kiosk.till(
        "update sales set changed = '2016-09-03 12:00:00' where id = 4",
        "update sale_lines set amount = 9 where id = 4",
    )

    def ends(*_: object) -> None:
        raise TillError("the visit ends here")

    with monkeypatch.context() as cut:
        cut.setattr(TillVisit, "_read_recent", ends)
        kiosk.run()
    assert (4, 5, 1) in lines()
    kiosk.run()
    assert (4, 9, 1) in lines()
    assert kiosk.query("select count(*) from audit.reconciliation where difference <> 0") == [(0,)]


def test_a_row_without_its_key_is_left_out_and_named_and_what_only_grows_is_compared(
    kiosk: Kiosk,
) -> None:
    kiosk.till(
        "create table loose (id integer, sold_at timestamp, amount decimal(12, 2))",
        "insert into loose values (1, '2016-03-01 12:00:00', 9.5), (2, '2016-03-02 12:00:00', 7),"
        " (null, '2016-03-02 13:00:00', 41.43)",
        "create table menu (id integer primary key, price decimal(12, 2))",
        "insert into menu values (1, 9.5), (2, 12)",
        "create table noted (id integer primary key, changed varchar(20))",
    )
    declared = (
        '[tables.loose]\nkey = "id"\nbusiness_time = "sold_at"\nmoney = "amount"\n'
        '[tables.menu]\nkey = "id"\nchanged_at = "id"\n'
    )
    kiosk.declare(declared)

    initial, *_ = kiosk.run()

    assert kiosk.query("select id, amount from raw_kiosk.loose order by id") == [(1, 9.5), (2, 7)]
    (note,) = (note for note in initial.notes if "lacks a part of its key" in note)
    assert "A row of loose of the till of lyon" in note
    assert "amount is 41.43" in note
    # it is missing in its day, which so differs from the till by its money
    assert kiosk.query(
        "select business_date::text, difference from audit.reconciliation"
        " where figure = 'loose_amount' and difference <> 0"
    ) == [("2016-03-02", Decimal("-41.43"))]

    kiosk.till("update menu set price = 10 where id = 1", "delete from loose where id is null")
    kiosk.run()
    assert kiosk.query("select price from raw_kiosk.menu order by id") == [(10,), (12,)]
    assert kiosk.query("select count(*) from audit.reconciliation where difference <> 0") == [(0,)]

    kiosk.till("insert into loose values (null, '2016-03-02 13:00:00', 41.43)")
    kiosk.declare(
        declared.replace('money = "amount"', 'money = "sold_at"')
        + '[tables.noted]\nkey = "id"\nchanged_at = "changed"\n'
    )
    problems = check.check("front").problems
    assert "loose of the till of lyon has 1 row(s) that lack a part of the key (id)" in problems[1]
    assert re.search(
        r"loose.sold_at of .* is TIMESTAMP(\(\))?, and cannot be added up", problems[0]
    )
    refused = re.compile(r"noted.changed of .* is VARCHAR\(20\), and has no changed_format")
    assert refused.search(problems[2])
    result, *_ = kiosk.run()
    assert refused.search(str(result.error))


@pytest.mark.parametrize("written", ["%d.%m.%Y", "%H:%M", "%Y-%m-%d %I:%M %p"])
def test_a_change_column_that_does_not_sort_is_refused(written: str) -> None:
    table = {"key": "id", "changed_at": "changed", "changed_format": written, "business_time": "at"}
    with pytest.raises(ValidationError, match="no format that sorts as its times do"):
        declaration.parsed("kiosk", {"tables": {"sales": table}})


EPOCHS = """
times = "branch"
[tables.bills]
key = "id"
changed_at = "updated"
changed_format = "epoch"
business_time = "opened"
money = "total"
columns = {opened = "moment", closed = "moment"}
[tables.wrong]
query = "wrong.sql"
key = "id"
columns = {id = "integer", opened = "moment"}
[tables.notes]
key = "id"
columns = {noted = "moment"}
"""


def test_times_that_are_numbers_are_times_and_what_is_none_is_named(kiosk: Kiosk) -> None:
    noon = 1456830000  # 2016-03-01 11:00 UTC, 12:00 in Lyon
    kiosk.declare(EPOCHS)
    (kiosk.systems / "wrong.sql").write_text("select id, opened from bills")
    kiosk.till(
        "create table bills (id integer primary key, opened integer not null, closed bigint,"
        " total decimal(9, 2), updated integer)",
        f"insert into bills values (1, {noon}, {noon}250, 9.5, {noon}), (2, {noon}, 0, 1, {noon})",
        "create table notes (id integer primary key, noted varchar(20))",
        "insert into notes values (1, 'last week')",
    )
    shown = check.check("front")
    assert shown.tables[0][4:] == ("2016-03-01 11:00", "2016-03-01 11:00", "utc")
    named = [next(filter(problem.startswith, SAID), problem) for problem in shown.problems]
    assert named == list(SAID)

    result, *_ = kiosk.run()
    text = str(result.error)
    assert "check that its server runs" not in text
    tables = ("The table wrong of", "The table notes of")  # of columns a copy says nothing
    assert all(said in text for said in (tables if kiosk.engine == "postgres" else SAID))
    kiosk.till(f"insert into bills values (3, {noon + 86400}, null, 2, {noon + 86400})")
    kiosk.run()
    at = datetime(2016, 3, 1, 11, tzinfo=UTC)
    assert kiosk.query("select opened, closed from raw_kiosk.bills order by id") == [
        (at, at + timedelta(milliseconds=250)), (at, None), (at + timedelta(days=1), None),
    ]  # fmt: skip
    assert kiosk.query(
        "select count(*) > 0, sum(abs(difference)) from audit.reconciliation"
    ) == [(True, 0)]  # fmt: skip


SAID = (
    "The column wrong.opened of the till of lyon is declared as moment, and ",
    "The column notes.noted of the till of lyon is declared as moment, and ",
)

SHOP = """
create table "Kunden" (id integer primary key, name varchar(80), phone varchar(40), pin varchar(9));
create table products (id integer primary key, name varchar(80), price decimal(10, 2));
create table sales (id integer primary key, sold_at timestamp not null, total decimal(10, 2),
    kunde integer references "Kunden" (id), updated_at timestamp null);
create table sale_lines (sale_id integer not null references sales (id), line integer not null,
    product_id integer references products (id), "Größe" decimal(8, 3), price decimal(10, 2),
    primary key (sale_id, line));
create table scratch (a integer);
insert into "Kunden" values (1, 'Zoë', '0815', '1234');
insert into products values (1, 'Margherita', 9.50);
insert into sales values (1, '2016-03-01 12:00:00', 19.00, 1, '2016-03-01 12:00:00'),
    (2, '2016-03-02 12:00:00', 9.50, null, '2016-03-02 12:00:00');
insert into sale_lines values (1, 1, 1, 1, 9.50), (1, 2, 1, 1, 9.50), (2, 1, 1, 1, 9.50)
"""


def test_a_first_declaration_takes_numbers_that_look_like_times_for_times(kiosk: Kiosk) -> None:
    kiosk.till(
        "create table sales (id integer primary key, times_told integer, paid_time integer,"
        " delete_time integer, update_time bigint, total decimal(9, 2))",
        "insert into sales values (1, 3, 1456830000, 0, 1456830000000, 9.5)",
        "create table products (id integer primary key, update_time bigint, price decimal(9, 2))",
        "insert into products values (1, 1456830000, 9.5), (2, null, 9.5)",
    )
    asked: list[str] = []
    listener = (sa.Engine, "before_cursor_execute", lambda *sent: asked.append(sent[2]))
    sa.event.listen(*listener)
    text = propose.new("kiosk", "front").read_text(encoding="utf-8")
    sa.event.remove(*listener)
    # once per table, and not all of its rows
    looked = [statement for statement in asked if re.search("paid_time|update_time", statement)]
    assert [re.findall("FROM \\S*?(products|sales)\\b", each) for each in looked] == [
        ["products"], ["sales"],
    ]  # fmt: skip
    assert all("LIMIT" in statement for statement in looked)
    assert tomllib.loads(text)["tables"]["products"] == {
        "key": "id", "changed_at": "update_time", "changed_format": "epoch",
    }  # fmt: skip
    assert "columns = {}" not in text
    assert tomllib.loads(text)["tables"]["sales"] == {
        "key": "id", "changed_at": "update_time", "changed_format": "epoch_ms",
        "business_time": "paid_time", "money": "total", "columns": {"paid_time": "moment"},
    }  # fmt: skip
    assert "# Not sure: paid_time, update_time look like times, counted from 1970." in text
    assert outcomes(kiosk.run()) == [("initial", "succeeded", None)]
    assert kiosk.query("select sum(difference), count(*) > 0 from audit.reconciliation") == [
        (0, True)
    ]


def test_a_first_declaration_is_written_from_a_database_and_brings_its_rows(kiosk: Kiosk) -> None:
    quoted = SHOP if kiosk.engine == "postgres" else SHOP.replace('"', "`")
    kiosk.till(*quoted.split(";"))

    with pytest.raises(TillError, match=r"^\[sources.tills.back\] in .* has no url"):
        propose.new("kiosk", "back")
    # the address and the password are those of the configuration
    file = propose.new("kiosk", "front")

    tables = tomllib.loads(file.read_text(encoding="utf-8"))["tables"]
    assert tables["sales"] == {
        "key": "id", "changed_at": "updated_at", "business_time": "sold_at", "money": "total",
    }  # fmt: skip
    assert tables["sale_lines"] == {
        "key": ["sale_id", "line"], "parent": "sales", "parent_key": "sale_id",
        "money": ["Größe", "price"],
    }  # fmt: skip
    assert tables["Kunden"]["excluded"] == "pin"
    assert "scratch" not in tables
    with pytest.raises(TillError, match="There is a till system kiosk already"):
        propose.new("kiosk", kiosk.address)
    assert outcomes(kiosk.run()) == [("initial", "succeeded", None)]
    assert kiosk.query("select sum(grosse), count(*) from raw_kiosk.sale_lines") == [(3, 3)]
    assert kiosk.query("select count(*) from audit.reconciliation where difference <> 0") == [(0,)]


@pytest.mark.parametrize("name", ["pos", "files"])
def test_a_declaration_does_not_take_the_name_of_another_source(name: str) -> None:
    with pytest.raises(TillError, match=f"{name} is another system of vars.systems"):
        propose.new(name, "postgresql://reader@127.0.0.1/till")


KEYS = {"postgres": "numeric(20)", "mariadb": "bigint unsigned"}
"""A key that lands as text or number, which other tables refer to by a plain integer."""


def test_a_row_names_its_parent_by_another_type_and_doubles_are_compared_by_all_digits(
    kiosk: Kiosk,
) -> None:
    double = "double precision"
    kiosk.till(
        f"create table shop_orders (id {KEYS[kiosk.engine]} primary key, amount {double},"
        " created_at timestamp not null)",
        "create table shop_orders_lines (id integer primary key, order_id integer not null,"
        f" tax {double}, created_at timestamp not null)",
        "insert into shop_orders values (1, 9.5, '2016-03-01 12:00:00')",
        # of 17 digits; rounded to 15 it would be a tie in the fifth place
        "insert into shop_orders_lines values (1, 1, 1.1734499999999999, '2016-03-01 12:00:00')",
    )

    file = propose.new("kiosk", kiosk.url)

    tables = tomllib.loads(file.read_text(encoding="utf-8"))["tables"]
    assert tables["shop_orders"]["business_time"] == "created_at"
    assert (tables["shop_orders_lines"]["parent"], tables["shop_orders_lines"]["parent_key"]) == (
        "shop_orders", "order_id",
    )  # fmt: skip
    facts = [fact for fact in check.check("front").facts if "lands as" in fact]
    assert [fact.partition("which is ")[2] for fact in facts] == (
        ["BIGINT UNSIGNED: it lands as that does."] if kiosk.engine == "mariadb" else []
    )
    kiosk.run()
    kiosk.till("update shop_orders_lines set tax = 2.1734499999999999 where id = 1")
    assert {each.outcome for each in kiosk.run()} == {"succeeded"}
    assert kiosk.query("select tax from raw_kiosk.shop_orders_lines") == [(2.1734499999999999,)]
    assert kiosk.query("select count(*) from audit.reconciliation where difference <> 0") == [(0,)]


@pytest.mark.parametrize("kiosk", ENGINES[1:], indirect=True)
def test_a_text_may_name_a_number_and_a_tinyint_above_1_is_named_and_may_be_declared(
    kiosk: Kiosk,
) -> None:
    kiosk.till(
        "create table tabs (id integer primary key, sold_at datetime, kind tinyint(1),"
        " size tinyint(1))",
        "insert into tabs values (1, '2016-03-01 12:00:00', 2, 3),"
        " (2, '2016-03-02 12:00:00', 1, 1)",
        "create table tab_lines (tab varchar(10), line integer, amount decimal(12, 2),"
        " primary key (tab, line))",
        "insert into tab_lines values ('1', 1, 9.5), ('01', 2, 7), ('2', 1, 12), ('x', 1, 41.43)",
    )
    kiosk.declare(
        '[tables.tabs]\nkey = "id"\nbusiness_time = "sold_at"\n'
        'columns = {id = "integer", size = "integer"}\n'
        '[tables.tab_lines]\nkey = ["tab", "line"]\nparent = "tabs"\nparent_key = "tab"\n'
        'money = "amount"\n'
    )

    found = check.check("front")
    assert found.problems == []
    assert any(
        "tab_lines.tab is VARCHAR(10) and names tabs.id, which is integer: " in fact
        for fact in found.facts
    )

    (result,) = kiosk.run()

    assert result.outcome == "succeeded", result.error
    assert any("tabs.kind of the till of lyon is tinyint(1)" in note for note in result.notes)
    assert not any("tabs.size" in note for note in result.notes)
    (note,) = (note for note in result.notes if "lacks a part of its key" in note)
    assert "tab is x" in note
    assert kiosk.query("select kind, size from raw_kiosk.tabs order by id") == [
        (True, 3), (True, 1),
    ]  # fmt: skip
    kiosk.till("update tab_lines set amount = 8 where tab = '01'")
    assert {each.outcome for each in kiosk.run()} == {"succeeded"}
    assert kiosk.query("select tab, line, amount from raw_kiosk.tab_lines order by 1, 2") == [
        (1, 1, 9.5), (1, 2, 8), (2, 1, 12),
    ]  # fmt: skip
    assert kiosk.query("select count(*) from audit.reconciliation where difference <> 0") == [(0,)]


def test_two_texts_that_become_one_number_are_named_and_neither_replaces_the_other(
    kiosk: Kiosk,
) -> None:
    kiosk.till(
        "create table tabs (id integer primary key, sold_at timestamp)",
        "insert into tabs values (1, '2016-03-01 12:00:00'), (2, '2016-03-02 12:00:00')",
        "create table tab_notes (tab varchar(10) primary key, amount decimal(12, 2))",
        "insert into tab_notes values ('01', 7), ('02', 8)",
    )
    kiosk.declare(
        '[tables.tabs]\nkey = "id"\nbusiness_time = "sold_at"\n[tables.tab_notes]\nkey = "tab"\n'
        'parent = "tabs"\nparent_key = "tab"\nmoney = "amount"\n'
    )
    assert outcomes(kiosk.run()) == [("initial", "succeeded", None)]
    rows = "select tab, amount, _deleted_at is null from raw_kiosk.tab_notes order by 1"
    assert kiosk.query(rows) == [(1, 7, True), (2, 8, True)]

    kiosk.till("insert into tab_notes values ('1', 9)", "delete from tab_notes where tab = '02'")
    results = kiosk.run()

    assert any(
        "the key of another row" in note and "tab is 01" in note
        for result in results
        for note in result.notes
    )
    # the day is not the till's, and says so: what is left out is missing
    assert [result.outcome for result in results][-1] == "failed"
    assert kiosk.query(rows) == [(1, 9, True), (2, 8, False)]
    differing = "select figure, difference from audit.reconciliation where difference <> 0"
    assert dict(kiosk.query(differing))["tab_notes_amount"] == -7
    kiosk.till("delete from tab_notes where tab = '01'")
    assert {result.outcome for result in kiosk.run()} == {"succeeded"}
    assert kiosk.query(rows) == [(1, 9, True), (2, 8, False)]


@pytest.mark.parametrize("kiosk", ENGINES[:1], indirect=True)
def test_a_text_that_names_a_number_is_compared_as_that_number(kiosk: Kiosk) -> None:
    kiosk.till(
        "create table tabs (id bigint primary key, sold_at timestamp)",
        "insert into tabs values (1234567890123456789, '2016-03-01 12:00:00'),"
        " (2, '2016-03-02 12:00:00')",
        "create table tab_lines (id integer primary key, tab varchar(20), amount numeric(12, 2))",
        "insert into tab_lines values (1, '1234567890123456789', 9.5), (2, '2', 12), (3, '2.5', 1)",
    )
    kiosk.declare(
        '[tables.tabs]\nkey = "id"\nbusiness_time = "sold_at"\n[tables.tab_lines]\nkey = "id"\n'
        'parent = "tabs"\nparent_key = "tab"\nmoney = "amount"\n'
    )
    (result,) = kiosk.run()
    assert result.outcome == "succeeded", result.error
    assert kiosk.query("select tab from raw_kiosk.tab_lines order by id") == [
        (1234567890123456789,), (2,), (None,),
    ]  # fmt: skip
    kiosk.till("update tab_lines set amount = 8 where id = 1")
    assert {each.outcome for each in kiosk.run()} == {"succeeded"}
    assert kiosk.query("select amount from raw_kiosk.tab_lines where id = 1") == [(8,)]
    assert kiosk.query("select count(*) from audit.reconciliation where difference <> 0") == [(0,)]


DEBIAN = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))), None)
FOREIGN = """
create extension file_fdw;
create server files foreign data wrapper file_fdw;
create foreign table sales (id integer, sold_at timestamp, amount numeric(12, 2)) server files
    options (filename '{file}', format 'csv');
create role reader login;
grant select on sales to reader
"""


@pytest.fixture
def foreign() -> Iterator[tuple[int, Path]]:
    """A server of Debian's with a foreign table, and the file that it reads: ours has none."""
    assert DEBIAN is not None
    user = "nobody" if os.geteuid() == 0 else None  # Postgres refuses to be root
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        for made in (Path(folder), file := Path(folder) / "sales.csv"):
            made.touch()
            made.chmod(0o755)
            shutil.chown(made, user or os.geteuid())
        file.write_text("1,2016-03-01 12:00:00,9.50\n2,2016-03-02 12:00:00,41.43\n")
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        data = f"{folder}/data"
        start = [str(DEBIAN), "-D", data, "-A", "trust", "-U", "owner"]
        subprocess.run(start, check=True, capture_output=True, user=user, cwd=folder)
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
        control = [str(DEBIAN.with_name("pg_ctl")), "-D", data, "-w", "-l", f"{folder}/log"]
        subprocess.run(
            [*control, "-o", options, "start"], check=True, user=user, cwd=folder,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            address = f"host=127.0.0.1 port={port} user=owner dbname=postgres"
            with psycopg.connect(address, autocommit=True) as connection:
                for statement in FOREIGN.format(file=file).split(";"):
                    connection.execute(statement.encode())
            yield port, file
        finally:
            subprocess.run(
                [*control, "-m", "immediate", "stop"], check=True, user=user, cwd=folder,
                stdout=subprocess.DEVNULL,
            )  # fmt: skip


@pytest.mark.skipif(
    DEBIAN is None and not os.environ.get("CI"),
    reason="Debian's postgresql is not installed; in CI it must be.",
)
@pytest.mark.parametrize("kiosk", ENGINES[:1], indirect=True)
def test_a_foreign_table_comes_in_and_is_followed(kiosk: Kiosk, foreign: tuple[int, Path]) -> None:
    port, file = foreign
    program = Program("kiosk", "postgres", unicenta, unicenta_changes, {"lyon": None})
    configure(program, f"postgresql://reader@127.0.0.1:{port}/postgres", "")
    kiosk.declare('[tables.sales]\nkey = "id"\nbusiness_time = "sold_at"\nmoney = "amount"\n')

    assert outcomes(kiosk.run()) == [("initial", "succeeded", None)]
    assert kiosk.query("select count(*), sum(amount) from raw_kiosk.sales") == [
        (2, Decimal("50.93"))
    ]

    file.write_text("1,2016-03-01 12:00:00,8.50\n3,2016-03-02 13:00:00,7\n")
    assert {result.outcome for result in kiosk.run()} == {"succeeded"}
    assert kiosk.query(
        "select id, amount from raw_kiosk.sales where _deleted_at is null order by id"
    ) == [(1, Decimal("8.5")), (3, Decimal(7))]
    assert kiosk.query("select count(*) from audit.reconciliation where difference <> 0") == [(0,)]


def test_a_till_that_is_removed_leaves_nothing_once_two_publications_know_it(
    kiosk: Kiosk,
) -> None:
    quoted = SHOP if kiosk.engine == "postgres" else SHOP.replace('"', "`")
    kiosk.till(*quoted.split(";"))
    propose.new("kiosk", kiosk.url)
    kiosk.run()
    with (
        driver.session(kiosk.warehouse) as opened,
        pytest.raises(TillError, match="still configured"),
    ):
        remove.remove(opened, "front")

    for name in ("config.toml", "secrets.toml"):
        (settings() / name).write_text("", encoding="utf-8")
    read_settings_again()
    with driver.session(kiosk.warehouse) as opened:
        assert remove.remove(opened, "front") == 7
        with pytest.raises(TillError, match="Nothing has ever come in of a till 'front'"):
            remove.remove(opened, "front")
    assert kiosk.query("select count(*) from raw_kiosk.sales where _deleted_at is null") == [(0,)]
    assert kiosk.query("select count(*) from raw_kiosk.sales") == [(2,)]
    assert kiosk.query("select count(*) from audit.reconciliation") == [(0,)]

    kiosk.query(
        "create table audit.publications (outcome text, finished_at timestamptz);"
        " grant select on audit.publications to loader;"
        " insert into audit.publications values ('published', now()), ('published', now())"
    )
    assert kiosk.run() == []
    assert kiosk.query("select count(*) from raw_kiosk.sales") == [(0,)]
    assert kiosk.query("select count(*) from raw_kiosk._dlt_loads") == [(0,)]
    assert kiosk.query("select count(*) from audit.till_branches") == [(0,)]
