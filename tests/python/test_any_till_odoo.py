"""The shops of two companies in one Odoo database: every branch and day equals its own figures."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml

from ingest.warehouse import Warehouse
from tests.python.commands import copy_project, mypizza, query
from tests.python.till_figures import ask
from tests.python.tills import odoo, odoo_changes
from tests.python.tills import world as dice
from tests.python.tills.odoo_menu import SHOPS

FIGURES = {
    "orders": "orders", "taken": "taken_amount", "paid_back": "paid_back_amount",
    "net": "net_revenue", "tax": "tax_amount", "tax_refunded": "tax_refunded",
    "tips": "tips_amount",
}  # fmt: skip
"""The till's figures, with the columns of rpt_branch_days."""

DAYS = 16
"""How many days are sold before anything is corrected; Europe's clocks change on the seventh."""

NEW_BRANCHES = (
    "utrecht,myPizza Neude,Utrecht,NL,Europe/Amsterdam,2020-01-01,40,4,EUR,true\n"
    "dublin,myPizza Temple Bar,Dublin,IE,Europe/Dublin,2020-01-01,40,4,EUR,true\n"
    "boston,myPizza North End,Boston,US,America/New_York,2020-01-01,40,4,USD,false\n"
)
BRANCHES = {shop.name.lower(): shop for shop in SHOPS}
TILL = "head_office"

Days = dict[tuple[str, date], dict[str, Decimal]]


@dataclass(frozen=True)
class Chain:
    """The database, the warehouse, and the project that maps them."""

    warehouse: Warehouse
    project: Path

    def sell(self, days: int, since: int = 0) -> None:
        """Let every shop sell on some days."""
        with self.warehouse.connect(TILL) as connection:
            if not since:
                odoo.create(connection)
            odoo.sell(connection, days, 7, first_day=dice.FIRST_DAY + timedelta(days=since))

    def load(self) -> None:
        """Load the database, build and publish."""
        mypizza("run", "--no-docs", project=self.project)

    @property
    def url(self) -> sa.URL:
        """The database's address, with its password."""
        server = self.warehouse
        return sa.URL.create(
            "postgresql+psycopg", server.user, server.password, server.host, server.port, TILL
        )

    def at_till(self) -> Days:
        """Return each shop's own figures per day."""
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        found: Days = {}
        with engine.connect() as connection:
            for branch_id, shop in BRANCHES.items():
                rows = ask(
                    connection, "odoo_postgres",
                    zone=shop.zone, cut_over_hours=dice.CUT_OVER, places=2,
                )  # fmt: skip
                found |= {
                    (branch_id, row["business_date"]): {
                        name: Decimal(row[name]) for name in FIGURES
                    }
                    for row in rows
                    if row["branch"] == shop.config
                }
        return found

    def published(self) -> Days:
        """Return each branch's figures per day as the marts have them; a day of noughts is none."""
        rows = query(
            self.warehouse,
            f"select branch_id, business_date, {', '.join(FIGURES.values())}"
            " from marts.rpt_branch_days",
        )
        days = {
            (branch_id, day): dict(zip(FIGURES, map(Decimal, figures), strict=True))
            for branch_id, day, *figures in rows
        }
        return {day: figures for day, figures in days.items() if any(figures.values())}


def _use_odoo(project: Path) -> None:
    """Let dbt know of Odoo and its branches, and of no other system, as a user does."""
    file = project / "dbt_project.yml"
    text = file.read_text("utf-8")
    block = re.search(r"    # odoo:\n(    #   .*\n)+", text)
    assert block
    settings = yaml.safe_load(text.replace(block[0], block[0].replace("    # ", "    ")))
    settings["vars"]["systems"] = {"odoo": settings["vars"]["systems"]["odoo"]}
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    with (project / "seeds" / "branches.csv").open("a", encoding="utf-8") as branches:
        branches.write(NEW_BRANCHES)


def _configure(chain: Chain) -> None:
    """Write the database and its shops into the configuration, as a user does."""
    address = chain.url.set(drivername="postgresql", password=None).render_as_string()
    shops = ", ".join(f"{branch_id} = {shop.config}" for branch_id, shop in BRANCHES.items())
    section = f"[sources.tills.{TILL}]\n"
    folder = chain.project / ".dlt"
    (folder / "config.toml").write_text(
        f'{section}system = "odoo"\nurl = "{address}"\nbranches = {{{shops}}}\n', encoding="utf-8"
    )
    (folder / "secrets.toml").write_text(
        f"{section}password = {json.dumps(chain.warehouse.password)}\n", encoding="utf-8"
    )


@pytest.fixture(scope="module")
def chain(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A chain that has sold, is loaded and published."""
    opened = Chain(warehouse, copy_project(tmp_path_factory.mktemp("odoo")))
    query(warehouse, f"create database {TILL}")
    _use_odoo(opened.project)
    _configure(opened)
    opened.sell(DAYS)
    opened.load()
    return opened


def test_every_branch_and_day_equals_the_figures_of_its_shop(chain: Chain) -> None:
    at_till = chain.at_till()
    assert len(at_till) >= DAYS * len(BRANCHES)
    assert chain.published() == at_till


def test_the_mapping_passes_its_unit_tests(chain: Chain) -> None:
    mypizza(
        "dbt", "test", "--quiet", "--select", "staging.odoo,test_type:unit", project=chain.project
    )


def test_every_line_and_every_payment_of_an_order_is_in_staging(chain: Chain) -> None:
    sold = "(select order_id from raw_odoo.pos_order_line)"
    for entity, landed in (
        ("orders", f"pos_order where id in {sold}"),
        ("order_lines", "pos_order_line"),
        ("payments", f"pos_payment where pos_order_id in {sold}"),
    ):
        assert query(chain.warehouse, f"select count(*) from staging.stg_odoo__{entity}") == query(
            chain.warehouse, f"select count(*) from raw_odoo.{landed}"
        ), entity


def test_every_order_comes_to_the_total_that_the_till_wrote(chain: Chain) -> None:
    assert query(
        chain.warehouse,
        "select order_key from staging.stg_odoo__orders where total_amount <> gross_amount"
        " - discount_amount - returned_amount + tax_amount - tax_refunded + tips_amount",
    ) == []  # fmt: skip
    assert query(
        chain.warehouse,
        "select orders.order_key from staging.stg_odoo__orders as orders"
        " inner join staging.stg_odoo__order_taxes as taxes on orders.order_key = taxes.order_key"
        " group by orders.order_key, orders.tax_amount, orders.tax_refunded having"
        " sum(case when is_refund then -taxes.tax_amount else taxes.tax_amount end)"
        " <> orders.tax_amount - orders.tax_refunded",
    ) == []  # fmt: skip


@pytest.mark.parametrize(
    ("entity", "indexes"),
    [
        ("orders", ("pos_order_order", "pos_order_line_order")),
        ("order_lines", ("pos_order_line_order", "pos_order_key")),
        ("order_taxes", ("pos_order_line_order", "pos_order_key")),
        ("payments", ("pos_payment_order", "pos_order_order")),
    ],
)
def test_one_order_is_looked_up_by_the_indexes_of_raw(
    chain: Chain, entity: str, indexes: tuple[str, ...]
) -> None:
    with chain.warehouse.connect() as connection:
        connection.execute("set enable_seqscan = off")  # the tables of this test are small
        rows = connection.execute(
            "explain (costs off) select records.* from (select 'utrecht' as branch_id,"
            " '1' as order_id offset 0) as keys cross join lateral ("
            f"select * from staging.stg_odoo__{entity} as records"
            " where records.branch_id = keys.branch_id and records.order_id = keys.order_id"
            " offset 0) as records".encode()
        ).fetchall()
    plan = "\n".join(line for (line,) in rows)
    for index in indexes:
        assert f"using {index} on" in plan, plan
    assert "Seq Scan on pos_order" not in plan, plan


@pytest.fixture(scope="module")
def corrected_chain(chain: Chain) -> Chain:
    """The chain, after edits, deletes, late refunds and moved sales, and two days more."""
    with chain.warehouse.connect(TILL) as connection:
        odoo_changes.change(connection, 5)
    chain.sell(2, since=DAYS)
    chain.load()
    return chain


def test_a_day_that_is_corrected_later_equals_them_again(corrected_chain: Chain) -> None:
    assert corrected_chain.published() == corrected_chain.at_till()


def test_a_refund_says_what_it_gives_back(corrected_chain: Chain) -> None:
    assert query(
        corrected_chain.warehouse,
        "select count(*) > 10, bool_and(sold.product_id = returned.product_id)"
        " from staging.stg_odoo__order_lines as returned"
        " inner join staging.stg_odoo__order_lines as sold"
        " on returned.returned_order_line_id = sold.order_line_id"
        " where returned.line_kind = 'return'",
    ) == [(True, True)]  # fmt: skip


@pytest.fixture(scope="module")
def crooked_chain(corrected_chain: Chain) -> Chain:
    """The chain, after a day with an orphan, a date without end and a quantity that is missing."""
    corrected_chain.sell(1, since=DAYS + 2)
    with corrected_chain.warehouse.connect(TILL) as connection:
        for name in ("orphan", "endless_date", "null"):
            odoo_changes.spoil(connection, name)
    mypizza("ingest", project=corrected_chain.project)
    mypizza(
        "dbt", "build", "--quiet", "--exclude-resource-type", "unit_test",
        "--select", "+quarantine", "staging.odoo", project=corrected_chain.project,
    )  # fmt: skip
    return corrected_chain


def test_a_crooked_row_waits_with_its_order_and_is_named(crooked_chain: Chain) -> None:
    reasons = query(
        crooked_chain.warehouse,
        "select distinct table_name, array_to_string(reasons, ', ') from audit.quarantine"
        " where released_at is null and not is_held_with_its_order",
    )
    assert len(reasons) == 3, reasons
    for expected in (
        ("pos_order", "date_order: 'infinity' lies in the future"),
        ("pos_order_line", "qty: is missing"),
        ("pos_order_line", r"order_id: '\d+' names no record that has come in"),
    ):
        assert [
            row for row in reasons if row[0] == expected[0] and re.fullmatch(expected[1], row[1])
        ], (expected, reasons)  # fmt: skip


def test_nothing_of_an_order_in_quarantine_is_in_staging(crooked_chain: Chain) -> None:
    for entity in ("orders", "order_lines", "order_taxes", "payments"):
        assert query(
            crooked_chain.warehouse,
            f"select records.order_key from staging.stg_odoo__{entity} as records"
            " inner join audit.quarantine as waiting on records.branch_id = waiting.branch_id"
            " and records.order_id = waiting.order_id where waiting.released_at is null",
        ) == [], entity  # fmt: skip
