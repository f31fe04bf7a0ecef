"""Exports as the button writes them: each kind comes in by a small declaration and one model.

All of them are the branches of one company, which has exports only and is built once.
"""

from __future__ import annotations

import os
import re
import shutil
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from ingest.warehouse import Warehouse
from tests.python.commands import copy_project, mypizza, query

FOLDER = Path(__file__).with_name("exports")
REPORT = Path(__file__).parents[2] / "report" / "queries"
OTHER_KINDS = Path(__file__).parents[2] / "docs" / "how-to" / "add-files.md"
DAY, NEXT = date(2026, 11, 24), date(2026, 11, 25)
BRANCHES = {
    "cafe": "Europe/London,EUR", "deli": "Europe/London,EUR", "north": "Europe/London,EUR",
    "south": "Europe/London,EUR", "west": "Europe/London,EUR", "seoul": "Asia/Seoul,KRW",
    "bakery": "Europe/Berlin,EUR", "pub": "Europe/London,EUR", "tea": "Europe/London,EUR",
    "wrapped": "Europe/London,EUR", "web": "Europe/Berlin,EUR", "berlin": "Europe/Berlin,EUR",
    "club": "Europe/London,EUR", "york": "America/New_York,USD", "diner": "America/New_York,EUR",
    # those whose branches are corrected
    "bar": "Europe/London,EUR", "kiosk": "Europe/London,EUR", "stand": "Europe/London,EUR",
}  # fmt: skip

Rows = list[tuple[Any, ...]]


def blocks(language: str) -> list[str]:
    """The blocks of a language on the page on files of other kinds."""
    return re.findall(rf"```{language}\n(.*?)```", OTHER_KINDS.read_text("utf-8"), re.DOTALL)


def add_other_kinds(project: Path) -> None:
    """Follow the steps of that page."""
    entries, listed = blocks("yaml")
    staging = project / "models" / "staging" / "files"
    page = staging / "_files__sources.yml"
    page.write_text(f"{page.read_text('utf-8').rstrip()}\n\n{entries}", "utf-8")
    names = re.findall(r"^`(base_files__\w+\.sql)`:$", OTHER_KINDS.read_text("utf-8"), re.M)
    for name, model in zip(names, blocks("sql"), strict=True):
        (staging / "base" / name).write_text(model, "utf-8")
    file = project / "dbt_project.yml"
    text, changed = re.subn(
        r"(?m)(^        stock_counts:.*\n)(        \w+: .*, feeds: .*\n){4}",
        listed,
        file.read_text("utf-8"),
    )
    assert changed == 1
    file.write_text(text, "utf-8")


@pytest.fixture(scope="module")
def project(
    warehouse: Warehouse,  # noqa: ARG001 - an empty one is there before it is asked for
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A company whose tills all export, declared, and run."""
    project = copy_project(tmp_path_factory.mktemp("company"))
    shutil.copytree(FOLDER / "files", project / "files")
    for number, file in enumerate(sorted((project / "files").iterdir())):
        os.utime(file, (1_764_000_000 + number,) * 2)
    text = (FOLDER / "feeds.toml").read_text("utf-8")
    declared = tomlkit.parse("\n".join([text, *blocks("toml")]))
    for feed in declared["sources"]["files"]["feeds"].values():
        feed["url"] = str(project / "files")
    (project / ".dlt" / "config.toml").write_text(tomlkit.dumps(declared), "utf-8")
    (project / ".dlt" / "secrets.toml").unlink(missing_ok=True)
    with (project / "seeds" / "branches.csv").open("a") as seed:
        for branch, place in BRANCHES.items():
            time_zone, currency = place.split(",")
            included = str(branch != "york").lower()
            seed.write(
                f"{branch},{branch},Town,GB,{time_zone},2026-01-01,30,4,{currency},{included}\n"
            )
    staging = project / "models" / "staging" / "exports"
    (staging / "base" / "base_exports__lyon_sales.sql").unlink()
    feeds = [file.stem.removeprefix("base_exports__") for file in FOLDER.glob("*.sql")]
    for feed in feeds:
        model = f"base_exports__{feed}.sql"
        (staging / "base" / model).write_text((FOLDER / model).read_text("utf-8"), "utf-8")
    page = staging / "_exports__sources.yml"
    read = [*feeds, "bon_heads"]  # which the model of bons joins
    tables = "".join(f"      - name: {feed}\n        description: {feed}\n" for feed in read)
    of_club = "config: {meta: {personal: [who, mail, phone], customer: member}}"
    tables = tables.replace("description: club\n", f"description: club\n        {of_club}\n")
    text = re.sub(r"(?ms)^      - name: lyon_sales\n.*?^      - name: _feeds",
                  f"{tables}\n      - name: _feeds", page.read_text("utf-8"))  # fmt: skip
    page.write_text(text, "utf-8")
    file = project / "dbt_project.yml"
    text = file.read_text("utf-8").replace("feeds: [lyon_sales]", f"feeds: [{', '.join(feeds)}]")
    text = re.sub(r"(?ms)^    pos:\n.*?^    # Till", "    # Till", text)
    text = re.sub(r"(?ms)^    social:\n.*?^  # what", "  # what", text)
    file.write_text(text, "utf-8")
    base = staging / "base" / "_exports__base.yml"
    base.write_text(re.sub(r"(?ms)^  - name: base_exports__lyon.*", "", base.read_text("utf-8")))
    add_other_kinds(project)
    ran = mypizza("run", "--no-docs", project=project, expect=None).stdout
    assert "Published" in ran, ran
    return project


@pytest.fixture(scope="module")
def company(project: Path, warehouse: Warehouse) -> Warehouse:
    """The warehouse of the published company."""
    assert project.exists()
    return warehouse


def days(company: Warehouse, *branches: str) -> Rows:
    """What the marts say of the days of branches: orders, units, sold, discounts, back, net."""
    names = "', '".join(branches)
    return query(
        company,
        "select branch_id, business_date, orders, units,"
        " gross_revenue_exact - discount_amount_exact, refund_amount_exact, net_revenue"
        " from marts.rpt_branch_days"
        f" where branch_id in ('{names}') and net_revenue <> 0 order by 1, 2",
    )


def lines(company: Warehouse, branch: str, columns: str) -> Rows:
    """What the marts say of the lines of a branch."""
    return query(
        company,
        f"select {columns} from marts.fct_order_lines as lines"
        " left join marts.fct_orders as orders using (order_key)"
        f" where lines.branch_id = '{branch}' order by order_number, line_number",
    )


def numbers(*values: str) -> tuple[Decimal, ...]:
    return tuple(Decimal(value) for value in values)


def test_lines_that_are_no_records_are_left_out_and_the_total_is_compared(
    company: Warehouse,
) -> None:
    assert days(company, "cafe") == [
        ("cafe", DAY, 3, *numbers("5", "13.95", "0", "13.95")),
    ]
    assert len(lines(company, "cafe", "1")) == 4
    assert query(
        company,
        "select figure, at_till, in_marts, is_equal from marts.rpt_till_figures"
        " where branch_id = 'cafe' order by figure",
    ) == [
        ("paid of the closing", *numbers("13.95", "13.95"), True),
        ("units of the closing", *numbers("5", "5"), True),
    ]
    assert query(
        company,
        "select payment_method, sum(amount) from marts.fct_payments"
        " where branch_id = 'cafe' group by 1 order by 1",
    ) == [("card", Decimal("3.10")), ("cash", Decimal("6.35")), ("voucher", Decimal("4.50"))]


def test_the_amount_of_a_line_leads_and_nothing_is_rounded_in_silence(company: Warehouse) -> None:
    assert days(company, "deli") == [
        ("deli", DAY, 3, *numbers("6.385", "23.39", "6.91", "16.48")),
    ]
    assert lines(
        company,
        "deli",
        "order_number, order_kind, line_kind, description, quantity, lines.gross_revenue_exact,"
        " lines.discount_amount_exact",
    ) == [
        ("deli-10", "return", "return", "Soup", *numbers("-1", "-6.91", "0")),
        ("deli-7", "sale", "sale", "Ham", *numbers("3", "4", "0")),
        ("deli-7", "sale", "sale", "Olives", *numbers("0.385", "7.28", "0")),
        ("deli-7", "sale", "discount", "Coupon", *numbers("1", "0", "2")),
        ("deli-8", "sale", "sale", "Latte", *numbers("2", "9", "1.8")),
        ("deli-9", "sale", "sale", "Soup", *numbers("1", "6.91", "0")),
    ]
    assert query(
        company,
        "select product_name, product_refunds from marts.rpt_product_days"
        " inner join marts.dim_products using (branch_id, product_id)"
        " where branch_id = 'deli' and product_refunds <> 0",
    ) == [("Soup", Decimal("6.91"))]
    assert query(
        company,
        "select distinct payment_method from marts.fct_payments where branch_id = 'deli'",
    ) == [("unknown",)]


def test_the_total_of_a_day_is_after_discounts(company: Warehouse) -> None:
    assert query(
        company,
        "select figure, at_till, in_marts, is_equal, is_proven from marts.rpt_till_figures"
        " inner join marts.rpt_branch_days using (branch_id, business_date)"
        " where branch_id = 'deli'",
    ) == [("sales of the day", *numbers("23.39", "23.39"), True, True)]


def test_one_feed_has_several_branches(company: Warehouse) -> None:
    assert days(company, "north", "south", "west") == [
        ("north", DAY, 2, *numbers("3", "6.25", "0", "6.25")),
        ("south", DAY, 2, *numbers("5", "7.50", "0", "7.50")),
        ("west", DAY, 1, *numbers("1", "3.25", "0", "3.25")),
    ]


def test_a_column_of_each_product_becomes_lines(company: Warehouse) -> None:
    assert days(company, "seoul") == [
        ("seoul", DAY, 3, *numbers("6", "20000", "0", "20000")),
    ]
    assert query(
        company,
        "select description, sum(quantity), max(unit_price) from marts.fct_order_lines"
        " where branch_id = 'seoul' group by 1 order by 2 desc",
    ) == [
        ("소금빵", *numbers("3", "3500")),
        ("단팥빵", *numbers("2", "3500")),
        ("커피", *numbers("1", "2500")),
    ]
    # each order has a total of its own, which no line is made from
    assert query(
        company,
        "select is_proven from marts.rpt_branch_days where branch_id = 'seoul' and orders > 0",
    ) == [(True,)]
    # the file has one, too: it is given on the first of its parts, whose quantities add up
    assert query(
        company,
        "select figure, at_till, in_marts, is_equal from marts.rpt_till_figures"
        " where branch_id = 'seoul' and figure like '%closing' order by figure",
    ) == [
        ("paid of the closing", *numbers("20000", "20000"), True),
        ("units of the closing", *numbers("6", "6"), True),
    ]
    assert query(
        company, "select count(*) from staging.base_exports__lines_read where is_blank"
    ) == [(1,)]


def test_sums_of_days_have_money_and_no_orders(company: Warehouse) -> None:
    assert days(company, "bakery") == [
        ("bakery", DAY, None, None, *numbers("1186.357999", "0", "1186.36")),
        ("bakery", NEXT, None, None, *numbers("999.2", "0", "999.2")),
    ]
    assert (
        query(
            company,
            "select average_order, is_proven from marts.rpt_branch_days where branch_id = 'bakery'"
            " and net_revenue <> 0",
        )
        == [(None, False)] * 2
    )


def test_what_a_sum_of_a_day_does_not_say_is_unknown_and_not_nothing(company: Warehouse) -> None:
    assert query(
        company,
        "select distinct units, recipe_cost from marts.rpt_branch_days"
        " where branch_id = 'bakery' and net_revenue <> 0",
    ) == [(None, None)]
    assert query(
        company,
        "select distinct units, units_share, till_cost, menu_class, product_revenue > 0"
        " from marts.rpt_product_months where branch_id = 'bakery'",
    ) == [(None, None, None, None, True)]
    # its file has no ways of paying: all of it may be cash
    assert query(
        company,
        "select distinct cash_paid_in, cash_to_bank, unknown_amount = taken_amount"
        " from marts.rpt_cash_days inner join marts.rpt_branch_days"
        " using (branch_id, business_date) where branch_id = 'bakery' and taken_amount <> 0",
    ) == [(None, None, True)]


def test_orders_that_are_unknown_are_not_none_in_any_sum(company: Warehouse) -> None:
    assert query(
        company,
        "select distinct orders from marts.rpt_chain_days"
        f" where business_date between '{DAY}' and '{NEXT}'",
    ) == [(None,)]
    figures = (REPORT / "figures.sql").read_text("utf-8")
    known = query(
        company,
        "select scope_id, orders, average_order, units_per_order, complaint_rate"
        f" from ({figures}) as figures where scope_id in ('bakery', 'EUR') and net_revenue > 0"
        " and basis = 'period' and period_id = '2026-11'",
    )
    assert {row[:2] for row in known} == {("EUR", None), ("bakery", None)}
    assert {row[1:] for row in known if row[0] == "bakery"} == {(None, None, None, None)}
    # the ratios are of the branches that know their orders
    right = query(
        company,
        "select period_code, sum(revenue_before_refunds_exact) / nullif(sum(orders), 0),"
        " sum(units) / nullif(sum(orders), 0)"
        " from marts.dim_periods as periods inner join marts.rpt_branch_days as days"
        " on days.currency = periods.currency"
        " and days.business_date between periods.first_date and periods.last_date"
        " where days.currency = 'EUR' and days.orders is not null group by 1 order by 1",
    )
    tiles = query(
        company,
        "select period_id, average_order, units_per_order"
        f" from ({figures}) as figures where scope_id = 'EUR' and basis = 'period' order by 1",
    )
    assert len(tiles) == len(right) > 0
    for tile, (period, average, units) in zip(tiles, right, strict=True):
        assert tile[0] == period
        if average is None:  # a month without a sale
            assert tile[1:] == (None, None)
            continue
        assert abs(tile[1] - average) < Decimal("0.01")
        assert abs(tile[2] - units) < Decimal("0.0001")


def test_dialects_may_differ_and_what_is_no_date_is_refused(company: Warehouse) -> None:
    assert lines(
        company,
        "pub",
        "order_number, lines.business_date, quantity, lines.gross_revenue, local_hour",
    ) == [
        ("pub-5", date(2026, 3, 2), *numbers("1", "5.20"), 19),
        ("pub-5", date(2026, 3, 2), *numbers("2", "2.80"), 19),
        ("pub-7", date(2026, 3, 1), *numbers("1", "5.20"), 0),
    ]
    assert query(
        company,
        "select record_key, reasons[1] from audit.quarantine where branch_id = 'pub' order by 1",
    ) == [
        ("pub:06_mixed.csv:4", "sold_on: '3/2/20266' is no day"),
        ("pub:06_mixed.csv:6", "ticket: is missing"),
        ("pub:06_mixed.csv:7", "article: is missing"),
    ]


@pytest.mark.parametrize("branch", ["tea", "wrapped"])
def test_a_delimiter_too_many_and_lines_that_are_one_value_are_read(
    company: Warehouse, branch: str
) -> None:
    assert days(company, branch) == [
        (branch, DAY, 2, *numbers("4", "8", "0", "8")),
    ]


def test_json_lines_with_an_offset_and_a_return_that_names_its_receipt(company: Warehouse) -> None:
    assert days(company, "web") == [
        ("web", DAY, 1, *numbers("3", "32.5", "9.5", "23")),
    ]
    assert lines(
        company, "web", "order_number, line_kind, description, quantity, lines.gross_revenue"
    ) == [
        ("web-41", "sale", "PZ-1", *numbers("1", "9.5")),
        ("web-41", "sale", "PZ-7", *numbers("2", "23")),
        ("web-42", "return", "PZ-1", *numbers("-1", "-9.5")),
    ]
    assert query(
        company,
        "select sold.quantity, sold.description from marts.fct_order_lines as back"
        " inner join marts.fct_order_lines as sold"
        " on back.returned_order_line_key = sold.order_line_key where back.branch_id = 'web'",
    ) == [(Decimal(1), "PZ-1")]
    assert query(
        company,
        "select record_key, reasons[1] from audit.quarantine where branch_id = 'web' order by 1",
    ) == [("web:09_lines.jsonl:3:1", "sold_on: is missing")]


def test_tax_on_top_of_the_price_is_paid_too_and_given_back(company: Warehouse) -> None:
    """A line that was voided, of a ticket or a ticket of its own, counts nowhere."""
    assert query(
        company,
        "select business_date, net_revenue, tax_amount, tax_refunded, tips_amount, taken_amount"
        " from marts.rpt_branch_days where branch_id = 'york' and net_revenue <> 0 order by 1",
    ) == [
        (DAY, *numbers("232", "18.82", "0", "2", "250.82")),
        (NEXT, *numbers("-212", "0.71", "17.75", "0", "-229.04")),
    ]


def test_a_line_without_an_amount_costs_whole_cents_as_the_guest_paid_them(
    company: Warehouse,
) -> None:
    """0.345 kg at 18.99 are 6.55155. The day is in another file, with the name of its month."""
    assert days(company, "diner") == [
        ("diner", date(2026, 11, 23), 1, *numbers("0.345", "6.55", "0", "6.55")),
        ("diner", DAY, 1, *numbers("0.69", "13.1", "0", "13.1")),
    ]
    assert query(
        company,
        "select order_number, payment_method, amount from marts.fct_payments"
        " inner join marts.fct_orders using (order_key) where fct_payments.branch_id = 'diner'"
        " order by 1",
    ) == [("diner-1", "card", Decimal("6.55")), ("diner-2", "card", Decimal("13.1"))]


def test_bread_without_tax_is_given_back_at_its_own_rate(company: Warehouse) -> None:
    """A tray and bread of one ticket come back the day after: $200 at 8.875 %, $20 at 0 %."""
    assert query(
        company,
        "select business_date, round(100 * tax_rate, 3), taxable_amount, tax_amount,"
        " taxable_refunded, tax_refunded from marts.rpt_tax_days where branch_id = 'york'"
        " order by 1, 2",
    ) == [
        (DAY, *numbers("0", "20", "0", "0", "0")),
        (DAY, *numbers("8.875", "212", "18.82", "0", "0")),
        (NEXT, *numbers("0", "0", "0", "20", "0")),
        (NEXT, *numbers("8.875", "8", "0.71", "200", "17.75")),
    ]
    assert query(
        company,
        "select tax_rate > 0, taxable_net, tax_due, is_complete, late_branches > 0"
        " from marts.rpt_tax_months where currency = 'USD' order by 1",
    ) == [
        (False, *numbers("0", "0"), False, True),
        (True, *numbers("20", "1.78"), False, True),
    ]


def test_a_ticket_that_two_files_hold_is_a_finding(company: Warehouse) -> None:
    assert query(
        company,
        "select business_date, finding, records, amount from marts.rpt_findings"
        " where branch_id = 'york'",
    ) == [  # with the tax on top of the price
        (NEXT, "tickets are in two files: 11_york (1).csv and 11_york.csv", 1, Decimal("4.35"))
    ]


def test_a_branch_without_totals_is_copied_and_not_proven(
    company: Warehouse, project: Path
) -> None:
    assert query(
        company,
        "select distinct branch_id, is_proven from marts.rpt_branch_days"
        " where net_revenue <> 0 and branch_id in ('south', 'tea') order by 1",
    ) == [("south", False), ("tea", False)]
    status = mypizza("status", project=project, expect=None).stdout
    assert re.search(r"tea +copied, not proven", status)


def test_counts_and_deliveries_of_a_dialect_are_in_the_stock(company: Warehouse) -> None:
    assert query(
        company,
        "select business_date, ingredient_id, opening_quantity, delivered_quantity,"
        " counted_quantity, variance_quantity from marts.fct_stock_days"
        " where branch_id = 'berlin' and (counted_quantity is not null or delivered_quantity > 0)"
        " order by 1, 2",
    ) == [
        (date(2026, 11, 23), "flour", None, *numbers("0", "12.5"), None),
        (date(2026, 11, 23), "tomatoes", None, *numbers("0", "1.2505"), None),
        # 12.5 and 25 make 37.5
        (DAY, "flour", *numbers("12.5", "25", "30", "7.5")),
        (DAY, "tomatoes", *numbers("1.2505", "2"), None, None),
    ]
    assert query(
        company,
        "select delivery_id, ingredient_id, quantity, unit_price, amount, best_before_date"
        " from marts.fct_deliveries where branch_id = 'berlin' order by 2",
    ) == [
        ("L-77", "flour", *numbers("25", "1.0916", "27.29"), date(2027, 5, 31)),
        ("L-77", "tomatoes", *numbers("2", "3.1", "6.2"), None),
    ]


def test_posts_tickets_and_reviews_of_a_dialect_are_in_the_marts(company: Warehouse) -> None:
    assert query(
        company,
        "select post_id, matched_by, business_date, posted_at at time zone 'UTC', engagement,"
        " sentiment_class from marts.fct_social_posts where branch_id = 'berlin' order by 1",
    ) == [
        ("beitraege:p1", "branch", DAY, datetime(2026, 11, 24, 17, 5), 1211, "positive"),
        ("beitraege:p2", "branch", date(2026, 11, 23), datetime(2026, 11, 24, 1, 30), 1, None),
    ]
    # the newer file knows more of the first one
    assert query(
        company,
        "select ticket_id, business_date, channel, reason, status, first_response_minutes,"
        " resolution_minutes, compensation_amount, compensation_currency"
        " from marts.fct_support_tickets where branch_id = 'berlin' order by 1",
    ) == [
        ("anfragen:17", date(2026, 11, 23), "mail", "cold", "solved", 45, 1440, Decimal(5), "EUR"),
        ("anfragen:18", date(2026, 11, 23), "phone", "late", "solved", 30, 1440, Decimal("7.5"),
         "EUR"),
        ("anfragen:20", date(2026, 11, 23), "mail", "cold", "open", None, None, None, None),
    ]  # fmt: skip
    assert query(
        company,
        "select review_id, business_date, platform, rating, answer_minutes from marts.fct_reviews"
        " where branch_id = 'berlin' order by 1",
    ) == [
        ("bewertungen:b1", date(2026, 11, 23), "booking", Decimal("4.35"), None),
        ("bewertungen:g1", DAY, "google", Decimal("4.50"), 780),
    ]
    names = query(
        company,
        "select table_name from information_schema.views where table_schema <> 'restricted'"
        " and table_name ~ 'base_files__(beitraege|anfragen|bewertungen|posts|tickets|reviews)'",
    )
    assert names == []


def test_what_is_wrong_in_files_of_other_kinds_waits_with_its_reason(company: Warehouse) -> None:
    assert query(
        company,
        "select table_name, record_key, reasons[1] from audit.quarantine"
        " where branch_id in ('berlin', 'Potsdam') order by 1, 2",
    ) == [
        ("anfragen", "anfragen:19", "channel: 'Fax' is not one of mail, chat, phone, app"),
        ("anfragen", "anfragen:anfragen_2026-11-24.csv:5", "ticket_id: is missing"),
        ("beitraege", "beitraege:p3", "likes: 'viele' is not a whole number"),
        ("bewertungen", "bewertungen:g2", "rating: '6' is not between 0 and the best rating"),
        ("bewertungen", "bewertungen:g3",
         "branch_id: 'Potsdam' is no branch of seeds/branches.csv"),
        ("inventur", "inventur:inventur_2026-11.csv:5",
         "ingredient: 'Zimt' is not in seeds/ingredients.csv"),
        ("inventur", "inventur:inventur_2026-11.csv:6", "counted_quantity: 'zwei' is not a number"),
        ("inventur", "inventur:inventur_2026-11.csv:7", "counted_on: '31.11.2026' is no day"),
        ("lieferscheine", "lieferscheine:lieferscheine_48.csv:4",
         "quantity: '0' is not above 0"),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def printed(company: Warehouse, project: Path) -> str:
    """What the run printed that came after files were corrected: unit tests ran in it, too."""
    assert company
    for name, old, new in (
        ("03_outlets.csv", r"North,2,", "South,3,"),
        ("anfragen_2026-11-24.csv", r"(?m)^(17|20);.*\n", ""),
        # of one ticket the day, of the other one the way of paying
        (
            "13_bon_heads.csv",
            "24-Nov-2026 01:26 AM EST,Card\n2(.*),Card",
            r"25-Nov-2026 01:26 AM EST,Card\n2\1,Cash",
        ),
    ):
        file = project / "files" / name
        text, changed = re.subn(old, new, file.read_text("utf-8"))
        assert changed
        file.write_text(text, "utf-8")
    file = project / ".dlt" / "config.toml"
    declared = tomlkit.parse(file.read_text("utf-8"))
    feeds = declared["sources"]["files"]["feeds"]
    feeds["cafe"]["branch"] = "bar"
    del feeds["tea"]["branch"]
    feeds["tea"] |= {"files": "{branch_id}_trailing.csv", "branches": {"kiosk": "07"}}
    del feeds["wrapped"]["branches"]
    feeds["wrapped"] |= {"files": "08_quoted_whole.csv", "branch": "stand"}
    feeds["lieferscheine"]["branch"] = "bar"
    del feeds["bewertungen"]["branch_column"], feeds["bewertungen"]["branches"]
    feeds["bewertungen"]["branch"] = "berlin"
    file.write_text(tomlkit.dumps(declared), "utf-8")
    # in a build, because dbt takes the columns of their rows from what was built
    return mypizza("run", "--no-docs", "--unit-tests", project=project, expect=None).stdout


@pytest.fixture(scope="module")
def corrected(company: Warehouse, printed: str) -> Warehouse:
    """The company after files were corrected, for the last tests."""
    assert "Published" in printed, printed
    return company


def test_a_ticket_that_leaves_a_file_falls_back_to_an_older_one(corrected: Warehouse) -> None:
    assert query(
        corrected,
        "select ticket_id, status, compensation_amount from marts.fct_support_tickets"
        " where branch_id = 'berlin' order by 1",
    ) == [("anfragen:17", "open", None), ("anfragen:18", "solved", Decimal("7.5"))]
    assert query(
        corrected,
        "select record_key, reasons[1] from audit.quarantine"
        " where table_name = 'anfragen' and released_at is null order by 1",
    ) == [
        ("anfragen:19", "channel: 'Fax' is not one of mail, chat, phone, app"),
        ("anfragen:20", "opened_at: 'bald' is no time"),
        ("anfragen:anfragen_2026-11-24.csv:3", "ticket_id: is missing"),
    ]
    # who was in the lines that are gone is not in raw
    assert query(
        corrected,
        "select distinct nr, kunde, eroffnet from raw_files.anfragen where _deleted_at is not null",
    ) == [(None, None, None)]


def test_a_receipt_that_is_corrected_to_another_branch_leaves_the_first(
    corrected: Warehouse,
) -> None:
    assert days(corrected, "north", "south", "west") == [
        ("north", DAY, 1, *numbers("2", "3", "0", "3")),
        ("south", DAY, 3, *numbers("6", "10.75", "0", "10.75")),
        ("west", DAY, 1, *numbers("1", "3.25", "0", "3.25")),
    ]


def test_a_feed_whose_branch_is_corrected_leaves_nothing_with_the_first(
    corrected: Warehouse,
) -> None:
    """The option names another branch, or a column or the path says it instead."""
    assert days(corrected, "cafe", "tea", "wrapped", "bar", "kiosk", "stand") == [
        ("bar", DAY, 3, *numbers("5", "13.95", "0", "13.95")),
        ("kiosk", DAY, 2, *numbers("4", "8", "0", "8")),
        ("stand", DAY, 2, *numbers("4", "8", "0", "8")),
    ]
    gone = "('cafe', 'tea', 'wrapped')"
    for table in ("fct_orders", "fct_order_lines", "fct_payments", "rpt_till_figures"):
        assert query(corrected, f"select 1 from marts.{table} where branch_id in {gone}") == []
    assert query(
        corrected,
        "select feed_name, branch_id from marts.rpt_source_loads"
        " where feed_name in ('cafe', 'tea', 'wrapped', 'bewertungen') order by 1",
    ) == [("bewertungen", "berlin"), ("cafe", "bar"), ("tea", None), ("wrapped", "stand")]
    assert query(
        corrected,
        "select branch_id, count(*) from marts.fct_deliveries group by 1",
    ) == [("bar", 2)]
    assert query(
        corrected,
        "select sum(delivered_quantity) from marts.fct_stock_days where branch_id = 'berlin'",
    ) == [(Decimal(0),)]
    assert query(
        corrected, "select review_id from marts.fct_reviews where branch_id = 'berlin' order by 1"
    ) == [("bewertungen:b1",), ("bewertungen:g1",), ("bewertungen:g3",)]


def test_tickets_follow_a_file_that_their_model_joins(corrected: Warehouse, printed: str) -> None:
    assert "bon_heads lands" not in printed
    assert days(corrected, "diner") == [
        ("diner", DAY, 2, *numbers("1.035", "19.65", "0", "19.65")),
    ]
    assert query(
        corrected,
        "select payment_method, sum(amount) from marts.fct_payments where branch_id = 'diner'"
        " group by 1 order by 1",
    ) == [("card", Decimal("6.55")), ("cash", Decimal("13.1"))]


def test_unit_tests_pass_with_feeds_of_other_kinds(printed: str) -> None:
    assert {outcome for outcome, _ in re.findall(r"unit test +(\w+) ++(\d+)", printed)} == {"pass"}


def of_club(company: Warehouse, marts: str = "marts") -> Rows:
    """The guests of the club: whether they can be reached, their orders, and what they spent."""
    return query(
        company,
        "select customer_id, email_hash is not null, phone_hash is not null, has_email,"
        " order_count, lifetime_net_revenue"
        f" from {marts}.dim_customers where branch_id = 'club' order by 1",
    )


def test_an_export_brings_the_guests_that_it_names(company: Warehouse) -> None:
    assert of_club(company) == [
        ("C7", True, False, True, 2, Decimal("21.00")),  # what the newest line says
        ("C8", False, False, False, 1, Decimal("3.00")),
    ]
    assert query(
        company,
        "select order_number, customer_key from marts.fct_orders where branch_id = 'club'"
        " order by 1",
    ) == [
        ("club-1", "club-C7"), ("club-2", None), ("club-3", None), ("club-4", "club-C7"),
        ("club-5", "club-C8"),
    ]  # fmt: skip
    masked = "select masked_name, email_hash from staging.stg_exports__customers"
    assert query(company, f"{masked} where customer_id = 'C7'") == query(
        company, "select 'A***', restricted.pseudonym('ann@example.com')"
    )


def test_a_guest_of_an_export_stays_forgotten_and_the_money_stays(
    project: Path, company: Warehouse
) -> None:
    said = mypizza("forget-customer", "club", "C9", project=project, expect=1)
    assert "has no customer C9" in said.stdout.replace("\n", " ") + said.stderr.replace("\n", " ")
    assert "anonymised" in mypizza("forget-customer", "club", "C7", project=project).stdout
    told = (
        "select trim(member), coalesce(nullif(who, ''), nullif(mail, ''), nullif(phone, ''))"
        " from raw_files.club where member <> '' order by _line_number"
    )
    forgotten = [("C7", None), ("bo@example.com", "Bo Other"), ("C7", None), ("C8", None)]
    assert query(company, told) == forgotten
    # the file still has the person, and comes again
    file = project / "files" / "14_club.csv"
    file.write_text(file.read_text("utf-8") + "6,2026-11-25,12:40,Tea,1,3.00,C7,Ann,a@b.c,1\n")
    mypizza("ingest", "files", project=project, expect=None)
    assert query(company, told) == [*forgotten, ("C7", None)]
    built = ("--select", "+dim_customers", "--exclude-resource-type", "unit_test")
    mypizza("dbt", "build", *built, project=project)
    assert of_club(company, "marts_next") == [
        ("C7", False, False, False, 3, Decimal("24.00")),
        ("C8", False, False, False, 1, Decimal("3.00")),
    ]
