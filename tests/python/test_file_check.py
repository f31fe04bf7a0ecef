"""A file that is not declared: what `mypizza file check` prints of it comes in, and is right."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import tomlkit
import yaml
from jinja2 import Environment

from ingest.loads.source import SourceError
from ingest.sources.files import check, feed
from ingest.sources.files.bucket import Bucket, Reading
from ingest.warehouse import PROJECT_DIR, Warehouse
from tests.python.commands import copy_project, mypizza, query
from tests.python.test_files import excel, text_cell

FILES = Path(__file__).with_name("exports") / "files"
DAY, NEXT = date(2026, 11, 24), date(2026, 11, 25)
BRANCHES = ("cafe", "deli", "north", "south", "west", "seoul", "bakery", "pub", "tea", "wrapped",
            "web", "porto")  # fmt: skip

EXPORTS: dict[str, tuple[str, dict[str, str]]] = {
    "cafe": ("01_header_junk.csv", {}),
    "deli": ("02_amounts.csv", {}),
    "outlets": ("03_outlets.csv", {}),
    # no order shows these prices, and it says so
    "seoul": (
        "04_wide.csv",
        {"'소금빵',": "('소금빵', '3500'),", "'커피',": "('커피', '2500'),"},
    ),
    "bakery": ("05_daily_sums.csv", {}),
    # 3/2/2026 may be either, and it says so
    "pub": ("06_mixed.csv", {"DD/MM/YYYY": "MM/DD/YYYY"}),
    "tea": ("07_trailing.csv", {}),
    "wrapped": ("08_quoted_whole.csv", {}),
    "web": ("09_lines.jsonl", {}),
}
"""The file of each feed, and what a person finishes."""

GB18030 = "摹摹"
"""A text whose bytes are UTF-8, too."""

PRINTED = re.compile(
    r"\n# \.dlt/config\.toml\n(?P<config>.*?)\n\n# models/\S+ and .*?\n(?P<source>.*?)\n\n"
    r"-- (?P<path>models/\S+)\n(?P<model>.*)",
    re.DOTALL,
)


@pytest.fixture(scope="module")
def project(
    warehouse: Warehouse,  # noqa: ARG001 - an empty one is there before it is asked for
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A company whose exports are declared by what was printed, built with the tests of that."""
    project = copy_project(tmp_path_factory.mktemp("company"))
    with (project / "seeds" / "branches.csv").open("a") as seed:
        for branch in BRANCHES:
            zone, currency = (
                ("Asia/Seoul", "KRW") if branch == "seoul" else ("Europe/Berlin", "EUR")
            )
            seed.write(f"{branch},{branch},Town,GB,{zone},2026-01-01,30,4,{currency},true\n")
    config, sources = [], []
    for name, (file, finished) in EXPORTS.items():
        of_branch = ["--branch", name] if name in BRANCHES else []
        printed = mypizza(
            "file", "check", str(FILES / file), "--name", name, *of_branch, project=project
        ).stdout
        for before, after in finished.items():
            assert before in printed, before
            printed = printed.replace(before, after)
        blocks = PRINTED.search(printed)
        assert blocks, printed
        config.append(blocks["config"])
        sources.append(blocks["source"])
        (project / blocks["path"]).write_text(blocks["model"], "utf-8")
    (project / ".dlt" / "config.toml").write_text("\n".join(config), "utf-8")
    page = project / "models" / "staging" / "exports" / "_exports__sources.yml"
    page.write_text("\n\n".join([page.read_text("utf-8").rstrip(), *sources]), "utf-8")
    settings = project / "dbt_project.yml"
    listed = f"feeds: [lyon_sales, {', '.join(EXPORTS)}]"
    text = settings.read_text("utf-8").replace("feeds: [lyon_sales]", listed)
    # a company that has nothing else
    text = re.sub(r"(?ms)^    pos:\n.*?^    # Till", "    # Till", text)
    settings.write_text(re.sub(r"(?ms)^    social:\n.*?^  # what", "  # what", text), "utf-8")
    mypizza("ingest", project=project, expect=None)  # without totals, no day is proven
    built = ("--select", "+rpt_branch_days", "--exclude-resource-type", "unit_test")
    mypizza("dbt", "build", *built, project=project)
    return project


def numbers(*values: str) -> tuple[Decimal, ...]:
    return tuple(Decimal(value) for value in values)


DAYS: dict[str, list[tuple[Any, ...]]] = {
    "bakery": [
        (DAY, None, None, *numbers("1186.357999", "0")),
        (NEXT, None, None, *numbers("999.2", "0")),
    ],
    "cafe": [(DAY, 3, *numbers("5", "13.95", "0"))],
    "deli": [(DAY, 3, *numbers("6.385", "23.39", "6.91"))],
    "north": [(DAY, 2, *numbers("3", "6.25", "0"))],
    "pub": [
        (date(2026, 3, 1), 1, *numbers("1", "5.20", "0")),
        (date(2026, 3, 2), 1, *numbers("3", "8", "0")),
    ],
    "seoul": [(DAY, 3, *numbers("6", "20000", "0"))],
    "south": [(DAY, 2, *numbers("5", "7.50", "0"))],
    "tea": [(DAY, 2, *numbers("4", "8", "0"))],
    "web": [(DAY, 1, *numbers("3", "32.5", "9.5"))],
    "west": [(DAY, 1, *numbers("1", "3.25", "0"))],
    "wrapped": [(DAY, 2, *numbers("4", "8", "0"))],
}


@pytest.mark.usefixtures("project")
def test_the_printed_block_and_model_bring_in_the_right_days(warehouse: Warehouse) -> None:
    rows = query(
        warehouse,
        "select branch_id, business_date, orders, units,"
        " gross_revenue_exact - discount_amount_exact, refund_amount_exact"
        " from marts_next.rpt_branch_days where net_revenue <> 0 order by 1, 2",
    )
    found: dict[str, list[tuple[Any, ...]]] = {}
    for branch, *figures in rows:
        found.setdefault(branch, []).append(tuple(figures))
    assert found == DAYS


MISTAKES: dict[str, tuple[str, str, str, str]] = {
    "the delimiter": (
        "cafe", 'delimiter = ";"', "",
        "The file 01_header_junk.csv of the feed cafe has none of the feed's columns, but only "
        "one, receipt_date_time_article_qty_price_amount_tender: ',' is not in its header, so "
        "correct delimiter, or header if lines precede it, in [",
    ),
    "the encoding": (
        "bakery", 'encoding = "cp1252"', "",
        "The column warengruppe of the file 05_daily_sums.csv, in line 3, has \\xf6, which "
        "is not utf-8: correct encoding in [",
    ),
    "the decimal separator": (
        "cafe", 'decimal_separator = ","', "",
        "The column price of the file 01_header_junk.csv has '2,20' in line 6, which is not "
        "a number with decimal_separator = '.', but is one with ',': correct decimal_separator in "
        "[sources.files.feeds.cafe] in .dlt/config.toml.",
    ),
    "the pattern": (
        "tea", "07_trailing.csv", "07-*.csv",
        "No file of the feed tea matches '07-*.csv' in ",
    ),
    "the branch": (
        "tea", 'branch = "tea"', 'branch = "tee"',
        "[sources.files.feeds.tea] in .dlt/config.toml: branch is 'tee'; allowed are the branches "
        "of seeds/branches.csv: ",
    ),
    "a branch of the file": (
        "outlets", ', south = "South"', "",
        "The column outlet of the file 03_outlets.csv has 'South' in line 3, which is no branch of "
        "seeds/branches.csv: add it there, or name it in branches in [",
    ),
}  # fmt: skip
"""The feed, what is written there, what a newcomer writes, and the sentence."""


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_ends_in_one_sentence(project: Path, mistake: str) -> None:
    name, right, wrong, sentence = MISTAKES[mistake]
    file = project / ".dlt" / "config.toml"
    config = file.read_text("utf-8")
    (block,) = re.findall(rf"(?ms)^\[sources\.files\.feeds\.{name}\]\n.*?(?=^\[|\Z)", config)
    assert right in block
    file.write_text(config.replace(block, block.replace(right, wrong)), "utf-8")
    try:
        printed = mypizza("ingest", "files", project=project, expect=None).stdout
    finally:
        file.write_text(config, "utf-8")
    assert sentence in printed, printed


def test_a_feed_that_no_model_reads_says_so_until_one_does(project: Path) -> None:
    file = project / ".dlt" / "config.toml"
    config = file.read_text("utf-8")
    block = '\n[sources.files.feeds.{}]\nurl = "{}"\nfiles = "03_outlets.csv"\n{}\n'
    declared = (("kiosk", ""), ("stalls", 'branch_column = "outlet"'))
    blocks = (block.format(name, FILES, option) for name, option in declared)
    file.write_text(config + "".join(blocks), "utf-8")
    sentences = (
        "The feed kiosk lands, and nothing of it is published: no model reads it. Write one",
        "Nothing says the branch of the lines of the feed kiosk: give branch, branch_column or",
        "The feed stalls lands, and nothing of it is published",
        "The column outlet of the file 03_outlets.csv has 'North' in line 2, which is no branch",
    )
    try:
        # at the second time no file is new
        printed = [
            mypizza(*command, project=project, expect=None).stdout
            for command in (["ingest", "files"], ["ingest", "files"], ["status"])
        ]
    finally:
        file.write_text(config, "utf-8")
    for text in printed:
        for sentence in sentences:
            assert sentence in text, text
        assert "The feed tea lands" not in text


ADVICE: dict[str, tuple[dict[str, str], dict[str, tuple[str, str]], str]] = {
    "an encoding that reads everything": (
        {"encoding": "cp1252"},
        {"guest": ("Käse".encode().decode("cp1252"), "Tee")},
        "The column guest of the file sales.csv, in line 2, has 'Ã¤', which is 'ä' in UTF-8: "
        "correct encoding in [",
    ),
    "the date format": (
        {"date_format": "DD/MM/YYYY"},
        {"day": ("24.11.2026", "25.11.2026")},
        "The column day of the file sales.csv has '24.11.2026' in line 2, which is not a day with "
        "date_format = 'DD/MM/YYYY', but is one with 'DD.MM.YYYY': correct date_format in [",
    ),
    "the time format": (
        {},
        {"time": ("", "7:32 PM")},
        "The column time of the file sales.csv has '7:32 PM' in line 3, which is not a time with "
        "time_format = 'HH24:MI:SS', but is one with 'HH12:MI AM': correct time_format in [",
    ),
    "halves of the day with a blank in them": (
        {"time_format": "HH24:MI"},
        {"time": ("12:19 p. m.", "9:05\u00a0a.\u00a0m.")},
        "which is not a time with time_format = 'HH24:MI', but is one with 'HH12:MI AM': correct ",
    ),
    "times without signs": (
        {"time_format": "HH24:MI"}, {"time": ("090001", "235959")}, "but is one with 'HH24MISS'",
    ),
    "halves of the day in other letters": (
        {"time_format": "HH24:MI"},
        {"time": ("下午 3:20", "上午 9:05")},
        "has '下午 3:20' in line 2, which is not a time with time_format = 'HH24:MI', nor with "
        "others: write it so in the model, or correct time_format in [",
    ),
    "no currency sign": (
        {"decimal_separator": ","},
        {"price": ("2,50 €", "0,90 €")},
        "has '2,50 €' in line 2, which is not a number with currency_sign = '', but is one with "
        "'€': correct currency_sign in [",
    ),
    "no thousands separator": (
        {"decimal_separator": ","},
        {"price": ("25.000,00", "2.500,00"), "tip": ("2,50", "1,50")},
        "has '25.000,00' in line 2, which is not a number with thousands_separator = '', but is "
        "one with '.': correct thousands_separator in [",
    ),
    "a blank that does not break": (
        {"decimal_separator": ","},
        {"price": ("25\u00a0000,00", "2\u00a0500,00"), "tip": ("2,50", "1,50")},
        "has '25 000,00' in line 2, which is not a number with thousands_separator = '', but is "
        "one with ' ': correct thousands_separator in [",
    ),
    "apostrophes of typographers between thousands": (
        {"decimal_separator": ","},
        {"price": ("1’250,50", "−2’500,00"), "tip": ("2,50", "1,50")},
        "has '1’250,50' in line 2, which is not a number with thousands_separator = '', but is "
        "one with \"'\": correct thousands_separator in [",
    ),
    "signs that are no plain ones": (
        {"decimal_separator": ",", "thousands_separator": "’", "date_format": "DD/MM/YYYY"},
        {"price": ("1’250,50", "−2'500,00"), "tip": ("２，５０", "(1,50)"),
         "day": ("２４／１１／２０２６", "25/11/2026")},
        "",
    ),
    "a column of words in brackets": (
        {"format": "jsonl"},
        {"article": ("[Promo] Tea", "{2} Pies"), "price": ("2,50", "0,90")},
        "The column price of the file sales.csv has '2,50' in line 2, which is not a number with ",
    ),
    "quantities of their own": (
        {"decimal_separator": ",", "quantity_decimal_separator": "."},
        {"quantity": ("1.00", "2.00"), "price": ("2,50", "0,90")},
        "",
    ),
    "columns that no model needs": (
        {"decimal_separator": ","},
        {"price": ("2,50", "0,90"), "vat": ("19.00", "7.00"),
         "day": ("2026-11-24", "2026-11-24"), "due": ("24.12.2026", "24.12.2026"),
         "time": ("10:00:00", "10:01:00"), "tid": ("1205", "1206")},
        "",
    ),
    "quantities with a point": (
        {"decimal_separator": ","},
        {"qty": ("1.0", "2.0"), "code": ("1.234", "2.345")},
        "'1.0' in line 2, which is not a number with quantity_decimal_separator = ',', but is one "
        "with '.'",
    ),
    "a currency of two letters": (
        {"decimal_separator": ","}, {"tutar": ("1,50 TL", "2,75 TL")}, "but is one with 'TL'",
    ),
    "hours like prices": ({}, {"time": ("10.30", "12.59")}, "but is one with 'HH24.MI'"),
    "two bytes a letter": ({"encoding": "gb18030"}, {"article": (GB18030, "Tea")}, ""),
    "no columns": ({}, {}, ""),
}  # fmt: skip
"""How a feed is declared, what its columns hold, and the only sentence on it, if any."""


@pytest.mark.parametrize("case", ADVICE)
def test_what_is_declared_otherwise_than_written_is_named(case: str) -> None:
    options, columns, sentence = ADVICE[case]
    declared = feed.declared("sales", {"url": "/exports", "files": "*.csv", **options})
    lines = pa.table({"_line_number": [2, 3], "_reject": pa.nulls(2, pa.string()), **columns})
    advice = list(check.misread(declared, "sales.csv", lines))
    assert sentence in "".join(advice)
    assert len(advice) == bool(sentence), advice


def test_what_the_how_to_looks_at_first_is_what_it_declares(project: Path, tmp_path: Path) -> None:
    page = (PROJECT_DIR / "docs" / "how-to" / "add-a-till.md").read_text("utf-8")
    ((file, arguments),) = re.findall(r"```bash\nmypizza file check (\S+) (.*)\n```", page)
    (tmp_path / "exports").mkdir()
    (tmp_path / file).write_bytes(
        "Talão;Data;Hora;Artigo;Quantidade;Preço;Pagamento\n"
        "1;01-02-2016;12:30;Margherita;100;1.010,50 €;MB\n"
        "1;13-02-2016;12:30;Água;2;1,50 €;MB\n"
        "2;13-02-2016;01:30;Água;-1;1,50 €;dinheiro\n".encode("cp1252")
    )
    words = ["file", "check", str(tmp_path / file), *arguments.split()]
    blocks = PRINTED.search(mypizza(*words, project=project).stdout)
    assert blocks
    said = tomlkit.parse(blocks["config"])["sources"]["files"]["feeds"]["porto_sales"]
    declared = tomlkit.parse(re.findall(r"```toml\n(.*?)```", page, re.DOTALL)[1])
    wanted = declared["sources"]["files"]["feeds"]["porto_sales"].unwrap()
    # the default reads hours and minutes, too
    assert {**said.unwrap(), "time_format": "HH24:MI"} == {
        name: value for name, value in wanted.items() if name != "totals"
    } | {"url": f"{tmp_path}/exports", "files": "vendas_1.csv"}
    (model,) = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    mapped = re.findall(r"(\w+)(?: as (\w+))?,$", model, re.MULTILINE)
    assert {new or name for name, new in mapped} - {"payment_method", "channel", "tax_rate"} <= {
        new or name for name, new in re.findall(r"(\w+)(?: as (\w+))?,$", blocks["model"], re.M)
    }
    assert "when 'mb' then 'card'" in blocks["model"]


WRITTEN: dict[str, tuple[bytes, str, list[str]]] = {
    "American": (
        b"Order #|Date|Time|Item|Qty|Gross Sales\n7|1/13/2026|1:05 PM|Taco|2|$1,204.50\n",
        "",
        ['delimiter = "|"', 'thousands_separator = ","', 'currency_sign = "$"',
         'date_format = "MM/DD/YYYY"', 'time_format = "HH12:MI AM"'],
    ),
    "compact": (
        b"bon;datum;uhrzeit;artikel;menge;einzelpreis;betrag\n1;20261124;0815;Brot;2;1,50;3,00\n"
        b"2;20261124;0816;Bier;3;2,50;7,50\n2;20261124;0816;Wein;1;5,00;4,50\n"
        b"2;20261124;0817;Wein;1;5,00;5,00\n",
        "",
        ['date_format = "YYYYMMDD"', 'time_format = "HH24MI"', 'decimal_separator = ","'],
    ),
    "two ways to read the days": (
        b"ticket,date,time,item,amount\n1,3/2/2026,12:05,Tea,2.00\n2,4/2/2026,12:06,Tea,2.00\n",
        "All days can be read as 'DD/MM/YYYY' and as 'MM/DD/YYYY'",
        ["date_format ="],
    ),
    "no ticket": (
        b"date,time,item,amount\n2026-11-24,12:05,Tea,2.00\n2026-11-24,12:06,Pie,3.00\n",
        "No column looks like the number of a ticket, so each line is an order.",
        [],
    ),
    "junk after": (
        b"n;datum;zeit;artikel;betrag\n1;24.11.26;8:15;Brot;1.200,50\n1;25.11.26;8:15;Bier;2,00\n"
        b"Summe: 2\n-----\nprinted by Kasse 7\n",
        "1 line(s) do not fit the header, first line 6: 'printed by Kasse 7'",
        ['date_format = "DD.MM.YY"', 'not_records = ["-----", "Summe"]'],
    ),
    "Polish": (
        "Paragon;Data;Godzina;Towar;Ilość;Cena;Wartość\n1;2026-11-24;10:00;Żurek;2;12,00;24,00\n"
        .encode("cp1250"),
        "The encoding is a guess: if 'Ilość' is misspelt",
        ['encoding = "cp1250"', 'delimiter = ";"', 'decimal_separator = ","'],
    ),
    "Swiss, with signs of typographers": (
        "Beleg;Datum;Zeit;Artikel;Menge;Preis;Betrag\n1;24.11.2026;8:15;Brot;2;1’250.50;2’501.00\n"
        "2;24.11.2026;8:16;Bier;−1;4.50;−4.50\n3;24.11.2026;8:17;Wein;2;5.25;10.50\n"
        "合计;;;;;;2’507.00\n".encode(),
        "",
        ["thousands_separator = \"'\"", 'negative_quantity = "refund"'],
    ),
    "two bytes a letter": (
        "날짜\t시간\t품목\t수량\t금액\n2026.11.24\t11:05\t커피\t2\t5000\n".encode("utf-16"),
        "",
        ['encoding = "utf-16"', 'delimiter = "\\t"', 'date_format = "YYYY.MM.DD"'],
    ),
}  # fmt: skip
"""What a file holds, what is not sure of it, and what the printed block must say."""


@pytest.mark.parametrize("kind", WRITTEN)
def test_how_a_file_is_written_is_found_and_its_block_is_accepted(
    tmp_path: Path, kind: str
) -> None:
    content, doubt, options = WRITTEN[kind]
    (tmp_path / "export_1.csv").write_bytes(content)
    checked = check.check(f"{tmp_path}/export_*.csv", "looked_at")
    block = checked.blocks[0]
    for option in options:
        assert option in block, block
    assert doubt in "\n".join(checked.doubts)
    told = tomlkit.parse(block).unwrap()["sources"]["files"]["feeds"]["looked_at"]
    bucket = Bucket(feed.declared("looked_at", told))
    (file,) = bucket.files()
    reading = Reading(file)
    (table,) = bucket.read(reading)
    assert reading.error is None
    roles = {role for _, _, said, *_ in checked.columns for role in said.split(", ")}
    assert {"sold_on", "sold_at", "article", "line_amount"} <= roles
    assert table.num_columns == len(checked.columns) + 2


OUTLETS = "receipt;date;time;article;amount;outlet\n" + "".join(
    f"{number};2026-11-24;10:00:00;Tea;2.50;{outlet}\n"
    for number, outlet in enumerate(("LYON", "Lyon", "Quito"), 1)
)
PRINTS: dict[str, tuple[str, str, str, list[str], list[str]]] = {
    "brackets in a word, quotes in a key, a nested branch": (
        "sales.jsonl", "utf-8",
        '{"receipt": 1, "date": "2026-11-24", "time": "10:00:00", "note": "[Promo] Tea", "at": '
        '{"outlet": "Lyon"}, "user": [{"tender": "Cash"}], "lines": [{"item": "Tea", "prix d\'a": '
        '"2.50"}, {"item": "Pie", "prix d\'a": "3.50"}]}\n',
        ["json_text('line.element', 'prix d\\'a')", " on user_list.position = 1",
         "lower({{ filled(json_text('user_list.element', 'tender')) }})",
         "No column says the branch"],
        ["branch_column"],
    ),
    "two words for one branch, signs in the name": (
        "Joe's & co [1].csv", "utf-8", OUTLETS,
        ['branches = {lyon = "LYON", quito = "Quito"}', "or not only one, that is called Lyon: ",
         "Joe's & co [[]1].csv\""],
        ["\\u0026"],
    ),
    "a folder for each branch, and two bytes a letter": (
        "{branch_id}/*.csv", "utf-16-le", OUTLETS.replace("outlet", "guest"),
        ['encoding = "utf-16-le"', 'files = "{branch_id}/*.csv"'],
        ["No column says the branch", "# branch ="],
    ),
    "many numbers beside an article": (
        "sales.csv", "utf-8",
        "receipt;date;time;article;total;vat rate;net;till;covers\n"
        "1;2026-11-24;10:00:00;Tea;2.50;7;2.34;1;2\n2;2026-11-24;10:01:00;Pie;3.50;7;3.27;1;3\n",
        ["landed.article"],
        ["lines_of_columns"],
    ),
    "more columns than can all be multiplied": (
        "sales.csv", "utf-8",
        ",".join(["receipt", "date", "time", *(f"dish\\ {row}" for row in range(160))]) + "\n"
        + "".join(f"{row},2026-11-24,10:00:00{',2' * 160}\n" for row in range(300)),
        ["'dish\\\\ 7'"],
        [],
    ),
}  # fmt: skip
"""A file's name, encoding and text, and what is printed of it and what not."""


@pytest.mark.parametrize("kind", PRINTS)
def test_what_is_printed_can_be_used_as_it_is(tmp_path: Path, kind: str) -> None:
    name, encoding, text, printed, absent = PRINTS[kind]
    file = tmp_path / name.replace("{branch_id}/*", "lyon/sales")
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding)
    checked = check.check(f"{tmp_path}/{name}", "looked_at")
    told = tomlkit.parse(checked.blocks[0]).unwrap()["sources"]["files"]["feeds"]["looked_at"]
    assert [each.name for each in Bucket(feed.declared("looked_at", told)).files()]
    (source,) = yaml.safe_load(checked.blocks[1])
    assert source["name"] == "looked_at"
    Environment().parse(checked.blocks[2])  # noqa: S701 - it is SQL, not HTML
    said = "\n".join([*checked.doubts, *checked.blocks])
    for words in printed:
        assert words in said, said
    for words in absent:
        assert words not in said, said


def test_lines_in_quotes_before_one_without_are_looked_at(tmp_path: Path) -> None:
    quoted = '"1;2026-11-24;10:00;""Tea"";""nice"";2.00"\n' * 40
    (tmp_path / "sales.csv").write_text(f'"no;date;time;item;note;amount"\n{quoted}end\n')
    with pytest.raises(SourceError, match="no columns that can be told apart"):
        check.check(f"{tmp_path}/sales.csv")


def test_an_excel_file_is_looked_at_like_text(tmp_path: Path) -> None:
    rows = (("", "Sales of", "Shop 7"),
            ("", "Receipt", "Day", "Time", "Item", "Quantity", "Amount", "Note"),
            ("", "1", "24.11.2026", "08:15", "Tea", "0.5", "2,50", ""),
            ("", "2", "24.11.2026", "08:20", "Pie", "1.5", "1,00", ""))  # fmt: skip
    (tmp_path / "sales.xlsx").write_bytes(
        excel(*(f"<row>{''.join(map(text_cell, row))}</row>" for row in rows))
    )
    block = check.check(str(tmp_path / "sales.xlsx")).blocks[0]
    told = tomlkit.parse(block).unwrap()["sources"]["files"]["feeds"]["sales"]
    assert told == {
        "url": str(tmp_path), "files": "sales.xlsx", "format": "xlsx", "header": "Receipt",
        "decimal_separator": ",", "date_format": "DD.MM.YYYY",
    }  # fmt: skip
    bucket = Bucket(feed.declared("sales", told))
    (file,) = bucket.files()
    (table,) = bucket.read(Reading(file))
    assert {"receipt", "day", "note"} < set(table.column_names)
    named = check.check(str(tmp_path / "sales.xlsx"), sheet="Sales").blocks[0]
    assert 'sheet = "Sales"' in named
    with pytest.raises(SourceError, match="it has no sheet 'Takings', but Sales"):
        check.check(str(tmp_path / "sales.xlsx"), sheet="Takings")
    (tmp_path / "info.xlsx").write_bytes(excel(f"<row>{text_cell('About this file')}</row>"))
    with pytest.raises(SourceError, match="has the sheets Sales; name another one with --sheet"):
        check.check(str(tmp_path / "info.xlsx"))


@pytest.mark.parametrize(
    ("content", "place", "sentence"),
    [
        (b"hello\nworld\n", "a.csv", "The file a.csv has no columns that can be told apart: "),
        (b"", "a.csv", "No file with anything in it matches 'a.csv' in "),
        (b"n,m\n1,2\n", "b.csv", ", which has a.csv: correct the path or the pattern."),
        (b"PK\x03\x04", "a.csv", "The file a.csv of the feed a cannot be read ("),
        (b'[{"n": 1}]', "a.csv", "The file a.csv is JSON, but not one object a line: "),
        (b'{\n"n": 1\n}\n', "a.csv", "The file a.csv is JSON, but not one object a line: "),
    ],
)
def test_what_is_no_export_ends_in_one_sentence(
    tmp_path: Path, content: bytes, place: str, sentence: str
) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(SourceError) as refused:
        check.check(str(tmp_path / place))
    assert sentence in str(refused.value)


def test_a_delimiter_that_divides_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("no|day\n1|2026-11-24\n2|2026-11-25\n", "utf-8")
    with pytest.raises(SourceError, match="',' does not divide most of its lines alike; correct "):
        check.check(str(tmp_path / "a.csv"), delimiter=",")
