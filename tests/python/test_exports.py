"""A branch whose till can only export is a branch like any other, and a new one is an hour's work.

The tests of this file share one warehouse and follow one another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingest import warehouse as warehouse_module
from ingest.warehouse import PROJECT_DIR, Warehouse
from tests.python.commands import build, copy_project, mypizza, query

pytestmark = pytest.mark.usefixtures("published")

FACTS = ("fct_orders", "fct_order_lines", "fct_payments")
DAY = date(2016, 1, 12)
BAD_DAY = date(2016, 1, 13)
SOLD, REFUNDED = date(2016, 2, 24), date(2016, 2, 26)
HOW_TO = PROJECT_DIR / "docs" / "how-to" / "add-a-till.md"


def sold(
    warehouse: Warehouse, branch: str = "lyon", schema: str = "marts"
) -> dict[date, tuple[Any, ...]]:
    """What the marts say that a branch sold, by day: orders, lines, money taken and back."""
    rows = query(
        warehouse,
        f"""
        select
            days.business_date, days.orders, lines.lines, days.taken, coalesce(refunds.amount, 0)
        from (
            select business_date, count(*) as orders, sum(gross_revenue) as taken
            from {schema}.fct_orders where branch_id = '{branch}' group by 1
        ) as days
        inner join (
            select business_date, count(*) filter (where line_kind = 'sale') as lines
            from {schema}.fct_order_lines where branch_id = '{branch}' group by 1
        ) as lines using (business_date)
        left join (
            select business_date, sum(paid_back_amount) as amount
            from {schema}.fct_payments
            where branch_id = '{branch}' and payment_type = 'refund' group by 1
        ) as refunds using (business_date)
        """,
    )
    return {day: tuple(figures) for day, *figures in rows}


def totals(warehouse: Warehouse) -> dict[date, tuple[Any, ...]]:
    """What Lyon's till says itself: tickets, money taken and paid back, by day."""
    number = "cast(replace(translate({}, ' €' || chr(8239), ''), ',', '.') as numeric)"
    rows = query(
        warehouse,
        f"""
        select
            to_date(date, 'DD/MM/YYYY'), cast(tickets as integer),
            {number.format("total_des_ventes")}, {number.format("total_des_remboursements")}
        from raw_files.lyon_closings
        where _deleted_at is null
        """,
    )
    return {day: tuple(figures) for day, *figures in rows}


def export(day: date = DAY) -> Path:
    folder = warehouse_module.warehouse_dir() / "sample" / "bucket" / "exports" / "lyon"
    return folder / f"ventes_{day}.csv"


def rewrite(path: Path, *changes: tuple[str, str]) -> None:
    """Let the till write a file anew."""
    text = path.read_bytes().decode("utf-8-sig")
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after, 1)
    path.write_bytes(text.encode("utf-8-sig"))


@pytest.fixture(scope="module")
def warehouse(small_warehouse: Warehouse) -> Warehouse:
    """The published small company, which the tests change one after the other."""
    return small_warehouse


@pytest.fixture(scope="module")
def published(warehouse: Warehouse) -> dict[date, tuple[Any, ...]]:
    """What Lyon had sold before anything was changed."""
    return sold(warehouse)


def test_what_the_export_says_stands_in_the_marts_to_the_cent(
    warehouse: Warehouse, published: dict[date, tuple[Any, ...]]
) -> None:
    said = totals(warehouse)
    assert len(said) == 30
    assert {day: (orders, taken, back) for day, (orders, _, taken, back) in published.items()} == (
        said
    )
    assert query(
        warehouse,
        "select count(*), bool_and(is_equal) from marts.rpt_reconciliation"
        " where branch_id = 'lyon'",
    ) == [(30, True)]
    articles = query(
        warehouse, "select product_name from marts.dim_products where branch_id = 'lyon'"
    )
    assert (".",) in articles


@dataclass(frozen=True)
class Corrected:
    """What two builds made of files that the till wrote again.

    Attributes:
        worth: what the line was worth that is gone, in cents.
        sold: by day, once the line is gone, another one cannot be read and a refund has come.
        listed: the quarantine then.
        restored: by day, once the files are as they were and the sale has come, too.
        orders: the order of sale and refund, then.
        payments: the payments of sale and refund, then.
    """

    worth: int
    sold: dict[date, tuple[Any, ...]]
    listed: str
    restored: dict[date, tuple[Any, ...]]
    orders: list[tuple[Any, ...]]
    payments: list[tuple[Any, ...]]


def take_a_line_out(path: Path) -> int:
    """Let the till write a file without one of its lines, with the right totals.

    Every line after it is another one now.

    Returns:
        What the line was worth, in cents.
    """
    header, *all_lines = path.read_bytes().decode("utf-8-sig").splitlines()
    lines = [
        line for line in all_lines if line != header and re.search(r";\d+;[\d,]+ €;", line)
    ]  # fmt: skip
    ticket, closing = lines[0].split(";")[2], path.with_name(f"cloture_{DAY}.csv")
    gone = next(line for line in lines if line.split(";")[2] != ticket)
    quantity, price = gone.split(";")[4:6]
    worth = int(quantity) * int(re.sub(r"\D", "", price))
    rewrite(path, (gone + "\r\n", ""))
    said = closing.read_bytes().decode("utf-8-sig").splitlines()[1]
    _, orders, count, taken, _ = said.split(";")
    cents = int(re.sub(r"\D", "", taken)) - worth
    alone = sum(line.split(";")[2] == gone.split(";")[2] for line in lines) == 1
    rewrite(
        closing,
        (f";{orders};{count};{taken};", f";{int(orders) - alone};{int(count) - 1};"
         f"{cents // 100},{cents % 100:02d} €;"),
    )  # fmt: skip
    return worth


def sell(day: date, *lines: str) -> None:
    """Let the till write a file of a day; no totals are sent with it."""
    header = export().read_bytes().decode("utf-8-sig").splitlines()[0]
    export(day).write_bytes("".join(f"{row}\r\n" for row in (header, *lines)).encode("utf-8-sig"))


@pytest.fixture(scope="module")
def corrected(warehouse: Warehouse, published: dict[date, tuple[Any, ...]]) -> Corrected:
    """Files that are corrected and set right again; a refund's file is sent before its sale's."""
    assert published
    path, bad = export(), export(BAD_DAY)
    files = (path, bad, path.with_name(f"cloture_{DAY}.csv"))
    originals = {file: file.read_bytes() for file in files}
    worth = take_a_line_out(path)
    # and on another day a line that cannot be read, which waits with its ticket
    line = originals[bad].decode("utf-8-sig").splitlines()[1]
    rewrite(bad, (line, ";".join([*line.split(";")[:6], "en nature"])))
    sell(REFUNDED, "26/02/2016;12:00;009001;Margherita;-1;11,90 €;carte")
    mypizza("ingest", "files", expect=None)
    build(*FACTS)
    now = sold(warehouse, schema="marts_next")
    listed = mypizza("quarantine", "--branch", "lyon").stdout

    for file, content in originals.items():
        file.write_bytes(content)
    sell(SOLD, "24/02/2016;12:00;009001;Margherita;2;11,90 €;carte")
    mypizza("ingest", "files", expect=None)
    build(*FACTS)
    late = (SOLD, REFUNDED)
    found = Corrected(
        worth,
        {day: figures for day, figures in now.items() if day not in late},
        listed,
        {
            day: figures
            for day, figures in sold(warehouse, schema="marts_next").items()
            if day not in late
        },
        query(
            warehouse,
            "select business_date, gross_revenue, order_refunds from marts_next.fct_orders"
            " where branch_id = 'lyon' and order_number like '%009001'",
        ),
        query(
            warehouse,
            "select payment_type, business_date, order_key = (select order_key from"
            " marts_next.fct_orders where order_number like '%009001' and branch_id = 'lyon')"
            " from marts_next.fct_payments where branch_id = 'lyon'"
            " and business_date >= '2016-02-01' order by 2",
        ),
    )
    for day in late:
        sell(day)
    return found


def test_a_corrected_export_takes_the_place_of_what_it_brought(
    published: dict[date, tuple[Any, ...]], corrected: Corrected
) -> None:
    now = corrected.sold
    assert now[DAY][2] * 100 == published[DAY][2] * 100 - corrected.worth
    assert now[DAY][1] == published[DAY][1] - 1
    for day in now.keys() - {DAY, BAD_DAY}:
        assert now[day] == published[day], day
    assert corrected.restored == published


def test_a_line_that_cannot_be_read_waits_with_its_ticket(
    published: dict[date, tuple[Any, ...]], corrected: Corrected
) -> None:
    assert "payment_method: 'en nature' is not cash, card, app or voucher" in corrected.listed
    assert corrected.sold[BAD_DAY][0] == published[BAD_DAY][0] - 1


def test_a_sale_that_comes_after_its_refund_takes_it(corrected: Corrected) -> None:
    """The refund's file is sent first; both come into the same version of the marts."""
    assert corrected.orders == [(SOLD, Decimal("23.80"), Decimal("10.82"))]
    assert corrected.payments == [("sale", SOLD, True), ("refund", REFUNDED, True)]


def list_exports(project: Path, feeds: str) -> None:
    """Say in dbt_project.yml which feeds are exports."""
    file = project / "dbt_project.yml"
    text = file.read_text()
    assert "feeds: [lyon_sales]" in text
    file.write_text(text.replace("feeds: [lyon_sales]", f"feeds: [{feeds}]"))


@dataclass(frozen=True)
class Porto:
    """A project in which the till of Porto is declared, and the folder of its exports."""

    project: Path
    bucket: Path


@pytest.fixture(scope="module")
def porto(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Porto:
    """Follow the steps of the page."""
    assert warehouse
    folder = tmp_path_factory.mktemp("porto")
    project, bucket = copy_project(folder), folder / "bucket"
    bucket.mkdir()
    page = HOW_TO.read_text()
    _, feeds = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    entry, _ = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    ((model),) = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    assert len(model.splitlines()) < 60
    with (project / "seeds" / "branches.csv").open("a") as seed:
        seed.write("porto,myPizza Ribeira,Porto,PT,Europe/Lisbon,2016-02-01,30,4,EUR,true\n")
    with (project / ".dlt" / "config.toml").open("a") as config:
        config.write("\n" + feeds.replace("s3://our-bucket/porto", str(bucket)))
    staging = project / "models" / "staging" / "exports"
    sources = staging / "_exports__sources.yml"
    sources.write_text(sources.read_text().rstrip() + "\n\n" + entry)
    (staging / "base" / "base_exports__porto_sales.sql").write_text(model)
    list_exports(project, "lyon_sales, porto_sales")
    return Porto(project, bucket)


def test_a_mended_dialect_reaches_what_has_landed_before(
    warehouse: Warehouse,
    published: dict[date, tuple[Any, ...]],
    corrected: Corrected,
    porto: Porto,
) -> None:
    """In a project that has a till more, of which nothing has come yet."""
    assert corrected
    project = porto.project
    config = project / ".dlt" / "config.toml"
    right = config.read_text()
    lyon, *of_porto = right.partition("[sources.files.feeds.porto")
    # 13,50 is no number of such a feed, and the totals are read the same way: all of it waits
    wrong = lyon.replace('decimal_separator = ","', 'decimal_separator = "."').replace(
        'thousands_separator = "\\u202f"', 'thousands_separator = ","'
    )
    assert wrong != lyon
    config.write_text("".join((wrong, *of_porto)))
    mypizza("ingest", "files", project=project, expect=None)
    build(*FACTS, project=project)
    assert DAY not in sold(warehouse, schema="marts_next")
    config.write_text(right)
    mypizza("ingest", "files", project=project)
    build(*FACTS, project=project)
    assert sold(warehouse, schema="marts_next") == published


def test_an_unknown_till_is_in_the_marts_after_the_steps_that_the_docs_name(
    warehouse: Warehouse, published: dict[date, tuple[Any, ...]], porto: Porto
) -> None:
    project, bucket = porto.project, porto.bucket
    (bucket / "vendas_1.csv").write_bytes(
        "Talão;Data;Hora;Artigo;Quantidade;Preço;Pagamento\n"
        "1;01-02-2016;12:30;Margherita;100;1.010,50 €;MB\n"
        "1;01-02-2016;12:30;Água;2;1,50 €;MB\n"
        "2;02-02-2016;01:30;Margherita;1;10,50 €;dinheiro\n"
        "1;01-02-2016;13:00;Água;-1;1,50 €;MB\n"
        "3;01-02-2016;14:00;Margherita;1;10,5o €;MB\n".encode("cp1252")
    )
    (bucket / "totais_1.csv").write_text(
        "data;taloes;linhas;vendas;devolucoes\n01-02-2016;3;5;101074,00;1,50\n"
    )

    ran = mypizza("run", "--no-docs", project=project, expect=1).stdout

    # the line that cannot be read is missing from the money, so the day does not equal its totals:
    # it stops no other branch, and is not proven
    assert "Published" in ran
    assert query(
        warehouse,
        "select distinct is_proven, finding, amount from marts.rpt_branch_days"
        " inner join marts.rpt_findings using (branch_id, business_date)"
        " where branch_id = 'porto' and business_date = '2016-02-01' order by 2",
    ) == [
        (False, "records wait in quarantine", None),
        (False, "the day differs from the till", Decimal("101062.00")),
        (False, "the till says otherwise: sales of the day", Decimal("10.50")),
    ]
    (bucket / "vendas_1.csv").write_bytes(
        (bucket / "vendas_1.csv").read_bytes().replace(b"10,5o", b"10,50")
    )
    mypizza("ingest", "files", project=project)
    build(*FACTS, "rpt_reconciliation", project=project)
    assert sold(warehouse, "porto", schema="marts_next") == {
        date(2016, 2, 1): (3, 4, Decimal(101074), Decimal("1.50"))
    }
    assert sold(warehouse, schema="marts_next") == published
    assert query(
        warehouse, "select is_equal from marts_next.rpt_reconciliation where branch_id = 'porto'"
    ) == [(True,)]
    assert query(warehouse, "select count(*) from pg_roles where rolname = 'manager_porto'") == [
        (1,)
    ]
