"""The semantic layer: every metric equals SQL on the facts, and the report where that shows it."""

from __future__ import annotations

import gzip
import os
import re
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import bson
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from ingest import warehouse as warehouse_module
from ingest.publish.metric_table import states, written
from ingest.publish.metrics import Metrics, Question
from ingest.warehouse import Warehouse, WarehouseError
from report.figures import PAGE
from report.read import statements
from sample import files
from tests.python.commands import mypizza

FACTS = """
    from (
        select
            'order' as fact, orders.*,
            min(business_date) filter (where not is_cancelled) over (partition by customer_key)
                as first_date,
            business_date >= (
                select min(business_date) from marts.fct_support_tickets as first_tickets
                where first_tickets.branch_id = orders.branch_id
            ) as is_ticketed,
            gross_revenue - discount_amount
            - case when prices_include_tax then tax_amount else 0 end as revenue
        from marts.fct_orders as orders
    ) as o
    full join (select 'payment' as fact, * from marts.fct_payments) as p
        using (fact, branch_id, business_date)
    full join (select 'ticket' as fact, * from marts.fct_support_tickets) as t
        using (fact, branch_id, business_date)
    full join (select 'post' as fact, * from marts.fct_social_posts) as s
        using (fact, branch_id, business_date)
    full join (select 'review' as fact, * from marts.fct_reviews) as r
        using (fact, branch_id, business_date)
    full join (
        -- a count has the cost of all days since the one before
        select
            'stock' as fact, *,
            case when variance_amount_exact is not null then sum(consumed_amount_exact) over (
                partition by branch_id, ingredient_id, last_count_date
            ) end as counted_amount
        from marts.fct_stock_days
    ) as k
        using (fact, branch_id, business_date)
    full join (select 'food' as fact, * from marts.rpt_branch_days) as f
        using (fact, branch_id, business_date)
    full join (
        select
            'product' as fact, l.branch_id, date_trunc('month', l.business_date)::date
            as business_date, l.product_key,
            sum(l.quantity) filter (where l.line_kind <> 'return') as units,
            sum(case when l.line_kind = 'return'
                then l.gross_revenue - l.discount_amount - coalesce(l.tax_amount, 0)
                else (l.gross_revenue - l.discount_amount) * (1 - case when b.prices_include_tax
                    then o.tax_amount / nullif(o.gross_revenue - o.discount_amount, 0) else 0 end)
            end) as revenue,
            -sum(l.gross_revenue - l.discount_amount - coalesce(l.tax_amount, 0))
                filter (where l.line_kind = 'return') as refunds,
            case when count(*) = count(l.till_cost) then sum(l.till_cost) end as cost
        from marts.fct_order_lines as l
        inner join marts.fct_orders as o using (order_key)
        inner join marts.dim_branches as b on l.branch_id = b.branch_id
        where l.product_key is not null
        group by 2, 3, 4
    ) as m using (fact, branch_id, business_date)
    full join (select 'session' as fact, * from marts.fct_web_sessions where not is_bot) as w
        using (fact, branch_id, business_date)
    full join (select 'cold' as fact, * from marts.rpt_cold_chain_days where is_over) as v
        using (fact, branch_id, business_date)
    full join (select 'tax' as fact, * from marts.fct_order_taxes) as x
        using (fact, branch_id, business_date)
    full join (
        -- an order that sells something, with what its lines cost and what was complained of
        select
            'sale' as fact, o.branch_id, o.business_date, o.customer_key, o.unit_count,
            o.order_refunds, l.cost, c.compensation, c.order_key is not null as is_complained,
            o.gross_revenue - o.discount_amount
            - case when o.prices_include_tax then o.tax_amount else 0 end as revenue
        from marts.fct_orders as o
        left join (
            select order_key,
                case when bool_and(till_cost is not null) then sum(till_cost_exact) end as cost
            from marts.fct_order_lines where line_kind = 'sale' group by order_key
        ) as l using (order_key)
        left join (
            select order_key, sum(compensation_amount) as compensation
            from marts.fct_support_tickets where is_complaint group by order_key
        ) as c using (order_key)
        where o.is_sale
    ) as d using (fact, branch_id, business_date)
    left join marts.dim_branches as b using (branch_id)
"""
"""All facts below each other, each with the columns of its own: none equals that of another."""

REFUNDS = "coalesce(sum(p.payment_refunds), 0) + coalesce(sum(o.returned_amount_exact), 0)"
NET_REVENUE = f"coalesce(sum(o.revenue), 0) - ({REFUNDS})"
ORDERS = "coalesce(sum(o.is_sale::integer), 0)"
UNITS = "coalesce(sum(o.unit_count), 0)"
GUESTS = "count(distinct o.customer_key) filter (where not o.is_cancelled"
POSTS = "count(s.sentiment)"
COSTED = "sum(f.net_revenue) filter (where f.recipe_cost is not null)"
COUNTED = "sum(k.counted_amount)"
MARGIN = "sum(m.revenue - m.cost)"
PAID = "sum(p.amount) filter (where p.amount"
SEAT_DAYS = "sum(b.seats) filter (where fact = 'food')"
WITH_COST = "filter (where d.cost is not null)"
COMPLAINED = "sum(d.order_refunds) filter (where d.is_complained)"
SESSIONS = "count(w.session_key)"
CONVERTED = "count(*) filter (where w.is_converted)"
DEVICE_DAYS = "count(v.device_id)"
KEPT = "count(*) filter (where v.is_complete and v.is_in_range)"
CLOSED = "count(*) filter (where f.is_complete)"
PROVEN = "count(*) filter (where f.is_complete and f.is_proven)"

EXPECTED = {
    "gross_revenue": "coalesce(sum(o.gross_revenue), 0)",
    "discount_amount": "coalesce(sum(o.discount_amount), 0)",
    "discount_share": "sum(o.discount_amount) / nullif(sum(o.gross_revenue), 0)",
    "revenue_before_refunds": "coalesce(sum(o.revenue), 0)",
    "refund_amount": REFUNDS,
    "payment_refunds": "coalesce(sum(p.payment_refunds), 0)",
    "returned_amount": "coalesce(sum(o.returned_amount_exact), 0)",
    "refund_share": f"({REFUNDS}) / nullif(sum(o.revenue), 0)",
    "net_revenue": NET_REVENUE,
    "day_net_revenue": NET_REVENUE,
    "orders": ORDERS,
    "known_orders": ORDERS,
    "order_records": "count(o.order_key)",
    "day_orders": ORDERS,
    "average_order": f"sum(o.revenue) / nullif({ORDERS}, 0)",
    "units": UNITS,
    "known_units": UNITS,
    "line_records": "coalesce(sum(o.line_count), 0)",
    "units_per_order": f"{UNITS}::numeric / nullif({ORDERS}, 0)",
    "unit_revenue": f"sum(o.revenue) / nullif({UNITS}, 0)",
    "guests": f"{GUESTS})",
    "new_guests": f"{GUESTS} and o.business_date = o.first_date)",
    "returning_guests": f"{GUESTS} and o.business_date > o.first_date)",
    "returning_share": f"{GUESTS} and o.business_date > o.first_date)::numeric"
    f" / nullif({GUESTS}), 0)",
    "tickets": "count(t.ticket_id)",
    "complaints": "sum(f.complaints)",
    "ticket_complaints": "count(*) filter (where t.is_complaint)",
    "complaint_rate": "1000.0 * count(*) filter (where t.is_complaint)"
    " / nullif(count(*) filter (where o.is_sale and o.is_ticketed), 0)",
    "first_response": "avg(t.first_response_minutes)",
    "posts": POSTS,
    "posts_that_praise": "count(*) filter (where s.sentiment >= 0.05)",
    "posts_that_blame": "count(*) filter (where s.sentiment <= -0.05)",
    "positive_share": f"count(*) filter (where s.sentiment >= 0.05)::numeric / nullif({POSTS}, 0)",
    "negative_share": f"count(*) filter (where s.sentiment <= -0.05)::numeric / nullif({POSTS}, 0)",
    "post_sentiment": "sum(s.sentiment) / count(s.sentiment)",
    "reviews": "count(r.review_id)",
    "average_rating": "avg(r.rating)",
    "answered_reviews": "count(r.answered_at)",
    "answered_share": "count(r.answered_at)::numeric / nullif(count(r.review_id), 0)",
    "review_sentiment": "avg(r.sentiment)",
    "web_sessions": SESSIONS,
    "converted_sessions": CONVERTED,
    "conversion": f"{CONVERTED}::numeric / nullif({SESSIONS}, 0)",
    "carts": "count(*) filter (where w.has_cart)",
    "abandoned_carts": "count(*) filter (where w.has_cart and not w.is_converted)",
    "cart_abandonment": "count(*) filter (where w.has_cart and not w.is_converted)::numeric"
    " / nullif(count(*) filter (where w.has_cart), 0)",
    "web_revenue": "coalesce(sum(w.order_revenue_exact), 0)",
    "revenue_per_session": f"sum(w.order_revenue_exact) / nullif({SESSIONS}, 0)",
    "device_days": DEVICE_DAYS,
    "kept_device_days": KEPT,
    "cold_chain_share": f"{KEPT}::numeric / nullif({DEVICE_DAYS}, 0)",
    "minutes_out_of_range": "coalesce(sum(v.minutes_out_of_range), 0)",
    "stock_out_share": "count(*) filter (where k.is_stock_out)::numeric"
    " / nullif(count(k.is_stock_out), 0)",
    "recipe_cost": "sum(f.recipe_cost_exact)",
    "costed_revenue": COSTED,
    "recipe_cost_share": f"sum(f.recipe_cost_exact) / nullif({COSTED}, 0)",
    "paid_in_amount": f"coalesce({PAID} > 0), 0)",
    "paid_back_amount": f"coalesce(-{PAID} < 0), 0)",
    "taken_amount": "coalesce(sum(p.amount), 0)",
    "tips_amount": "coalesce(sum(p.tip_amount), 0)",
    "tips_share": f"sum(p.tip_amount) / nullif({PAID} > 0), 0)",
    "cash_to_bank": "sum(p.amount) filter (where p.payment_method = 'cash')",
    "compensation_amount": "sum(t.compensation_amount)",
    "rated_answers": "count(t.satisfaction)",
    "good_answers": "count(*) filter (where t.satisfaction = 'good')",
    "satisfied_share": "count(*) filter (where t.satisfaction = 'good')::numeric "
    "/ nullif(count(t.satisfaction), 0)",
    "delivered_quantity": "sum(k.delivered_quantity)",
    "consumed_quantity": "sum(k.consumed_quantity)",
    "missing_quantity": "sum(k.expected_quantity - k.counted_quantity) "
    "filter (where not k.is_surplus)",
    "seat_days": SEAT_DAYS,
    "orders_per_seat": f"{ORDERS}::numeric / nullif({SEAT_DAYS}, 0)",
    "orders_by_part": "count(d.unit_count)",
    "known_guest_orders": "count(d.customer_key)",
    "known_guest_share": "count(d.customer_key)::numeric / nullif(count(d.unit_count), 0)",
    "single_item_orders": "count(*) filter (where d.unit_count = 1)",
    "single_item_share": "count(*) filter (where d.unit_count = 1)::numeric "
    "/ nullif(count(d.unit_count), 0)",
    "order_cost": "sum(d.cost)",
    "order_costed_revenue": f"sum(d.revenue) {WITH_COST}",
    "order_margin": f"sum(d.revenue - d.cost) {WITH_COST}",
    "order_margin_share": f"sum(d.revenue - d.cost) {WITH_COST} "
    f"/ nullif(sum(d.revenue) {WITH_COST}, 0)",
    "complaint_compensation": "coalesce(sum(d.compensation), 0)",
    "complaint_refunds": f"coalesce({COMPLAINED}, 0)",
    "complaint_cost": f"coalesce(sum(d.compensation), 0) + coalesce({COMPLAINED}, 0)",
    "closed_days": CLOSED,
    "proven_days": PROVEN,
    "proven_share": f"{PROVEN}::numeric / nullif({CLOSED}, 0)",
    "tax_amount": "sum(x.tax_amount_exact)",
    "tax_refunded": "sum(x.tax_refunded_exact)",
    "tax_due": "sum(x.tax_amount_exact - x.tax_refunded_exact)",
    "taxable_amount": "sum(x.taxable_amount_exact)",
    "taxable_refunded": "sum(x.taxable_refunded_exact)",
    "taxable_net": "sum(x.taxable_amount_exact - x.taxable_refunded_exact)",
    "waste": "sum(f.waste_exact)",
    "counted_recipe_cost": COUNTED,
    "waste_share": f"sum(f.waste_exact) / nullif({COUNTED}, 0)",
    "menu_units": "sum(m.units)",
    "product_revenue": "sum(m.revenue)",
    "product_refunds": "sum(m.refunds)",
    "till_margin": MARGIN,
    "till_costed_revenue": "sum(m.revenue) filter (where m.cost is not null)",
    "till_margin_share": f"{MARGIN} / nullif(sum(m.revenue) filter (where m.cost is not null), 0)",
}
"""Each metric as SQL on `FACTS`."""

GROWTH = {
    f"{prefix}{metric}{suffix}": (metric, side)
    for metric in ("net_revenue", "orders")
    for prefix, suffix, side in (
        ("comparable_", "", "now"),
        ("", "_year_before", "before"),
        ("", "_year_over_year", "growth"),
    )
}
"""Each metric of days that are compared with the year before: what is compared, and which side."""

ROLLING = {
    f"{metric}_{days}_days": (metric, days)
    for metric in ("net_revenue", "orders")
    for days in (7, 28)
}
"""Each sum over the last days, with its metric."""

CUTS = {
    "currency": (["branch__currency"], "b.currency"),
    "branch and month": (
        ["branch", "metric_time__month"],
        "branch_id, date_trunc('month', business_date)::date",
    ),
}
"""What every metric is cut by: as MetricFlow is asked, and as SQL."""

GROWN_BY = {
    "branch and month": ["branch", "metric_time__month"],
    "day": ["branch__currency", "metric_time__day"],
    "branch and day": ["branch", "metric_time__day"],
}
"""What growth and rolling sums are cut by."""

SETTINGS = [
    ("USD", "last-28-days"),
    ("USD", "2015"),
    ("chicago", "2015-q3"),
    ("quito", "last-91-days"),
    ("lyon", "2016-01"),
]
"""Branch or currency, and period, as they are chosen in the report."""

REPORT: dict[str, tuple[list[str], list[str]]] = {
    "figures": ([], []),
    "months": (["metric_time__month"], ["month_start"]),
    "revenue": (["metric_time__day"], ["start_date"]),
    "branches": (["branch__branch_name"], ["branch_name"]),
    "hours": (
        ["business_day__iso_day_of_week", "order__local_hour"],
        ["iso_day_of_week", "local_hour"],
    ),
    "products": (["product_month__category"], ["category"]),
}
"""The report's queries that show metrics: grouped by what, as MetricFlow and the query have it."""

MENU = {"units": "menu_units", "product_revenue": "product_revenue", "margin": "till_margin"}
"""What the report's query of the menu calls the menu's metrics."""

FINE = {
    "net_revenue": (
        ["branch__currency", "order__channel", "order__local_hour"],
        "select currency, channel, local_hour, sum(order_revenue) as value from marts.fct_orders "
        "group by 1, 2, 3",
    ),
    "units": (
        ["product__category", "business_day__day_name"],
        "select category, to_char(business_date, 'FMDay'), sum(quantity) as value "
        "from marts.fct_order_lines inner join marts.dim_product_versions "
        "using (product_version_key) where line_kind <> 'return' group by 1, 2",
    ),
    "guests": (
        ["customer__preferred_language", "metric_time__quarter"],
        "select preferred_language, date_trunc('quarter', business_date)::date, "
        "count(distinct customer_key) as value from marts.fct_orders "
        "left join marts.dim_customers using (customer_key) where not is_cancelled group by 1, 2",
    ),
    "first_response": (
        ["ticket__channel"],
        "select channel, avg(first_response_minutes) as value "
        "from marts.fct_support_tickets group by 1",
    ),
    "post_sentiment": (
        ["post__platform"],
        "select platform, avg(sentiment) as value from marts.fct_social_posts group by 1",
    ),
    "average_rating": (
        ["review__platform"],
        "select platform, avg(rating) as value from marts.fct_reviews group by 1",
    ),
    "conversion": (
        ["web_session__platform", "web_session__campaign"],
        "select platform, campaign, avg(is_converted::integer) as value "
        "from marts.fct_web_sessions where not is_bot group by 1, 2",
    ),
    "stock_out_share": (
        ["ingredient__ingredient_name"],
        "select ingredient_name, avg(is_stock_out::integer) as value "
        "from marts.fct_stock_days inner join marts.dim_ingredients using (ingredient_id) "
        "group by 1",
    ),
    "stock_quantity": (
        ["branch", "ingredient__ingredient_name"],
        "select branch_id, ingredient_name, coalesce("
        "case when not is_surplus then counted_quantity end, expected_quantity) as value "
        "from marts.fct_stock_days inner join marts.dim_ingredients using (ingredient_id) "
        "where (branch_id, business_date) in "
        "(select branch_id, max(business_date) from marts.fct_stock_days group by 1)",
    ),
    "tickets": (
        ["ticket__priority", "ticket__status"],
        "select priority, status, count(*) as value from marts.fct_support_tickets group by 1, 2",
    ),
    "ticket_complaints": (
        ["ticket__waiting_time"],
        "select (array['a: up to 15 minutes', 'b: up to an hour', 'c: up to 4 hours', 'd: longer'])"
        "[1 + (first_response_minutes > 15)::integer + (first_response_minutes > 60)::integer "
        "+ (first_response_minutes > 240)::integer], count(*) as value "
        "from marts.fct_support_tickets where is_complaint group by 1",
    ),
    "average_order": (
        ["branch__currency", "order__day_part"],
        "select currency, case when local_hour between 11 and 14 then 'lunch' "
        "when local_hour between 15 and 16 then 'afternoon' when local_hour between 17 and 21 "
        "then 'dinner' when local_hour between 5 and 10 then 'morning' else 'night' end, "
        "sum(order_revenue + order_refunds) / count(*) as value from marts.fct_orders "
        "where is_sale group by 1, 2",
    ),
    "order_margin_share": (
        ["branch__currency", "part__channel", "part__day_part"],
        "select currency, channel, case when local_hour between 11 and 14 then 'lunch' "
        "when local_hour between 15 and 16 then 'afternoon' when local_hour between 17 and 21 "
        "then 'dinner' when local_hour between 5 and 10 then 'morning' else 'night' end, "
        "1 - sum(cost) / sum(gross_revenue - discount_amount) filter (where cost is not null) "
        "as value from marts.fct_orders left join (select order_key, "
        "sum(till_cost_exact) as cost from marts.fct_order_lines group by 1 "
        "having bool_and(till_cost is not null)) as costs "
        "using (order_key) where is_sale group by 1, 2, 3",
    ),
    "orders": (
        ["branch__region"],
        "select case when country_code = 'FR' then 'Europe' when city = 'Quito' "
        "then 'South America' when city = 'Chicago' then 'Midwest' when city = 'New York' "
        "then 'Northeast' else 'West' end, count(*) as value from marts.fct_orders "
        "inner join marts.dim_branches using (branch_id) where is_sale group by 1",
    ),
}
"""One metric of each fact, by what that fact alone carries."""

Key = tuple[Any, ...]
PASSWORD = "a manager's p@ssword"  # noqa: S105 - invented for these tests


@pytest.fixture(scope="module")
def published(published_warehouse: Warehouse) -> Warehouse:
    """The company with refunds, changed prices, a second January, and reviews."""
    return published_warehouse


@pytest.fixture(scope="module")
def layer(published: Warehouse) -> Iterator[Metrics]:
    """The metrics, and what asks for them, as `mypizza metrics` has them."""
    environment = dict(os.environ)
    metrics = Metrics(published)
    yield metrics
    metrics.close()
    os.environ.clear()
    os.environ.update(environment)


def ask(
    layer: Metrics, *metrics: str, group_by: Sequence[str] = (), **more: Any
) -> dict[Key, dict[str, Any]]:
    """Ask for metrics, and return the rows by what they are grouped by."""
    names, answered = layer.ask(Question(metrics, group_by, **more))
    assert sorted(set(names) - set(metrics)) == sorted(group_by)
    rows = [dict(zip(names, row, strict=True)) for row in answered]
    return {tuple(_plain(row[name]) for name in group_by): row for row in rows}


def _plain(value: Any) -> Any:
    return value.date() if hasattr(value, "date") else value


def select(warehouse: Warehouse, text: str, *parameters: Any) -> list[dict[str, Any]]:
    with warehouse.connect() as connection:
        cursor = connection.cursor(row_factory=dict_row)
        return cursor.execute(text.encode(), parameters or None).fetchall()


def by_sql(warehouse: Warehouse, cut: str) -> dict[Key, dict[str, Any]]:
    """Every metric in SQL, by a cut."""
    count = cut.count(", ") - cut.count("', ") + 1
    metrics = ", ".join(f"{text} as {name}" for name, text in EXPECTED.items())
    places = ", ".join(str(place + 1) for place in range(count))
    rows = select(warehouse, f"select {cut}, {metrics} {FACTS} group by {places}")
    return {tuple(row.values())[:count]: row for row in rows}


@pytest.fixture(scope="module")
def expected(published: Warehouse) -> dict[str, dict[Key, dict[str, Any]]]:
    """What SQL says of every metric, by every cut, and by day for what is rolling."""
    cuts = {name: cut for name, (_, cut) in CUTS.items()} | {
        "day": "b.currency, business_date",
        "branch and day": "branch_id, business_date",
    }
    return {name: by_sql(published, cut) for name, cut in cuts.items()}


def same(value: Any, wanted: Any, rel: float = 1e-9) -> bool:
    """Say whether two figures are equal, or both unknown."""
    if value is None or wanted is None:
        return value is wanted
    return bool(float(value) == pytest.approx(float(wanted), rel=rel, abs=1e-9))


def declared(layer: Metrics) -> set[str]:
    return {metric.name for metric in layer.semantic_manifest.metrics}


def test_every_metric_is_compared_with_sql(layer: Metrics) -> None:
    assert declared(layer) == {*EXPECTED, *GROWTH, *ROLLING, "stock_quantity"}


def test_every_tile_of_the_report_is_a_metric(layer: Metrics) -> None:
    assert {tile.name for tile in PAGE.tiles} <= declared(layer)


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("metric", EXPECTED)
def test_a_metric_equals_the_facts(
    layer: Metrics, expected: dict[str, Any], metric: str, cut: str
) -> None:
    rows = ask(layer, metric, group_by=CUTS[cut][0])
    # where there is nothing, MetricFlow has no row
    wanted = {key: row[metric] for key, row in expected[cut].items() if row[metric]}
    # the sample's tills give back by payments alone
    assert wanted or metric in ("returned_amount", "product_refunds")
    # the amounts of products are rounded to the cent, each by itself
    rel = 1e-4 if metric.startswith(("menu_", "product_", "till_")) else 1e-9
    for key in wanted.keys() | rows.keys():
        value = rows[key][metric] if key in rows else None
        assert same(value or None, wanted.get(key), rel), (key, value, wanted.get(key))


def year_before(day: date) -> date:
    """Return the same day a year before; that of 29 February is the 28th."""
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


@pytest.mark.parametrize("cut", ["branch and month", "day"])
@pytest.mark.parametrize("metric", GROWTH)
def test_a_growth_compares_the_branches_and_days_of_both_years(
    layer: Metrics, expected: dict[str, Any], metric: str, cut: str
) -> None:
    base, side = GROWTH[metric]
    rows = {key: row for key, row in expected["branch and day"].items() if key[1]}
    # a post may come before a branch's first sale
    first = {
        branch: min(day for other, day in rows if other == branch and rows[branch, day]["orders"])
        for branch in {branch for branch, _ in rows}
    }
    facts = {key: row[base] or 0 for key, row in rows.items() if key[1] >= first[key[0]]}
    sums: dict[Key, list[Decimal]] = {}
    for branch, now in facts:
        # a new branch, a day to come and 29 February have no such day
        before = (branch, year_before(now))
        if before in facts and (now.month, now.day) != (2, 29):
            group = (branch, now.replace(day=1)) if cut == "branch and month" else ("USD", now)
            both = sums.setdefault(group, [Decimal(0), Decimal(0)])
            both[0] += facts[branch, now]
            both[1] += facts[before]
    assert len(sums) >= 5
    assert ("new_york", date(2016, 2, 1)) in sums or cut == "day", "a month in progress"
    assert not {branch for branch, _ in sums} & {"quito", "lyon"}
    answers = ask(layer, metric, group_by=GROWN_BY[cut])
    assert sums.keys() == answers.keys()
    for key, (this, that) in sums.items():
        wanted = {"now": this, "before": that, "growth": this / that - 1}[side]
        assert same(answers[key][metric], wanted), key


@pytest.mark.parametrize("cut", ["day", "branch and day"])
@pytest.mark.parametrize("metric", ROLLING)
def test_a_rolling_sum_is_that_of_the_days_before(
    layer: Metrics, expected: dict[str, Any], metric: str, cut: str
) -> None:
    base, days = ROLLING[metric]
    facts = {key: row[base] for key, row in expected[cut].items()}
    rows = ask(layer, metric, group_by=GROWN_BY[cut])
    sold = {key for key, value in facts.items() if value}
    assert len(sold) > 300
    assert sold <= rows.keys()
    for scope, day in rows:
        wanted = sum(
            facts.get((scope, day - timedelta(days=before)), Decimal(0)) for before in range(days)
        )
        assert same(rows[scope, day][metric] or 0, wanted), (scope, day)


@pytest.fixture(scope="module")
def report(published: Warehouse) -> dict[str, list[dict[str, Any]]]:
    """The rows of every query of the report."""
    return {name: select(published, text) for name, text in statements().items()}


@pytest.mark.parametrize(
    ("query", "scope", "period"),
    [
        (query, scope, period)
        for query in REPORT
        for scope, period in SETTINGS
        # the menu's metrics are by month
        if query != "products" or not period.startswith("last")
    ],
)
def test_a_metric_equals_the_report(
    layer: Metrics, report: dict[str, Any], query: str, scope: str, period: str
) -> None:
    grouped, keys = REPORT[query]
    rows = [
        row
        for row in report[query]
        if row["scope_id"] == scope
        and row.get("period_id", period) == period
        and row.get("basis", "period") in {"period", "previous"}
        and (query != "figures" or row["basis"] == "period")
        and row.get("grain", "day") == "day"
    ]
    assert rows
    currency = next(row["currency"] for row in report["scopes"] if row["scope_id"] == scope)
    (days,) = (
        row
        for row in report["periods"]
        if (row["currency"], row["period_id"]) == (currency, period)
    )
    first = min(row["month_start"] for row in rows) if query == "months" else days["first_date"]
    last = max(row["last_date"] for row in report["periods"] if row["currency"] == currency)
    columns = MENU if query == "products" else {name: name for name in rows[0]}
    columns = {column: name for column, name in columns.items() if name in declared(layer)}
    assert columns
    chosen = (
        "{{ Dimension('branch__currency') }}" if scope == currency else "{{ Entity('branch') }}"
    )
    figures = ask(
        layer,
        *columns.values(),
        group_by=grouped,
        where=[f"{chosen} = '{scope}'"],
        first=datetime.combine(first, time()),
        last=datetime.combine(last if query == "months" else days["last_date"], time()),
    )
    wanted: dict[Key, dict[str, Any]] = {}
    for row in rows:
        group = wanted.setdefault(tuple(row[key] for key in keys), {})
        for column, name in columns.items():
            # a category has the sum of its products; else there is one row
            known = [value for value in (group.get(name), row[column]) if value is not None]
            group[name] = sum(known) if known else None
    nothing = dict.fromkeys(columns.values())
    for key in wanted.keys() | figures.keys():
        for name, value in wanted.get(key, nothing).items():
            shown = figures.get(key, nothing)[name]
            # rounded to the cent: the menu's amounts, each by itself, and a period's stock
            is_rounded = query == "products" or name.startswith(("recipe_", "waste"))
            rel = 1e-3 if is_rounded else 1e-9
            assert same(shown or 0, value or 0, rel), (key, name, shown, value)


@pytest.mark.parametrize("metric", FINE)
def test_a_metric_can_be_cut_by_what_its_fact_carries(
    layer: Metrics, published: Warehouse, metric: str
) -> None:
    grouped, text = FINE[metric]
    wanted = {tuple(row.values())[:-1]: row["value"] for row in select(published, text)}
    assert len(wanted) > 2
    rows = ask(layer, metric, group_by=grouped)
    assert rows.keys() == wanted.keys()
    for key, value in wanted.items():
        assert same(rows[key][metric], value), key


def test_saved_queries_answer_and_keep_currencies_apart(layer: Metrics) -> None:
    saved = layer.semantic_manifest.saved_queries
    assert len(saved) == 6
    for each in saved:
        # one that mixed them would be refused
        _, rows = layer.ask(Question(saved_query=each.name))
        assert len(rows) > 2, each.name


def test_money_of_two_currencies_is_never_added(layer: Metrics) -> None:
    made_of_money = {
        name
        for name in declared(layer)
        if re.search(
            r"revenue|refunds|refunded|amount|compensation|cost|waste|margin",
            EXPECTED.get(({**GROWTH, **ROLLING}.get(name) or (name, ""))[0], ""),
        )
    }
    assert set(layer.money()) == made_of_money
    with pytest.raises(WarehouseError, match="net_revenue: money of 2 currencies"):
        layer.refuse_mixed_currencies(["NET_REVENUE", "orders"], ["branch__city"], [])
    both = "{{ Dimension('branch__currency') }} is not null"
    with pytest.raises(WarehouseError, match="net_revenue: money of 2 currencies"):
        layer.refuse_mixed_currencies(["net_revenue"], [], [both])
    for more in ("currency = 'EUR' or currency = 'USD'", "not currency = 'EUR'"):
        with pytest.raises(WarehouseError, match="net_revenue: money of 2 currencies"):
            layer.sql(Question(["net_revenue"], where=[more]))
    layer.refuse_mixed_currencies(["orders"], [], [])
    layer.refuse_mixed_currencies(["net_revenue"], ["branch__currency"], [])
    layer.refuse_mixed_currencies(
        ["net_revenue"], [], ["{{ Dimension('branch__currency') }} = 'EUR'"]
    )


def test_metrics_are_asked_for_on_the_command_line_without_the_network(
    published: Warehouse, tmp_path: Path
) -> None:
    assert published.embedded
    nobody = socket.create_server(("127.0.0.1", 0))
    nobody.setblocking(False)
    address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    # a folder apart for what a library may have remembered from another day
    proxies = {"HTTPS_PROXY": address, "HTTP_PROXY": address, "TMPDIR": str(tmp_path)}
    question = ("metrics", "query", "--metrics", "net_revenue,orders", "--end-time", "2015-12-31")
    table = mypizza(*question, "--group-by", "currency", environment=proxies).stdout
    assert table.splitlines()[2:] == ["USD                 817860.05   21350"]
    refused = mypizza(*question, expect=1).stderr
    assert "net_revenue: money of 2 currencies cannot be added" in refused
    assert "returning_share" in mypizza("metrics", "list", environment=proxies).stdout
    assert "order__channel" in mypizza("metrics", "list", "dimensions", "--metrics", "units").stdout
    with pytest.raises(BlockingIOError):
        nobody.accept()
    nobody.close()


def test_plain_names_stand_for_the_only_dimension_of_that_name(layer: Metrics) -> None:
    names = layer.names(["ORDERS", "net_revenue"])
    assert names.metrics == ["orders", "net_revenue"]
    assert [names.group_by(name) for name in ("channel", "Currency", "month", "branch")] == [
        "order__channel", "branch__currency", "metric_time__month", "branch"
    ]  # fmt: skip
    assert names.order("-net_revenue") == "-net_revenue"
    assert names.order("-channel") == "-order__channel"
    assert names.where("currency = 'it''s a month' and month >= '2016-01-01'") == (
        "{{ Dimension('branch__currency') }} = 'it''s a month' "
        "and {{ TimeDimension('metric_time', 'month') }} >= '2016-01-01'"
    )
    # months and others as they print
    for plain, grain, full in (
        ("month = '2016-01'", "month", "= '2016-01-01'"),
        ("month in ('2015-12', '2016-01-01')", "month", "in ('2015-12-01', '2016-01-01')"),
        ("quarter between '2015-q4' and '2016-Q1'", "quarter",
            "between '2015-10-01' and '2016-01-01'"),
        ("year <> 2015", "year", "<> '2015-01-01'"),
        ("week >= date '2016-01-04'", "week", ">= '2016-01-04'"),
        ("day = '2016-02-29'", "day", "= '2016-02-29'"),
    ):  # fmt: skip
        time_dimension = f"{{{{ TimeDimension('metric_time', '{grain}') }}}}"
        assert names.where(plain) == f"{time_dimension} {full}"
    assert names.where("{{ Dimension('city') }} like 'C%'") == (
        "{{ Dimension('branch__city') }} like 'C%'"
    )
    chicago = layer.ask(Question(["orders"], where=["branch = 'chicago' and channel <> 'app'"]))
    assert chicago == layer.ask(
        Question(
            ["orders"],
            where=[
                "{{ Entity('branch') }} = 'chicago'",
                "{{ Dimension('order__channel') }} <> 'app'",
            ],
        )
    )


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (
            Question(["tax"]),
            "There is no metric tax; there are tax_due, tax_amount, taxable_net, tax_refunded, ",
        ),
        (
            Question(["orders"], ["channels"]),
            "orders: no dimension channels; there are order__channel, ",
        ),
        (
            Question(["known_guest_share", "average_order", "units_per_order"], ["channel"]),
            "These metrics have no channel in common (known_guest_share: part__channel; "
            "average_order, units_per_order: order__channel); ask for each by itself, or group all "
            "by one of branch, branch__",
        ),
        (
            Question(["tickets"], ["channel"]),
            "channel is more than one dimension of tickets: write order__channel or ",
        ),
        (Question(["orders"], where=["town = 'Quito'"]), "orders: no dimension town; there are "),
        (
            Question(["net_revenue"], where=["branch = 'nope'"]),
            "No branch is called nope; there are ",
        ),
        (
            Question(["orders"], ["month"], ["channel in ('nope', 'app')", "city = 'Rome'"]),
            "No order channel is called nope; there are ",
        ),
        (
            Question(["orders"], where=["month = '2016-01-15'"]),
            "'2016-01-15' is no month: write '2016-02'; correct --where.",
        ),
        (Question(["orders"], where=["week > '2016'"]), "'2016' is no week: write its Monday, "),
        (Question(["orders"], where=["day = '2016-02-30'"]), "'2016-02-30' is no day: write "),
        (Question(["orders"], where=["city ="]), "The warehouse cannot answer this: syntax error"),
        (
            Question(["guests_year_over_year"]),
            "There is no metric guests_year_over_year; there are ",
        ),
        (
            Question(saved_query="taxes"),
            "There is no saved query taxes: there are accounts_by_month",
        ),
        (Question(), "Say what to ask for: --metrics, or --saved-query."),
        (Question(["orders"], saved_query="accounts_by_month"), "A saved query has its own "),
        (
            Question(["orders"], first=datetime(2016, 1, 2), last=datetime(2016, 1, 1)),
            "--start-time is after --end-time",
        ),
        (
            Question(["menu_units"], last=datetime(2015, 12, 15)),
            "--end-time 2015-12-15 cuts a month, and menu_units can only be had by month: "
            "give the last day of one, 2015-12-31.",
        ),
        (
            Question(["menu_units"], ["year"], first=datetime(2015, 12, 15)),
            "--start-time 2015-12-15 cuts a month, and menu_units can only be had by month: "
            "give the first day of one, 2015-12-01.",
        ),
    ],
)
def test_a_wrong_name_is_answered_with_what_there_is(
    layer: Metrics, question: Question, said: str
) -> None:
    with pytest.raises(WarehouseError) as refused:
        layer.ask(question)
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)


def test_months_and_amounts_are_written_as_people_write_them(layer: Metrics) -> None:
    question = Question(["net_revenue", "orders", "refund_share"], ["month", "currency"])
    names, rows = layer.ask(question)
    by_month = {tuple(row[:2]): row for row in written(layer, question, names, rows, None)}
    assert by_month["2015-03", "USD"][2:] == ["70397.10", "1840", "0.0000"]
    # as if the euro had three places, and the dollar none
    layer.currencies |= {"EUR": ("EUR", 3), "USD": ("USD", 0)}
    try:
        places = {
            row[1]: row[2].partition(".")[2] for row in written(layer, question, names, rows, None)
        }
        assert {currency: len(part) for currency, part in places.items()} == {"EUR": 3, "USD": 0}
    finally:
        layer.currencies |= {"EUR": ("EUR", 2), "USD": ("USD", 2)}
    for grain, text in {"quarter": "2015-Q1", "year": "2015", "week": "2014-12-29"}.items():
        asked = Question(["orders"], [grain], order=[grain], limit=1)
        assert written(layer, asked, *layer.ask(asked), None)[0][0] == text


def test_a_period_is_cut_where_the_question_begins_or_ends_within_it(layer: Metrics) -> None:
    first, last = datetime(2015, 10, 7), datetime(2015, 12, 15)
    metrics, dollars = ["net_revenue", "orders", "guests", "recipe_cost_share"], "currency = 'USD'"
    for grain, (start, end) in {
        "month": (datetime(2015, 12, 1), last),
        "week": (datetime(2015, 10, 7), datetime(2015, 10, 11)),
        "quarter": (first, last),
    }.items():
        question = Question(metrics, [grain], [dollars], first=first, last=last)
        names, rows = layer.ask(question)
        (whole,) = layer.ask(Question(metrics, [], [dollars], first=start, last=end))[1]
        assert [row[1:] for row in rows if row[1:] == whole], (grain, rows, whole)
        said = states(layer, question, names, rows)
        assert {said[0], said[-1]} == {"in part"}
        assert {*said[1:-1]} <= {"complete"}
    # a sum of the days before reaches back beyond the first day
    rolling = ["net_revenue_7_days"]
    (alone,) = layer.ask(Question(rolling, ["day"], [dollars], first=last, last=last))[1]
    asked = Question(rolling, ["day"], [dollars], first=first, last=last)
    assert alone in layer.ask(asked)[1]


def test_a_rate_has_all_its_places_and_a_month_in_progress_says_so(
    layer: Metrics, tmp_path: Path
) -> None:
    question = Question(["tax_due"], ["month", "tax_rate"], ["currency = 'USD'"])
    names, rows = layer.ask(question)
    lines = written(layer, question, names, rows, None)
    # that of New York; and --decimals is about the metrics
    assert {line[1] for line in lines} >= {"0.08875", "0.12"}
    assert "0.08875" in {line[1] for line in written(layer, question, names, rows, 2)}
    said = dict(zip([line[0] for line in lines], states(layer, question, names, rows), strict=True))
    assert (said["2015-12"], said["2016-02"]) == ("complete", "so far")
    for grain, value in {"year": "so far", "quarter": "so far", "day": "complete"}.items():
        asked = Question(["orders"], [grain], ["currency = 'USD'"], [f"-{grain}"], limit=1)
        assert states(layer, asked, *layer.ask(asked)) == [value]
    assert states(layer, asked, ["branch", "orders"], [("chicago", 1)]) == []
    # a file has what the table shows, and the state in a column of its own
    asks = [*("metrics", "query", "--metrics", "net_revenue", "--group-by", "month")]
    asks += ["--where", "currency = 'USD'"]
    file = tmp_path / "months.csv"
    mypizza(*asks, "--csv", str(file))
    head, *found = [line.split(",") for line in file.read_text("utf-8").splitlines()]
    assert head == ["metric_time__month", "net_revenue", "state"]
    assert found[-1][0::2] == ["2016-02", "so far"]
    assert ["2015-03", "70397.10", "complete"] in found
    assert {
        line.split()[0] for line in mypizza(*asks).stdout.splitlines() if "(so far)" in line
    } == {"2016-02"}


def test_a_question_needs_no_dbt_until_the_project_changes(published: Warehouse) -> None:
    assert published.embedded
    question = ("metrics", "query", "--metrics", "orders", "--group-by", "branch")
    first = mypizza(*question).stdout
    program = (
        "import sys; sys.argv[1:] = sys.argv[1:]; from ingest.cli.app import run\n"
        "try: run()\nfinally: print(sorted({'dbt', 'dlt'} & set(sys.modules)))"
    )
    said = subprocess.run(
        [sys.executable, "-c", program, *question], capture_output=True, text=True, check=True
    ).stdout
    assert said == f"{first}[]\n"


def test_reviews_that_the_newest_dump_has_no_more_are_deleted(published: Warehouse) -> None:
    dumps = sorted((files.folder() / "reviews").glob("*/guest_reviews.bson.gz"))
    branches: list[dict[Any, str]] = []
    for file in (dumps[0], dumps[-1]):
        documents = bson.decode_all(gzip.decompress(file.read_bytes()))
        branches.append({each["_id"]: each["branch"]["id"] for each in documents})
    gone = branches[0].keys() - branches[1].keys()
    rows = select(
        published,
        "select branch_id, sum(deleted_reviews)::integer as deleted from marts.rpt_review_months"
        " group by 1 having sum(deleted_reviews) > 0",
    )
    assert len(gone) > 1
    assert {row["branch_id"]: row["deleted"] for row in rows} == Counter(
        branches[0][each] for each in gone
    )


def test_a_manager_asks_for_the_own_branch_alone(published: Warehouse) -> None:
    password = warehouse_module.read_connection().admin_password
    with replace(published, user="postgres", password=password).connect() as connection:
        connection.execute(
            sql.SQL("create role boss login password {} in role manager_chicago").format(
                sql.Literal(PASSWORD)
            )
        )
    manager = {"PGUSER": "boss", "PGPASSWORD": PASSWORD, "MYPIZZA_EMBEDDED": ""}
    # nothing but dollars can be seen, so nothing has to be kept apart
    table = mypizza(
        "metrics", "query", "--metrics", "net_revenue,orders", "--group-by", "branch",
        environment=manager,
    ).stdout  # fmt: skip
    assert [line.split()[0] for line in table.splitlines()[2:]] == ["chicago"]


def test_a_warehouse_without_a_publication_says_so(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("empty")
    try:
        said = mypizza("metrics", "list", folder=folder, expect=1)
        assert said.stderr.startswith("There are no metrics yet")
    finally:
        mypizza("down", folder=folder)
