"""The sample company keeps its promises: published totals, one seed one company, real trading."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from ingest.warehouse import PROJECT_DIR, Warehouse, WarehouseError
from sample import company
from sample.company import Size

TABLES = ("customers", "products", "orders", "order_lines", "payments")
LAST_PUBLISHED_DAY = date(2015, 12, 31)
TWO = ("chicago", "quito")
"""The branches of a company that is held against one of all five."""


def ask(
    warehouse: Warehouse, prefix: str, query: str, branches: Sequence[str] = ()
) -> list[tuple[Any, ...]]:
    """Return the first row of a query from each till, or some, in the seed's order of branches."""
    rows = []
    for branch_id in branches or company.branch_ids():
        with warehouse.connect(prefix + branch_id) as connection:
            rows.append(connection.execute(query.encode()).fetchall()[0])
    return rows


def total(warehouse: Warehouse, prefix: str, query: str) -> list[Any]:
    """Return the sums, over the tills, of the columns of a query."""
    return [sum(column) for column in zip(*ask(warehouse, prefix, query), strict=True)]


def fingerprints(
    warehouse: Warehouse, prefix: str, branches: Sequence[str] = ()
) -> list[tuple[Any, ...]]:
    """Return a hash of every row of each table, per till."""
    hashes = ", ".join(
        f"(select md5(string_agg(it::text, '|' order by it.{table[:-1]}_id)) from {table} as it)"
        for table in TABLES
    )
    return ask(warehouse, prefix, f"select {hashes}", branches)


class Traded(NamedTuple):
    """A company that has traded on for three days and then for 37, and what it said of them."""

    prefix: str
    first_days: list[company.Trading]
    later_days: list[company.Trading]


def events_of(branches: list[company.Trading]) -> dict[str, int]:
    """Return what happened in all branches together, by name of the event."""
    return {
        field.name: sum(getattr(branch, field.name) for branch in branches)
        for field in company.EVENTS
    }


@pytest.fixture(scope="module")
def traded(warehouse: Warehouse) -> Iterator[Traded]:
    """A company in its second year."""
    company.create(warehouse, prefix="traded_")
    first_days = company.advance(warehouse, 3, "traded_")
    yield Traded("traded_", first_days, company.advance(warehouse, 37, "traded_"))
    company.drop(warehouse, "traded_")


@pytest.fixture(scope="module")
def published(warehouse: Warehouse) -> Iterator[str]:
    """A company that holds the published year and nothing else."""
    company.create(warehouse, prefix="published_")
    yield "published_"
    company.drop(warehouse, "published_")


@pytest.fixture
def spare(warehouse: Warehouse) -> Iterator[str]:
    """A prefix for a company that one test makes for itself."""
    yield "spare_"
    company.drop(warehouse, "spare_")


def test_the_tills_together_hold_the_published_year(warehouse: Warehouse, published: str) -> None:
    assert total(
        warehouse,
        published,
        "select (select count(*) from orders), (select sum(gross_amount) from orders), "
        "(select count(*) from order_lines), (select sum(quantity) from order_lines), "
        "(select sum(quantity * unit_price) from order_lines), (select count(*) from products)",
    ) == [21_350, Decimal("817860.05"), 48_620, 49_574, Decimal("817860.05"), 5 * 91]


def test_an_order_keeps_its_published_local_time_and_price(
    warehouse: Warehouse, published: str
) -> None:
    # 2015-000001,2015-01-01,11:38:36,hawaiian,M,classic,13.25
    found = ask(
        warehouse,
        published,
        "select max(to_char(ordered_at at time zone settings.time_zone, 'YYYY-MM-DD HH24:MI:SS')), "
        "max(gross_amount) from orders, company.settings where order_number = '2015-000001'",
    )
    assert [row for row in found if row[0]] == [("2015-01-01 11:38:36", Decimal("13.25"))]


def test_quito_sells_nothing_before_it_opens(warehouse: Warehouse, published: str) -> None:
    first_sales = ask(
        warehouse,
        published,
        "select min((ordered_at at time zone settings.time_zone)::date) "
        "from orders, company.settings",
    )
    assert [first_day for (first_day,) in first_sales] == [date(2015, 1, 1)] * 4 + [
        date(2015, 6, 6)
    ]


def test_branches_differ_in_size_and_habits(warehouse: Warehouse, published: str) -> None:
    new_york, _, _, honolulu, _ = ask(
        warehouse,
        published,
        "select count(*), avg((extract(hour from ordered_at at time zone settings.time_zone) < 15)"
        "::integer) from orders, company.settings",
    )
    assert new_york[0] > 1.5 * honolulu[0]
    assert new_york[1] > 1.5 * float(honolulu[1])


@pytest.mark.parametrize("prefix", ["published_", "traded_"])
@pytest.mark.usefixtures("published", "traded")
@pytest.mark.parametrize(
    ("promise", "exceptions"),
    [
        (
            "lines add up to their order",
            "select count(*) from orders where (gross_amount, discount_amount) is distinct from ("
            "select row(sum(quantity * unit_price), sum(discount_amount)) from order_lines "
            "where order_lines.order_id = orders.order_id)",
        ),
        (
            "an order's total is gross less discount plus tax",
            "select count(*) from orders "
            "where total_amount <> gross_amount - discount_amount + tax_amount",
        ),
        (
            "payments add up to a completed order, its tax too; a cancelled one has none",
            "select count(*) from orders left join (select order_id, sum(amount) as amount, "
            "sum(tax_amount) as tax from payments where payment_type = 'sale' group by order_id) "
            "as paid using (order_id) where case status when 'completed' then total_amount end "
            "is distinct from paid.amount or case status when 'completed' then tax_amount end "
            "is distinct from paid.tax",
        ),
        (
            "no more is refunded than was paid",
            "select count(*) from (select from payments group by order_id having "
            "sum(case payment_type when 'sale' then amount else -amount end) < 0 or "
            "sum(case payment_type when 'sale' then tax_amount else -tax_amount end) < 0) as over",
        ),
        (
            "a card number stands on card payments only",
            "select count(*) from payments "
            "where (payment_method = 'card') <> (card_last_four is not null)",
        ),
        (
            "customers are on file before they order",
            "select count(*) from orders inner join customers using (customer_id) "
            "where customers.created_at > orders.ordered_at",
        ),
        (
            "a pizza is on the menu before it is sold",
            "select count(*) from order_lines inner join orders using (order_id) "
            "inner join products using (product_id) where products.created_at > orders.ordered_at",
        ),
        (
            "no two orders, lines or payments changed at the same moment",
            "select (select count(*) - count(distinct updated_at) from orders) + "
            "(select count(*) - count(distinct updated_at) from order_lines) + "
            "(select count(*) - count(distinct updated_at) from payments)",
        ),
    ],
    ids=lambda value: value if " " in value and "select" not in value else "",
)
def test_the_facts_of_a_till_agree(
    warehouse: Warehouse, prefix: str, promise: str, exceptions: str
) -> None:
    assert total(warehouse, prefix, exceptions) == [0], promise


def test_another_seed_makes_other_customers_but_shares_the_orders_alike(
    warehouse: Warehouse, published: str, spare: str
) -> None:
    company.create(warehouse, Size(branches=TWO), seed=1, prefix=spare)
    orders = "select md5(string_agg(order_number || ordered_at, '' order by order_id)) from orders"
    assert ask(warehouse, spare, orders, TWO) == ask(warehouse, published, orders, TWO)
    names = "select md5(string_agg(full_name, '' order by customer_id)) from customers"
    assert ask(warehouse, spare, names, TWO) != ask(warehouse, published, names, TWO)


def test_scale_multiplies_every_total(warehouse: Warehouse, published: str, spare: str) -> None:
    tills = company.create(warehouse, Size(scale=2, branches=TWO), prefix=spare)
    assert [(till.orders, till.order_lines, till.gross_amount) for till in tills] == ask(
        warehouse,
        published,
        "select 2 * count(*), 2 * (select count(*) from order_lines), 2 * sum(gross_amount)"
        " from orders",
        TWO,
    )


def test_a_complete_till_is_left_alone(warehouse: Warehouse, published: str) -> None:
    before = fingerprints(warehouse, published)
    assert not any(till.is_new for till in company.create(warehouse, prefix=published))
    assert fingerprints(warehouse, published) == before


def test_a_till_of_another_scale_is_refused(warehouse: Warehouse, published: str) -> None:
    with pytest.raises(WarehouseError, match="drop the tills first"):
        company.create(warehouse, Size(scale=3), prefix=published)


def test_a_database_of_someone_else_is_refused_and_kept(warehouse: Warehouse, spare: str) -> None:
    with warehouse.connect() as connection:
        connection.execute("create database spare_chicago")
    with warehouse.connect("spare_chicago") as connection:
        connection.execute("create table orders as select 'theirs' as name")
    with pytest.raises(WarehouseError, match="not the sample company's"):
        company.create(warehouse, Size(branches=("chicago",)), prefix=spare)
    with warehouse.connect("spare_chicago") as connection:
        assert connection.execute("select name from orders").fetchall() == [("theirs",)]


def test_a_killed_create_is_made_anew_and_the_same_seed_makes_the_same_company(
    warehouse: Warehouse, published: str, spare: str
) -> None:
    code = (
        "from ingest import warehouse; from sample import company; "
        f"size = company.Size(branches={TWO}); "
        f"company.create(warehouse.resolve(), size, prefix={spare!r})"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT_DIR)
    writing = (
        "select count(*) from pg_stat_activity "
        "where datname like 'spare%' and backend_xid is not null"
    )
    with warehouse.connect() as connection:
        deadline = time.monotonic() + 60
        while connection.execute(writing.encode()).fetchone() == (0,):
            assert time.monotonic() < deadline, "the child never began to write"
            assert process.poll() is None, "the child ended before it could be killed"
    process.kill()
    process.wait()
    company.create(warehouse, Size(branches=TWO), prefix=spare)
    assert fingerprints(warehouse, spare, TWO) == fingerprints(warehouse, published, TWO)


def test_days_in_parts_are_the_same_days_also_after_a_kill_that_left_one_till_ahead(
    warehouse: Warehouse, traded: Traded, spare: str
) -> None:
    company.create(warehouse, Size(branches=TWO), prefix=spare)
    company.advance(warehouse, 5, spare)
    # As a kill leaves it: one till has traded two of the next days, the others none.
    company._trade(warehouse, "chicago", LAST_PUBLISHED_DAY + timedelta(days=7), spare)
    company.advance(warehouse, 33, spare)
    assert fingerprints(warehouse, spare, TWO) == fingerprints(warehouse, traded.prefix, TWO)


def test_the_first_three_days_bring_one_of_each(traded: Traded) -> None:
    events = events_of(traded.first_days)
    del events["price_changes"]  # one day a month
    assert min(events.values()) > 0, events


def test_trading_on_brings_all_that_real_tills_do(traded: Traded) -> None:
    assert {(branch.last_day, branch.days) for branch in traded.later_days} == {
        (date(2016, 2, 9), 37)
    }
    events = events_of(traded.later_days)
    assert min(events.values()) > 0, events
    orders = events["orders"]
    assert 37 * 45 < orders < 37 * 85
    assert 0.04 < events["discounted"] / orders < 0.12
    for event in ("cancelled", "late_commits", "corrections", "refunds"):
        assert 0.003 < events[event] / orders < 0.04, event


def test_late_commits_lie_below_what_a_loader_has_read(
    warehouse: Warehouse, traded: Traded
) -> None:
    # On one and the same day, no order is rung up an hour or more after a younger one.
    late = total(
        warehouse,
        traded.prefix,
        "select count(*) from (select updated_at, max(created_at) over (order by order_id "
        "rows between unbounded preceding and 1 preceding) as read_until from orders) as arriving "
        "where updated_at < read_until - interval '1 hour'",
    )
    assert late[0] > 10


def test_new_years_day_is_closed(warehouse: Warehouse, traded: Traded) -> None:
    days = (
        "select count(*) from orders, company.settings "
        "where (ordered_at at time zone settings.time_zone)::date = date '{}'"
    )
    assert total(warehouse, traded.prefix, days.format("2016-01-01")) == [0]
    assert total(warehouse, traded.prefix, days.format("2016-01-02"))[0] > 20


def test_trading_on_never_touches_the_published_year(
    warehouse: Warehouse, published: str, traded: Traded
) -> None:
    year = (
        "select md5(string_agg(orders::text, '' order by order_id)), (select md5(string_agg("
        "order_lines::text, '' order by order_line_id)) from order_lines where order_id in "
        "(select order_id from orders where order_number like '2015-______')), (select count(*) "
        "from payments inner join orders using (order_id) where order_number like '2015-______') "
        "from orders where order_number like '2015-______'"
    )
    assert ask(warehouse, traded.prefix, year) == ask(warehouse, published, year)
