"""A chain with tills of four programs and an export: every branch and day equals its own figures.

The tests of this file share one warehouse (`chain.py`) and follow one another: the tills have sold
and are published, then cashiers correct what they sold, some rows go wrong, and all is published
again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from ingest.warehouse import Warehouse
from tests.python.chain import (
    DAYS,
    DISH,
    EURO,
    SAMPLE_TILLS,
    SYSTEMS,
    TILLS,
    WITHOUT_RATE,
    Chain,
    Figures,
    Till,
    open_chain,
    totals_of_the_export,
)
from tests.python.commands import copy_project, mypizza
from tests.python.test_ingest_mariadb import run_server
from tests.python.test_till_generators import needs_mariadb

pytestmark = needs_mariadb

EACH = [
    pytest.param(till, id=f"{till.program.system} of {', '.join(till.branch_ids)}")
    for till in (*SAMPLE_TILLS, *TILLS)
]
CENT = Decimal("0.01")
PROVEN_BY = {
    "unicenta": (
        "net of the closing, paid of the closing, payments of the orders, tax of the closing"
    ),
    "ospos": "payments of the orders",
    "odoo": "payments of the orders, totals of the orders",
}


@pytest.fixture(scope="module")
def chain(small_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """The small company, which is joined by nine branches that have sold, and is published."""
    folder = tmp_path_factory.mktemp("chain")
    with run_server(folder) as mariadb:
        opened = open_chain(
            small_warehouse, mariadb, copy_project(folder), folder / "mariadb" / "socket"
        )
        opened.run()
        yield opened


@pytest.fixture(scope="module")
def first_figures(chain: Chain) -> dict[str, Figures]:
    """The tills' own figures, by till, before anything is corrected."""
    return {till.name: chain.at_till(till) for till in (*SAMPLE_TILLS, *TILLS)}


@pytest.mark.parametrize("till", EACH)
def test_every_branch_and_day_equals_the_figures_of_its_till(
    chain: Chain, first_figures: dict[str, Figures], till: Till
) -> None:
    at_till = first_figures[till.name]
    assert len(at_till) >= DAYS * len(till.branches)
    assert chain.published(till) == at_till


def test_every_branch_is_proven_by_figures_that_the_mapping_does_not_read(chain: Chain) -> None:
    assert chain.query(
        "select branch_id, figure, difference from marts.rpt_till_figures where not is_equal"
    ) == []  # fmt: skip
    proof = json.loads(mypizza("status", "--json", project=chain.project).stdout)["proof"]
    branches = [branch for till in (*SAMPLE_TILLS, *TILLS) for branch in till.branch_ids]
    assert {row["branch_id"]: row["state"] for row in proof} == dict.fromkeys(
        [*branches, "lyon"], "proven"
    )
    for till in TILLS:
        for row in proof:
            if row["branch_id"] in till.branch_ids:
                assert row["proven_by"] == PROVEN_BY[till.program.system], row


def test_every_day_of_the_export_equals_its_own_totals(chain: Chain) -> None:
    rows = chain.query(
        "select business_date, orders, gross_revenue, paid_back_amount from marts.rpt_branch_days"
        " where branch_id = 'lyon'"
    )
    assert {day: tuple(figures) for day, *figures in rows} == totals_of_the_export()


def test_a_dish_of_four_programs_is_one_on_the_menu(chain: Chain) -> None:
    assert chain.query(
        "select days.chain_product_id, count(distinct days.branch_id), bool_and(days.units > 0)"
        " from marts.rpt_product_days as days inner join marts.dim_products as products"
        " on days.branch_id = products.branch_id and days.product_id = products.product_id"
        f" where products.product_name = '{DISH}' and products.is_mapped group by 1"
    ) == [("margherita", 10, True)]  # fmt: skip


def test_the_chain_has_a_total_of_a_day_where_all_of_it_has_a_rate(
    chain: Chain, first_figures: dict[str, Figures]
) -> None:
    rates = {"bordeaux": EURO, "utrecht": EURO, "dublin": EURO}
    expected: dict[date, list[Decimal]] = {}
    for figures in first_figures.values():
        for (branch_id, day), figure in figures.items():
            total = expected.setdefault(day, [Decimal(0), Decimal(0)])
            total[0] += figure["orders"]
            total[1] += figure["net"] * rates.get(branch_id, Decimal(1))
    published = {
        day: (orders, net, currency, without_rate)
        for day, orders, net, currency, without_rate in chain.query(
            "select business_date, orders, net_revenue, currency, branches_without_rate"
            " from marts.rpt_chain_days"
        )
    }
    for day, (orders, net) in expected.items():
        chain_orders, chain_net, currency, without_rate = published[day]
        assert (chain_orders, currency) == (orders, "USD"), day
        if day == WITHOUT_RATE:
            assert (chain_net, without_rate) == (None, len(rates))
        else:
            # the days of the tills are rounded, the chain's are rounded once
            assert abs(chain_net - net) <= CENT * len(published), day


def test_the_mapping_of_each_program_passes_its_unit_tests(chain: Chain) -> None:
    selected = [f"staging.{system},test_type:unit" for system in SYSTEMS]
    mypizza("dbt", "test", "--quiet", "--select", *selected, project=chain.project)


def test_all_systems_give_the_canonical_columns_the_same_types(chain: Chain) -> None:
    """A fact is kept from build to build: a system of another type would stop the second one."""
    rows = chain.query(
        "select split_part(c.relname, '__', 2), a.attname,"
        " array_agg(distinct replace(format_type(a.atttypid, a.atttypmod),"
        " 'character varying', 'text')), count(*)"
        " from pg_attribute as a inner join pg_class as c on a.attrelid = c.oid"
        f" where c.relname ~ '^stg_(pos|exports|{'|'.join(SYSTEMS)})__"
        "(orders|order_lines|order_taxes|payments|products|customers)$' and a.attnum > 0"
        " and c.relnamespace = 'staging'::regnamespace group by 1, 2"
    )
    assert len(rows) > 60
    assert [row for row in rows if len(row[2]) > 1] == []


def test_every_line_and_every_payment_of_an_order_of_odoo_is_in_staging(chain: Chain) -> None:
    sold = "(select order_id from raw_odoo.pos_order_line)"
    for entity, landed in (
        ("orders", f"pos_order where id in {sold}"),
        ("order_lines", "pos_order_line"),
        ("payments", f"pos_payment where pos_order_id in {sold}"),
    ):
        assert chain.query(f"select count(*) from staging.stg_odoo__{entity}") == chain.query(
            f"select count(*) from raw_odoo.{landed}"
        ), entity


def test_every_order_of_odoo_comes_to_the_total_that_the_till_wrote(chain: Chain) -> None:
    assert chain.query(
        "select order_key from staging.stg_odoo__orders where total_amount <> gross_amount"
        " - discount_amount - returned_amount + tax_amount - tax_refunded + tips_amount"
    ) == []  # fmt: skip
    assert chain.query(
        "select orders.order_key from staging.stg_odoo__orders as orders"
        " inner join staging.stg_odoo__order_taxes as taxes on orders.order_key = taxes.order_key"
        " group by orders.order_key, orders.tax_amount, orders.tax_refunded having"
        " sum(case when is_refund then -taxes.tax_amount else taxes.tax_amount end)"
        " <> orders.tax_amount - orders.tax_refunded"
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
def corrected_chain(chain: Chain, first_figures: dict[str, Figures]) -> Chain:
    """The chain after edits, deletes, late refunds, moved sales, crooked rows, and two days more.

    uniCenta and OSPOS spoil orders that are published already, Odoo those of the new days.
    """
    assert first_figures
    with (chain.project / "seeds" / "chain_products.csv").open("a", encoding="utf-8") as seed:
        seed.write(mypizza("products", "--csv", project=chain.project).stdout)
    for till in TILLS:
        chain.correct(till)
        if till.program.system != "odoo":
            chain.spoil(till, *_crooked(till))
        chain.sell(till, 2, since=DAYS)
        if till.program.system == "odoo":
            chain.spoil(till, *_crooked(till))
    chain.run()
    return chain


def test_products_of_one_name_are_one_once_the_proposal_is_in_the_seed(
    corrected_chain: Chain,
) -> None:
    assert corrected_chain.query(
        "select count(*) > 1, bool_and(systems = 1) from ("
        " select product_name, size, count(distinct chain_product_id) as systems"
        " from marts.dim_products where is_mapped group by product_name, size"
        ") as products"
    ) == [(True, True)]  # fmt: skip
    said = mypizza("products", project=corrected_chain.project).stdout
    assert "No two till systems have a product of the same name" in said


REASONS = {
    "zero_date": {
        "unicenta": ("receipts", "datenew: is missing"),
        "ospos": ("ospos_sales", "sale_time: is missing"),
    },
    "orphan": {
        "unicenta": ("ticketlines", "ticket: .* names no record that has come in"),
        "ospos": ("ospos_sales_items", "sale_id: .* names no record that has come in"),
        "odoo": ("pos_order_line", r"order_id: '\d+' names no record that has come in"),
    },
    "endless_date": {"odoo": ("pos_order", "date_order: 'infinity' lies in the future")},
    "null": {
        "unicenta": ("ticketlines", "units: is missing"),
        "ospos": ("ospos_sales_items", "quantity_purchased: is missing"),
        "odoo": ("pos_order_line", "qty: is missing"),
    },
}
"""What a till program never writes, with the table and the reason by which it is named.

The orphan takes Odoo's newest order away, so it comes before what spoils the newest one.
"""


def _crooked(till: Till) -> list[str]:
    """Return what is wrong with some rows of a till."""
    return [
        name for name, reasons in REASONS.items()
        if till.program.system in reasons
        and (name != "zero_date" or till.engine == "mariadb")  # Postgres has no such date
    ]  # fmt: skip


@pytest.mark.parametrize("till", EACH)
def test_a_day_that_is_corrected_later_equals_them_again_but_for_what_waits_in_quarantine(
    corrected_chain: Chain, first_figures: dict[str, Figures], till: Till
) -> None:
    waiting = [order_id for _, _, order_id, _ in corrected_chain.waiting(till)]
    at_till = corrected_chain.at_till(till, waiting if till in TILLS else ())
    assert corrected_chain.published(till) == at_till
    if till.program.system in ("unicenta", "ospos"):  # Odoo's late refund is on a new day
        days = first_figures[till.name]
        assert sum(at_till[day]["paid_back"] for day in days) > sum(
            figures["paid_back"] for figures in days.values()
        )


@pytest.mark.parametrize("till", [till for till in EACH if till.values[0] in TILLS])
def test_a_crooked_row_waits_with_its_order_and_is_named(
    corrected_chain: Chain, till: Till
) -> None:
    named = {(table, reason) for _, table, _, reason in corrected_chain.waiting(till) if reason}
    expected = [REASONS[name][till.program.system] for name in _crooked(till)]
    assert len(named) == len(expected), corrected_chain.waiting(till)
    for table, reason in expected:
        assert [1 for row in named if row[0] == table and re.fullmatch(reason, row[1])], (
            corrected_chain.waiting(till)
        )


@pytest.mark.parametrize("system", SYSTEMS)
def test_nothing_of_an_order_in_quarantine_is_in_staging_or_in_the_marts(
    corrected_chain: Chain, system: str
) -> None:
    entities = ("orders", "order_lines", "order_taxes", "payments")
    facts = ("fct_orders", "fct_order_lines", "fct_payments")
    for table in (
        *(f"staging.stg_{system}__{entity}" for entity in entities),
        *(f"marts.{fact}" for fact in facts),
    ):
        is_there = " and records.deleted_at is null" if table.startswith("staging") else ""
        assert corrected_chain.query(
            f"select records.order_key from {table} as records"
            " inner join audit.quarantine as waiting on records.branch_id = waiting.branch_id"
            " and records.order_id = waiting.order_id"
            f" where waiting.source_name = '{system}' and waiting.released_at is null{is_there}"
        ) == [], table  # fmt: skip


def test_a_refund_of_odoo_says_what_it_gives_back(corrected_chain: Chain) -> None:
    assert corrected_chain.query(
        "select count(*) > 10, bool_and(sold.product_id = returned.product_id)"
        " from staging.stg_odoo__order_lines as returned"
        " inner join staging.stg_odoo__order_lines as sold"
        " on returned.returned_order_line_id = sold.order_line_id"
        " where returned.line_kind = 'return'"
    ) == [(True, True)]  # fmt: skip
