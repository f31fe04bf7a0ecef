"""Figures that were once shown wrongly, each with its right value, from the documented queries.

The sample company has traded for five weeks after its published year. What January 2016 brought is
reckoned here once more, in Python, from the records as the tills and the export have them.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ingest.warehouse import PROJECT_DIR, Warehouse
from tests.python.commands import mypizza, query

PAGE = (PROJECT_DIR / "docs" / "dbt" / "figures.md").read_text(encoding="utf-8")
JANUARY = (2016, 1)

BEFORE_REFUNDS = Decimal("82434.05")
BY_PAYOUT = Decimal("81481.50")
BY_ORDER = Decimal("81471.75")
EURO_CASH = Decimal("3524.70")


@pytest.fixture(scope="module")
def company(published_warehouse: Warehouse) -> Warehouse:
    """The sample company five weeks after its year, published."""
    return published_warehouse


def documented(company: Warehouse, title: str) -> list[tuple[Any, ...]]:
    """Ask a query of the page of figures by its comment, for January."""
    (text,) = re.findall(rf"```sql\n-- {re.escape(title)}\n(.*?)```", PAGE, re.DOTALL)
    if "February" in title:
        text = text.replace("2016-02-01", "2016-01-01").replace("2016-03-01", "2016-02-01")
    return query(company, text)


@pytest.fixture(scope="module")
def branches() -> dict[str, dict[str, str]]:
    with (PROJECT_DIR / "seeds" / "branches.csv").open(encoding="utf-8", newline="") as file:
        return {row["branch_id"]: row for row in csv.DictReader(file)}


def business_date(branch: dict[str, str], moment: datetime) -> date:
    """A business date ends at the branch's cut-over hour."""
    local = moment.astimezone(UTC).astimezone(ZoneInfo(branch["time_zone"]))
    return (local - timedelta(hours=int(branch["cutover_hour"]))).date()


def is_january(day: date) -> bool:
    return (day.year, day.month) == JANUARY


def refunds(company: Warehouse) -> Iterator[tuple[str, datetime, datetime, Decimal]]:
    """Each refund of the tills: branch, time of its order, time of the payout, without tax."""
    yield from query(
        company,
        """
        select p.branch_id, o.ordered_at, p.paid_at, p.amount - p.tax_amount
        from raw_pos.payments as p inner join raw_pos.orders as o using (branch_id, order_id)
        where p.payment_type = 'refund' and o.status = 'completed'
            and p._deleted_at is null and o._deleted_at is null
        """,
    )


def test_revenue_has_three_words_with_a_value_each(
    company: Warehouse, branches: dict[str, dict[str, str]]
) -> None:
    """A refund stands on the day of its payout, or with its order; before both is the receipt."""
    assert documented(company, "revenue of February 2016 in dollars, by its three words") == [
        (BEFORE_REFUNDS, BY_PAYOUT, BY_ORDER)
    ]
    sold = query(
        company,
        "select branch_id, ordered_at, gross_amount - discount_amount from raw_pos.orders"
        " where status = 'completed' and _deleted_at is null",
    )
    before = sum(
        amount for branch, at, amount in sold if is_january(business_date(branches[branch], at))
    )
    by_payout = by_order = Decimal(before)
    for branch, ordered_at, paid_at, amount in refunds(company):
        by_payout -= amount * is_january(business_date(branches[branch], paid_at))
        by_order -= amount * is_january(business_date(branches[branch], ordered_at))
    assert (before, by_payout, by_order) == (BEFORE_REFUNDS, BY_PAYOUT, BY_ORDER)


def test_cash_in_euros_is_less_what_was_paid_back(company: Warehouse) -> None:
    """Refunds were once added."""
    assert ("cash", EURO_CASH) in documented(company, "euros of January 2016 by way of paying")
    lines = query(
        company,
        "select date, quantite, prix_unitaire from raw_files.lyon_sales"
        " where mode_de_paiement = 'espèces' and _reject is null and _deleted_at is null",
    )
    assert (
        sum(
            Decimal(number) * Decimal(re.sub(r"[^\d,]", "", price).replace(",", "."))
            for day, number, price in lines
            if is_january(datetime.strptime(day, "%d/%m/%Y").date())
        )
        == EURO_CASH
    )


def test_the_metrics_say_the_same_january(company: Warehouse) -> None:
    assert company.embedded
    january = ("--start-time", "2016-01-01", "--end-time", "2016-01-31")
    said = mypizza(
        "metrics", "query", "--metrics", "revenue_before_refunds,net_revenue",
        "--group-by", "currency", "--where", "currency = 'USD'", *january,
    ).stdout  # fmt: skip
    assert said.splitlines()[-1].split() == ["USD", f"{BEFORE_REFUNDS}", f"{BY_PAYOUT}"]
    said = mypizza(
        "metrics", "query", "--metrics", "taken_amount", "--group-by", "payment_method",
        "--where", "currency = 'EUR'", *january,
    ).stdout  # fmt: skip
    assert ["cash", f"{EURO_CASH}"] in [line.split() for line in said.splitlines()]


def test_rates_add_up_to_the_revenue_after_refunds(company: Warehouse) -> None:
    """Every refund lowers a base: the rows of the tax add up to the net revenue, to the cent."""
    ((net, taxable),) = query(
        company,
        """
        select
            (select sum(net_revenue_exact) from marts.rpt_branch_days where currency = 'USD'),
            (
                select sum(taxable_amount_exact - taxable_refunded_exact)
                from marts.rpt_tax_days where currency = 'USD'
            )
        """,
    )
    assert net == taxable > 800_000
