"""A mixed chain: tills, exports, sums of days, a new branch, two currencies, and gaps.

New York opens within December and gives its first days as sums, and is closed on one; then come
tickets, one of which is given back in January. Quito counts no stock, and its help desk begins on
the 10th; Chicago begins to count on the 12th. Lyon exports in euros.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from ingest.publish.metrics import Metrics, Question
from ingest.warehouse import PROJECT_DIR, Warehouse
from tests.python.commands import copy_project, mypizza, query, settings
from tests.python.test_figures import (
    FIGURES,
    MONTH,
    Figure,
    ask_metrics,
    close,
    in_mart,
    in_metric,
    in_tile,
)

OPENED, FIRST_TICKET, LAST = date(2015, 12, 5), date(2015, 12, 12), date(2016, 1, 2)
CLOSED = date(2015, 12, 7)
COUNTED, HELPED = date(2015, 12, 12), date(2015, 12, 10)

MODEL = """
select
    landed.branch_id,
    landed._file_name,
    landed._line_number,
    landed._reject,
    landed._deleted_at,
    landed._dlt_load_id,
    landed.ticket,
    landed.day as sold_on,
    landed.clock as sold_at,
    landed.what as article,
    landed.n as quantity,
    landed.amount as line_amount,
    landed.back as returned_ticket,
    case when landed.n like '-%' then 'return' else 'sale' end as line_kind,
    case when landed.ticket = 'sum' then 'day' else 'ticket' end as order_grain,
    0 as tax_rate,
    {{ raw_record('landed', ['ticket', 'day', 'clock', 'what', 'n', 'amount', 'back']) }}
        as raw_record
from {{ source('exports', 'york_sales') }} as landed
"""


def sold() -> Iterator[tuple[Any, ...]]:
    """What New York exports: $100 a day as a sum, with items from the tenth; then tickets."""
    day = OPENED
    while day <= LAST:
        if day < date(2015, 12, 15) and day != CLOSED:
            yield "", day, "", "Pizza", 10 if day >= date(2015, 12, 10) else "", "100.00", ""
        if day >= FIRST_TICKET:
            yield f"{day}a", day, "12:00", "Pizza", 2, "30.00", ""
        if day >= date(2015, 12, 15):
            yield f"{day}b", day, "13:00", "Pizza", 1, "20.00", ""
        day += timedelta(days=1)
    yield f"{LAST}c", LAST, "14:00", "Pizza", -1, "-20.00", "2015-12-30b"


def empty(folder: Path, until: date) -> None:
    """Let a branch's counts up to a day hold nothing but their heads."""
    for file in folder.glob("*.csv"):
        if date.fromisoformat(file.stem[:10]) < until:
            file.write_text(file.read_text("utf-8").splitlines()[0] + "\n", "utf-8")


@pytest.fixture(scope="module")
def chain(small_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The small company with New York and the gaps, published."""
    project = copy_project(tmp_path_factory.mktemp("chain"))
    (project / "york").mkdir()
    with (project / "york" / "sales.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["ticket", "day", "clock", "what", "n", "amount", "back"])
        writer.writerows((row[0] or "sum", *row[1:]) for row in sold())
    config = project / ".dlt" / "config.toml"
    declared = tomlkit.parse(config.read_text("utf-8"))
    feeds = declared["sources"]["files"]["feeds"]
    feeds["york_sales"] = {
        "files": "sales.csv",
        "branch": "new_york",
        "url": str(project / "york"),
        "time_format": "HH24:MI",
    }
    config.write_text(tomlkit.dumps(declared), "utf-8")
    seed = project / "seeds" / "branches.csv"
    seed.write_text(seed.read_text("utf-8").replace("2011-04-16", f"{OPENED}"), "utf-8")
    staging = project / "models" / "staging" / "exports"
    (staging / "base" / "base_exports__york_sales.sql").write_text(MODEL, "utf-8")
    page = staging / "_exports__sources.yml"
    page.write_text(
        page.read_text("utf-8").replace(
            "      - name: _feeds\n",
            "      - name: york_sales\n        description: New York.\n\n      - name: _feeds\n",
            1,
        ),
        "utf-8",
    )
    listed = project / "dbt_project.yml"
    text = listed.read_text("utf-8")
    listed.write_text(text.replace("[lyon_sales]", "[lyon_sales, york_sales]"), "utf-8")
    secrets = (settings() / "secrets.toml").read_text("utf-8")
    bucket = Path(re.findall(r'stock_counts\]\nurl = "([^"]+)"', secrets)[0])
    empty(bucket / "stock" / "counts" / "quito", date.max)
    empty(bucket / "stock" / "counts" / "chicago", COUNTED)
    query(
        small_warehouse,
        "update raw_tickets.tickets set _deleted_at = now()"
        f" where branch_id = 'quito' and created_at < '{HELPED}'",
    )
    ran = mypizza("run", "--no-docs", project=project, expect=None).stdout
    assert "Published" in ran, ran
    return small_warehouse


@pytest.fixture(scope="module")
def layer(chain: Warehouse) -> Iterator[Metrics]:
    yield from ask_metrics(chain)


def report(chain: Warehouse, name: str, columns: str, where: str) -> list[tuple[Any, ...]]:
    """Rows of one of the report's queries."""
    text = (PROJECT_DIR / "report" / "queries" / f"{name}.sql").read_text("utf-8")
    return query(chain, f"select {columns} from ({text}) as answer where {where} order by 1")


@pytest.mark.parametrize(
    ("month", "scopes"),
    [
        (MONTH, {"chicago", "new_york", "quito", "USD"}),
        (date(2016, 1, 1), {"new_york", "lyon", "USD", "EUR"}),
    ],
    ids=["December", "January"],
)
def test_tiles_metrics_and_marts_are_equal(
    chain: Warehouse, layer: Metrics, month: date, scopes: set[str]
) -> None:
    tiles = in_tile(chain, month)
    assert scopes <= tiles.keys()
    for figure in FIGURES:
        numbers = in_mart(chain, figure, month)
        assert scopes == numbers.keys(), figure
        answers = in_metric(layer, figure, month) if figure.metric != "–" else numbers
        for scope in numbers.keys() | answers.keys():
            number = numbers.get(scope)
            assert close(answers.get(scope), number, figure.name), (figure, scope)
            if figure.tile in tiles[scope] and not unknown(figure, scope, month):
                assert close(tiles[scope][figure.tile], number, figure.name), (figure, scope)


def unknown(figure: Figure, scope: str, month: date) -> bool:
    """Whether the report shows no number of orders, because only some days' is known."""
    return figure.tile == "orders" and scope in ("new_york", "USD") and month == MONTH


def test_a_branch_that_began_with_sums_has_the_ratios_of_its_tickets(chain: Warehouse) -> None:
    """By hand: see `sold`. What is given back in January is no less in December."""
    december, january = in_tile(chain)["new_york"], in_tile(chain, date(2016, 1, 1))["new_york"]
    assert december["orders"] is None
    assert (december["order_days"], december["trading_days"]) == (17, 27)
    right = {
        "net_revenue": Decimal(1840),
        "average_order": Decimal(25),
        "units": Decimal(107),
        "units_per_order": Decimal("1.5"),
        "unit_revenue": Decimal(1440) / 107,
        "refund_share": Decimal(0),
    }
    for name, number in right.items():
        assert abs(december[name] - number) < Decimal("0.0001"), name
    for name in ("complaints", "complaint_rate", "waste", "waste_share", "stock_out_share"):
        assert december[name] is None, name
    assert (january["net_revenue"], january["orders"]) == (80, 4)
    assert january["refund_share"] == Decimal("0.2")


def test_days_that_are_sums_and_a_closed_one_among_them_have_no_number_of_orders(
    chain: Warehouse, layer: Metrics
) -> None:
    question = Question(
        ["orders", "units", "orders_per_seat", "net_revenue"],
        ["branch"],
        where=["branch = 'new_york'"],
        first=datetime.combine(OPENED, time()),
        last=datetime(2015, 12, 9),
    )
    assert layer.ask(question)[1] == [("new_york", None, None, None, Decimal(400))]
    assert query(
        chain,
        "select orders, units, recipe_cost, net_revenue from marts.rpt_branch_days"
        f" where branch_id = 'new_york' and business_date = '{CLOSED}'",
    ) == [(None, None, None, 0)]


def test_shares_of_the_chain_are_of_the_branches_and_days_that_record_them(
    chain: Warehouse,
) -> None:
    ((waste, rate, average),) = query(
        chain,
        f"""
        select
            (
                select sum(variance_amount) / sum(consumed_amount) from marts.fct_stock_days
                where branch_id = 'chicago' and business_date > '{COUNTED}'
                    and business_date < '2016-01-01'
            ),
            (
                select 1000.0 * sum((is_complaint)::int) from marts.fct_support_tickets
                where branch_id in ('chicago', 'quito')
                    and business_date between '2015-12-01' and '2015-12-31'
            ) / (
                select count(*) from marts.fct_orders as orders
                where is_sale and business_date between '2015-12-01' and '2015-12-31'
                    and business_date >= (
                        select min(business_date) from marts.fct_support_tickets as tickets
                        where tickets.branch_id = orders.branch_id
                    )
            ),
            (
                select sum(revenue_before_refunds_exact) / count(*) from marts.fct_orders
                where is_sale and currency = 'USD' and business_date < '2016-01-01'
                    and business_date >= case branch_id when 'new_york' then date '2015-12-15'
                        else date '2015-12-01' end
            )
        """,
    )
    tile = in_tile(chain)["USD"]
    assert waste > 0
    assert rate > 0
    assert abs(tile["waste_share"] - waste) < Decimal("0.0001")
    assert abs(tile["complaint_rate"] - rate) < Decimal("0.0001")
    assert abs(tile["average_order"] - average) < Decimal("0.001")
    assert tile["waste_days"] == 31 - COUNTED.day
    assert tile["ticket_days"] < tile["trading_days"]


def test_what_is_compared_has_the_same_days_for_every_branch(chain: Warehouse) -> None:
    """New York has data to 2 January, the tills to 31 December."""
    assert report(
        chain, "branches", "branch_name, compared", "period_id = 'last-7-days' and scope_id = 'USD'"
        " and basis = 'previous'",
    ) == [
        ("myPizza Hudson", "yes"),
        ("myPizza La Mariscal", "no: data to 31 December"),
        ("myPizza Loop", "no: data to 31 December"),
    ]  # fmt: skip
    assert report(
        chain, "figures", "side, net_revenue, orders, branches, unknown_branches",
        "period_id = 'last-7-days' and scope_id = 'USD' and basis = 'previous'",
    ) == [("before", 350, 14, 1, 2), ("now", 330, 14, 1, 2)]  # fmt: skip


def test_the_newest_bar_goes_on(chain: Warehouse) -> None:
    """2 January is a Saturday; the last week of December ends with it."""
    weeks = "scope_id = 'new_york' and grain = 'week' and period_id = "
    assert report(chain, "revenue", "start_date, state", f"{weeks}'last-7-days'") == [
        (date(2015, 12, 27), "complete"),
        (date(2015, 12, 28), "so far"),
    ]
    assert report(chain, "revenue", "start_date, state", f"{weeks}'2015-12'")[-1] == (
        date(2015, 12, 28),
        "complete",
    )
