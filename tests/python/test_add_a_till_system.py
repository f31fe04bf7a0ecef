"""A program that is not listed comes in by the steps of its how-to, and by nothing else."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from ingest.warehouse import PROJECT_DIR, Warehouse
from tests.python.commands import build, copy_project, mypizza, query

HOW_TO = PROJECT_DIR / "docs" / "how-to" / "add-a-till-system.md"
UNIT_TESTS = PROJECT_DIR / "tests" / "python" / "tills" / "kiosk_unit_tests.yml"
BRANCH = "porto,myPizza Ribeira,Porto,PT,Europe/Lisbon,2026-01-01,30,4,EUR,true\n"
TILL = """
create table products (id bigint primary key, name text not null, price numeric(10, 2));
create table sales (
    id bigint primary key, sold_at timestamp not null, state text not null,
    changed_at timestamp not null, currency text not null default 'EUR'  -- we have one, too
);
create table sale_lines (
    sale_id bigint not null references sales (id), line int not null,
    product_id bigint, quantity numeric(10, 3), price numeric(10, 2),
    discount double precision, tax numeric(10, 2), tax_percent numeric(5, 2),
    primary key (sale_id, line)
);
create table payments (
    id bigint primary key, sale_id bigint not null references sales (id), paid_at timestamp,
    method text, amount numeric(10, 2)
);
insert into products values (1, 'Margherita', 11.30), (2, 'Vinho tinto', 6.15);
insert into sales values
    (1, '2026-03-02 12:00', 'paid', '2026-03-02 12:00'),
    (2, '2026-03-02 20:00', 'paid', '2026-03-02 20:00'),
    (3, '2026-03-02 21:00', 'void', '2026-03-02 21:00'),
    (4, '2026-03-04 02:00', 'paid', '2026-03-04 02:00'),  -- before the cut-over: a day earlier
    (5, '2026-03-05 12:00', 'paid', '2026-03-05 12:00');
insert into sale_lines values
    (1, 1, 1, 2, 11.30, 2.26, 2.34, 13), (1, 2, 3, 1, 6.15, 0, 1.15, 23),  -- in no list
    (2, 1, 1, 1, 11.30, 0, 1.30, 13), (3, 1, 1, 9, 11.30, 0, 11.70, 13),
    (4, 1, 1, -1, 11.30, 0, -1.30, 13), (4, 2, 2, 2, 6.15, 0, 2.30, 23),
    (5, 1, 1, 1, 11.30, 'NaN', 1.30, 13);  -- waits, with its sale
insert into payments values
    (1, 1, '2026-03-02 12:00', 'Cash', 20.00), (2, 1, '2026-03-02 12:00', 'Visa', 6.49),
    (3, 2, '2026-03-02 20:00', 'Visa', 11.30), (4, 4, '2026-03-04 02:00', 'Cash', 1.00),
    (5, 5, '2026-03-05 12:00', 'Visa', 11.30)
"""
FIGURES = ("orders", "net_revenue", "tax_amount", "tax_refunded", "taken_amount")

Day = tuple[Decimal, ...]


def blocks(kind: str) -> list[str]:
    """Return the blocks of a language that the page has."""
    return re.findall(rf"```{kind}\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.DOTALL)


def follow(project: Path) -> None:
    """Do what the page says: each block goes where the page says."""
    systems = project / "ingest" / "sources" / "tills" / "systems"
    staging = project / "models" / "staging" / "kiosk"
    (staging / "base").mkdir(parents=True)
    (systems / "kiosk.toml").write_text(*blocks("toml"))
    listed, sources = blocks("yaml")
    (staging / "_kiosk__sources.yml").write_text(sources)
    shutil.copy(UNIT_TESTS, staging / "_kiosk__unit_tests.yml")
    for block in blocks("sql"):
        first, model = block.split("\n", 1)
        name = first.removeprefix("-- ")
        (staging / ("base" if name.startswith("base_") else "") / name).write_text(model)
    with (project / "seeds" / "payment_methods.csv").open("a") as seed:
        seed.write(*blocks("csv"))
    file = project / "dbt_project.yml"
    text = re.sub(
        r"(?ms)^    pos:\n.*?^    # Till", f"{listed}    # Till", file.read_text(), count=1
    )
    text = text.replace("feeds: [lyon_sales]", "feeds: []")
    assert list(yaml.safe_load(text)["vars"]["systems"])[:2] == ["kiosk", "files"]
    file.write_text(text)


def connect(project: Path, warehouse: Warehouse) -> None:
    """Write the branch and its till into the configuration."""
    with (project / "seeds" / "branches.csv").open("a") as seed:
        seed.write(BRANCH)
    address = f"postgresql://{warehouse.user}@{warehouse.host}:{warehouse.port}/kiosk"
    (project / ".dlt" / "config.toml").write_text(
        f'[sources.tills.front]\nsystem = "kiosk"\nurl = "{address}"\nbranches = "porto"\n'
    )
    (project / ".dlt" / "secrets.toml").write_text(
        f"[sources.tills.front]\npassword = {json.dumps(warehouse.password)}\n"
    )


def days(warehouse: Warehouse) -> dict[date, Day]:
    """Return the days of the marts on which something was sold."""
    rows = query(
        warehouse,
        f"select business_date, {', '.join(FIGURES)} from marts_next.rpt_branch_days"
        " where branch_id = 'porto' and (orders > 0 or taken_amount <> 0)",
    )
    return {day: tuple(map(Decimal, figures)) for day, *figures in rows}


def products(warehouse: Warehouse, schema: str) -> list[str]:
    """Return what the lines of the first sale sold."""
    rows = query(
        warehouse, f"select product_key from {schema}.fct_order_lines"
        " where order_key = 'porto-1' order by line_number",
    )  # fmt: skip
    return [key for (key,) in rows]


@pytest.fixture
def project(warehouse: Warehouse, tmp_path: Path) -> Path:
    """A copy of the project, and the database of a till that it does not know."""
    query(warehouse, "create database kiosk")
    for statement in TILL.split(";\n"):
        query(warehouse, statement, "kiosk")
    return copy_project(tmp_path)


def test_a_program_that_is_not_listed_is_in_the_marts_after_the_steps_of_the_how_to(
    warehouse: Warehouse, project: Path
) -> None:
    password = f":{warehouse.password}" if warehouse.password else ""
    server = f"{warehouse.user}{password}@{warehouse.host}:{warehouse.port}"
    mypizza("till", "new", "--name", "kiosk", f"postgresql://{server}/kiosk", project=project)
    follow(project)
    connect(project, warehouse)

    assert "Nothing is missing" in mypizza("till", "check", "front", project=project).stdout
    system = project / "ingest" / "sources" / "tills" / "systems" / "kiosk.toml"
    declared = system.read_text()
    system.write_text(declared.replace('payments]\nkey = "id"', 'payments]\nkey = "no"'))
    mypizza("ingest", project=project, expect=1)  # without the payments
    query(warehouse, "create table raw_kiosk.payments ()")  # as earlier versions did then
    system.write_text(declared)
    mypizza("ingest", project=project)
    lines = project / "models" / "staging" / "kiosk" / "stg_kiosk__order_lines.sql"
    numbered = lines.read_text()
    lines.write_text(numbered.replace("lacks=[", "lacks=['line_number', "))
    build("rpt_branch_days", "fct_order_lines", "dim_products", project=project)
    assert query(
        warehouse, "select sku, category from marts_next.dim_products where branch_id = 'porto'"
        " order by sku",
    ) == [("(unlisted)", "unsorted"), ("porto-1", "unsorted"), ("porto-2", "unsorted")]  # fmt: skip
    assert query(
        warehouse, "select order_id, line_number from marts_next.fct_order_lines"
        " where branch_id = 'porto' and order_id in ('1', '2') order by 1, 2",
    ) == [("1", 1), ("1", 2), ("2", 1)]  # fmt: skip
    expected: dict[date, Day] = {
        date(2026, 3, 2): tuple(map(Decimal, ("2", "33.00", "4.79", "0", "37.79"))),
        date(2026, 3, 3): tuple(map(Decimal, ("1", "0.00", "2.30", "1.30", "1.00"))),
    }
    assert days(warehouse) == expected
    assert query(
        warehouse, "select distinct figure, is_equal from marts_next.rpt_till_figures"
    ) == [("payments of the orders", True)]  # fmt: skip
    ((reason,),) = query(
        warehouse, "select reasons[1] from audit.quarantine where table_name = 'sale_lines'"
    )
    assert reason == "discount: 'NaN' is not a number"
    lines.write_text(numbered)
    kinds = ("--exclude-resource-type", "unit_test")
    built = mypizza("dbt", "build", *kinds, project=project).stdout  # with all data tests
    assert "facts are built from scratch, as with --full-refresh" in built
    assert products(warehouse, "marts") == ["porto-1", "porto-(unlisted)"]
    own = "staging.kiosk,test_type:unit"
    tested = mypizza("dbt", "test", "--select", own, project=project).stdout
    assert re.search(r"PASS=[1-9]\d* WARN=0 ERROR=0", tested)

    # an edit, and a sale that is deleted
    for statement in (
        "insert into products values (3, 'Café', 6.15)",
        "update sale_lines set quantity = 3, price = 11.30, discount = 0, tax = 3.90"
        " where sale_id = 1 and line = 1",
        "update payments set amount = 33.56 where id = 1",
        "update sales set changed_at = now() at time zone 'utc' where id = 1",
        "delete from payments where sale_id = 2",
        "delete from sale_lines where sale_id = 2",
        "delete from sales where id = 2",
    ):
        query(warehouse, statement, "kiosk")
    mypizza("reconcile", "--all", project=project)
    lines.write_text(f"-- a comment changes no figure\n\n{numbered}")
    assert "from scratch" not in build("rpt_branch_days", "fct_order_lines", project=project)
    expected[date(2026, 3, 2)] = tuple(map(Decimal, ("1", "35.00", "5.05", "0", "40.05")))
    assert days(warehouse) == expected
    assert products(warehouse, "marts_next") == ["porto-1", "porto-3"]
    assert query(warehouse, "select count(*) from audit.reconciliation where difference <> 0") == [
        (0,)
    ]
