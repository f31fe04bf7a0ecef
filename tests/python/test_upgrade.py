"""A warehouse that an earlier release has made comes over with `mypizza run`.

The tests of this file share one warehouse, restored from tests/upgrade/, and follow one another.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from ingest import warehouse as warehouse_module
from ingest.loads.branches import branches
from ingest.warehouse import PROJECT_DIR, Warehouse
from tests.python.commands import (
    declare,
    let_business_dates_end,
    mypizza,
    query,
    read_settings_again,
    sample,
    settings,
)
from tests.upgrade import dump

NEW_COLUMNS: Mapping[str, Collection[str]] = {
    "dim_branches": ("minor_unit", "region"),
    "dim_customers": ("guest_key",),
    "dim_periods": (
        *("is_in_progress", "period_key", "previous_first_date", "previous_last_date"),
        *("year_before_first_date", "year_before_last_date"),
    ),
    "fct_order_lines": (
        "description",
        "discount_amount_exact",
        "gross_revenue_exact",
        "line_kind",
        "product_key",
        "returned_order_line_key",
        "tax_amount",
        "tax_amount_exact",
        "tax_rate",
        "till_cost_exact",
    ),
    "fct_orders": (
        "closing_id",
        "discount_amount_exact",
        "gross_revenue_exact",
        "is_sale",
        "line_tips_exact",
        "order_kind",
        "order_refunds_exact",
        "order_revenue_exact",
        "order_tax_refunds",
        "order_tax_refunds_exact",
        "order_tips_exact",
        "paid_amount_exact",
        "prices_include_tax",
        "returned_amount_exact",
        "returned_tax_exact",
        "revenue_before_refunds",
        "revenue_before_refunds_exact",
        "system_name",
        "tax_amount_exact",
        "till_total_exact",
        "unpaid_amount",
        "unpaid_amount_exact",
    ),
    "fct_payments": (
        "amount_exact",
        "paid_back_amount",
        "paid_back_amount_exact",
        "payment_refunds_exact",
        "payment_tax_amount_exact",
        "payment_tax_refunds_exact",
        "till_method",
        "tip_amount_exact",
    ),
    "fct_stock_days": ("consumed_amount_exact", "is_surplus", "variance_amount_exact"),
    "rpt_branch_days": (
        "counted_recipe_cost",
        "counted_recipe_cost_exact",
        "discount_amount_exact",
        "gross_revenue_exact",
        "is_between_counts",
        "is_complete",
        "is_proven",
        "net_revenue_exact",
        "paid_back_amount",
        "paid_back_amount_exact",
        "posts",
        "recipe_cost_exact",
        "refund_amount_exact",
        "revenue_before_refunds",
        "revenue_before_refunds_exact",
        "reviews",
        "taken_amount",
        "taken_amount_exact",
        "tax_amount_exact",
        "tax_due",
        "tax_due_exact",
        "tax_refunded",
        "tax_refunded_exact",
        "seats",
        "tips_amount_exact",
        "waste_exact",
        "web_sessions",
    ),
    "rpt_branch_hours": ("revenue_before_refunds", "revenue_before_refunds_exact"),
    "rpt_branch_periods": (
        *("branch_period_key", "paid_back_amount", "period_key", "revenue_before_refunds"),
        *("taken_amount", "tax_due", "tax_refunded"),
        *("cost_days", "counted_recipe_cost", "guest_days", "itemized_orders", "itemized_revenue"),
        *("newest_date", "order_days", "ordered_complaints", "ordered_revenue", "ordered_units"),
        *("post_days", "stock_days", "ticket_days", "ticketed_orders", "unit_days", "waste_days"),
    ),
    "rpt_guest_periods": ("branch_period_key", "period_key"),
    "rpt_hour_periods": ("branch_period_key", "period_key", "revenue_before_refunds"),
    "rpt_product_days": (
        "chain_product_id",
        "till_cost_exact",
        "discount_amount_exact",
        "gross_revenue_exact",
        "product_key",
        "product_refunds",
        "product_refunds_exact",
        "returned_units",
    ),
    "rpt_product_months": (
        "chain_product_id",
        "product_key",
        "product_refunds",
        "returned_units",
    ),
    "rpt_product_periods": (
        *("branch_period_key", "chain_product_id", "product_key", "period_key"),
        "returned_units",
    ),
    "rpt_stock_alerts": ("has_surplus", "surplus_quantity"),
    "rpt_trading_hours": (
        *("average_revenue_before_refunds", "revenue_before_refunds"),
        "revenue_before_refunds_spread",
    ),
}
"""The columns that the marts of today have and those of the dump have not, by mart."""

RENAMED: Mapping[str, Mapping[str, str]] = {
    "dim_periods": {"period_id": "period_code"},
    "dim_products": {"product_key": "product_version_key"},
    "fct_orders": {
        "net_revenue": "order_revenue", "refund_amount": "order_refunds",
        "tips_amount": "order_tips",
    },
    "fct_payments": {"refund_amount": "payment_refunds", "tax_amount": "payment_tax_amount"},
    "fct_order_lines": {"cost_amount": "till_cost", "product_key": "product_version_key"},
    "rpt_branch_days": {"food_cost": "recipe_cost"},
    "rpt_branch_periods": {"food_cost": "recipe_cost"},
    "rpt_product_days": {"net_revenue": "product_revenue", "cost_amount": "till_cost"},
    "rpt_product_months": {
        "net_revenue": "product_revenue", "cost_amount": "till_cost", "margin_amount": "till_margin"
    },
    "rpt_product_periods": {"net_revenue": "product_revenue", "cost_amount": "till_cost"},
}  # fmt: skip
"""What columns of the dump's marts are called today."""

OTHER_MEANING = """
    alter table before."marts.rpt_branch_hours" drop column net_revenue;
    alter table before."marts.rpt_hour_periods" drop column net_revenue;
    alter table before."marts.rpt_trading_hours"
        drop column net_revenue, drop column average_net_revenue, drop column net_revenue_spread;
    update before."marts.fct_payments"
        set amount = -amount, payment_tax_amount = -payment_tax_amount
        where payment_type = 'refund';
    update before."marts.rpt_branch_days" as days set complaints = null
        where not exists (
            select from before."marts.fct_support_tickets" as tickets
            where tickets.branch_id = days.branch_id
                and tickets.business_date <= days.business_date
        );
    update before."marts.rpt_branch_days" as days set new_guests = null, returning_guests = null
        where not exists (
            select from before."marts.fct_orders" as orders
            where orders.branch_id = days.branch_id and orders.customer_key is not null
                and not orders.is_cancelled and orders.business_date <= days.business_date
        );
    delete from before."marts.rpt_branch_days" as days
        where not exists (
            select from before."marts.fct_orders" as orders
            where orders.branch_id = days.branch_id and orders.business_date <= days.business_date
        );
    delete from before."marts.dim_periods" where is_previous;
    delete from before."marts.rpt_branch_periods" where is_previous;
    delete from before."marts.rpt_guest_periods" where is_previous;
    alter table before."marts.dim_periods" drop column is_previous;
    alter table before."marts.rpt_branch_periods" drop column is_previous;
    alter table before."marts.rpt_guest_periods" drop column is_previous;
    alter table before."marts.dim_products" add column versioned_product_key text;
    update before."marts.dim_products"
        set versioned_product_key = concat(branch_id, '-', product_id);
    alter table before."marts.dim_products" drop column product_id, drop column sku;
    alter table before."marts.dim_products" rename to "marts.dim_product_versions"
"""
"""Hours have their revenue before refunds now, and payments a sign; of complaints and guests
nothing is known before the first one, a branch's days begin with its first sale, what a period
is compared with is apart, and so are the versions of a product."""

NEW_WITH_EVERY_RUN = {
    # stock is summed before it is rounded, and a price has as many places as it takes
    "marts.fct_deliveries": ("unit_price",),
    "marts.fct_stock_days": ("unit_cost", "consumed_amount", "variance_amount"),
    "marts.rpt_branch_periods": ("recipe_cost", "waste"),
    # that in which the data begin is not
    "marts.dim_periods": ("is_complete",),
    "marts.rpt_stock_alerts": ("variance_amount",),
    "marts.rpt_source_loads": ("loads", "records", "last_loaded_at"),
    # what its source has deleted is no record any more
    "marts.rpt_data_quality": ("records", "quarantine_share"),
    "marts.rpt_branch_days": ("reconciled_at", "recipe_cost", "waste"),
    "audit.reconciliation": ("reconciled_at", "run_id"),
    "audit.erasures": ("erased_at", "applied_load_id"),
}
"""What tells of loads and comparisons, of erasing again what a till still has, and what was
rounded."""

MISFIT, UNREADABLE = "does not fit the header of the file", "cannot be read as a record"
"""What was said of a line, and what is said of it now: files may have no header."""

OTHERWISE = {
    # sources that there were not
    "marts.rpt_data_quality": "source_name in ('streams', 'documents')",
    "marts.rpt_source_loads": "source_name in ('streams', 'documents')",
    "audit.reconciliation": "figure ~ '_hash$'",
    "audit.quarantine": f"reasons::text ~ '{MISFIT}'",
    # each branch has one, since there is one
    "marts.dim_product_versions": "versioned_product_key ~ 'unlisted'",
    # the dump has a count of 163 kg of ham where 1.6 kg could be: it is not believed now
    "marts.fct_stock_days": "branch_id = 'chicago' and ingredient_id = 'ham'"
    " and business_date = '2016-01-02'",
    "marts.rpt_branch_days": "branch_id = 'chicago' and business_date = '2016-01-02'",
    # nothing of Lyon's stock, tickets and posts is recorded
    "marts.rpt_branch_periods": "branch_id = 'lyon' or (branch_id = 'chicago'"
    " and last_date >= '2016-01-02')",
    "marts.rpt_stock_alerts": "branch_id = 'chicago' and ingredient_id = 'ham'",
} | {
    f"marts.{mart}": "branch_id = 'lyon'"
    for mart in (
        *("fct_orders", "fct_order_lines", "fct_payments"),
        *("rpt_product_days", "rpt_product_months", "rpt_product_periods"),
    )
}
"""Rows that another release may work out in another way; what they prove stays the same.

What an export gave back on the day of its sale names its product now: it is a line.
"""

KEPT = ("loads", "reconciliation", "erasures", "publications", "quarantine")
"""The tables of `audit` that are a record: the others are made again by every build."""

COLUMNS = """
    select a.attname, format_type(a.atttypid, null)
    from pg_attribute as a
    where a.attrelid = '{0}'::regclass and a.attnum > 0 and not a.attisdropped
    order by a.attnum
"""

WAITING = """
    select table_name, record_key, order_id::text, reasons
    from audit.quarantine where released_at is null order by 1, 2
"""


@dataclass(frozen=True)
class Upgrade:
    """A restored warehouse, copies of its tables, and what its first run printed.

    Attributes:
        warehouse: the warehouse.
        administrator: the same, with the login that administers it.
        tables: the tables whose rows were copied, with their schema.
        waiting: what waited in quarantine.
        printed: what the first run printed.
    """

    warehouse: Warehouse
    administrator: Warehouse
    tables: Collection[str]
    waiting: list[tuple[Any, ...]]
    printed: str


def copy_rows(administrator: Warehouse) -> list[str]:
    """Keep the rows of all tables that an upgrade must not change, in the schema `before`."""
    tables = [
        name
        for (name,) in query(
            administrator,
            f"""
            select format('%s.%s', schemaname, tablename) from pg_tables
            where
                (
                    schemaname in ('marts', 'snapshots')
                    or (schemaname ~ '^raw_' and schemaname !~ '_staging$')
                    or (schemaname = 'audit' and tablename = any(array{list(KEPT)}))
                    or (schemaname = 'restricted' and tablename = 'salt')
                )
            order by 1
            """,
        )
    ]
    query(administrator, "create schema before")
    for table in tables:
        query(administrator, f'create table before."{table}" as table {table}')
    return tables


def differing(
    administrator: Warehouse, table: str, both_ways: bool = False
) -> list[tuple[Any, ...]]:
    """Return rows that were there before and are no more, and, both ways, those that are new."""
    return rows_apart(administrator, table, f'before."{table}"', table, both_ways)


def rows_apart(
    administrator: Warehouse, table: str, copied: str, relation: str, both_ways: bool = True
) -> list[tuple[Any, ...]]:
    """Return rows of one relation that another one has not, and, both ways, the reverse.

    Args:
        administrator: who may read both.
        table: the table whose rows they are, as the exceptions above name it.
        copied: the one.
        relation: the other.
        both_ways: whether it may not have more either.
    """
    now = dict(query(administrator, COLUMNS.format(relation)))
    before = {
        name: kind
        for name, kind in query(administrator, COLUMNS.format(copied))
        if name not in NEW_WITH_EVERY_RUN.get(table, ())
    }
    assert set(before) <= set(now), f"{table} has lost a column"
    # ids that were numbers may be text now
    as_text = {
        name
        for name, kind in before.items()
        if "json" in kind or ("int" in kind and "int" not in now[name] and now[name] != "numeric")
    }
    columns = ", ".join(f'"{name}"{"::text" * (name in as_text)}' for name in before)
    where = f"where not ({OTHERWISE.get(table, 'false')})"
    was, is_now = (f"select {columns} from {each} {where}" for each in (copied, relation))
    found = query(administrator, f"{was} except all {is_now} limit 3")
    return found + (query(administrator, f"{is_now} except all {was} limit 3") if both_ways else [])


def publications(warehouse: Warehouse) -> int:
    """Return how many builds were published, those before the upgrade among them."""
    published = "select count(*) from audit.publications where outcome = 'published'"
    return int(query(warehouse, published)[0][0])


def of(upgrade: Upgrade, prefix: str) -> list[str]:
    """Return the copied tables of a schema."""
    return [table for table in upgrade.tables if table.startswith(prefix)]


VERSION: int = yaml.safe_load((PROJECT_DIR / "dbt_project.yml").read_text("utf-8"))["vars"][
    "version_of_facts"
]


def make_facts_of_the_version_before(administrator: Warehouse) -> None:
    """Let both versions of the marts be of the facts' version before, and say other things."""
    for schema in ("marts", "marts_next"):
        ((comment,),) = query(
            administrator, f"select obj_description('{schema}'::regnamespace, 'pg_namespace')"
        )
        before = re.sub("generation ([^,]+)", rf"generation \1-v{VERSION - 1}", comment)
        query(administrator, f"comment on schema {schema} is '{before}'")
        query(administrator, f"update {schema}.fct_deliveries set quantity = quantity + 1")


@pytest.fixture(scope="module")
def upgrade(warehouse: Warehouse) -> Any:
    """The restored warehouse after its first run with the code of today."""
    (settings() / "config.toml").unlink()
    declare(settings().parent, ("chicago", "quito"))
    administrator = warehouse_module.administrator()
    dump.restore(administrator, warehouse)
    # as on any other day than that of the dump: there is something to build
    query(administrator, "delete from audit.publication_inputs")
    tables = copy_rows(administrator)
    for mart, names in RENAMED.items():
        for before, now in names.items():
            query(
                administrator, f'alter table before."marts.{mart}" rename column {before} to {now}'
            )
    query(administrator, OTHER_MEANING)
    tables[tables.index("marts.dim_products")] = "marts.dim_product_versions"
    make_facts_of_the_version_before(administrator)
    waiting = query(warehouse, WAITING)
    sample("start")
    read_settings_again()
    try:
        printed = mypizza("run", "--no-docs").stdout
        yield Upgrade(warehouse, administrator, tables, waiting, printed)
    finally:
        sample("stop")


def test_the_dump_has_what_can_be_lost(upgrade: Upgrade) -> None:
    for what, statement in {
        "waits": "before.\"audit.quarantine\" where released_at is null",
        "was released": "before.\"audit.quarantine\" where released_at is not null",
        "was erased": "before.\"audit.erasures\" where erased_at is not null",
        "was healed": "before.\"audit.reconciliation\" where is_healed",
        "was deleted": "before.\"raw_pos.orders\" where _deleted_at is not null",
        "is an old price": "before.\"snapshots.products\" where dbt_valid_to is not null",
    }.items():  # fmt: skip
        assert query(upgrade.administrator, f"select count(*) > 0 from {statement}") == [(True,)], (
            what
        )
    assert len(query(upgrade.administrator, 'select * from before."audit.publications"')) == 3


def test_the_first_run_publishes(upgrade: Upgrade) -> None:
    assert publications(upgrade.warehouse) == 4, upgrade.printed[-3000:]


def test_nothing_is_lost_in_raw_audit_and_snapshots(upgrade: Upgrade) -> None:
    tables = [table for table in upgrade.tables if not table.startswith("marts.")]
    lost = {table: rows for table in tables if (rows := differing(upgrade.administrator, table))}
    assert lost == {}
    healed = "select branch_id, business_date, figure from {} where is_healed order by 1, 2, 3"
    was, is_now = (
        query(upgrade.administrator, healed.format(relation))
        for relation in ('before."audit.reconciliation"', "audit.reconciliation")
    )
    assert is_now == was
    for table in of(upgrade, "raw_"):
        if "._dlt" not in table:
            counts = f'select (select count(*) from {table}) = count(*) from before."{table}"'
            assert query(upgrade.administrator, counts) == [(True,)], table


def test_every_mart_is_equal_row_by_row(upgrade: Upgrade) -> None:
    new, unequal = {}, {}
    for table in of(upgrade, "marts."):
        mart = table.removeprefix("marts.")
        # the calendar grows with the years, and the comparison ended after 90 days
        grown = mart in ("dim_dates", "rpt_reconciliation")
        rows = differing(upgrade.administrator, table, both_ways=not grown)
        if rows:
            unequal[mart] = rows
        now, before = (
            {name for name, _ in query(upgrade.administrator, COLUMNS.format(relation))}
            for relation in (table, f'before."{table}"')
        )
        if now - before:
            new[mart] = sorted(now - before)
    assert unequal == {}
    assert new == {mart: sorted(columns) for mart, columns in NEW_COLUMNS.items()}


def test_a_return_of_an_export_became_a_line_and_its_order_kept_its_money(upgrade: Upgrade) -> None:
    columns = "order_key, gross_revenue, discount_amount, tax_amount, order_refunds, order_revenue"
    was, is_now = (
        f"select {columns} from {relation} where branch_id = 'lyon'"
        for relation in ('before."marts.fct_orders"', "marts.fct_orders")
    )
    for one, other in ((was, is_now), (is_now, was)):
        assert query(upgrade.administrator, f"{one} except all {other} limit 3") == []
    returns = "select count(*) from marts.fct_order_lines where line_kind = 'return'"
    assert query(upgrade.administrator, f"{returns} and branch_id = 'lyon'")[0][0] > 0
    assert query(upgrade.administrator, f"{returns} and branch_id <> 'lyon'") == [(0,)]


def test_quarantine_still_holds(upgrade: Upgrade) -> None:
    assert query(upgrade.warehouse, WAITING) == [
        (*record, [reason.replace(MISFIT, UNREADABLE) for reason in reasons])
        for *record, reasons in upgrade.waiting
    ]
    for fact in ("fct_orders", "fct_order_lines", "fct_payments"):
        counts = (
            "select count(*) filter (where order_key = 'quito-101'),"
            f" count(*) filter (where order_key = 'quito-102') > 0 from marts.{fact}"
        )
        assert query(upgrade.warehouse, counts) == [(0, True)], fact


def test_roles_see_what_they_saw(upgrade: Upgrade) -> None:
    for login, allowed in {"analyst": ["chicago", "lyon", "quito"], "manager": ["quito"]}.items():
        with upgrade.administrator.connect(role=login) as connection:
            seen = connection.execute(
                "select array_agg(distinct branch_id order by branch_id) from marts.fct_orders"
            ).fetchall()
        assert seen == [(allowed,)], login


def test_a_second_run_has_nothing_new(upgrade: Upgrade) -> None:
    let_business_dates_end()
    ((built_at,),) = query(upgrade.warehouse, "select max(finished_at) from audit.publications")
    if any(branch.date_at(built_at) != branch.today for branch in branches().values()):
        mypizza("run", "--no-docs")  # the end of a business date is news
    before = publications(upgrade.warehouse)
    assert "Nothing has changed since the publication" in mypizza("run", "--no-docs").stdout
    assert publications(upgrade.warehouse) == before


def test_what_changes_at_a_till_comes_in_and_who_was_erased_stays_so(upgrade: Upgrade) -> None:
    ((guest,),) = query(upgrade.warehouse, "select customer_id::text from audit.erasures")
    sample("advance")
    query(
        upgrade.warehouse,
        f"""
        update customers set phone = '+593 2 555 0199', updated_at = '2016-01-04 12:00+00'
        where customer_id = {guest};
        update orders set channel = 'delivery', updated_at = '2016-01-04 12:00+00'
        where order_id = 103;
        update payments set currency = 'USD', updated_at = '2016-01-04 12:00+00'
        where order_id = 101
        """,
        "till_quito",
    )
    before = publications(upgrade.warehouse)
    mypizza("run", "--no-docs")
    assert publications(upgrade.warehouse) == before + 1
    ordered = "select count(*) from orders where status <> 'cancelled' and ordered_at > '{0}'"
    for branch in ("chicago", "quito"):
        since = "2016-01-03 12:00+00"
        sold = query(upgrade.warehouse, ordered.format(since), f"till_{branch}")
        assert sold > [(0,)]
        assert query(
            upgrade.warehouse,
            "select count(*) from marts.fct_orders where not is_cancelled"
            f" and branch_id = '{branch}' and ordered_at > '{since}'",
        ) == sold, branch  # fmt: skip
    assert query(
        upgrade.warehouse,
        "select order_key from marts.fct_orders where order_key = 'quito-101'"
        " or (order_key = 'quito-103' and channel = 'delivery') order by 1",
    ) == [("quito-101",), ("quito-103",)]
    assert query(
        upgrade.warehouse,
        "select c.full_name, c.phone, d.phone_hash from raw_pos.customers as c"
        " inner join marts.dim_customers as d"
        " on d.customer_key = c.branch_id || '-' || c.customer_id"
        f" where c.branch_id = 'quito' and c.customer_id::text = '{guest}'",
    ) == [("erased", None, None)]


def test_facts_of_the_version_before_were_built_from_scratch_in_both_versions_of_the_marts(
    upgrade: Upgrade,
) -> None:
    generations = query(
        upgrade.administrator,
        "select substring(obj_description(oid, 'pg_namespace') from 'generation ([^,]+)')"
        " from pg_namespace where nspname in ('marts', 'marts_next')",
    )
    assert len(generations) == 2
    assert len({*generations}) == 1
    assert re.search(rf"-v{VERSION}-[0-9a-f]{{32}}$", generations[0][0])
    rows = "select delivery_line_key, quantity from {}.fct_deliveries order by 1"
    was, published, before = (
        query(upgrade.administrator, statement)
        for statement in (
            rows.replace("{}.fct_deliveries", 'before."marts.fct_deliveries"'),
            rows.format("marts"),
            rows.format("marts_next"),
        )
    )
    assert was
    assert published == before == was


def test_what_came_over_in_parts_equals_what_is_built_from_scratch(upgrade: Upgrade) -> None:
    kinds = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    mypizza("dbt", "build", "--full-refresh", *kinds)
    marts = query(
        upgrade.administrator, "select tablename from pg_tables where schemaname = 'marts'"
    )
    assert len(marts) > 40
    assert {
        mart: rows
        for (mart,) in marts
        if (
            rows := rows_apart(
                upgrade.administrator, f"marts.{mart}", f"marts.{mart}", f"marts_next.{mart}"
            )
        )
    } == {}
