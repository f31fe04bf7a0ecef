"""The questions of the docs and of the models: every query answers, and equals SQL on the facts."""

from __future__ import annotations

import re
import shlex
from decimal import Decimal
from typing import Any

import pytest

from ingest.warehouse import PROJECT_DIR, Warehouse
from tests.python.commands import mypizza
from tests.python.test_docs import OF_A_YEAR, QUESTION

PAGE = (PROJECT_DIR / "docs" / "dbt" / "questions.md").read_text(encoding="utf-8")
QUESTIONS = {
    title: (language, query, answer)
    for title, language, query, answer in re.findall(
        r"^### ([^\n]+\?)\n.*?^```(bash|sql)\n(.*?)^```\n\n> ([^\n]+)\n",
        PAGE,
        re.MULTILINE | re.DOTALL,
    )
}

YEAR = "business_date between '2015-01-01' and '2015-12-31'"
DECEMBER = "business_date between '2015-12-01' and '2015-12-31'"
DOLLARS = "branch_id in (select branch_id from marts.dim_branches where currency = 'USD')"
PART = (
    "case when local_hour between 5 and 10 then 'morning' when local_hour < 15 and local_hour > 4 "
    "then 'lunch' when local_hour in (15, 16) then 'afternoon' when local_hour between 17 and 21 "
    "then 'dinner' else 'night' end"
)
WAITED = (
    "(array['a: up to 15 minutes', 'b: up to an hour', 'c: up to 4 hours', 'd: longer'])"
    "[1 + (first_response_minutes > 15)::int + (first_response_minutes > 60)::int "
    "+ (first_response_minutes > 240)::int]"
)

# by the facts, not by the marts and metrics that the page asks
EXPECTED = {
    "Which branch makes the most of its seats?": f"""
        select branch_id, orders::numeric / seats / days
        from (select branch_id, count(*) as orders from marts.fct_orders where is_sale and {YEAR}
            group by 1) as sold
        inner join (select branch_id, count(*) as days from marts.rpt_branch_days where {YEAR}
            group by 1) as traded using (branch_id)
        inner join marts.dim_branches using (branch_id)""",
    "How do regions compare?": f"""
        select case city when 'Chicago' then 'Midwest' when 'New York' then 'Northeast'
            when 'Quito' then 'South America' else 'West' end, currency,
            sum(net_revenue), sum(orders)
        from marts.rpt_branch_days inner join marts.dim_branches using (branch_id, currency)
        where {YEAR} group by 1, 2""",
    "In which part of the day do we sell most?": f"""
        select {PART}, sum(gross_revenue - discount_amount), count(*)
        from marts.fct_orders where is_sale and {DOLLARS} and {YEAR} group by 1""",
    "What does each channel earn?": f"""
        select channel, 1 - sum(cost) / sum(gross_revenue - discount_amount),
            sum(gross_revenue - discount_amount - cost)
        from marts.fct_orders inner join (
            select order_key, sum(till_cost) as cost from marts.fct_order_lines
            group by 1 having bool_and(till_cost is not null)) as costs using (order_key)
        where is_sale and {DOLLARS} and {YEAR} group by 1""",
    "What do complaints cost?": f"""
        select branch_id, coalesce(sum(given), 0) + sum(order_refunds), coalesce(sum(given), 0)
        from marts.fct_orders left join (
            select order_key, sum(compensation_amount) as given from marts.fct_support_tickets
            where is_complaint group by 1) as tickets using (order_key)
        where is_sale and {DOLLARS} and {YEAR} group by 1""",
    "On which weekday is lunch busiest?": f"""
        select 'lunch', to_char(business_date, 'FMDay'), count(*) from marts.fct_orders
        where is_sale and branch_id = 'chicago' and local_hour between 11 and 14 and {YEAR}
        group by 2""",
    "How large are baskets, by channel?": f"""
        select channel, sum(unit_count) / count(*), sum(gross_revenue - discount_amount) / count(*)
        from marts.fct_orders where is_sale and branch_id = 'chicago' and {YEAR} group by 1""",
    "How much did guests tip, as a share of what they paid?": f"""
        select branch_id, sum(tip_amount), sum(tip_amount) / sum(amount)
        from marts.fct_payments
        where branch_id = 'chicago' and payment_type = 'sale' and {DECEMBER} group by 1""",
    "Which share of orders comes from guests we know?": f"""
        select branch_id, count(customer_key)::numeric / count(*)
        from marts.fct_orders where is_sale and {YEAR} group by 1""",
    "Where do people order one item alone?": f"""
        select channel, avg(case when unit_count = 1 then 1.0 else 0 end)
        from marts.fct_orders where is_sale and {YEAR} group by 1""",
    "How many guests come again?": f"""
        select branch_id,
            count(distinct customer_key) filter (where business_date > first_date)::numeric
            / count(distinct customer_key), count(distinct customer_key)
        from (select *, min(business_date) over (partition by customer_key) as first_date
            from marts.fct_orders where is_sale and customer_key is not null) as visits
        where {YEAR} group by 1""",
    "Which campaign brings orders?": f"""
        select coalesce(campaign, ''), currency, avg(is_converted::int),
            sum(order_revenue_exact) / count(*)
        from marts.fct_web_sessions inner join marts.dim_branches using (branch_id)
        where not is_bot and {YEAR} group by 1, 2""",
    "How did a new product do in its first weeks?": """
        select branch_id, (business_date - first_date) / 7 as week, sum(quantity)
        from (select l.*, min(business_date) over (partition by branch_id) as first_date
            from (select l.branch_id, l.business_date, l.quantity from marts.fct_order_lines as l
                inner join marts.dim_products using (product_key)
                where product_name = 'The Winter Squash Pizza') as l) as sold
        where business_date < first_date + 28 group by 1, 2""",
    "Of which ingredients does most go missing?": f"""
        select ingredient_name, max(k.unit), sum(expected_quantity - counted_quantity)
        from marts.fct_stock_days as k inner join marts.dim_ingredients using (ingredient_id)
        where branch_id = 'chicago' and {YEAR} group by 1 order by 3 desc limit 5""",
    "How much of the food is lost, and what is that worth?": f"""
        select branch_id, sum(variance_amount_exact)
            / sum(consumed_amount_exact) filter (where is_counted), sum(variance_amount_exact)
        from (select *, business_date > min(business_date)
                filter (where counted_quantity is not null) over item as is_counted
            from marts.fct_stock_days window item as (partition by branch_id, ingredient_id)) as k
        where {YEAR} group by 1""",
    "How much mozzarella do the recipes take in a month?": f"""
        select to_char(business_date, 'YYYY-MM'), 'Mozzarella', 'kg', sum(consumed_quantity)
        from marts.fct_stock_days
        where branch_id = 'chicago' and ingredient_id = 'mozzarella' and {YEAR} group by 1""",
    "Are guests content who wait long for an answer?": f"""
        select {WAITED}, count(*) filter (where is_complaint),
            count(*) filter (where satisfaction = 'good')::numeric / count(satisfaction)
        from marts.fct_support_tickets where {YEAR} and first_response_minutes is not null
        group by 1""",
    "How much tax is due in each country for a month?": f"""
        select trim_scale(tax_rate), country_code, b.currency,
            sum(taxable_amount_exact - taxable_refunded_exact),
            sum(tax_amount_exact - tax_refunded_exact)
        from marts.fct_order_taxes inner join marts.dim_branches as b using (branch_id)
        where {DECEMBER} group by 1, 2, 3""",
    "How do guests pay, and what is paid back?": f"""
        select payment_method, sum(greatest(amount, 0)),
            sum(greatest(-amount, 0)), sum(amount)
        from marts.fct_payments where {DOLLARS} and {DECEMBER} group by 1""",
    "How much cash goes to the bank?": f"""
        select branch_id, sum(amount) from marts.fct_payments
        where payment_method = 'cash' and {DOLLARS} and {DECEMBER} group by 1""",
}
"""Each question in SQL on the facts: the same columns, in any order of the rows."""


def answer(warehouse: Warehouse, title: str) -> list[list[str]]:
    """Ask the page's query as a reader of the page does, and return the cells as they are shown."""
    language, query, _ = QUESTIONS[title]
    if language == "sql":
        with warehouse.connect(role="reader") as connection:
            rows = connection.execute(query.encode()).fetchall()
        return [[str(cell) for cell in row] for row in rows]
    program, *arguments = shlex.split(query.replace("\\\n", " "))
    assert program == "mypizza"
    _, dashes, *lines = mypizza(*arguments).stdout.splitlines()
    columns = [match.span() for match in re.finditer("-+", dashes)]
    return [[line[first:last].strip() for first, last in columns] for line in lines]


def same(shown: str, wanted: Any) -> bool:
    """Say whether a cell shows a value, as exactly as it is written."""
    if not isinstance(wanted, Decimal | int | float):
        return shown == str(wanted)
    places = len(shown.partition(".")[2])
    return bool(abs(float(shown) - float(wanted)) <= 0.5 * 10**-places + 1e-9)


def test_every_question_of_the_page_has_its_sql() -> None:
    assert QUESTIONS.keys() == EXPECTED.keys()
    assert PAGE.count("### ") == len(QUESTIONS) >= 20


@pytest.mark.parametrize("title", EXPECTED)
def test_the_answer_to_a_question_equals_the_facts(
    published_warehouse: Warehouse, title: str
) -> None:
    rows = answer(published_warehouse, title)
    with published_warehouse.connect() as connection:
        expected = connection.execute(EXPECTED[title].encode()).fetchall()
    printed = [" ".join(" ".join(row).split()) for row in rows]
    # what asks for the highest shows it
    asks_for_one = re.match("(Which (branch|campaign)|(In|On) which|Of which|Where) ", title)
    assert QUESTIONS[title][2] in printed[: 1 if asks_for_one else None]
    assert len(rows) == len(expected) > 0
    unmatched = [
        row
        for row in rows
        if not any(
            all(same(*pair) for pair in zip(row, wanted, strict=True)) for wanted in expected
        )
    ]
    assert unmatched == [], expected


@pytest.mark.parametrize("relation", sorted(OF_A_YEAR))
def test_a_question_about_a_long_time_finds_an_answer(
    published_warehouse: Warehouse, relation: str
) -> None:
    with published_warehouse.connect(role="reader") as connection:
        ((comment,),) = connection.execute(
            "select obj_description(to_regclass(%s))", [relation]
        ).fetchall()
        (statement,) = QUESTION.findall(comment)
        assert connection.execute(statement).fetchall()


def test_the_queries_to_begin_with_find_an_answer_and_add_no_two_currencies(
    published_warehouse: Warehouse,
) -> None:
    page = (PROJECT_DIR / "docs" / "dbt" / "overview.md").read_text()
    statements = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    assert len(statements) >= 4
    with published_warehouse.connect(role="reader") as connection:
        for statement in statements:
            cursor = connection.execute(statement)
            assert cursor.fetchall(), statement
            names = {column.name for column in cursor.description or ()}
            one_branch = "branch_id = '" in statement
            assert "currency" in names or "share" not in names, statement
            assert "currency" in names or "net_revenue" not in names or one_branch, statement
