"""Exports as the button writes them: each kind comes in by a small declaration and one model.

All of them are the branches of one company, which has exports only and is built once.
"""

from __future__ import annotations

import re
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from ingest.warehouse import Warehouse
from tests.python.commands import copy_project, mypizza, query

FOLDER = Path(__file__).with_name("exports")
REPORT = Path(__file__).parents[2] / "report" / "queries"
DAY, NEXT = date(2026, 11, 24), date(2026, 11, 25)
BRANCHES = {
    "cafe": "Europe/London,EUR", "deli": "Europe/London,EUR", "north": "Europe/London,EUR",
    "south": "Europe/London,EUR", "west": "Europe/London,EUR", "seoul": "Asia/Seoul,KRW",
    "bakery": "Europe/Berlin,EUR", "pub": "Europe/London,EUR", "tea": "Europe/London,EUR",
    "wrapped": "Europe/London,EUR", "web": "Europe/Berlin,EUR",
}  # fmt: skip

Rows = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def project(
    warehouse: Warehouse,  # noqa: ARG001 - an empty one is there before it is asked for
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A company whose tills all export, declared, and run."""
    project = copy_project(tmp_path_factory.mktemp("company"))
    shutil.copytree(FOLDER / "files", project / "files")
    declared = tomlkit.parse((FOLDER / "feeds.toml").read_text("utf-8"))
    for feed in declared["sources"]["files"]["feeds"].values():
        feed["url"] = str(project / "files")
    (project / ".dlt" / "config.toml").write_text(tomlkit.dumps(declared), "utf-8")
    (project / ".dlt" / "secrets.toml").unlink(missing_ok=True)
    with (project / "seeds" / "branches.csv").open("a") as seed:
        for branch, place in BRANCHES.items():
            time_zone, currency = place.split(",")
            seed.write(f"{branch},{branch},Town,GB,{time_zone},2026-01-01,30,4,{currency},true\n")
    staging = project / "models" / "staging" / "exports"
    (staging / "base" / "base_exports__lyon_sales.sql").unlink()
    feeds = [file.stem.removeprefix("base_exports__") for file in FOLDER.glob("*.sql")]
    for feed in feeds:
        model = f"base_exports__{feed}.sql"
        (staging / "base" / model).write_text((FOLDER / model).read_text("utf-8"), "utf-8")
    page = staging / "_exports__sources.yml"
    tables = "".join(f"      - name: {feed}\n        description: {feed}\n" for feed in feeds)
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
    # they know the sample's export
    (staging / "_exports__unit_tests.yml").unlink()
    assert "Published" in mypizza("run", "--no-docs", project=project, expect=None).stdout
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
        "select product_name, refund_amount from marts.rpt_product_days"
        " inner join marts.dim_products using (branch_id, product_id)"
        " where branch_id = 'deli' and refund_amount <> 0",
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
    assert query(
        company, "select count(*) from staging.base_exports__lines_read where is_blank"
    ) == [(1,)]


def test_sums_of_days_have_money_and_no_orders(company: Warehouse) -> None:
    assert days(company, "bakery") == [
        ("bakery", DAY, None, *numbers("0", "1186.357999", "0", "1186.36")),
        ("bakery", NEXT, None, *numbers("0", "999.2", "0", "999.2")),
    ]
    assert (
        query(
            company,
            "select average_order, is_proven from marts.rpt_branch_days where branch_id = 'bakery'"
            " and net_revenue <> 0",
        )
        == [(None, False)] * 2
    )


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
        " and not is_previous",
    )
    assert set(known) == {(scope, None, None, None, None) for scope in ("EUR", "bakery")}


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
        ("pub:06_mixed.csv:4", "sold_on: '3/2/20266' is no day, or has no time"),
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


def test_a_receipt_that_is_corrected_to_another_branch_leaves_the_first(
    company: Warehouse, project: Path
) -> None:
    """The last test: it changes what the others look at."""
    file = project / "files" / "03_outlets.csv"
    text = file.read_text("utf-8")
    assert "North,2," in text
    file.write_text(text.replace("North,2,", "South,3,"), "utf-8")
    assert "Published" in mypizza("run", "--no-docs", project=project, expect=None).stdout
    assert days(company, "north", "south", "west") == [
        ("north", DAY, 1, *numbers("2", "3", "0", "3")),
        ("south", DAY, 3, *numbers("6", "10.75", "0", "10.75")),
        ("west", DAY, 1, *numbers("1", "3.25", "0", "3.25")),
    ]
