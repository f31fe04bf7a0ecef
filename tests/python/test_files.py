"""Files come in from a bucket: each once, line by line, whatever state they are in."""

from __future__ import annotations

import gzip
import json
import os
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from psycopg import sql

from ingest.cli import audit
from ingest.loads import driver, modelled
from ingest.loads import folder as folder_module
from ingest.loads.source import Compared, LoadResult, SourceError, Window
from ingest.sources.files import csv_files, dialect, feed, misfit, source
from ingest.sources.files import text as file_text
from ingest.sources.files.feed import Feed
from ingest.sources.tills.source import MYPIZZA
from ingest.warehouse import Warehouse, WarehouseError
from tests.python import preloaded

# A load in a process of its own, which says when it begins so that it can be killed in the middle.
A_LOAD = """
import json, sys
from ingest import warehouse
from ingest.loads import driver
from ingest.sources.files import feed, source
declared = feed.declared(sys.argv[1], json.loads(sys.argv[2]))
with driver.session(warehouse.resolve()) as session:
    source.prepare(session.connection, [declared])
    (visit,) = source.visits(session, [declared])
    begins()
    print(visit.read().error or "succeeded")
"""


@dataclass
class Folder:
    """A bucket on disk with one feed in it, and the warehouse that it lands in."""

    warehouse: Warehouse
    path: Path
    declared: dict[str, Any]
    name: str

    @property
    def feed(self) -> Feed:
        """The feed, as it would be declared in the configuration."""
        return feed.declared(self.name, self.declared)

    def write(self, name: str, content: str | bytes) -> Path:
        """Put a file into the bucket, at once and whole."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.part")
        beside.write_bytes(content if isinstance(content, bytes) else content.encode())
        beside.replace(path)
        return path

    def load(self) -> LoadResult:
        """Load the feed, as the driver does."""
        with driver.session(self.warehouse) as session:
            source.prepare(session.connection, [self.feed])
            (visit,) = source.visits(session, [self.feed])
            result = visit.read()
            source.prepare(session.connection, [self.feed])
            return result

    def rows(self, columns: str = "*", where: str = "_deleted_at is null") -> list[tuple[Any, ...]]:
        """Return what has landed, by file and line."""
        return self.query(
            f"select {columns} from raw_files.{self.name} where {where}"
            " order by _file_name, _line_number"
        )

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        with self.warehouse.connect() as connection:
            return connection.execute(statement.encode()).fetchall()


NUMBERS = iter(range(1000))
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
STORES = CACHE / "mypizza" / "stores"
# its driver would ask by gRPC, too, which only Google itself answers, and wait for a minute
os.environ["GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"] = "false"


@pytest.fixture
def folder(warehouse: Warehouse, tmp_path: Path) -> Folder:
    """An empty bucket and a feed that takes every CSV file in it."""
    return Folder(
        warehouse,
        tmp_path,
        {"url": str(tmp_path), "files": "**/*.csv*"},
        f"feed_{next(NUMBERS)}",
    )


def succeeded(result: LoadResult) -> LoadResult:
    assert result.outcome == "succeeded", result.error
    return result


def test_a_file_is_read_once_and_every_row_knows_its_line(folder: Folder) -> None:
    folder.write("a.csv", "article,price\nMargherita,9.50\nReine,11.00\n")
    assert succeeded(folder.load()).row_count == 2
    assert folder.rows("article, price, _file_name, _line_number, branch_id, _reject") == [
        ("Margherita", "9.50", "a.csv", 2, None, None),
        ("Reine", "11.00", "a.csv", 3, None, None),
    ]
    folder.write("b.csv", "article,price\nCalzone,12\n")
    assert succeeded(folder.load()).row_count == 1
    assert succeeded(folder.load()).row_count == 0


def test_only_complete_loads_count_and_each_load_says_which_rows_it_brought(
    folder: Folder,
) -> None:
    folder.write("a.csv", "n\n1\n")
    folder.load()
    folder.write("b.csv", "n\n2\n")
    folder.load()
    assert folder.query(
        f"select count(*), count(distinct _dlt_load_id) from raw_files.{folder.name}"
        f" inner join raw_files._dlt_loads on load_id = _dlt_load_id"
        f" where schema_name = 'files_{folder.name}' and status = 0"
    ) == [(2, 2)]
    assert folder.query(
        "select kind, outcome, row_count from audit.loads"
        f" where source = 'files' and tables ->> 'feed' = '{folder.name}' order by started_at"
    ) == [("initial", "succeeded", 1), ("incremental", "succeeded", 1)]


def test_a_changed_file_replaces_what_it_brought_and_unchanged_lines_keep_their_load(
    folder: Folder,
) -> None:
    folder.write("a.csv", "n,m\n1,a\n2,b\n3,c\n")
    folder.load()
    (first,) = folder.rows("_dlt_load_id")[0]
    folder.write("a.csv", "n,m\n1,a\n2,changed\n")
    succeeded(folder.load())
    assert folder.rows("n, m, _dlt_load_id = '" + first + "'") == [
        ("1", "a", True),
        ("2", "changed", False),
    ]
    assert folder.rows("n", "_deleted_at is not null") == [("3",)]
    folder.write("a.csv", "n,m\n1,a\n2,changed\n3,back\n4,d\n")
    succeeded(folder.load())
    assert folder.rows("n, m") == [("1", "a"), ("2", "changed"), ("3", "back"), ("4", "d")]


def zstandard(content: bytes) -> bytes:
    packed = pa.BufferOutputStream()
    with pa.CompressedOutputStream(packed, "zstd") as stream:
        stream.write(content)
    return bytes(packed.getvalue())


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard])
@pytest.mark.parametrize(
    ("format_", "encoding", "line"),
    [
        ("csv", "utf-8", '{0};"{0} €\nor so"\n'),
        ("csv", "utf-16", "{0};{0} €\n"),
        ("csv", "cp1252", "{0};{0} €\r\n"),
        ("jsonl", "utf-8", '{{"n": "{0}", "note": "{0} €"}}\n'),
    ],
)
def test_of_a_long_file_that_grew_only_what_was_added_is_read(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, format_: str, encoding: str, line: str,
    pack: Callable[[bytes], bytes],
) -> None:  # fmt: skip
    monkeypatch.setattr(file_text, "BLOCK_BYTES", 1000)
    folder.declared |= {"format": format_, "encoding": encoding, "delimiter": ";"}

    def write(numbers: Iterable[object], end: str = "") -> None:
        header = "n;note\n" if format_ == "csv" else ""
        text = header + "".join(map(line.format, numbers)) + end
        folder.write("a.csv", pack(text.encode(encoding)))

    write(range(200))
    assert succeeded(folder.load()).row_count == 200
    write(range(203))
    assert succeeded(folder.load()).row_count == 3
    # without its end the last line may still become a longer one, and the whole file is read again
    write(range(204), end="20")
    succeeded(folder.load())
    write([*range(204), 2045])
    assert succeeded(folder.load()).row_count == 205
    grown = folder.rows("_line_number, n, note, _reject")
    assert [n for _, n, *_ in grown] == [*map(str, range(204)), "2045"]
    assert folder.query(
        f"select lines, rejects from raw_files._files where feed = '{folder.name}'"
    ) == [(205, 0)]
    # what was before it is another
    write(["x", *range(1, 204), 2045, 206])
    assert succeeded(folder.load()).row_count == 206
    assert folder.rows("n")[0] == ("x",)
    assert folder.rows("_line_number, n, note, _reject")[1:-1] == grown[1:]


def test_a_last_line_of_json_that_is_half_written_is_one_reject_without_a_branch(
    folder: Folder,
) -> None:
    folder.declared |= {"format": "jsonl", "branch_column": "shop", "branches": {"quito": "Norte"}}
    folder.write("a.csv", '{"shop": "Norte", "n": 1}\n{"shop": "No')
    assert succeeded(folder.load()).row_count == 2
    assert folder.rows("branch_id, n, _reject") == [
        ("quito", "1", None), (None, None, '{"shop": "No'),
    ]  # fmt: skip


def test_a_file_of_the_same_size_written_later_is_read_again(folder: Folder) -> None:
    path = folder.write("a.csv", "n\n1\n")
    folder.load()
    folder.write("a.csv", "n\n2\n")
    os.utime(path, (1, 1))
    folder.load()
    assert folder.rows("n") == [("2",)]


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ({"delimiter": ","}, {"delimiter": ";"}),
        ({"encoding": "utf-16-le"}, {"encoding": "utf-8"}),
        ({"quote": ""}, {"quote": '"'}),
        ({"columns": ["x", "y"]}, {}),
        ({"branch": "lyon"}, {"branch": "quito"}),
    ],
)
def test_files_that_were_read_by_wrong_options_are_read_again_by_right_ones(
    folder: Folder, wrong: dict[str, Any], right: dict[str, Any]
) -> None:
    folder.declared |= {"delimiter": ";", "branch": "quito"}
    for number in (1, 2):
        folder.write(f"{number}.csv", f'n;note;price\n{number};"one; two";3,50\n')
    declared = dict(folder.declared)
    folder.declared |= wrong
    folder.load()
    folder.declared = declared | right
    assert succeeded(folder.load()).row_count == 2
    assert folder.rows("branch_id, _line_number, n, note, price, _reject") == [
        ("quito", 2, str(number), "one; two", "3,50", None) for number in (1, 2)
    ]
    assert succeeded(folder.load()).row_count == 0
    for number in (1, 2):
        os.utime(folder.path / f"{number}.csv", (1, 1))
    assert succeeded(folder.load()).row_count == 2
    folder.write("3.csv", "another,kind\n1,2\n")
    assert "has none of the feed's columns" in str(folder.load().error)


def test_a_warehouse_that_does_not_say_how_files_were_read_reads_them_once_more(
    folder: Folder,
) -> None:
    folder.write("a.csv", "n\n1\n")
    folder.load()
    with folder.warehouse.connect() as connection:
        connection.execute("alter table raw_files._files drop column parsing")
    assert [succeeded(folder.load()).row_count for _ in range(2)] == [1, 0]


def test_a_vanished_file_is_reported_once_and_its_rows_stay(folder: Folder) -> None:
    folder.write("a.csv", "n\n1\n")
    gone = folder.write("b.csv", "n\n2\n")
    folder.load()
    gone.unlink()
    result = succeeded(folder.load())
    assert result.notes == (
        f"1 file(s) of the feed {folder.name} were removed from the bucket, first b.csv; their "
        "rows stay.",
    )
    assert folder.load().notes == ()
    assert folder.rows("n") == [("1",), ("2",)]
    vanished = (
        "select file_name from raw_files._files"
        f" where feed = '{folder.name}' and vanished_at is not null"
    )
    assert folder.query(vanished) == [("b.csv",)]
    folder.write("b.csv", "n\n2\n")
    folder.load()
    assert folder.query(vanished) == []


def test_a_renamed_file_counts_once(folder: Folder) -> None:
    folder.write("a.csv", "n\n1\n")
    sales = folder.write("sales.csv", "n\n2\n3\n")
    folder.load()
    newest = folder.query("select max(load_id) from raw_files._dlt_loads")
    sales.rename(folder.path / "sales_nov.csv")
    assert succeeded(folder.load()).notes == (
        f"The file sales.csv of the feed {folder.name} is called sales_nov.csv now.",
    )
    assert folder.rows("n, _file_name") == [("1", "a.csv"), ("2", "sales_nov.csv"),
                                            ("3", "sales_nov.csv")]  # fmt: skip
    assert folder.query(
        f"select count(*) from raw_files.{folder.name} inner join raw_files._dlt_loads"
        f" on _dlt_load_id = load_id where _deleted_at is not null and load_id > '{newest[0][0]}'"
    ) == [(2,)]
    (folder.path / "sales_nov.csv").rename(sales)
    folder.load()
    assert folder.rows("n, _file_name") == [("1", "a.csv"), ("2", "sales.csv"), ("3", "sales.csv")]


def test_a_line_that_does_not_fit_the_header_lands_whole_with_its_number(folder: Folder) -> None:
    folder.write("a.csv", "n,m\n1,a\n\n2,b,c\n3\n,\n4,d\n5,cut o")
    result = succeeded(folder.load())
    assert folder.rows("_line_number, n, m, _reject") == [
        (2, "1", "a", None),
        (4, None, None, "2,b,c"),
        (5, None, None, "3"),
        (7, "4", "d", None),
        (8, "5", "cut o", None),
    ]
    assert result.notes == (
        f"2 line(s) of the feed {folder.name} cannot be read as records and are in its "
        "column _reject, first in a.csv, line 4, which has more values than the header (3, not 2): "
        f"correct it, or delimiter, quote or not_records in {folder.feed.section}.",
    )
    assert folder.query(
        f"select lines, rejects from raw_files._files where feed = '{folder.name}'"
    ) == [(5, 2)]


@pytest.mark.parametrize(
    ("line", "words"),
    [("3", "fewer values than the header (1, not 2)"), ('"3,c', "a quote too few or too many")],
)
def test_a_line_that_is_no_record_says_why(folder: Folder, line: str, words: str) -> None:
    folder.write("a.csv", f"n,m\n1,a\n{line}\n")
    (note,) = succeeded(folder.load()).notes
    assert f"first in a.csv, line 3, which has {words}: correct it" in note


def test_what_lines_begin_with_may_go_over_values_and_an_end_of_file_is_none(
    folder: Folder,
) -> None:
    folder.declared["not_records"] = [",,Grand", "x,y,"]
    folder.write("a.csv", b"n,m,o\r\n1,a,b\r\n,,Grand total\r\n,,Bun\r\nx,y,z\r\nx,b,c\r\n\x1a")
    (note,) = succeeded(folder.load()).notes
    assert note.startswith("2 line(s) of a.csv are no records")
    assert folder.rows("n, m, o, _reject") == [
        ("1", "a", "b", None), ("", "", "Bun", None), ("x", "b", "c", None),
    ]  # fmt: skip


def test_a_quoted_value_goes_over_lines_and_the_numbers_go_on(folder: Folder) -> None:
    folder.write("a.csv", 'n,note\n1,"two\nlines, and ""quotes"""\n2,x,"bad\nline"\n3,after\n')
    succeeded(folder.load())
    assert folder.rows("_line_number, n, note, _reject") == [
        (2, "1", 'two\nlines, and "quotes"', None),
        (4, None, None, '2,x,"bad\nline"'),
        (6, "3", "after", None),
    ]


def test_a_stray_quote_costs_its_own_line_and_no_other(folder: Folder) -> None:
    lines = [f"{number},x" for number in range(2, 2_002)]
    lines[1_000] = '1002,"never closed'
    folder.write("a.csv", "\n".join(["n,note", *lines, '2002,"fine, this"', ""]))
    succeeded(folder.load())
    assert folder.rows("_line_number, _reject", "_reject is not null") == [
        (1002, '1002,"never closed')
    ]
    assert folder.query(
        f"select count(*), min(note) filter (where n = '2002') from raw_files.{folder.name}"
        " where _reject is null and cast(n as bigint) = _line_number"
    ) == [(2_000, "fine, this")]


SHELF = "flour,1,kg,Ana,shelf i seen twice and weighed on the small scale by the door"


@pytest.mark.parametrize(("last", "rejects"), [('"5 kg bags', 2), ('5 kg bags"', 1)])
@pytest.mark.parametrize("lines", [600, 60])
def test_two_stray_quotes_cost_their_own_lines_and_none_between(
    folder: Folder, last: str, rejects: int, lines: int
) -> None:
    rows = [SHELF] * lines
    rows[10] = 'flour,1,kg,Ana,"2 kg bags'
    rows[50] = f"flour,1,kg,Ana,{last}"
    # in pairs, with one line between them
    rows[52], rows[54] = 'flour,1,kg,Ana,"two bags', 'flour,1,kg,Ana,tin 12"'
    rows[55] = 'flour,1,kg,Ana,"above\nthe door, and\nin\n\nthe fridge"'
    folder.write("a.csv", "\n".join(["ingredient,quantity,unit,counted_by,note", *rows, ""]))
    succeeded(folder.load())
    assert folder.query(
        "select count(ingredient), count(_reject), max(_line_number), sum(length(note)) filter"
        f" (where _line_number = 57) from raw_files.{folder.name}"
    ) == [
        (lines - rejects - 1, rejects + 1, lines + 5, len("above\nthe door, and\nin\n\nthe fridge"))
    ]


def test_a_quote_that_never_ends_is_seen_though_another_makes_it_a_pair(folder: Folder) -> None:
    folder.write("a.csv", 'n,note\n1,12" tall\n2,"cut off\n')
    succeeded(folder.load())
    assert folder.rows("_line_number, note, _reject") == [
        (2, '12" tall', None),
        (3, None, '2,"cut off'),
    ]


def test_a_long_text_between_quotes_is_one_value(folder: Folder) -> None:
    text = "\n".join(f"{number} and so on, {'x' * 400}" for number in range(900))
    folder.write("a.csv", f'n,m,note\n1,2,"{text}"\n3,4,five\n')
    succeeded(folder.load())
    assert folder.rows("_line_number, note = '" + text + "'") == [(2, True), (902, False)]


def test_a_lone_carriage_return_ends_no_line(folder: Folder) -> None:
    folder.write("a.csv", 'n,note\n1,"first\rsecond"\n2,x\ry\n3,"third\r\nfourth"\r\r\n5,z')
    succeeded(folder.load())
    assert folder.rows("_line_number, n, note, _reject") == [
        (2, "1", "first\rsecond", None),
        (3, None, None, "2,x\ry"),
        (4, "3", "third\r\nfourth", None),
        (6, "5", "z", None),
    ]


@pytest.mark.parametrize("block", [16, 37, 64])
def test_where_a_file_is_cut_makes_no_difference(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    text = "n;note\r\n" + "".join(
        f'{number};"é;{number}\r\n{number}"\r\n' if number % 3 == 0 else f"{number};é\r\n"
        for number in range(2, 60)
    )
    text += '60;"x"y\r\n61;12" tall\r\n62;too;many\r\n\r\n;\r\n63;"q""q"\r\n64'
    folder.write("a.csv", text)
    folder.declared["delimiter"] = ";"
    folder.load()
    whole = folder.rows("_line_number, n, note, _reject")
    monkeypatch.setattr(file_text, "BLOCK_BYTES", block)
    monkeypatch.setattr(csv_files, "LONGEST_LINE", 8 * block)
    folder.name += "_again"
    folder.load()
    assert folder.rows("_line_number, n, note, _reject") == whole
    assert len(whole) == 58 + 5


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8-sig", "utf-8"),
        ("utf-8", "utf-8"),
        ("utf-16", "utf-16"),
        ("cp1252", "windows-1252"),
        ("iso8859_15", "iso-8859-15"),
    ],
)
def test_the_declared_encoding_is_read_and_a_byte_order_mark_taken_off(
    folder: Folder, encoding: str, declared: str
) -> None:
    folder.declared |= {"encoding": declared, "delimiter": ";"}
    folder.write("a.csv", "quantité;prix unitaire\r\n-1;0,90 €\r\n".encode(encoding))
    succeeded(folder.load())
    assert folder.rows("quantite, prix_unitaire") == [("-1", "0,90 €")]


def test_bytes_that_are_no_text_stay_visible_and_are_reported(folder: Folder) -> None:
    folder.write("a.csv", b"n\ncaf\xe9\nze\0ro\nok\n")
    result = succeeded(folder.load())
    assert folder.rows("n") == [("caf\\xe9",), ("ze\\x00ro",), ("ok",)]
    assert "2 byte(s) of a.csv are no utf-8 text" in result.notes[0]


def test_a_header_that_is_repeated_is_no_row(folder: Folder) -> None:
    folder.write("a.csv", "n,m\n1,a\nn,m\n2,b\n")
    folder.load()
    assert folder.rows("_line_number, n") == [(2, "1"), (4, "2")]


def test_a_header_may_go_over_lines_too(folder: Folder) -> None:
    header = '"n\r\n(number)","unit\nprice"\r\n'
    folder.write("a.csv", f"\r\n{header}1,2\r\n{header}3,4\r\n")
    folder.write("b.csv", 'n_number,"unit price\n5,6\n')
    succeeded(folder.load())
    assert folder.rows("_line_number, n_number, unit_price, _reject") == [
        (5, "1", "2", None),
        (9, "3", "4", None),
        (2, "5", "6", None),
    ]


def test_a_file_without_a_header_has_the_declared_columns(folder: Folder) -> None:
    folder.declared |= {"columns": ["n", "m"], "quote": "'", "delimiter": "\t"}
    folder.write("a.csv", "1\t'a\tb'\n")
    folder.load()
    assert folder.rows("_line_number, n, m") == [(1, "1", "a\tb")]


def test_empty_files_and_old_line_ends_are_no_trouble(folder: Folder) -> None:
    folder.write("a.csv", "")
    folder.write("b.csv", "n,m")
    folder.write("c.csv", "n,m\r1,2\r3,4\r")
    assert succeeded(folder.load()).row_count == 2
    assert folder.rows("_line_number, n, m") == [(2, "1", "2"), (3, "3", "4")]


def zipped(content: bytes) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside.csv", content)
    return packed.getvalue()


def test_packed_files_are_read_as_they_are(folder: Folder) -> None:
    content = b"n,m\n1,a\n2,b\n"
    for name, packed in (
        ("a.csv.gz", gzip.compress(content)),
        ("b.csv.zip", zipped(content)),
        ("c.csv.zst", zstandard(content)),
        ("d.csv.gz", gzip.compress(content[:8]) + gzip.compress(content[8:])),
    ):
        folder.write(name, packed)
    assert succeeded(folder.load()).row_count == 8
    assert folder.rows("_line_number, n, m") == [(2, "1", "a"), (3, "2", "b")] * 4


def test_what_macos_adds_to_an_archive_is_no_file(folder: Folder) -> None:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("sales/a.csv", b"n\n1\n")
        archive.writestr("__MACOSX/sales/._a.csv", b"\0\5\x16\7")
        archive.writestr("sales/.DS_Store", b"\0")
    folder.write("a.csv.zip", packed.getvalue())
    succeeded(folder.load())
    assert folder.rows("n") == [("1",)]


COPIES = ("s_1 (1).csv", "s_1(2).csv", "s_1 - Copy.csv", "Kopie von s_1.csv", "s_1 copy.csv")


def test_an_ending_in_capitals_is_found_and_a_second_download_is_named(folder: Folder) -> None:
    folder.write("A.CSV", "n\n1\n")
    folder.write("s_1.csv", "n\n2\n")
    for number, copy in enumerate(COPIES, start=3):
        folder.write(copy, f"n\n{number}\n")
    notes = succeeded(folder.load()).notes
    assert len(folder.rows("n")) == 2 + len(COPIES)
    for copy in COPIES:
        assert [note for note in notes if f"{copy} of the feed" in note and "of s_1.csv" in note]
    assert not [note for note in notes if "A.CSV" in note]


def test_files_whose_names_differ_in_case_or_packing_are_named(folder: Folder) -> None:
    folder.declared["files"] = "s_*.csv"
    for name in ("s_1.csv", "S_2.CSV", "s_3.CSV", "s_10.zip", "s_4.csv.gz", "t_1.csv", "s_1.pdf"):
        folder.write(name, "n\n1\n")
    (note,) = succeeded(folder.load()).notes
    assert folder.rows("_file_name") == [("s_1.csv",), ("s_3.CSV",)]
    assert note == (
        f"3 file(s) beside those of the feed {folder.name} are not read, as files = 's_*.csv' does "
        f"not match them, first S_2.CSV: rename them, or correct files in {folder.feed.section}."
    )


def test_a_pattern_that_matches_nothing_names_what_there_is(folder: Folder) -> None:
    folder.write("export.txt", "n\n1\n")
    (note,) = succeeded(folder.load()).notes
    assert note == (
        f"No file of the feed {folder.name} matches '**/*.csv*' in {folder.path}, which has "
        f"export.txt: correct files in {folder.feed.section}."
    )


@pytest.mark.parametrize("has_landed", [True, False])
def test_a_modelled_feed_without_a_file_is_a_finding(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, *, has_landed: bool
) -> None:
    monkeypatch.setattr(source, "_modelled_feeds", lambda: {folder.name: ["n"]})
    folder.write("exports/lyon/ventes_1.csv", "n\n1\n")
    if has_landed:
        succeeded(folder.load())
    for pattern, there in (
        ("exports/lyn/ventes_*.csv", "exports/lyon/"),
        ("exports/lyon/sales_*.csv", "exports/lyon/ventes_1.csv"),
    ):
        folder.declared["files"] = pattern
        assert folder.load().error == (
            f"No file of the feed {folder.name} matches '{pattern}' in {folder.path}, which has "
            f"{there}: correct files in {folder.feed.section}."
        )


def test_files_of_several_branches_may_come_later(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "_modelled_feeds", lambda: {folder.name: ["n"]})
    folder.write("stock/counts/lyon/a.csv", "n\n1\n")
    folder.declared["files"] = "stock/deliveries/{branch_id}/*.csv"
    (note,) = succeeded(folder.load()).notes
    assert f"in {folder.path}, which has stock/counts/: correct files" in note


def test_a_folder_that_is_emptied_after_each_load_is_no_finding(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "_modelled_feeds", lambda: {folder.name: ["n"]})
    folder.declared["files"] = "*.csv"
    done = folder.write("a.csv", "n\n1\n")
    succeeded(folder.load())
    (folder.path / "done").mkdir()
    done.rename(folder.path / "done" / "a.csv")
    succeeded(folder.load())


AS_WRITTEN: dict[str, tuple[dict[str, Any], str, list[tuple[str | None, ...]]]] = {
    "a line for Excel": ({"delimiter": ";"}, "sep=;\r\nn;m\r\n1;2\r\n", [("1", "2")]),
    "a line for Excel in quotes": ({}, '"sep=,"\nn,m\n1,2\n', [("1", "2")]),
    "metadata before the header": ({"header": "n,"}, "Shop 7\n\nas of,today\nn,m\n1,2\n",
                                   [("1", "2")]),
    "a quoted header": ({"header": "n"}, 'Shop "7"\n"n","m"\n"1","2"\n', [("1", "2")]),
    "a total": ({"not_records": ["Total", "---"]}, "n,m\n1,2\n-----\nTotal,2\ntotal,1\n",
                [("1", "2"), ("total", "1")]),
    "a total that does not fit": ({"not_records": ["Total"]}, "n,m\n1,2\nTotal: 2,,,\n",
                                  [("1", "2")]),
    "a total in quotes": ({"not_records": ["Total"]}, 'n,m\n1,2\n"Total, all",2\n', [("1", "2")]),
    "a delimiter more than the header": ({"delimiter": "|"}, "n|m\n1|2|\n3|4|\n",
                                         [("1", "2"), ("3", "4")]),
    "a header with one, too": ({}, "n,m,\n1,2,\n", [("1", "2")]),
    "each line is one value": ({}, '"n,m"\n"1,2"\n"3,""a,b"""\n', [("1", "2"), ("3", "a,b")]),
    "quoted in parts": ({}, 'n,m\n"1,2",3\n', [("1,2", "3")]),
    "lines of JSON": ({"format": "jsonl"}, '{"n": 1.10, "m": "x"}\n\n{"n": 2, "m": null}\n',
                      [("1.10", "x"), ("2", None)]),
    "what is nested": ({"format": "jsonl"}, '{"n": {"a": 1.50}, "m": [true, "é"]}\n',
                       [('{"a": "1.50"}', '[true, "é"]')]),
}  # fmt: skip


@pytest.mark.parametrize("kind", AS_WRITTEN)
def test_what_a_button_writes_around_its_records_is_understood(folder: Folder, kind: str) -> None:
    declared, content, rows = AS_WRITTEN[kind]
    folder.declared |= declared
    folder.write("a.csv", content)
    result = succeeded(folder.load())
    assert folder.rows("n, m") == rows
    assert folder.rows("n", "_reject is not null") == []
    left_out = [note for note in result.notes if "are no records, as not_records says" in note]
    assert bool(left_out) == ("not_records" in declared)


def test_an_option_that_does_not_fit_is_named_before_there_is_a_model(folder: Folder) -> None:
    written = "no;day;time;article;amount;code\n20261101;24.11.2026;07:32 PM;Käse;2,50;12.34\n"
    folder.write("s.csv", written)
    notes = succeeded(folder.load()).notes
    assert "';' in its lines: correct delimiter = ','" in notes[-1], notes
    folder.declared |= {"delimiter": ";", "encoding": "cp1252"}
    notes = succeeded(folder.load()).notes
    for option in ("encoding", "date_format", "time_format", "decimal_separator"):
        assert len([note for note in notes if f": correct {option} in" in note]) == 1, notes
    assert len(notes) == 5  # the columns are new, too
    folder.declared |= {"encoding": "utf-8", "date_format": "DD.MM.YYYY", "decimal_separator": ",",
                        "time_format": "HH12:MI AM"}  # fmt: skip
    assert not [note for note in succeeded(folder.load()).notes if "correct" in note]


def test_a_header_that_is_nowhere_is_one_sentence(folder: Folder) -> None:
    folder.declared["header"] = "Receipt"
    folder.write("a.csv", "n,m\n1,2\n")
    assert "no line of it begins with 'Receipt': correct header or the file" in str(
        folder.load().error
    )


def test_a_line_that_is_no_json_waits_and_the_others_land(folder: Folder) -> None:
    folder.declared["format"] = "jsonl"
    folder.write("a.csv", '{"n": 1}\n{"n": 2\n[3]\n{"n": 4}')
    assert succeeded(folder.load()).row_count == 4
    assert folder.rows("_line_number, n, _reject") == [
        (1, "1", None), (2, None, '{"n": 2'), (3, None, "[3]"), (4, "4", None),
    ]  # fmt: skip


def test_json_text_that_no_warehouse_stores_is_shown(folder: Folder) -> None:
    folder.declared["format"] = "jsonl"
    folder.write(
        "a.csv",
        '{"n": "a\\u0000b", "m": ["\\ud83d", "x\\u0000"]}\n{"n": "\\ud83d", "m": "\\\\u0000"}\n',
    )
    succeeded(folder.load())
    assert folder.rows("n, m") == [
        ("a\\x00b", '["\\\\ud83d", "x\\\\x00"]'), ("\\ud83d", "\\u0000"),
    ]  # fmt: skip


def excel(*rows: str) -> bytes:
    """An Excel file with one sheet, made by hand; the styles after the first: a day, hours."""
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/'
        'content-types"><Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
        'relationships"><Relationship Id="r1" Target="xl/workbook.xml" Type="http://schemas.'
        'openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>',
        "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/'
        'main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        '<sheets><sheet name="Sales" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/'
        'package/2006/relationships"><Relationship Id="r1" Target="worksheets/sheet1.xml" Type='
        '"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/>'
        '<Relationship Id="r2" Target="styles.xml" Type="http://schemas.openxmlformats.org/'
        'officeDocument/2006/relationships/styles"/></Relationships>',
        "xl/styles.xml": '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/'
        'main"><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="46"/>'
        "</cellXfs></styleSheet>",
        "xl/worksheets/sheet1.xml": '<worksheet xmlns="http://schemas.openxmlformats.org/'
        f'spreadsheetml/2006/main"><sheetData>{"".join(rows)}</sheetData></worksheet>',
    }
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return packed.getvalue()


def text_cell(value: str) -> str:
    return f'<c t="inlineStr"><is><t>{value}</t></is></c>'


def test_an_excel_file_lands_as_text(folder: Folder) -> None:
    folder.declared |= {"format": "xlsx", "files": "*.xlsx", "header": "Day",
                        "not_records": ["Total"]}  # fmt: skip
    folder.write(
        "a.xlsx",
        excel(
            f"<row>{text_cell('Sales of the shop')}</row>",
            f"<row>{text_cell('Day')}{text_cell('What')}{text_cell('n')}</row>",
            f'<row><c s="1"><v>46350</v></c>{text_cell(" Bun ")}<c><v>1.1</v></c></row>',
            f"<row>{text_cell('Total')}{text_cell('')}<c><v>2</v></c></row>",
        ),
    )
    succeeded(folder.load())
    assert folder.rows("_line_number, day, what, n") == [(3, "2026-11-24", "Bun", "1.1")]
    folder.declared["sheet"] = "Takings"
    assert "it has no sheet 'Takings', but Sales" in str(folder.load().error)


def test_a_midnight_of_excel_keeps_its_time_and_what_is_no_record_is_counted(
    folder: Folder,
) -> None:
    folder.declared |= {"format": "xlsx", "files": "*.xlsx", "not_records": ["Total"]}
    folder.write(
        "a.xlsx",
        excel(
            f"<row>{text_cell('at')}{text_cell('day')}</row>",
            '<row><c s="1"><v>46350.5</v></c><c s="1"><v>46350</v></c></row>',
            '<row><c s="1"><v>46351</v></c><c s="1"><v>46351</v></c></row>',
            f"<row>{text_cell('Total: 2')}</row>",
        ),
    )
    assert succeeded(folder.load()).notes == (
        f"1 line(s) of a.xlsx are no records, as not_records says in {folder.feed.section}.",
    )
    assert folder.rows("at, day") == [
        ("2026-11-24 12:00:00", "2026-11-24"), ("2026-11-25 00:00:00", "2026-11-25"),
    ]  # fmt: skip


def test_hours_of_excel_go_on_after_midnight_as_in_text(folder: Folder) -> None:
    folder.declared |= {"format": "xlsx", "files": "*.xlsx"}
    hours = (f'<row><c s="2"><v>{days}</v></c></row>' for days in (23.5 / 24, 1, 151 / 144))
    folder.write("a.xlsx", excel(f"<row>{text_cell('at')}</row>", *hours))
    succeeded(folder.load())
    assert folder.rows("at") == [("23:30:00",), ("24:00:00",), ("25:10:00",)]


def test_the_columns_of_an_excel_file_without_a_header_are_its_own(folder: Folder) -> None:
    folder.declared |= {"format": "xlsx", "files": "*.xlsx", "columns": ["n", "m", "o"]}
    folder.write("a.xlsx", excel(f"<row>{text_cell('1')}{text_cell('2')}</row>"))
    succeeded(folder.load())
    assert folder.rows("n, m, o") == [("1", "2", "")]
    folder.declared["columns"] = ["n"]
    assert "it has 2 columns, and columns names 1" in str(folder.load().error)


def test_a_number_of_excel_is_read_as_the_feed_writes_numbers(folder: Folder) -> None:
    folder.declared |= {"format": "xlsx", "files": "*.xlsx", "decimal_separator": ",",
                        "thousands_separator": "."}  # fmt: skip
    folder.write(
        "a.xlsx",
        excel(
            f"<row>{text_cell('n')}</row>", "<row><c><v>4.4</v></c></row>",
            f"<row>{text_cell('1.234,5')}</row>",
        ),
    )  # fmt: skip
    succeeded(folder.load())
    assert folder.rows("n") == [("4,4",), ("1.234,5",)]
    folder.declared["decimal_separator"] = "."
    folder.declared["thousands_separator"] = ""
    succeeded(folder.load())
    assert folder.rows("n") == [("4.4",), ("1.234,5",)]
    folder.declared["quantity_decimal_separator"] = ","
    with pytest.raises(SourceError, match="quantity_decimal_separator and xlsx exclude each other"):
        folder.load()


def test_without_the_library_an_excel_file_says_what_to_install(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    folder.declared |= {"format": "xlsx", "files": "*.xlsx"}
    folder.write("a.xlsx", excel())
    assert "pip install 'mypizza[excel]'" in str(folder.load().error)


def test_a_column_says_the_branch_of_each_line(folder: Folder) -> None:
    folder.declared |= {"branch_column": "shop", "branches": {"quito": ["Norte", "NORTE 2"]}}
    folder.write("a.csv", "shop,n\n Norte ,1\nchicago,2\nNowhere,3\nNORTE 2,4\n")
    succeeded(folder.load())
    assert folder.rows("branch_id, n") == [
        ("quito", "1"), ("chicago", "2"), ("Nowhere", "3"), ("quito", "4"),
    ]  # fmt: skip
    # the model leaves lines of totals out, in any language: they are no branch that is missing
    folder.write("a.csv", "shop,n\nNowhere,3\n합계,7\n합 계,7\n合计：,7\nИТОГО:,7\nToplam,7\n")
    notes = succeeded(folder.load()).notes
    assert (
        [note for note in notes if "no branch of seeds/branches.csv" in note]
        == [note for note in notes if "'Nowhere'" in note]
        != []
    ), notes
    # a line of totals may have no branch, and a record without one is named
    for lines, right in (("quito,1\n,Gesamt 1\n", []), (",3\n,Summe\n", ["'' in line 2, which"])):
        folder.write("a.csv", f"shop,n\n{lines}")
        notes = succeeded(folder.load()).notes
        found = [note for note in notes if "no branch of seeds/branches.csv" in note]
        assert len(found) == len(right), notes
        assert all(part in note for part, note in zip(right, found, strict=True)), notes
    folder.declared["branch_column"] = "outlet"
    assert "has no column 'outlet', which says the branch (it has shop, n)" in str(
        folder.load().error
    )


def test_the_path_may_call_a_branch_otherwise(folder: Folder) -> None:
    folder.declared |= {"files": "{branch_id}/*.csv", "branches": {"quito": "Norte"}}
    folder.write("Norte/a.csv", "n\n1\n")
    succeeded(folder.load())
    assert folder.rows("branch_id") == [("quito",)]


def test_what_is_packed_twice_is_read_and_what_cannot_be_says_so(folder: Folder) -> None:
    content = b"n,m\n1,a\n"
    folder.write("a.csv.zip", zipped(gzip.compress(content)))
    folder.write("b.csv.gz", gzip.compress(zstandard(content)))
    folder.write("c.csv.zst", zstandard(gzip.compress(gzip.compress(content))))
    succeeded(folder.load())
    assert folder.rows("_line_number, n, m") == [(2, "1", "a")] * 3
    packed_four_times = gzip.compress(gzip.compress(gzip.compress(gzip.compress(content))))
    for packed, sentence in (
        (b"PK\5\6" + bytes(18), "the archive holds 0 files, not one"),
        (gzip.compress(zipped(content)), "it is an archive within a compressed file"),
        (packed_four_times, "compressed more than"),
    ):
        folder.write("d.csv", packed)
        assert sentence in str(folder.load().error)


def test_a_file_that_cannot_be_unpacked_stops_no_other_and_is_read_when_it_is_mended(
    folder: Folder,
) -> None:
    many = "n\n" + "".join(f"{number}\n" for number in range(1_500_000))
    folder.write("a.csv", "n\n1\n")
    folder.write("b.csv.gz", gzip.compress(many.encode())[:-200])
    folder.write("c.csv", "n\n3\n")
    result = folder.load()
    assert result.outcome == "failed"
    assert result.error is not None
    assert result.error.startswith(f"The file b.csv.gz of the feed {folder.name} cannot be read")
    assert result.error.endswith("replace it; the next run reads it again.")
    assert folder.rows("_file_name, n") == [("a.csv", "1"), ("c.csv", "3")]
    folder.write("b.csv.gz", gzip.compress(b"n\n2\n"))
    assert succeeded(folder.load()).row_count == 1


def test_parquet_lands_as_text(folder: Folder) -> None:
    folder.declared |= {"files": "{branch_id}/*.parquet", "format": "parquet"}
    packed = BytesIO()
    pq.write_table(
        pa.table(
            {
                "Ingredient": ["mozzarella", None],
                "unit price": pa.array([Decimal("7.2000"), Decimal("0.9000")]),
                "weight": [0.1 + 0.2, None],
                "best before": [date(2016, 1, 3), None],
                "at": [datetime(2016, 1, 3, 12, 30, tzinfo=UTC), None],
                "is_organic": [True, False],
            }
        ),
        packed,
    )
    folder.write("quito/2016-01-01.parquet", packed.getvalue())
    succeeded(folder.load())
    assert folder.rows(
        "branch_id, _line_number, ingredient, unit_price, weight, best_before, at, is_organic"
    ) == [
        (
            "quito",
            1,
            "mozzarella",
            "7.2000",
            "0.3",
            "2016-01-03",
            "2016-01-03 12:30:00.000000Z",
            "true",
        ),
        ("quito", 2, None, "0.9000", None, None, None, "false"),
    ]


def test_the_branch_stands_in_the_path_and_one_that_nobody_knows_is_refused(
    folder: Folder,
) -> None:
    folder.declared["files"] = "counts/{branch_id}/*.csv"
    folder.write("counts/quito/1.csv", "n\n1\n")
    folder.write("counts/atlantis/1.csv", "n\n2\n")
    result = folder.load()
    assert folder.rows("branch_id, n") == [("quito", "1")]
    assert result.error == (
        f"The file counts/atlantis/1.csv of the feed {folder.name} is of a branch 'atlantis' that "
        f"seeds/branches.csv does not contain: rename the file, or add the branch."
    )


def test_columns_may_come_and_go_but_a_file_of_another_kind_is_refused(folder: Folder) -> None:
    folder.write("a.csv", "n,m\n1,a\n")
    folder.load()
    folder.write("b.csv", "new,n\nx,2\n")
    result = succeeded(folder.load())
    assert result.notes == (f"New columns in the feed {folder.name}: new.",)
    assert folder.rows("n, m, new") == [("1", "a", None), ("2", None, "x")]
    folder.write("c.csv", "2016-01-01;17;beer\n2016-01-02;18;wine\n")
    result = folder.load()
    assert result.outcome == "failed"
    assert f"The file c.csv of the feed {folder.name} has none of the feed's columns" in str(
        result.error
    )
    assert len(folder.rows()) == 2


def test_a_column_that_the_model_reads_and_a_file_lacks_is_named(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = {folder.name: ["data", "chleb_zytni", "do_zapaty"]}
    monkeypatch.setattr(misfit, "needed_columns", lambda *_: needed)
    folder.declared["encoding"] = "cp1252"
    folder.write("z.txt", "data,chleb żytni,do zapłaty\n2026-11-24,1,9.80\n".encode("cp1250"))
    folder.declared["files"] = "*.txt"
    assert folder.load().error == (
        f"The file z.txt of the feed {folder.name} has no column chleb_zytni, do_zapaty, which the "
        f"model reads (it has chleb_ytni): correct encoding in {folder.feed.section}, or the file; "
        "if files may lack it, write config: {meta: {optional: true}} beside its name in "
        "models/staging/exports/_exports__sources.yml."
    )
    folder.declared["encoding"] = "cp1250"
    assert succeeded(folder.load()).row_count == 1
    needed[folder.name].append("rabat")
    folder.write("y.txt", "data,chleb żytni,do zapłaty\n2026-11-24,1,9.80\n".encode("cp1250"))
    assert "has no column rabat, which the model reads (it has data, chleb_zytni," in str(
        folder.load().error
    )


def test_a_column_that_is_optional_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {"name": "till", "columns": [
        {"name": "branch_id"}, {"name": "_reject"}, {"name": "day"},
        {"name": "discount", "config": {"meta": {"optional": True}}},
    ]}  # fmt: skip
    source = {"schema": "raw_files", "name": "exports", "tables": [table, {"name": "_feeds"}]}
    monkeypatch.setattr(modelled, "_sources", lambda: [source])
    assert modelled.needed_columns.__wrapped__("raw_files", "exports") == {"till": ["day"]}


@pytest.mark.parametrize(
    ("declared", "text", "sentence"),
    [
        ({"delimiter": ";"}, "shop|no|day\n1|2|3\n", "so correct delimiter, or header if lines"),
        ({"encoding": "latin-1"}, "\ufeffshop,no,day\n1,2,3\n",
         "(it has ishop): correct encoding or branch_column in ["),
        ({}, "outlet,no,day\n1,2,3\n", "(it has outlet, no, day): correct branch_column in ["),
    ],
)  # fmt: skip
def test_where_no_column_says_the_branch_the_wrong_option_is_named(
    folder: Folder, declared: dict[str, str], text: str, sentence: str
) -> None:
    folder.declared |= {"branch_column": "shop", **declared}
    folder.write("a.csv", text)
    assert sentence in str(folder.load().error)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_a_file_of_two_bytes_a_letter_names_the_encoding(folder: Folder, encoding: str) -> None:
    folder.write("a.csv", "shop,no\nquito,1\n".encode(encoding))
    assert folder.load().error == (
        f"The file a.csv of the feed {folder.name} cannot be read (it is UTF-16, and not utf-8): "
        f"correct encoding in {folder.feed.section}; the next run reads it again."
    )


def test_names_of_columns_become_plain_and_never_meet_our_own(folder: Folder) -> None:
    folder.write("a.csv", "Prix Unitaire,N° Ticket,Größe,branch_id,,prix unitaire\n1,2,3,4,5,6\n")
    succeeded(folder.load())
    assert folder.rows(
        "prix_unitaire, n_ticket, grosse, branch_id_2, column_5, prix_unitaire_2, branch_id"
    ) == [("1", "2", "3", "4", "5", "6", None)]


def test_names_that_no_table_can_have_are_no_trouble(folder: Folder) -> None:
    long = "a long title " * 9
    folder.write("a.csv", f"ctid,Xmin,{long},{long},{long}\n1,2,3,4,5\n")
    folder.write("b.csv", "ctid\n3\n").rename(folder.path / os.fsdecode(b"caf\xe9.csv"))
    succeeded(folder.load())
    assert folder.rows("_file_name, ctid_2, xmin_2") == [
        ("a.csv", "1", "2"),
        ("caf\\udce9.csv", "3", None),
    ]
    assert succeeded(folder.load()).row_count == 0


def test_a_file_that_the_warehouse_refuses_is_named_and_the_others_land(folder: Folder) -> None:
    folder.write("known.csv", "n\n0\n")
    folder.load()
    for name in ("a.csv", "c.csv", "e.csv", "known.csv"):
        folder.write(name, "n\n1\n2\n")
    wide = [f"column {number}" for number in range(1_601)]
    folder.write("b.csv", f"n,{','.join(wide)}\n1{',' * 1_601}\n")
    folder.write("d.csv", f"n,{','.join(wide[:1_500])}\n1{',12345678' * 1_500}\n")
    result = folder.load()
    assert result.error is not None
    assert result.error.startswith(f"The file b.csv of the feed {folder.name} cannot be loaded (")
    assert "1600 columns): correct or remove it" in result.error
    assert result.error.endswith("1 other file(s) of the feed cannot be loaded either: d.csv.")
    assert folder.rows("_file_name, n") == [
        (name, n) for name in ("a.csv", "c.csv", "e.csv", "known.csv") for n in ("1", "2")
    ]
    assert folder.query(
        "select count(*), count(distinct load_id) from raw_files._dlt_loads"
        f" where schema_name = 'files_{folder.name}'"
    ) == [(2, 2)]
    folder.write("b.csv", "n\n1\n")
    folder.write("d.csv", "n\n1\n")
    assert succeeded(folder.load()).row_count == 2


def test_a_file_that_is_replaced_while_it_is_read_lands_whole_as_one_of_the_two(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_text, "BLOCK_BYTES", 1 << 16)

    def content(mark: str) -> str:
        return "mark,n\n" + "".join(f"{mark},{number}\n" for number in range(100_000))

    path = folder.write("a.csv", content("old"))
    real_chunks = file_text.chunks
    replaced: list[Path] = []

    def chunks(*arguments: Any) -> Iterator[bytes]:
        for position, chunk in enumerate(real_chunks(*arguments)):
            if position == 3 and not replaced:
                replaced.append(folder.write("a.csv", content("new")))
            yield chunk

    monkeypatch.setattr(file_text, "chunks", chunks)
    assert succeeded(folder.load()).notes == ()
    assert folder.query(f"select mark, count(*) from raw_files.{folder.name} group by mark") == [
        ("new", 100_000)
    ]
    assert replaced == [path]


def test_a_file_that_is_written_all_the_time_waits_for_the_next_run(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write("a.csv", "n\n1\n")
    growing = folder.write("b.csv", "n\n1\n")
    real_chunks = file_text.chunks

    def chunks(raw: Any, *arguments: Any) -> Iterator[bytes]:
        if raw.path.endswith("b.csv"):
            with growing.open("a") as file:
                file.write("2\n")
        yield from real_chunks(raw, *arguments)

    monkeypatch.setattr(file_text, "chunks", chunks)
    result = succeeded(folder.load())
    assert result.notes == (
        f"The file b.csv of the feed {folder.name} kept changing while it was read: the next run "
        f"will read it again.",
    )
    assert folder.rows("_file_name") == [("a.csv",)]
    monkeypatch.setattr(file_text, "chunks", real_chunks)
    assert succeeded(folder.load()).row_count == 4


def test_a_load_that_is_killed_and_done_again_equals_an_undisturbed_one(folder: Folder) -> None:
    for number in range(3):
        folder.write(
            f"{number}.csv", "n,m\n" + "".join(f"{line},{number}\n" for line in range(150_000))
        )
    for wait in (0.1, 0.3, 0.6, 1.0, 1.5):
        arguments = [folder.name, json.dumps(folder.declared)]
        preloaded.kill(A_LOAD, arguments, dict(os.environ), wait)
    succeeded(folder.load())
    assert folder.query(
        f"select _file_name, count(*), count(distinct n) from raw_files.{folder.name}"
        " group by 1 order by 1"
    ) == [(f"{number}.csv", 150_000, 150_000) for number in range(3)]
    assert folder.query(
        "select count(*) from raw_files._files inner join raw_files._dlt_loads using (load_id)"
        f" where feed = '{folder.name}'"
    ) == [(3,)]


SALES = "date;heure;ticket;article;quantité;prix unitaire\r\n"
CLOSING = "date;tickets;lignes;ventes;remboursements\r\n"
FRENCH = {"delimiter": ";", "decimal_separator": ",", "currency_sign": "€",
          "thousands_separator": "\u202f", "date_format": "DD/MM/YYYY"}  # fmt: skip


@dataclass
class Export:
    """A till's export in two feeds, and the warehouse that they land in."""

    sales: Folder
    closings: Folder

    def load(self) -> None:
        """Load both feeds."""
        self.compare(Window(first=date.max))

    def compare(self, window: Window | None = None) -> Compared:
        """Load both feeds and compare one with the other."""
        feeds = [self.sales.feed, self.closings.feed]
        with driver.session(self.sales.warehouse) as session:
            source.prepare(session.connection, feeds)
            visits = source.visits(session, feeds)
            for visit in visits:
                succeeded(visit.read())
            source.prepare(session.connection, feeds)
            session.connection.execute("delete from audit.reconciliation")
            return visits[0].compare(window or Window())

    def figures(self) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
        """Return what the till said and what the raw layer has, by day and figure."""
        rows = self.sales.query(
            "select business_date::text, figure, at_till, in_raw from audit.reconciliation"
            " where source = 'files' and branch_id = 'quito'"
        )
        return {(day, figure): (till, raw) for day, figure, till, raw in rows}


@pytest.fixture
def export(folder: Folder) -> Export:
    """A branch whose till can only export; it closes at three in the morning."""
    folder.declared |= {"files": "ventes_*.csv", "branch": "quito", **FRENCH}
    closings = Folder(
        folder.warehouse, folder.path, {**folder.declared, "files": "cloture_*.csv"},
        f"{folder.name}_closings",
    )  # fmt: skip
    folder.declared["totals"] = {
        "feed": closings.name, "date": "date", "time": "heure", "order": "ticket",
        "quantity": "quantite", "unit_price": "prix_unitaire",
        "figures": {"orders": "tickets", "lines": "lignes", "order_total": "ventes",
                    "refund_total": "remboursements"},
    }  # fmt: skip
    return Export(folder, closings)


def test_an_export_equals_its_own_day_totals(export: Export) -> None:
    export.sales.write(
        "ventes_1.csv",
        SALES + "05/09/2015;19:32;1;.;2;0,90 €\r\n05/09/2015;19:40;2;Reine;100;10,50 €\r\n"
        "05/09/2015;19:45;1;.;-1;0,90 €\r\n06/09/2015;02:15;3;Reine;1;10,50 €\r\n06/09/2015;1",
    )
    export.sales.write("cloture_1.csv", CLOSING + "05/09/2015;3;4;1\u202f062,30 €;0,90 €\r\n")
    compared = export.compare()
    assert (compared.problem, compared.loads, compared.days) == (None, (), 1)
    assert export.figures() == {
        ("2015-09-05", "orders"): (3, 3),
        ("2015-09-05", "lines"): (4, 4),
        ("2015-09-05", "order_total"): (Decimal("1062.30"), Decimal("1062.30")),
        ("2015-09-05", "refund_total"): (Decimal("0.90"), Decimal("0.90")),
    }


def test_one_feed_of_several_branches_equals_the_totals_of_each(export: Export) -> None:
    for part in (export.sales, export.closings):
        del part.declared["branch"]
        part.declared |= {"branch_column": "shop", "branches": {"quito": "N", "chicago": "S"}}
    export.sales.declared["totals"] |= {"amount": "montant"}
    del export.sales.declared["totals"]["unit_price"]
    export.sales.write(
        "ventes_1.csv",
        "shop;date;heure;ticket;quantité;montant\nN;05/09/2015;19:32;1;2;1,80 €\n"
        "S;5/9/2015;9:40;1;1;10,50 €\nS;06/09/2015;24:00;2;1;1,00 €\n",
    )
    export.sales.write(
        "cloture_1.csv", f"shop;{CLOSING}N;05/09/2015;1;1;1,80 €;0\nS;05/09/2015;1;1;10,50 €;0\n"
        "S;06/09/2015;1;1;2,00 €;0\n",
    )  # fmt: skip
    problem = str(export.compare().problem)
    assert "The totals of chicago" in problem
    assert "1 day(s), first on 2015-09-06 (order_total)" in problem
    assert export.figures()["2015-09-05", "order_total"] == (Decimal("1.80"), Decimal("1.80"))


def of_several_branches(export: Export) -> None:
    """Let a column of both feeds say the branch."""
    for part in (export.sales, export.closings):
        del part.declared["branch"]
        part.declared |= {"branch_column": "shop"}


def test_a_branch_that_has_totals_and_no_sales_differs(export: Export) -> None:
    of_several_branches(export)
    export.sales.write("ventes_1.csv", f"shop;{SALES}quito;05/09/2015;19:32;1;Reine;1;10,00 €\n")
    export.sales.write(
        "cloture_1.csv",
        f"shop;{CLOSING}quito;05/09/2015;1;1;10,00 €;0\nchicago;05/09/2015;1;1;7,00 €;0\n"
        "Total;05/09/2015;2;2;17,00 €;0\n",
    )
    problem = str(export.compare().problem)
    assert problem.startswith("The totals of chicago")
    assert "1 day(s), first on 2015-09-05 (lines, order_total, orders)" in problem


def test_a_branch_whose_sales_come_in_two_feeds_is_not_compared(export: Export) -> None:
    of_several_branches(export)
    export.sales.write("ventes_1.csv", f"shop;{SALES}quito;05/09/2015;19:32;1;Reine;1;10,00 €\n")
    export.sales.write("cloture_1.csv", f"shop;{CLOSING}quito;05/09/2015;1;1;10,00 €;0\n")
    assert export.compare().problem is None
    second = {**export.sales.declared, "files": "ventes_1.csv"}
    feeds = [
        export.sales.feed, export.closings.feed,
        feed.declared(f"{export.sales.name}_second", second),
    ]  # fmt: skip
    with driver.session(export.sales.warehouse) as session:
        source.prepare(session.connection, feeds)
        visits = source.visits(session, feeds)
        succeeded(visits[2].read())
        problems = [str(visits[place].compare(Window()).problem) for place in (0, 2)]
    assert problems[0] == (
        f"The feeds {feeds[0].name} and {feeds[2].name} both have sales of quito, and a branch's "
        "day has one total, so neither is compared: let one feed's `files` match the files of both "
        f"tills, or give the second till its own branch: {feeds[0].section}."
    )
    assert problems[1].startswith(f"The feeds {feeds[2].name} and {feeds[0].name} both have sales")


def test_the_price_of_a_line_is_less_its_discount(export: Export) -> None:
    export.sales.declared["totals"]["discount"] = "remise"
    export.sales.write(
        "ventes_1.csv",
        "date;heure;ticket;quantité;prix unitaire;remise\n05/09/2015;19:32;1;2;1,80 €;-0,60 €\n"
        "05/09/2015;19:33;1;1;1,00 €;\n05/09/2015;19:45;1;-1;1,80 €;0,30 €\n",
    )
    export.sales.write("cloture_1.csv", CLOSING + "05/09/2015;1;3;4,00 €;1,50 €\n")
    assert export.compare().problem is None


def test_totals_say_how_their_till_counts_refunds(export: Export) -> None:
    export.sales.declared["totals"] |= {"refunds": {"type": "RET"}, "orders_with_returns": True}
    header = "date;heure;ticket;type;quantité;prix unitaire\n"
    tickets = "{0};19:32;1;;2;1,80 €\n{0};19:32;1;COR;-1;1,80 €\n{0};19:45;2;RET;-1;1,50 €\n"
    days = [f"0{day}/09/2015" for day in range(1, 5)]
    export.sales.write("ventes_1.csv", header + "".join(map(tickets.format, days)))
    closings = "".join(f"{day};2;3;1,80 €;-1,50 €\n" for day in days)
    export.sales.write("cloture_1.csv", CLOSING + closings)
    assert export.compare().problem is None
    assert export.figures()["2015-09-01", "refund_total"] == (Decimal("1.50"), Decimal("1.50"))
    # declared otherwise, it is no fault of the files
    del export.sales.declared["totals"]["refunds"]
    export.sales.declared["totals"]["orders_with_returns"] = False
    problem = str(export.compare().problem)
    assert "Ask the branch" not in problem
    assert "On most days order_total, orders, refund_total differ: the till seems to" in problem
    assert f"correct totals in {export.sales.feed.section}." in problem


def test_a_line_of_a_price_of_three_places_is_rounded_as_the_till_does(export: Export) -> None:
    export.sales.write(
        "ventes_1.csv",
        SALES + "05/09/2015;19:32;1;Reine;2;1,505 €\r\n05/09/2015;19:32;1;Reine;1;1,505 €\r\n"
        "05/09/2015;19:33;2;Reine;3;0,3333 €\r\n",
    )
    export.sales.write("cloture_1.csv", CLOSING + "05/09/2015;2;3;5,52 €;0\r\n")
    assert export.compare().problem is None


@pytest.mark.parametrize(
    ("kind", "written", "is_read"),
    [
        *(("number", text, False) for text in ("1e3", "1E+03", "NaN", "0x10", "1_000", "5~3")),
        *(("number", text, True) for text in ("1000", "-5.50", "(5)", "5-", "5.55e-17", "1,000.5")),
        *(("day", text, False) for text in ("02/03/2026 M", "02/03/20266", "02/03/2026 - -")),
        *(("day", text, True) for text in ("2/3/2026", "02/03/2026 9:05 p. m.", "02/03/2026T10:15Z",
                                            "02/03/2026, 10:15:00.5 +0100", "02/03/2026 1015")),
        *(("time", text, False) for text in ("12:30:60", "12:60", "25:10", "12:30 M")),
        *(("time", text, True) for text in ("12:30", "12:30:59", "24:00", "9:05", "12:30:59.5")),
    ],
)  # fmt: skip
def test_a_value_is_read_as_the_feed_writes_it_or_not_at_all(
    warehouse: Warehouse, kind: str, written: str, *, is_read: bool
) -> None:
    readers = {"number": dialect.number("v"), "day": dialect.day("v"),
               "time": dialect.local_time("d", "v")}  # fmt: skip
    query = sql.SQL(
        "select {} is not null from (select {}::text as v, '02/03/2026'::text as d) as landed,"
        " (select '.' as decimal_separator, ',' as thousands_separator, '' as currency_sign,"
        " null::text as quantity_decimal_separator, 'DD/MM/YYYY' as date_format,"
        " 'HH24:MI' as time_format) as dialect, (select 'UTC' as time_zone) as branch"
    ).format(readers[kind], sql.Literal(written))
    with warehouse.connect() as connection:
        assert connection.execute(query).fetchone() == (is_read,)


SIGNS = {
    "−1’250.50": "-1250.50", "(1‘250.50)": "-1250.50", "1'250.50-": "-1250.50", "–5": "-5",
    "１２５０．５０": "1250.50", "−＇１２": None, "1’25": None, "1’250,50": None, "12.–": None,
    "1 250.50": None, "\u200e-5\u3000": "-5", "٥": None,
}  # fmt: skip
"""Numbers in signs that are no plain ones, of a till that writes 1'250.50."""


@pytest.mark.parametrize("written", SIGNS)
def test_a_minus_an_apostrophe_or_a_digit_may_be_another_sign(
    warehouse: Warehouse, written: str
) -> None:
    query = sql.SQL(
        "select {} from (select {}::text as v) as landed, (select '.' as decimal_separator,"
        " {} as thousands_separator, '' as currency_sign) as dialect"
    ).format(dialect.number("v"), sql.Literal(written), sql.Literal("'"))
    right = SIGNS[written]
    with warehouse.connect() as connection:
        assert connection.execute(query).fetchone() == (right and Decimal(right),)


def test_an_offset_with_a_minus_of_typographers_is_one(warehouse: Warehouse) -> None:
    query = sql.SQL(
        "select {}::text from (select '10:15−05:00' as v, '24–11–２０２６' as d) as landed, (select"
        " 'DD-MM-YYYY' as date_format, 'HH24:MIOF' as time_format) as dialect,"
        " (select 'UTC' as time_zone) as branch"
    ).format(dialect.local_time("d", "v"))
    with warehouse.connect() as connection:
        assert connection.execute(query).fetchone() == ("2026-11-24 15:15:00",)


MONTHS = {
    ("DD-Mon-YYYY", "26-Oct-2026 01:26 AM EDT"): "2026-10-26",
    ("DD-MON-YYYY", "26-OCT-2026"): "2026-10-26",
    ("DD Month YYYY", "6 september 2026"): "2026-09-06",
    ("Mon DD, YYYY", "Oct 26, 2026, 1:26 AM"): "2026-10-26",
    ("Mon DD, YYYY", "Sept. 6, 2026"): "2026-09-06",
    ("DD/MM/YYYY", "06/09/2026 12:19\u00a0p.\u00a0m."): "2026-09-06",
    ("YYYY-Mon-DD", "2026-May-06T10:15Z"): "2026-05-06",
    ("DD.Mon.YY", "06.Dec.26"): "2026-12-06",
    ("DD-Mon-YYYY", "26-Okt-2026"): "2026-10-26",
    ("DD Mon YYYY", "3 mars 2026"): "2026-03-03",
    ("DD. Mon YYYY", "3. März 2026"): "2026-03-03",
    ("DD Mon YYYY", "14 févr. 2026"): "2026-02-14",
    ("DD Mon YYYY", "1 AOÛT 2026 08:15"): "2026-08-01",
    ("DD Mon YYYY", "1 juin 2026"): "2026-06-01",
    ("DD Mon YYYY", "1 juillet 2026"): "2026-07-01",
    ("DD-Mon-YYYY", "2-ene-2026"): "2026-01-02",
    ("DD Mon YYYY", "2 septiembre 2026"): "2026-09-02",
    ("DD Mon YYYY", "31 luglio 2026"): "2026-07-31",
    ("DD/Mon/YYYY", "31/dez/2026"): "2026-12-31",
    ("DD Mon YYYY", "5 março 2026"): "2026-03-05",
    ("DD Mon YYYY", "5 mrt. 2026"): "2026-03-05",
    ("DD Mon YYYY", "5 jui 2026"): None,
    ("DD Mon YYYY", "5 marsch 2026"): None,
    ("DD-Mon-YYYY", "26-Octo-2026"): None,
    ("DD-Mon-YYYY", "31-Nov-2026"): None,
    ("DD-Mon-YYYY", "26-10-2026"): None,
    ("DD-MM-YYYY", "26-Oct-2026"): None,
}
"""Days with the name of their month, in the format of a feed."""


@pytest.mark.parametrize(("written_as", "written"), MONTHS)
def test_a_month_may_be_written_by_its_name(
    warehouse: Warehouse, written_as: str, written: str
) -> None:
    given = {"url": "/", "files": "*.csv", "date_format": written_as}
    declared = sql.Literal(feed.declared("a", given).date_format)
    query = sql.SQL(
        "select {}::text from (select {}::text as v) as landed,"
        " (select {} as date_format) as dialect"
    ).format(dialect.day("v"), sql.Literal(written), declared)
    with warehouse.connect() as connection:
        assert connection.execute(query).fetchone() == (MONTHS[written_as, written],)


ZONED = {
    ("HH12:MI AM TZ", "26-Oct-2026 01:26 AM EDT", "America/New_York"): "2026-10-26 01:26:00",
    ("HH12:MI AM TZ", "Oct 26, 2026, 1:26 AM PDT", "America/New_York"): "2026-10-26 04:26:00",
    ("HH12:MI AM", "Oct 26, 2026, 1:26 AM", "America/New_York"): "2026-10-26 01:26:00",
    ("HH12:MI AM", "1:26 p. m.", "America/New_York"): "2026-10-26 13:26:00",
    ("HH12:MI AM", "26/10/2026 12:19\u00a0a.\u00a0m.", "America/New_York"): "2026-10-26 00:19:00",
    ("HH12:MI AM", "1:26 p", "America/New_York"): None,
    ("HH24:MI TZ", "26-Oct-2026 23:10 MEZ", "Europe/Berlin"): "2026-10-26 23:10:00",
    ("HH24:MI TZ", "26 Oct 2026 10:00 XYZ", "Europe/Berlin"): None,
    ("HH24:MI TZ", "26 Oct 2026 10:00", "Europe/Berlin"): None,
    # by the clocks of two zones it means different times: a branch in neither does not know
    ("HH24:MI TZ", "26 Oct 2026 10:00 IST", "Europe/Berlin"): None,
    ("HH24:MI:SS", "26 Oct 2026 10:00:01 CET", "Europe/Berlin"): None,
}
"""Times after the name of a month, or before that of a time zone, by a branch's clock."""


def local_times(
    warehouse: Warehouse, given: Iterable[tuple[str, str, str]], day: str = "2026-10-26"
) -> list[str | None]:
    """Read times in their formats, by the clocks of branches in time zones."""
    values = sql.SQL(", ").join(
        sql.SQL("({}, {}, {}, {})").format(number, *map(sql.Literal, row))
        for number, row in enumerate(given)
    )
    query = sql.SQL(
        "select {}::text from (values {}) as given (n, time_format, v, time_zone)"
        " cross join lateral (select given.v, {}::text as d) as landed"
        " cross join lateral (select given.time_format, 'YYYY-MM-DD' as date_format) as dialect"
        " cross join lateral (select given.time_zone) as branch order by n"
    ).format(dialect.local_time("d", "v"), values, sql.Literal(day))
    with warehouse.connect() as connection:
        return [local for (local,) in connection.execute(query)]


def test_a_time_may_follow_the_name_of_a_month_and_have_a_time_zone(warehouse: Warehouse) -> None:
    assert dict(zip(ZONED, local_times(warehouse, ZONED), strict=True)) == ZONED


def zones_of_postgres(warehouse: Warehouse) -> set[str]:
    with warehouse.connect() as connection:
        return {name for (name,) in connection.execute("select name from pg_timezone_names")}


@pytest.mark.parametrize("month", [1, 7])
def test_a_time_zone_that_is_the_branchs_own_is_its_clock(warehouse: Warehouse, month: int) -> None:
    noon = datetime(2026, month, 15, 12, 0)
    known = zones_of_postgres(warehouse)
    zones = {
        zone: name
        for zone in sorted(available_timezones())
        if zone in known
        and "/" in zone
        and (name := str(noon.replace(tzinfo=ZoneInfo(zone)).tzname())).isalpha()
    }
    assert len(zones) > 250
    given = [("HH24:MI TZ", f"12:00 {name}", zone) for zone, name in zones.items()]
    read = local_times(warehouse, given, f"2026-{month:02}-15")
    wrong = {row: local for row, local in zip(given, read, strict=True) if local != str(noon)}
    assert wrong == {}


def test_figures_that_are_declared_no_longer_leave_nothing_behind(export: Export) -> None:
    export.sales.write("ventes_1.csv", SALES + "05/09/2015;19:32;1;Reine;1;10,00 €\r\n")
    export.sales.write("cloture_1.csv", CLOSING + "05/09/2015;1;7;10,00 €;0\r\n")
    assert "(lines)" in str(export.compare().problem)
    del export.sales.declared["totals"]["figures"]["lines"]
    left = []
    for declared in (export.sales.feed, export.closings.feed):
        with driver.session(export.sales.warehouse) as session:
            source.forget_figures(session.connection, [declared])
        left.append({figure for _, figure in export.figures()})
    assert left == [{"orders", "order_total", "refund_total"}, set()]


def test_a_column_that_cannot_be_read_at_all_is_named_with_its_option(export: Export) -> None:
    export.sales.declared["date_format"] = "YYYY-MM-DD"
    export.sales.write("ventes_1.csv", SALES + "05/09/2015;19:32;1;Reine;1;10,00 €\r\n")
    export.sales.write("cloture_1.csv", CLOSING + "05/09/2015;1;1;10,00 €;0\r\n")
    assert (
        "The column date of the file ventes_1.csv has '05/09/2015' in line 2, which is not a day "
        "with date_format = 'YYYY-MM-DD', but is one with 'DD/MM/YYYY': correct date_format in "
        f"{export.sales.feed.section}."
    ) in str(export.compare().problem)


@pytest.mark.parametrize("written", ["19:32", "19u32"])
def test_times_that_cannot_be_read_are_named_with_their_option(
    export: Export, written: str
) -> None:
    export.sales.declared["time_format"] = "HH24hMI"
    export.sales.write("ventes_1.csv", f"{SALES}05/09/2015;{written};1;Reine;1;10,00 €\r\n")
    export.sales.write("cloture_1.csv", CLOSING + "05/09/2015;1;1;10,00 €;0\r\n")
    problem = str(export.compare().problem)
    assert f"heure of the file ventes_1.csv has '{written}' in line 2, which is not a" in problem
    assert f"correct time_format in {export.sales.feed.section}." in problem
    assert "Ask the branch" not in problem


@pytest.mark.parametrize(
    ("option", "written"), [("currency_sign", "$1500,00"), ("thousands_separator", "1.500,00")]
)
def test_totals_of_which_the_large_ones_are_written_otherwise_name_the_option(
    export: Export, option: str, written: str
) -> None:
    days = "".join(f"0{day}/09/2015;1;1;10,00;0\r\n" for day in range(1, 9))
    export.sales.write("ventes_1.csv", SALES + "09/09/2015;19:32;1;Reine;1;1500,00\r\n")
    export.closings.declared["currency_sign"] = ""
    export.closings.declared["thousands_separator"] = ""
    export.sales.write("cloture_1.csv", f"{CLOSING}{days}09/09/2015;1;1;{written};0\r\n")
    problem = str(export.compare().problem)
    assert f"has {written!r} in line 10, which is not a number with {option} = ''" in problem


def test_what_a_line_of_totals_does_not_say_is_not_compared(export: Export) -> None:
    export.sales.write("ventes_1.csv", SALES + "05/09/2015;19:32;1;Reine;1;10,00 €\r\n")
    export.sales.write("cloture_1.csv", CLOSING + "05/09/2015;1;n/a;10,00 €;\r\n")
    assert export.compare().problem is None
    assert {figure for _, figure in export.figures()} == {"orders", "order_total"}


def test_an_export_whose_totals_never_came_does_not_pass_for_one_that_agrees(
    export: Export,
) -> None:
    export.sales.write("ventes_1.csv", SALES + "05/09/2015;19:32;1;Reine;1;10,00 €\r\n")
    compared = export.compare()
    assert compared.loads == ()
    assert "have not sent a file yet" in str(compared.problem)


def test_a_column_that_the_totals_name_and_the_files_lack_is_named(export: Export) -> None:
    export.sales.write("ventes_1.csv", SALES + "05/09/2015;19:32;1;Reine;1;10,00 €\r\n")
    export.sales.write("cloture_1.csv", "date;tickets\r\n05/09/2015;1\r\n")
    compared = export.compare()
    assert compared.loads == ()
    assert "has no column lignes, ventes, remboursements" in str(compared.problem)


def test_an_export_that_lacks_a_sale_or_has_one_that_cannot_be_read_differs(
    export: Export,
) -> None:
    export.sales.write(
        "ventes_1.csv",
        SALES + "05/09/2015;19:32;1;Reine;1;1o,00 €\r\n31/02/2015;12:00;9;.;1;1 €\r\n",
    )
    export.sales.write("cloture_1.csv", CLOSING + "05/09/2015;2;2;20,00 €;0,00 €\r\n")
    compared = export.compare()
    assert [load.kind for load in compared.loads] == ["heal", "heal"]
    assert (
        f"The totals of quito (feed {export.closings.name}) and the warehouse still differ on"
        in (str(compared.problem))
    )
    assert (
        "1 day(s), first on 2015-09-05 (lines, order_total, orders): see audit.reconciliation"
        in (str(compared.problem))
    )
    assert export.figures()["2015-09-05", "order_total"] == (Decimal(20), Decimal(0))
    assert export.sales.query(
        "select figure, is_healed from audit.reconciliation where difference <> 0 order by figure"
    ) == [("lines", False), ("order_total", False), ("orders", False)]


def test_a_day_that_differs_is_read_again_whatever_its_file_says_of_itself(export: Export) -> None:
    right = SALES + "05/09/2015;19:32;1;Reine;1;10,00 €\r\n"
    path = export.sales.write("ventes_1.csv", right.replace("10,00", "90,00"))
    export.sales.write("cloture_1.csv", CLOSING + "05/09/2015;1;1;10,00 €;0,00 €\r\n")
    export.load()
    before = path.stat()
    path.write_text(right)  # the same size; and the copying tool kept the time
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    compared = export.compare()
    assert ([load.kind for load in compared.loads], compared.problem) == (["heal", "heal"], None)
    assert export.figures()["2015-09-05", "order_total"] == (Decimal(10), Decimal(10))
    assert export.sales.query("select distinct is_healed from audit.reconciliation") == [(True,)]


@dataclass(frozen=True)
class Store:
    """An S3 server on this machine."""

    endpoint: str
    access_key: str = "pizza"
    secret_key: str = "s3cr3t-c4n4ry"  # noqa: S105 - of a server that lives for one test file
    scheme: str = "s3"

    def credentials(self, secret_key: str | None = None) -> dict[str, str]:
        """Return the variables that dlt reads the credentials from."""
        prefix = "SOURCES__FILES__CREDENTIALS__"
        return {
            f"{prefix}AWS_ACCESS_KEY_ID": self.access_key,
            f"{prefix}AWS_SECRET_ACCESS_KEY": secret_key or self.secret_key,
            f"{prefix}ENDPOINT_URL": self.endpoint,
            f"{prefix}REGION_NAME": "us-east-1",
        }

    def system(self) -> Any:
        """Return the store, opened without the product."""
        import s3fs

        return s3fs.S3FileSystem(
            key=self.access_key, secret=self.secret_key,
            endpoint_url=self.endpoint, skip_instance_cache=True,
        )  # fmt: skip


class AzureStore(Store):
    """An Azure server on this machine; the key is the one that Microsoft publishes for it."""

    def _connection(self) -> str:
        key = (
            "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/"
            "K1SZFPTOtr/KBHBeksoGMGw=="
        )
        return (
            f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={key};"
            f"BlobEndpoint={self.endpoint}/devstoreaccount1;"
        )

    def credentials(self, secret_key: str | None = None) -> dict[str, str]:
        """Return the variable with the connection string."""
        del secret_key
        return {"SOURCES__FILES__KWARGS": json.dumps({"connection_string": self._connection()})}

    def system(self) -> Any:
        """Return the store, opened without the product."""
        import adlfs

        return adlfs.AzureBlobFileSystem(
            connection_string=self._connection(), skip_instance_cache=True
        )


class GoogleStore(Store):
    """A server like Google's on this machine, open to everybody."""

    def credentials(self, secret_key: str | None = None) -> dict[str, str]:
        """Return the variable that says where it is."""
        del secret_key
        options = {"token": "anon", "endpoint_url": self.endpoint}
        return {"SOURCES__FILES__KWARGS": json.dumps(options)}

    def system(self) -> Any:
        """Return the store, opened without the product."""
        import gcsfs

        return gcsfs.GCSFileSystem(
            token="anon",  # noqa: S106 - there is none
            endpoint_url=self.endpoint, project="pizza", skip_instance_cache=True,
        )  # fmt: skip


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    """Wait for a server: drivers of stores would wait much longer between their tries."""
    for _ in range(120):
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.25)


@contextmanager
def serving(store: Store, home: Path, command: Sequence[str]) -> Iterator[Store]:
    """Run a server, with an empty bucket `pizza`."""
    server = subprocess.Popen(
        command, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(int(store.endpoint.rpartition(":")[2]))
        system = store.system()
        for _ in range(120):
            try:
                system.mkdir("pizza")
                system.pipe("pizza/ready", b"yes")
                break
            except Exception:
                time.sleep(0.5)
        system.rm("pizza/ready")
        yield store
    finally:
        server.kill()  # asked politely, SeaweedFS waits for its own parts
        server.wait()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """SeaweedFS with an empty bucket `pizza`."""
    home = tmp_path_factory.mktemp("seaweed")
    # Each service listens on a second port, ten thousand above its first.
    ports = {name: free_port() % 20_000 + 20_000 for name in ("s3", "master", "volume", "filer")}
    store = Store(f"http://127.0.0.1:{ports['s3']}")
    keys = [{"accessKey": store.access_key, "secretKey": store.secret_key}]
    identity = {"name": "test", "credentials": keys, "actions": ["Admin", "Read", "Write", "List"]}
    (home / "s3.json").write_text(json.dumps({"identities": [identity]}))
    command = [
        str(Path(sys.executable).with_name("weed")), "server", "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1", f"-dir={home}", "-filer", "-s3", f"-s3.port={ports['s3']}",
        f"-s3.config={home / 's3.json'}", f"-master.port={ports['master']}",
        f"-volume.port={ports['volume']}", f"-filer.port={ports['filer']}",
        "-master.telemetry=false", "-volume.max=5", "-master.volumeSizeLimitMB=64",
    ]  # fmt: skip
    with serving(store, home, command):
        yield store


@pytest.fixture
def other_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """The store of a kind: S3, or Azure's or Google's, whose servers `make stores` gets."""
    if request.param == "s3":
        yield request.getfixturevalue("store")
        return
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    servers: dict[str, tuple[Store, list[str]]] = {
        "az": (AzureStore(address, scheme="az"), [
            str(STORES / "node_modules" / ".bin" / "azurite-blob"), "--blobHost", "127.0.0.1",
            "--blobPort", str(port), "--silent", "--inMemoryPersistence",
            "--skipApiVersionCheck", "--disableTelemetry",
        ]),
        "gs": (GoogleStore(address, scheme="gs"), [
            str(STORES / "bin" / "fake-gcs-server"), "-scheme", "http", "-host", "127.0.0.1",
            "-port", str(port), "-backend", "memory", "-public-host", f"127.0.0.1:{port}",
        ]),
    }  # fmt: skip
    opened, command = servers[request.param]
    if not Path(command[0]).exists() and not os.environ.get("CI"):
        pytest.skip("The server is missing: `make stores`; .ci/run gets it.")
    with serving(opened, tmp_path, command):
        yield opened


def into(store: Store, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """Declare a feed in a store, in a folder of the test's own."""
    for name, value in store.credentials().items():
        monkeypatch.setenv(name, value)
    url = f"{store.scheme}://pizza/{folder.name}"
    folder.declared |= {"url": url, "files": "{branch_id}/*.csv"}
    return folder


@pytest.fixture
def bucket(folder: Folder, store: Store, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A feed in the S3 bucket, in a folder of the test's own."""
    return into(store, folder, monkeypatch)


@pytest.mark.parametrize("other_store", ["s3", "az", "gs"], indirect=True)
def test_files_come_from_a_store_once_and_again_when_they_change(
    folder: Folder, other_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket, system = into(other_store, folder, monkeypatch), other_store.system()
    for name, value in other_store.credentials().items():  # the feed's own, beside other stores
        own = f"SOURCES__FILES__FEEDS__{folder.name.upper()}__"
        monkeypatch.delenv(name)
        monkeypatch.setenv(name.replace("SOURCES__FILES__", own), value)
    system.pipe(f"pizza/{bucket.name}/quito/1.csv", b"n\n1\n")
    system.pipe(f"pizza/{bucket.name}/chicago/1.csv", gzip.compress(b"n\n2\n"))
    assert succeeded(bucket.load()).row_count == 2
    assert succeeded(bucket.load()).row_count == 0
    assert bucket.rows("branch_id, n, _file_name") == [
        ("chicago", "2", "chicago/1.csv"),
        ("quito", "1", "quito/1.csv"),
    ]
    system.pipe(f"pizza/{bucket.name}/quito/1.csv", b"n\n7\n")
    assert succeeded(bucket.load()).row_count == 1
    system.rm(f"pizza/{bucket.name}/quito/1.csv")
    assert "removed from the bucket" in bucket.load().notes[0]
    assert bucket.rows("n") == [("2",), ("7",)]
    assert bucket.query(
        f"select count(etag) from raw_files._files where feed = '{bucket.name}'"
    ) == [(2,)]


def test_an_object_that_is_replaced_while_it_is_read_is_read_again(
    bucket: Folder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, key = store.system(), f"pizza/{bucket.name}/quito/1.csv"
    system.pipe(key, b"n\n1\n")
    real_chunks = file_text.chunks
    replaced: list[str] = []

    def chunks(*arguments: Any) -> Iterator[bytes]:
        yield from real_chunks(*arguments)
        if not replaced:
            replaced.append(key)
            system.pipe(key, b"n\n2\n3\n")

    monkeypatch.setattr(file_text, "chunks", chunks)
    assert succeeded(bucket.load()).notes == ()
    assert bucket.rows("n") == [("2",), ("3",)]


def test_refused_keys_are_said_in_one_sentence_without_the_secret(
    bucket: Folder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in store.credentials("wr0ng-c4n4ry").items():
        monkeypatch.setenv(name, value)
    result = bucket.load()
    assert result.outcome == "failed"
    assert result.error is not None
    assert result.error.startswith(
        f"The files of the feed {bucket.name} at s3://pizza/{bucket.name} cannot be read ("
    )
    assert result.error.endswith("the next run catches up.")
    assert "c4n4ry" not in result.error + str(bucket.query("select error from audit.loads"))


def test_a_folder_that_is_not_there_is_an_error_and_an_empty_one_is_not(folder: Folder) -> None:
    assert succeeded(folder.load()).row_count == 0
    folder.declared["url"] = str(folder.path / "nowhere")
    result = folder.load()
    assert result.outcome == "failed"
    assert result.error == (
        f"The feed {folder.name} has no files, because the folder {folder.path}/nowhere does not "
        f"exist: make it, or correct url in {folder.feed.section}."
    )


@pytest.mark.parametrize(
    ("name", "path", "url"),
    [
        ("blank", "with space/é/x", "{}/with space/é/x"),
        ("signs", "a#b+c%20d [e]*f?", "{}/a#b+c%20d [e]*f?"),
        ("relative", "bucket é", "bucket é"),
        ("home", "in my home", "~/in my home"),
        ("file_url", "with space+plus", "file://{}/with%20space+plus"),
        ("plain_file_url", "with space#hash", "file://localhost{}/with space#hash"),
        ("windows", "C:\\data\\till 1", "C:\\data\\till 1"),
    ],
)
def test_a_folder_may_be_called_anything(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, name: str, path: str, url: str
) -> None:
    monkeypatch.setattr(folder_module, "PROJECT_DIR", folder.path)
    monkeypatch.setenv("HOME", str(folder.path))
    folder.name = f"called_{name}"
    folder.declared |= {"url": url.format(folder.path), "files": "{branch_id}/*.csv"}
    folder.write(f"{path}/quito/one file #1.csv", "n\n1\n")
    assert succeeded(folder.load()).row_count == 1
    assert folder.rows("branch_id, _file_name, n") == [("quito", "quito/one file #1.csv", "1")]
    assert succeeded(folder.load()).row_count == 0


TOTALS = {
    "feed": "y",
    "date": "d",
    "order": "o",
    "quantity": "q",
    "unit_price": "p",
    "figures": {"orders": "n"},
}
SECTION = "[sources.files.feeds.x] in .dlt/config.toml"


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        (
            {"url": None},
            "The feed x has no url: write one into [sources.files.feeds.x] in .dlt/config.toml (or "
            "in .dlt/secrets.toml), a folder or an address like s3://bucket/folder; for the sample "
            "company: make run.",
        ),
        ({"files": None}, f"{SECTION} has no files: write it there"),
        (
            {"delimeter": ";"},
            f"{SECTION} has the key 'delimeter', which is not allowed there;",
        ),
        ({"branch": "atlantis"}, f"{SECTION}: branch is 'atlantis'; allowed are the branches of s"),
        ({"format": "xls"}, f"{SECTION}: format is 'xls'; input should be 'csv', "),
        ({"delimiter": "::"}, f"{SECTION}: delimiter is '::'; allowed is one ASCII character."),
        ({"delimiter": "¦"}, f"{SECTION}: delimiter is '¦'; allowed is one ASCII character."),
        ({"files": "{branch_id}/{branch_id}.csv"}, "; allowed is {branch_id} once."),
        ({"files": "{branch_id}/[0-9]*.csv"}, "beside {branch_id}, allowed are * and ?, not [ ]."),
        ({"encoding": "klingon"}, f"{SECTION}: encoding is 'klingon'; allowed is an encoding that"),
        ({"date_format": "%d"}, "allowed is a format with YYYY, MM and DD, each once."),
        (
            {"time_format": "%H:%M"},
            "time_format is '%H:%M'; allowed is a format with HH24 and MI, or",
        ),
        ({"time_format": "HH12:MI"}, "time_format is 'HH12:MI'; allowed is a format with HH24 and"),
        ({"branch": "quito", "branch_column": "b"}, "branch and branch_column exclude each other"),
        ({"negative_quantity": "x"}, "is 'x'; input should be 'refund' or 'error'."),
        ({"totals": {"feed": "y"}}, f"{SECTION} has no totals.date: write it there"),
        (
            {"totals": {**TOTALS, "figures": {"orderz": "n"}}},
            "totals.figures.orderz.[key] is 'orderz'; input should be 'orders', 'lines', ",
        ),
        ({"totals": {**TOTALS, "figures": {}}}, f"{SECTION} has no totals.figures: write it there"),
        (
            {"totals": {**TOTALS, "unit_price": None}},
            f"{SECTION}: totals; unit_price or amount is missing: a line's money.",
        ),
        (
            {"format": "jsonl", "not_records": ["Total"]},
            "not_records is no option of jsonl, only of csv and xlsx.",
        ),
        ({"totals": {"fed": "y"}}, "allowed are: feed, date, order, quantity, figures"),
    ],
)
def test_a_feed_that_is_declared_wrongly_says_so(declared: dict[str, Any], sentence: str) -> None:
    complete = {"url": "here", "files": "*.csv", **declared}
    given = {key: value for key, value in complete.items() if value is not None}
    with pytest.raises(SourceError) as refused:
        feed.declared("x", given)
    assert sentence in str(refused.value)


def test_the_projects_own_feeds_are_declared_well_and_an_address_may_stand_in_the_environment(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert warehouse
    names = ["stock_counts", "stock_deliveries", "lyon_sales", "lyon_closings"]
    for name in names:
        monkeypatch.setenv(f"SOURCES__FILES__FEEDS__{name.upper()}__URL", f"s3://elsewhere/{name}")
    feeds, wrong = feed.configured()
    assert [one.name for one in feeds] == names
    assert feeds[0].url == "s3://elsewhere/stock_counts"
    assert [one.name for one in feeds if one.has_files_of(["quito"])] == names[:2]
    assert wrong == {}


@pytest.fixture
def sample_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file for each of the project's own CSV feeds, which are configured to it."""
    for name in ("STOCK_COUNTS", "STOCK_DELIVERIES", "LYON_SALES", "LYON_CLOSINGS"):
        monkeypatch.setenv(f"SOURCES__FILES__FEEDS__{name}__URL", str(tmp_path))
    for name, text in (
        ("stock/counts/lyon/2016-01-05.csv", "ingredient,counted_quantity,unit\nflour,1,kg\n"),
        (
            "exports/lyon/ventes_2016-01-05.csv",
            "date;heure;ticket;article;quantite;prix_unitaire;mode_de_paiement\n"
            "05/01/2016;12:00;1;Reine;1;13,50 €;carte\n",
        ),
        ("exports/lyon/cloture_2016-01-05.csv", "date;tickets\n05/01/2016;1\n"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("feed_name", "key", "given", "sentence"),
    [
        ("lyon_closings", "DELIMITER", "::", "delimiter is '::'; allowed is one ASCII character."),
        ("lyon_sales", "BRANCH", "quito", "which is not a feed of the same branch: "),
        ("stock_counts", "FORMAT", "xls", "format is 'xls'; input should be 'csv', "),
    ],
)
@pytest.mark.usefixtures("sample_folder")
def test_a_wrong_feed_is_one_finding_and_all_others_come_in(
    folder: Folder, monkeypatch: pytest.MonkeyPatch,
    feed_name: str, key: str, given: str, sentence: str,
) -> None:  # fmt: skip
    monkeypatch.setenv(f"SOURCES__FILES__FEEDS__{feed_name.upper()}__{key}", given)
    results = driver.run(folder.warehouse, [source.FILES])
    (finding,) = [result for result in results if list(result.tables) == [feed_name]]
    assert finding.outcome == "failed"
    assert sentence in str(finding.error)
    assert f"[sources.files.feeds.{feed_name}] in .dlt/config.toml" in str(finding.error)
    others = {name for result in results if result is not finding for name in result.tables}
    assert others == {"stock_counts", "stock_deliveries", "lyon_sales", "lyon_closings"} - {
        feed_name
    }
    ((shown,),) = folder.query(
        "select error from audit.loads where tables ->> 'feed' = '" + feed_name + "'"
        " order by started_at desc limit 1"
    )
    assert shown == finding.error
    monkeypatch.delenv(f"SOURCES__FILES__FEEDS__{feed_name.upper()}__{key}")
    driver.run(folder.warehouse, [source.FILES])
    with folder.warehouse.connect() as connection:
        parts = audit.loads(connection)
    mended = [part["outcome"] for part in parts if part["feed"] == feed_name]
    assert mended == ["succeeded"]


@pytest.mark.usefixtures("sample_folder")
def test_a_branch_is_loaded_from_the_sources_that_have_it(folder: Folder) -> None:
    results = driver.run(folder.warehouse, [MYPIZZA, source.FILES], ["lyon"])
    assert {result.source for result in results} == {"files"}
    results = driver.run(folder.warehouse, [MYPIZZA, source.FILES], ["quito"])
    assert [result.source for result in results] == ["pos", "files", "files"]
    sentence = r"^No source has the branch lyon \(asked: pos\): add its till or its feed to .dlt/"
    with pytest.raises(WarehouseError, match=sentence):
        driver.run(folder.warehouse, [MYPIZZA], ["lyon"])
    with pytest.raises(WarehouseError, match=sentence):
        driver.compare(folder.warehouse, [MYPIZZA], ["lyon"], Window())
    with pytest.raises(WarehouseError, match=r"^There is no branch 'nowhere' in seeds/branches"):
        driver.compare(folder.warehouse, [MYPIZZA], ["nowhere"], Window())


def test_in_a_fresh_clone_what_is_missing_is_named(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("STOCK_COUNTS", "STOCK_DELIVERIES", "LYON_SALES", "LYON_CLOSINGS"):
        monkeypatch.setenv(f"SOURCES__FILES__FEEDS__{name}__URL", "")
    results = driver.run(warehouse, [source.FILES])
    assert str(results[0].error).startswith("The feed stock_counts has no url: write one into [")
    assert ["has no url: write one into [" in str(one.error) for one in results] == [True] * 4
    for name in ("STOCK_COUNTS", "STOCK_DELIVERIES", "LYON_SALES", "LYON_CLOSINGS"):
        monkeypatch.setenv(f"SOURCES__FILES__FEEDS__{name}__URL", str(tmp_path / "not yet"))
    results = [one for one in driver.run(warehouse, [source.FILES]) if one.kind != "heal"]
    assert [f"{tmp_path}/not yet does not exist: make it" in str(one.error) for one in results] == (
        [True] * 4
    )


def test_the_dialect_of_a_feed_stands_in_the_warehouse_as_it_is_declared(folder: Folder) -> None:
    folder.declared |= {"branch": "quito", **FRENCH, "negative_quantity": "refund"}
    folder.load()
    folder.declared["currency_sign"] = "EUR"
    folder.load()
    assert folder.query(
        "select branch_id, delimiter, decimal_separator, currency_sign, date_format,"
        f" negative_quantity from raw_files._feeds where feed = '{folder.name}'"
    ) == [("quito", ";", ",", "EUR", "DD/MM/YYYY", "refund")]


def test_many_files_with_changing_headers_keep_their_values_apart(folder: Folder) -> None:
    for number in range(300):
        first, second = ("n,m", "1,2") if number % 2 else ("m,n", "2,1")
        folder.write(f"{number:03d}.csv", f"{first}\n{second}\n")
    assert succeeded(folder.load()).row_count == 300
    assert set(folder.rows("n, m")) == {("1", "2")}
