"""The exports of tills that are sold everywhere: `mypizza file check` maps the column that fits."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.loads.source import SourceError
from ingest.sources.files import check
from ingest.sources.files.check import Checked
from tests.python.commands import mypizza
from tests.python.test_files import excel, text_cell

WEIGHED = [("0.385", "7.31"), ("3", "56.97"), ("1", "18.99")] * 10 + [("-1", "-18.99")]
SQUARE = (
    "Date,Time,Item,Qty,Net Sales,Transaction ID,Payment ID,Event Type,Dining Option,Count,Channel"
    + "".join(
        f"\n2026-10-12,1{number % 10}:00:0{number % 7},Olives,{quantity},${amount},SQ{number},"
        f"PM{number},{'Refund' if quantity == '-1' else 'Payment'},"
        f"{('To Go', 'For Here')[number % 2]},1,Point of Sale"
        for number, (quantity, amount) in enumerate(WEIGHED)
    )
)
VEND = (
    "Sale Date,Receipt Number,Line Type,Quantity,Sales Tax,Total,Paid,Details,Register,Status,Sku\n"
    + "".join(
        f"2026-10-12 11:0{number}:22,{number},Sale,3,1.00,8.00,8.00,,Main,{status},\n"
        f"2026-10-12 11:0{number}:22,{number},Sale Line,2,0.50,5.00,,Tea,Main,{status},T-1\n"
        f"2026-10-12 11:0{number}:22,{number},Sale Line,1,0.50,3.00,,Pie,Main,{status},P-1\n"
        f"2026-10-12 11:0{number}:22,{number},Payment,,,,8.00,Cash,Main,{status},\n"
        for number, status in enumerate(["CLOSED", "CLOSED", "VOIDED", "SAVED"])
    )
)
DSFINVK = "Z_KASSE_ID;Z_ERSTELLUNG;Z_NR;BON_ID;BON_TYP;TERMINAL_ID;BON_START;UMS_BRUTTO\n" + (
    "".join(
        f"KASSE-{till};2026-10-{13 + day}T02:30:07+02:00;{700 + day};{number};{kind};T1;"
        f"2026-10-{12 + day}T1{number % 10}:1{till}:08+02:00;{number}2,20\n"
        for number in range(80)
        for day in [number // 40]
        for till, kind in ((1, "Beleg"), (2, "AVTraining" if number == 7 else "Beleg"))
    )
)
CLOSINGS = "Z_NR;Datum;Uhrzeit;Bon;Artikel;Betrag\n" + "".join(
    f"{shift};12.10.2026;{10 + shift}:{10 + bon};{bon};Tee;2,50\n"
    for shift in (1, 2)
    for bon in range(9)
)
CLOVER = (
    "Order Date,Order ID,Order Employee Name,Tax Amount,Tip,Order Total,Payments Total,"
    "Refunds Total,Manual Refunds Total,Tender,Credit Card Transaction ID,Order Payment State\n"
    + "".join(
        f"26-Oct-2026 01:2{number} AM XYZT,3C3A{number}D,Sena,0.{number}8,1.0{number},"
        f"1{number}.39,1{number}.39,0.00,0.00,Cash,335000737412,{'Open' if number else 'Paid'}\n"
        for number in range(8)
    )
)
GROUPS = (
    "Sales of October;;;;;\n\nReceipt;;;Article;;Money\nNo;Day;Time;Name;Quantity;Amount\n"
    "1;12.10.2026;08:00;Tea;2;5,00\n2;12.10.2026;08:05;Pie;1;3,50\n"
)
LIGHTSPEED = "Account,Date,Item,Quantity,Unit Price,Final price,Tax,Pre tax,Staff,Payment ID\n" + (
    "".join(
        f"A2933{order}.{order % 7},2026-10-{10 + order} 1{order}:{order:02}:{10 + order},{item},"
        f"{quantity},{price},{final},{tax},{rest},Ann,PAY-{order}\n"
        for order in range(9)
        for item, quantity, price, final, tax, rest in (
            ("Tea", "1", "5.95", "5.95", "0.95", "5.00"),
            ("Pie", "2", "8.33", "16.66", "2.66", "14.00"),
        )
    )
)
ON_TOP = "Receipt,Date,Time,Item,Qty,Net Sales,Tax,Collected,Payment ID\n" + "".join(
    f"{receipt},2026-10-12,1{receipt}:00,{item},1,{net},{tax},{both},PAY{receipt % 4}\n"
    for receipt in range(9)
    for item, net, tax, both in (("Tea", "5.00", "0.41", "5.41"), ("Pie", "8.00", "0.66", "8.66"))
)
TICKETS_TAX = "Receipt,Date,Time,Item,Qty,Amount,Tax\n" + "".join(
    f"{receipt},2026-10-12,1{receipt}:00,{item},1,{amount},1.07\n"
    for receipt in range(9)
    for item, amount in (("Tea", "5.00"), ("Pie", "8.00"))
)
TILLS: dict[str, tuple[str, list[str], list[str]]] = {
    "of two quantities, the one that differs from line to line": (
        SQUARE,
        ["landed.qty as quantity", 'negative_quantity = "refund"',
         "Count looks like the quantity, too, and is not mapped: the model takes Qty, as Count is "
         "1 on all lines.",
         "when 'to go' then 'takeaway'",
         "Channel looks like the channel, too, and is not mapped: the model takes Dining Option"],
        ["landed.count as", "as payment_method", "landed.channel)"],
    ),
    "of two quantities, the one by which price and amount fit": (
        "no;day;time;item;quantity;units;price;amount\n"
        "1;2026-10-12;08:00;Tea;12;2;3.00;6.00\n2;2026-10-12;08:01;Pie;6;3;4.00;12.00\n"
        "3;2026-10-12;08:02;Tea;6;1;3.00;3.00\n",
        ["landed.units as quantity",
         "quantity looks like the quantity, too, and is not mapped: the model takes units, as"
         " quantity, price and amount fit"],
        ["landed.quantity"],
    ),
    "a sale, its lines and its payments in one file": (
        VEND,
        ["Line Type says what a line is: only Sale Line has an article and an amount, so the model "
         "leaves Payment, Sale out by is_void.",
         "Status has SAVED, VOIDED on 8 line(s), first in line 10: the model leaves them out by",
         "{{ filled('landed.line_type') }} not in ('Sale Line') or"
         " {{ filled('landed.status') }} in ('SAVED', 'VOIDED') as is_void,"],
        [],
    ),
    "numbers that two tills have, times of closings, and training": (
        DSFINVK,
        ["landed.z_kasse_id || '-' || landed.bon_id as ticket",
         "BON_ID 0 has several tills on one day, first in line 2, and so have 80 of 80 tickets",
         "landed.bon_start as sold_on", "landed.bon_start as sold_at",
         "Z_ERSTELLUNG has only 2 different times: these look like closings, and not like sales, "
         "so the model takes BON_START.",
         "Each line is an order without its lines",
         "{{ filled('landed.bon_typ') }} in ('AVTraining') as is_void"],
        ["landed.z_erstellung as", "lines_of_columns"],
    ),
    "numbers that begin again with each closing": (
        CLOSINGS, ["landed.z_nr || '-' || landed.bon as ticket"], [],
    ),
    "orders without lines, with sums and ids": (
        CLOVER,
        ["Each line is an order without its lines: Order ID is another one on each.",
         "'Order' as article", "'1' as quantity", "landed.order_total as line_amount",
         "landed.order_date as sold_on", "landed.order_date as sold_at",
         'date_format = "DD-Mon-YYYY"', 'time_format = "HH12:MI AM TZ"',
         "in ('Open') as is_void"],
        ["lines_of_columns", "No column looks like a day", "12:00", "Payments Total as",
         "month's name"],
    ),
    "a number of tickets that only its values tell, and a tax in the amounts": (
        LIGHTSPEED,
        ["landed.account as ticket",
         "Account is taken as the number of the ticket: it is the same on the lines of one time, "
         "and another one at other times.",
         "landed.tax as tax_amount",
         "Tax is taken as the tax of the line, in Final price, of which Pre tax is the rest: write "
         "true as prices_include_tax"],
        ["landed.payment_id", "Payment ID looks", "as payment_method", "'line'", "Pre tax looks"],
    ),
    "a tax on top of the amounts, and few ids of payments": (
        ON_TOP,
        ["landed.tax as tax_amount",
         "Tax is taken as the tax of the line, on top of Net Sales, as both are Collected: write "
         "false as prices_include_tax"],
        ["landed.payment_id", "Payment ID", "as payment_method", "tax_rate"],
    ),
    "a tax of the ticket": (
        TICKETS_TAX,
        ["Tax looks like amounts of tax (1.07 in line 2), not like a rate, and is not mapped"],
        ["landed.tax as tax_amount,", "is taken as the tax of the line"],
    ),
    "a price whose name says nothing": (
        "Bon;Datum;Artikel;Aantal;Per stuk gevraagd\n" + "".join(
            f"{bon};12-10-2026;{item};{1 + bon % 3};€ {price}\n"
            for bon in range(12)
            for item, price in (("Bier", "3,20"), ("Friet", "4,50"))
        ),
        ["landed.per_stuk_gevraagd as unit_price",
         "Per stuk gevraagd is the only column of money, and taken as the price of one, as it is "
         "the same for any quantity of an article."],
        ["No column looks like money", "Nothing proves"],
    ),
    "an amount whose name says nothing": (
        "Bon;Datum;Artikel;Aantal;Gevraagd\n" + "".join(
            f"{bon};12-10-2026;{item};{1 + bon % 3};{price * (1 + bon % 3)},20\n"
            for bon in range(12)
            for item, price in (("Bier", 3), ("Friet", 4))
        ),
        ["landed.gevraagd as line_amount",
         "Gevraagd is the only column of money, and taken as the amount of the line."],
        ["No column looks like money"],
    ),
    "months whose names are known": (
        "Beleg;Datum;Artikel;Betrag\n1;3. März 2026;Tee;2,50\n2;14. Dez. 2026;Tee;2,50\n",
        ['date_format = "DD. Mon YYYY"', "landed.datum as sold_on"],
        ["month's name", "quarantine"],
    ),
    "months whose names are not known": (
        "Paragon;Data;Towar;Kwota\n1;3 lis 2026;Herbata;2,50\n2;14 paź 2026;Herbata;2,50\n",
        ["Data has days with the month's name, like '3 lis 2026': the name is Mon in date_format, "
         "as in DD-Mon-YYYY; what no format reads must be written with digits"],
        ["date_format ="],
    ),
    "titles of groups above the header": (
        GROUPS,
        ["The header seems to be line 4, below titles of groups: 'Receipt;;;Article;;Money'.",
         'header = "No"', "landed.no as ticket", "landed.amount as line_amount"],
        ["column_2", "quarantine"],
    ),
}  # fmt: skip
"""What a file holds, what is printed of it and what not."""


def printed(checked: Checked) -> str:
    return "\n".join([*checked.doubts, *checked.blocks])


@pytest.mark.parametrize("till", TILLS)
def test_the_column_that_fits_is_mapped_and_the_other_is_named(tmp_path: Path, till: str) -> None:
    text, wanted, absent = TILLS[till]
    (tmp_path / "sales.csv").write_text(text, "utf-8")
    said = printed(check.check(f"{tmp_path}/sales.csv", "looked_at"))
    for words in wanted:
        assert words in said, said
    for words in absent:
        assert words not in said, said


def test_the_header_of_a_sheet_is_below_its_groups_unless_a_person_says_otherwise(
    tmp_path: Path,
) -> None:
    rows = (line.split(";") for line in GROUPS.splitlines())
    cells = (f"<row>{''.join(map(text_cell, row))}</row>" for row in rows)
    (tmp_path / "sales.xlsx").write_bytes(excel(*cells))
    found = check.check(f"{tmp_path}/sales.xlsx", "looked_at")
    assert [row[1] for row in found.columns] == ["no", "day", "time", "name", "quantity", "amount"]
    assert 'header = "No"' in found.blocks[0]
    told = check.check(f"{tmp_path}/sales.xlsx", "looked_at", header="Receipt")
    assert "column_2" in printed(told)
    with pytest.raises(SourceError, match="begins with 'Bon': correct --header"):
        check.check(f"{tmp_path}/sales.xlsx", "looked_at", header="Bon")


def test_a_pattern_that_the_shell_has_replaced_is_found_again(tmp_path: Path) -> None:
    files = []
    for name in ("sales_1.csv", "sales_2.csv", "sales_old.csv", "north/sales_3.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(CLOSINGS, "utf-8")
        files.append(f"{tmp_path}/{name}")
    said = mypizza("file", "check", *files[:3]).stdout
    assert 'files = "sales_*.csv"' in said
    assert "that were not given" not in said
    said = printed(check.check(files[:2], "looked_at"))
    assert "files matches 1 file(s) that were not given, too, first sales_old.csv" in said
    with pytest.raises(SourceError, match="are not files of one folder: give one folder, or"):
        check.check(files[2:], "looked_at")
