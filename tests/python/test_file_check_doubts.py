"""What `mypizza file check` is not sure of, it says; it maps nothing wrongly without saying so."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import tomlkit
from jinja2 import Environment

from ingest.loads.source import SourceError
from ingest.sources.files import check, feed

CASES: dict[str, tuple[str, str, list[str], list[str]]] = {
    "a list of tenders beside the lines": (
        "web.jsonl",
        '{"no": 1, "at": "2026-03-01 08:00", "items": [{"item": "Tea", "qty": 1, "price": "9.00"}],'
        ' "discount": "1.00", "tenders": [{"type": "cash", "amount": "2.00"}, {"type": "card",'
        ' "amount": "7.00"}, {"type": "voucher", "amount": "0.50"}]}\n',
        ["tenders is a list that has several entries in 1 record(s), first in line 1. The model "
         "reads only the first entry: write the others (amount, type) into the model"],
        ["as line_amount", "as discount"],
    ),
    "a discount, a tip and a line of totals beside products": (
        "wide.csv",
        "ticket;day;time;Tea;Pie;Cake;discount;tip;total\n"
        "1;2026-03-01;08:00;1;2;0;0.50;;7.50\n2;2026-03-01;08:01;2;0;1;;1.00;9.00\n"
        "3;2026-03-01;08:02;1;;;;;2.00\n4;2026-03-01;08:02;;1;;;;3.00\n"
        "5;2026-03-01;08:02;;;1;;;5.00\nTotal;;;4;3;2;0.50;1.00;26.50\n",
        ["discount looks like a discount of the whole ticket and is not mapped: write it as a "
         "line of its own, with line_kind = 'discount' and an amount below 0: as one more column "
         "of lines_of_columns, whose price is -1.",
         "tip looks like a tip of the whole ticket",
         "The model's prices are those of this file: if other files have others",
         "'tea': ('Tea', '2')",
         "case when {{ filled('landed.ticket') }} in ('Total') then null else landed.quantity end",
         "in ('Total') and landed.is_first_part then landed.total end as line_amount",
         "landed.total as order_total"],
        ["landed.discount", "'discount': ", "'tip': ", "quarantine"],
    ),
    "rates of tax without a sign": (
        "btw.csv",
        "bon;datum;tijd;artikel;bedrag;btw\n"
        + "".join(
            f"{bon};2026-03-01;08:{bon};{name};{bon},25;{rate}\n"
            for bon in range(10, 25)
            for name, rate in (("Tea", 6), ("Pie", 21))
        ),
        ["btw is taken as the rate of the tax in the prices: 6 is 0.06, 21 is 0.21"],
        ["amounts of tax"],
    ),
    "what is to be paid in Polish, beside products": (
        "wide.csv",
        "paragon;data;godzina;Chleb;Bułka;Sok;Do zapłaty\n1;2026-03-01;08:00;1;2;0;7,50\n"
        "2;2026-03-01;08:01;2;0;1;11,00\n3;2026-03-01;08:02;1;;;3,00\n"
        "4;2026-03-01;08:03;;1;;2,25\n5;2026-03-01;08:04;;;1;5,00\n",
        ["landed.do_zapaty as order_total", "'chleb': ('Chleb', '3')"],
        ["'do_zapaty':"],
    ),
    "products whose price no order shows": (
        "wide.csv",
        "receipt;day;time;Tea;Pie;Cake;total\n1;2026-03-01;08:00;1,000;2,500;1,000;22,50\n"
        "2;2026-03-01;08:01;2,000;1,500;1,250;19,10\n",
        ["No order shows the price of Tea, Pie, Cake: write it behind the name in the model, as "
         "the files write numbers, like ('Tea', '1,50')."],
        [],
    ),
    "two tills that use the same numbers": (
        "tills.csv",
        "Cassa;Scontrino;Data;Ora;Descrizione;Importo;Totale scontrino\n"
        "1;0001;01/03/2026;08:00;Pane;2,00;2,00\n2;0001;01/03/2026;09:00;Pane;2,00;2,00\n"
        "1;0002;13/03/2026;08:00;Pane;2,00;2,00\n",
        ["Scontrino 0001 has several tills on one day, first in line 2, and so have 1 of 2 "
         "tickets: the model writes Cassa before it",
         "landed.cassa || '-' || landed.scontrino as ticket",
         "landed.totale_scontrino as order_total"],
        ["landed.scontrino as ticket,\n    landed.cassa"],
    ),
    "a number of several times on a day": (
        "tills.csv",
        "ticket;day;time;item;amount\n1;2026-03-01;08:00;Tea;2.00\n1;2026-03-01;09:00;Pie;2.00\n"
        "2;2026-03-01;09:00;Pie;2.00\n2;2026-03-02;09:30;Pie;2.00\n",
        ["ticket 1 has several times on one day, first in line 2, and so have 1 of 3 tickets: if "
         "they are several tickets, put ticket together with the column that tells them apart."],
        ["||"],
    ),
    "numbers that begin again with each business date": (
        "bar.csv",
        "ticket;day;time;item;amount\n9;2026-03-01;22:00;Tea;2.00\n9;2026-03-02;00:30;Pie;2.00\n"
        "8;2026-03-02;23:00;Pie;2.00\n8;2026-03-02;01:30;Tea;2.00\n7;2026-03-03;01:30;Tea;2.00\n",
        ["ticket 9 has several times on one day, first in line 2, and so have 1 of 4 tickets"],
        [],
    ),
    "a till that has numbers of its own": (
        "tills.csv",
        "till;ticket;day;time;item;amount\n1;1;2026-03-01;08:00;Tea;2.00\n"
        "2;2;2026-03-01;09:00;Pie;2.00\n",
        ["landed.ticket,"],
        ["||", "several"],
    ),
    "vouchers and tips among the lines": (
        "lines.csv",
        "no;day;time;kind;sku;item;qty;price;amount;tender 1;tender 2\n"
        "1;2026-03-01;08:00;V;7;Tea;2;6.00;12.00;cash;\n"
        "1;2026-03-01;08:00;B;;BUONO PASTO;1;-8.00;-8.00;cash;\n"
        "1;2026-03-01;08:00;V;;** GRATUITY **;1;1.00;1.00;cash;\n"
        "2;2026-03-01;08:01;V;7;Tea;3;6.00;18.00;cash;card\n"
        "3;2026-03-01;08:02;R;7;Tea;-1;6.00;-6.00;cash;\n",
        ["1 lines called 'BUONO PASTO', first in line 3, have an amount below 0 and look like a "
         "way of paying. Unless the model says line_kind, they are discounts, or returns",
         "1 lines called '** GRATUITY **', first in line 4, look like tips.",
         "kind tells lines below 0 (B, R) from the others (V): write line_kind by it",
         "tender 2 looks like a way of paying, too, and is not mapped",
         "sku looks like the article's own number: write it as article, and item as product_name"],
        [],
    ),
    "a rate of the tax in percent": (
        "rates.csv",
        "no;day;time;item;amount;% IVA;order type\n1;2026-03-01;08:00;Tea;12,00;10%;To Go\n"
        "2;2026-03-01;08:00;Pie;12,00;7,5 %;Drive\n",
        ["% IVA is taken as the rate of the tax in the prices: 7,5 % is 0.075, 10% is 0.1. Other "
         "values get no rate.", "when '10%' then 0.1\n", "end as tax_rate,",
         "when 'to go' then 'takeaway'", "end as channel,", "Channels that are not known: drive."],
        [],
    ),
    "an amount of tax": (
        "taxes.csv",
        "no;day;time;item;amount;tax\n1;2026-03-01;08:00;Tea;12.00;0.61\n"
        "2;2026-03-01;08:00;Pie;12.00;3.00\n",
        ["tax looks like amounts of tax (0.61 in line 2), not like a rate, and is not mapped: if "
         "it is the tax of the line, write landed.tax as tax_amount"],
        ["as tax_rate"],
    ),
    "an amount before and one after the discount, and ids with letters of a currency": (
        "net.csv",
        "id,day,time,item,qty,Gross Sales,Discounts,Net Sales\n12kr,2026-03-01,08:00,Tea,1,12.00,"
        "(2.00),10.00\n7kr,2026-03-01,08:01,Tea,2,24.00,0.00,24.00\n"
        "a5kr,2026-03-01,08:02,Tea,-1,(12.00),2.00,(10.00)\n",
        ["Net Sales is taken as line_amount, and not Gross Sales: on the 2 lines that have "
         "Discounts, it is what is left after it.",
         "landed.net_sales as line_amount", "landed.discounts as discount"],
        ["currency_sign", "landed.gross_sales as", "quarantine"],
    ),
    "groups of thousands without cents": (
        "thousands.csv",
        "no;day;time;item;amount\n1;01.03.2026;08:00;Tea;1.500\n2;01.03.2026;08:01;Tea;2.000\n",
        ["All numbers can be read as ',.' and as '.'", 'thousands_separator = "."'],
        [],
    ),
    "amounts of a day, one column for each product": (
        "pivot.csv",
        "Tag;Filiale;Kaffee;Tee;Kuchen;Gesamt;davon MwSt 7%;davon MwSt 19%\n"
        "24.11.2026;Lyon;1,50;2,25;1.003,00;1.006,75;1,00;2,00\n"
        "25.11.2026;Lyon;2,50;;3,00;5,50;0,10;0,20\nSumme;;4,00;2,25;1.006,00;1.012,25;1,10;2,20\n",
        ["Kaffee, Tee, Kuchen. Take out", "These columns add up to Gesamt, so they are taken as "
         "amounts, and not as quantities.", "landed.article,", "landed.line_part,",
         "case when {{ filled('landed.tag') }} in ('Summe') then case when"
         " landed.is_first_part then landed.gesamt end else landed.quantity end as line_amount",
         "in ('Summe') as is_total"],
        ["MwSt 7%'", "    landed.quantity,", "landed.unit_price", "quarantine"],
    ),
    "a line for each article, with units, a guest, and a column for each way of paying": (
        "verkoop.jsonl",
        "".join(
            f'{{"bon": {bon}, "tijd": "2026-03-0{bon} 08:00", "aantal": "{aantal}", "btw_pct": 9, '
            f'"artikel": {{"code": {code}, "naam": "{naam}"}}, "stukprijs": {prijs}, "btw": {btw}, '
            f'"totaal": {totaal}, "betaald": {{"cash": {cash}, "pin": 0}}, '
            '"klant": "J. de Vries"}\n'
            for bon, code, naam, aantal, prijs, totaal, btw, cash in (
                (1, 7, "Olijven", "0,512 kg", "18.90", "9.68", "0.80", "22.18"),
                (1, 8, "Tiramisu", "2 st", "6.25", "12.50", "1.03", "22.18"),
                (2, 7, "Olijven", "1,250 kg", "18.90", "23.63", "1.95", "29.88"),
                (2, 8, "Tiramisu", "1 st", "6.25", "6.25", "0.52", "29.88"),
            )
        ),
        ["{{ landed_json('landed.artikel', 'naam') }} as article",
         "regexp_replace(landed.aantal, ' *[[:alpha:]]+[.]?$', '') as quantity",
         "landed.stukprijs as unit_price", "landed.totaal as line_amount",
         "when '9' then 0.09", "write landed.btw as tax_amount",
         'quantity_decimal_separator = ","',
         "aantal has units behind its numbers (kg, st)",
         "klant may name a person", "personal: [klant]",
         "betaald.cash, betaald.pin look like what was paid in each way"],
        ["thousands_separator", "lines_of_columns", "'klant'", "quarantine."],
    ),
    "sums of parts before the sum of the file": (
        "sums.csv",
        "day;time;no;item;amount\n2026-03-01;08:00;1;Tea;3.00\nSubtotal;;;;3.00\n"
        "2026-03-01;08:01;2;Tea;-1.50\nSubtotal;;;;-1.50\nTotal;;;;1.50\n",
        ['not_records = ["Subtotal"]', "{{ filled('landed.day') }} in ('Total') as is_total,"],
        ["'Subtotal'", "quarantine"],
    ),
    "sums of parts only": (
        "parts.csv",
        "day;time;no;item;amount\n2026-03-01;08:00;1;Tea;3.00\nSubtotal;;;;3.00\n",
        ['not_records = ["Subtotal"]'], ["is_total", "quarantine"],
    ),
    "a sum of each day, and a footer with a day in it": (
        "days.csv",
        "no;day;time;item;amount\n1;2026-11-01;08:00;Tea;3.00\nSubtotal 01/11/2026;;;;3.00\n"
        "2;2026-11-02;08:00;Tea;3.00\nSubtotal 02/11/2026;;;;3.00\n"
        "Totals for 01-02/11/2026;;;;6.00\n",
        ['not_records = ["Subtotal"]', "{{ filled('landed.no') }} like 'Totals for%' as is_total,"],
        ["quarantine"],
    ),
    "voided lines, who served, and a card in Japanese": (
        "voids.csv",
        "no;day;time;item;amount;Void?;Server;tender\n"
        "1;2026-03-01;08:00;Tea;2.00;N;Ann;カード\n2;2026-03-01;08:01;Tea;3.00;Y;Bo;現金\n",
        ["Void? seems to say which lines are voided (it has N, Y): write is_void into the model",
         "Server may name a person", "personal: [server]", "when 'カード' then 'card'"],
        ["not known", "'server'"],
    ),
    "cancelled and refunded sales, a tip, and the cost of a line": (
        "receipts.csv",
        "Date,Receipt number,Receipt type,Item,Quantity,Gross sales,Discounts,Net sales,Tip amount,"
        "Cost of goods,Status\n"
        "2026-11-24 14:03,1-1001,Sale,Latte,1,4.50,0.00,4.50,0.50,1.20,Closed\n"
        "2026-11-24 14:03,1-1001,Sale,Bagel,2,9.00,0.90,8.10,0.00,3.00,Closed\n"
        "2026-11-24 14:20,1-1002,Refund,Latte,1,4.50,0.00,4.50,0.00,1.20,Closed\n"
        "2026-11-24 15:00,1-1003,Sale,Latte,2,9.00,0.00,9.00,0.00,2.40,Cancelled\n",
        ["landed.net_sales as line_amount",
         "Tip amount looks like a tip of the whole ticket and is not mapped",
         "Status has Cancelled on 1 line(s), first in line 5: the model leaves them out by is_void",
         "{{ filled('landed.status') }} in ('Cancelled') as is_void,",
         "Receipt type has Refund on 1 line(s) that are not below 0, first in line 4: write "
         "line_kind = 'return' into the model for these, or they count as sold.",
         "Cost of goods is taken as the cost of one: nothing shows whether it is that of the line"],
        ["tip_amount as"],
    ),
    "refunds that are below 0, with ids": (
        "sales.csv",
        "Date,Transaction ID,Receipt,Type,Item,Quantity,Price\n"
        "2026-11-24 08:15:00,TA1,S-1,Sale,Tea,2,3.00\n2026-11-24 08:16:00,TA2,S-2,Sale,Tea,1,3.00\n"
        "2026-11-24 08:17:00,TA3,S-3,Refund,Tea,-1,-3.00\n",
        ['negative_quantity = "refund"', "Type tells lines below 0 (Refund) from the others"],
        ["Type has Refund", "Transaction ID tells"],
    ),
    "orders whose total is on their first line": (
        "orders.csv",
        "Name,Total,Discount Amount,Created at,Lineitem quantity,Lineitem name,Lineitem price,"
        "Cancelled at\n"
        "#1001,27.00,3.00,2026-11-24 10:00:00 +0100,2,Pizza,12.00,\n"
        "#1001,,,2026-11-24 10:00:00 +0100,1,Cola,6.00,\n"
        "#1002,12.00,0.00,2026-11-24 11:00:00 +0100,1,Pizza,12.00,2026-11-24 12:00:00 +0100\n",
        ["landed.name as ticket", "landed.created_at as sold_on", "landed.total as order_total",
         "landed.lineitem_name as article", "landed.lineitem_price as unit_price"],
        ["as line_amount", "landed.cancelled_at as"],
    ),
    "an order's number that is by chance an amount before a discount": (
        "checks.csv",
        "Order #,Order Date,Check Id,Menu Item,Gross Price,Discount,Net Price,Qty\n"
        "12,11/24/26 11:01 AM,500001,Burger,15.00,0.00,15.00,1.0\n"
        "12,11/24/26 11:01 AM,500001,Fries,10.00,2.00,8.00,2.0\n"
        "13,11/24/26 11:11 AM,500002,Burger,45.00,0.00,45.00,3.0\n",
        ["Net Price is taken as line_amount, and not Gross Price: on the 1 lines that have",
         "landed.net_price as line_amount", "landed.discount,"],
        ["as unit_price"],
    ),
    "a line without a day": (
        "totals.csv",
        "day;time;no;item;amount\n2026-03-01;08:00;1;Tea;2.00\n2026-03-01;08:01;2;Tea;2.00\n"
        ";;;Turnover;4.00\n",
        ["1 line(s) have no day, first line 4: such lines wait in quarantine. If they are totals, "
         "write is_total into the model."],
        ["is_total,"],
    ),
    "guests whom the lines name": (
        "guests.csv",
        "no;day;time;item;amount;cashier;Customer ID;Customer Name;Email;Phone\n" + "".join(
            f"{no};2026-03-01;08:{no:02};Tea;2.00;Bo;{no if no % 3 else 0};Ann {no};"
            f"a{no}@b.c;{no}7\n"
            for no in range(10, 50)
        ),
        ["landed.customer_id,", "landed.customer_name,", "landed.email as customer_email,",
         "landed.phone as customer_phone,", "{{ config(schema='restricted') }}",
         "{personal: [cashier, customer_name, email, phone], customer: customer_id}",
         "'no', 'day', 'time', 'item', 'amount', 'customer_id'\n",
         "Customer ID is mapped as the customer's number, and '0' is on 13 of 40 lines: if that "
         "means an unknown customer, write nullif(landed.customer_id, '0')"],
        ["cashier as", "quarantine."],
    ),
    "guests without a number": (
        "guests.csv",
        "no;day;item;amount;Member ID;Email\n" + "".join(
            f"{no};2026-03-01;Tea;2.00;a{no}@b.c;a{no}@b.c\n" for no in range(10, 15)
        ),
        ["{personal: [email, member_id]}"],
        ["customer", "restricted"],
    ),
}  # fmt: skip
"""A file's name and text, what is printed of it and what not."""


@pytest.mark.parametrize("case", CASES)
def test_what_is_doubtful_is_said_and_not_mapped(tmp_path: Path, case: str) -> None:
    name, text, printed, absent = CASES[case]
    (tmp_path / name).write_text(text, "utf-8")
    checked = check.check(f"{tmp_path}/{name}", "looked_at")
    said = "\n".join([*checked.doubts, *checked.blocks])
    for words in printed:
        assert words in said, said
    for words in absent:
        assert words not in said, said
    told = tomlkit.parse(checked.blocks[0]).unwrap()["sources"]["files"]["feeds"]["looked_at"]
    assert feed.declared("looked_at", told)
    Environment().parse(checked.blocks[2])  # noqa: S701 - it is SQL, not HTML


SALES = "Účtenka;Datum;Čas;Artikl;Částka\n1;13.3.2026;8:00;Čaj;1\u00a0049,00\n"


@pytest.mark.parametrize(
    ("ticket", "guest"),
    [
        ("N° de ticket", "N° client"),
        ("Nº de pedido", "Nº do socio"),
        ("№ чека", "Nummer des Kunden"),
        ("Nr. Paragon", "# Guest"),
    ],
)
def test_a_number_is_named_with_its_sign_in_front(tmp_path: Path, ticket: str, guest: str) -> None:
    file = tmp_path / "sales.csv"
    items = [("Tea", "2.50"), ("Pie", "4.20")] * 20
    lines = [
        f"{100 + n // 2};2026-03-{1 + n // 10:02d};08:00;{item};1;{price};{7 + n // 4}"
        for n, (item, price) in enumerate(items)
    ]
    header = f"{ticket};day;time;product;quantity;price;{guest}"
    file.write_text("\n".join([header, *lines, ""]), "utf-8")
    model = check.check(str(file), "looked_at").blocks[2]
    assert re.search(r"landed\.\w+ as ticket,", model), model
    assert re.search(r"landed\.\w+ as customer_id,", model), model


def test_branches_in_the_names_of_files_and_folders_are_proposed(tmp_path: Path) -> None:
    for name in (
        "trzby_BRNO-01_2025-11.csv",
        "trzby_BRNO-01_2025-12.csv",
        "trzby_OLO-02_2026-01.csv",
    ):
        (tmp_path / name).write_text(SALES, "utf-8")
    said = "\n".join(check.check(str(tmp_path), "looked_at").doubts)
    assert (
        'differ in BRNO-01, OLO-02: if these are branches, write files = "trzby_{branch_id}_*.csv"'
        in said
    )
    assert "differ" not in "\n".join(check.check(f"{tmp_path}/*BRNO*.csv", "looked_at").doubts)
    for name in ("tills/quito/a_1.csv", "tills/lyon/a_1.csv", "tills/lyon/a_1 (1).csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(SALES, "utf-8")
    checked = check.check(f"{tmp_path}/tills", "looked_at")
    assert 'differ in lyon, quito: if these are branches, write files = "{branch_id}/*.csv"' in (
        "\n".join(checked.doubts)
    )
    assert 'files = "*/*.csv"' in checked.blocks[0]
    checked = check.check(f"{tmp_path}/tills/{{branch_id}}/*.csv", "looked_at")
    assert "differ" not in "\n".join(checked.doubts)


def test_files_beside_it_that_differ_or_are_copies_are_named(tmp_path: Path) -> None:
    january = "no;day;item;amount\n" + "1;2026-01-01;Tea;2.00\n" * 20
    for name, text in {
        "january.csv": january, "january (1).csv": january, "for the accountant.csv": january,
        "april.csv": "receipt,date,product,total\n1,2026-04-01,Tea,2.00\n",
        "may.jsonl": '{"no": 1}\n', "MAY.CSV": january.replace("01-01", "05-01"),
    }.items():  # fmt: skip
        (tmp_path / name).write_text(text, "utf-8")
    said = "\n".join(check.check(f"{tmp_path}/", "looked_at").doubts)
    assert "1 of 6 files are of another kind, first may.jsonl" in said
    assert "1 of 5 files have another header, first april.csv: look at it, too." in said
    assert "for the accountant.csv, january (1).csv, january.csv hold the same: take all" in said
    alone = check.check(f"{tmp_path}/april.csv", "looked_at")
    assert "files" not in "\n".join(alone.doubts)


def test_a_quantity_of_one_is_no_amount_after_a_discount(tmp_path: Path) -> None:
    lines = ["Bon;Datum;Artikel;Menge;Preis;Rabatt;Summe"]
    for ticket in range(1, 30):
        lines += [
            f"{ticket};01.11.2026;Kuchen;3;1,10;0,00;3,30",
            f"{ticket};01.11.2026;Espresso;1;2,00;1,00;1,00",
        ]
    (tmp_path / "happy hour.csv").write_text("\n".join(lines), "utf-8")
    model = check.check(f"{tmp_path}/", "looked_at").blocks[-1]
    for column, role in {
        "menge": "quantity", "preis": "unit_price", "rabatt": "discount", "summe": "line_amount",
    }.items():  # fmt: skip
        assert f"landed.{column} as {role}" in model, model


def test_files_whose_lines_are_quoted_whole_have_the_same_header(tmp_path: Path) -> None:
    for day in ("2026-01-01", "2026-01-02"):
        lines = ["no;day;item;amount", *(f"{number};{day};Tea;2.00" for number in range(20))]
        text = "".join(f'"{line}"\n' for line in lines)
        (tmp_path / f"{day}.csv").write_text(text, "utf-8")
    assert "another header" not in "\n".join(check.check(f"{tmp_path}/", "looked_at").doubts)


def test_a_guess_names_what_else_it_may_be_and_can_be_corrected(tmp_path: Path) -> None:
    file = tmp_path / "trzby.csv"
    file.write_bytes(SALES.encode("cp1250"))
    guessed = check.check(str(file), "looked_at")
    assert (
        "if 'Úètenka' is misspelt, correct encoding, with --encoding: cp1250 reads 'Účtenka'"
        in ("\n".join(guessed.doubts))
    )
    told = check.check(str(file), "looked_at", encoding="cp1250", delimiter=";")
    assert "guess" not in "\n".join(told.doubts)
    assert 'encoding = "cp1250"' in told.blocks[0]
    assert 'thousands_separator = " "' in told.blocks[0]
    with pytest.raises(SourceError, match="no columns that can be told apart"):
        check.check(str(file), "looked_at", encoding="cp1250", delimiter="|")


def test_a_month_of_many_lines_is_read_to_its_end(tmp_path: Path) -> None:
    lines = (
        f"{number},1/{1 + number % 12}/2026 {number % 24}:{number // 24 % 60:02}\n"
        for number in range(3000)
    )
    late = (f"{number},1/{13 + number % 19}/2026 {number % 24}:00\n" for number in range(900))
    (tmp_path / "sales.csv").write_text("no,sold at\n" + "".join([*lines, *late]))
    checked = check.check(f"{tmp_path}/sales.csv", "looked_at")
    assert 'date_format = "MM/DD/YYYY"' in checked.blocks[0]
    assert "All days" not in "\n".join(checked.doubts)


def test_a_file_of_many_lines_and_columns_is_looked_at_in_seconds(tmp_path: Path) -> None:
    names = ["receipt", "day", "time", "item", "qty", "price", "gross", "discount", "net", "tender"]
    lines = [",".join([*names, *(f"more {number}" for number in range(15))])]
    for line in range(12_000):
        quantity, price = 1 + line % 3, 200 + line % 170
        gross, taken = quantity * price, quantity * 10 if line % 5 == 0 else 0
        money = ",".join(f"${cents / 100:.2f}" for cents in (price, gross, taken, gross - taken))
        more = ",".join(f"${line * number % 7919 / 100:.2f}" for number in range(1, 16))
        lines.append(
            f"{line // 3},2026-{1 + line // 1000:02}-01,"
            f"{8 + line // 3 % 12:02}:{line // 36 % 60:02},"
            f"Product {line % 180},{quantity},{money},Card,{more}"
        )
    (tmp_path / "sales.csv").write_text("\n".join(lines), "utf-8")
    started = time.process_time()
    checked = check.check(f"{tmp_path}/sales.csv", "looked_at")
    assert time.process_time() - started < 15
    for mapped in ("price as unit_price", "net as line_amount", "discount", "receipt as ticket"):
        assert f"landed.{mapped}," in checked.blocks[2], checked.blocks[2]
