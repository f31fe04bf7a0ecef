"""Look at a file that is not declared yet, and write a declaration for a person to finish.

DuckDB's sniffer finds delimiter and header. Then DuckDB tries the macros by which the models read
numbers, days and times on every value, so what is printed is read in the same way. What the values
tell is worked out in `sql/check_*.sql`; words and dialects to try are in `guess`, as are the texts.
"""

from __future__ import annotations

import codecs
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
from jinja2 import Environment, FileSystemLoader

from ingest.loads import configuration
from ingest.loads.source import SourceError
from ingest.sources.files.bucket import Bucket, File, Reading
from ingest.sources.files.columns import OWN_COLUMNS, column_names
from ingest.sources.files.csv_files import SEPARATOR_LINE
from ingest.sources.files.encoding import encoding_of
from ingest.sources.files.excel_files import sheet_names, sheet_rows
from ingest.sources.files.feed import FEEDS, Feed, declared
from ingest.sources.files.header import header_below, line_of
from ingest.sources.files.neighbours import common_pattern, differences
from ingest.sources.files.text import read_head
from ingest.sources.files.tried import (
    FOLDER,
    ONE_THREAD,
    literal,
    rows,
    run,
    try_declared,
    try_others,
)

MOST_TABLES = 16
"""So many blocks of a file are looked at, a few megabytes each."""

LEFT_OUT = (0, 1, 2, 3, 5, 10)
TABLES = (
    *("chosen", "codes", "columns", "findings", "lists", "mapped", "months", "not_records"),
    *("only_money", "orders", "outlets", "personal", "pivots", "products", "proof", "records"),
    *("rejects", "unread"),
)
"""What the SQL has found and the texts are made from."""


@dataclass(frozen=True)
class Checked:
    """What a file seems to be.

    Attributes:
        columns: a row each: its title, its name in the warehouse, what it looks like, an example,
            and how many different values it has.
        facts: sentences on what is certain.
        doubts: sentences on what a person must look at.
        blocks: what to put where: the configuration, dbt's source, the model.
    """

    columns: list[tuple[str, ...]]
    facts: list[str]
    doubts: list[str]
    blocks: list[str]


def check(place: str | Sequence[str], name: str | None = None, **given: str | None) -> Checked:
    """Look at a file, or at the largest one of a folder or pattern.

    Args:
        place: a path, a folder, a pattern, or such an address of a store; or paths of one folder.
        name: what the feed is to be called; None for a name made from the file's.
        given: `branch`, `encoding`, `delimiter`, `sheet` and `header`, where a person knows them.

    Raises:
        SourceError: there is no such file, it cannot be read, or the name is taken.
    """
    places = [place] if isinstance(place, str) else place
    place = common_pattern(places)
    if "://" not in place:
        path = Path(os.path.normpath(Path(place).expanduser().absolute()))
        if path.is_file():  # its name is no pattern
            path = path.with_name(re.sub(r"([*?[])", r"[\1]", path.name))
        place = path.as_posix() + ("/" if path.is_dir() else "")
    elif place.count("/") == 2:  # a whole bucket
        place += "/"
    url = re.split(r"[*?{]", place)[0].rpartition("/")[0] or "/"
    pattern = place.removeprefix(url).lstrip("/") or "*"
    name = name or _name(Path(url).name if re.search(r"[*?{]", pattern) else pattern)
    if name in configuration.section(FEEDS):
        raise SourceError(f"There is a feed {name} already: choose another name with --name.")
    options: dict[str, Any] = {option: value for option, value in given.items() if value}
    options |= {"url": url, "files": pattern}
    bucket = Bucket(declared(name, options))
    if pattern == "*" and not any(file.size for file in bucket.files()):
        options["files"] = "*/*"  # all of them are in folders below it
        bucket = Bucket(declared(name, options))
    files = [file for file in bucket.files() if file.size]
    if not files:
        there = ", ".join(bucket.others()[:5]) or "no files"
        raise SourceError(
            f"No file with anything in it matches {pattern!r} in {url}, which has {there}: correct "
            "the path or the pattern."
        )
    file = max(files, key=lambda each: each.size)
    if pattern == "*":
        options["files"] += Path(file.name).suffix
    names = [] if bucket.feed.takes_branch_from_path else [each.name for each in files]
    with duckdb.connect(config=ONE_THREAD) as database:
        database.execute("create table files as select unnest(cast(? as text[])) as name", [names])
        checked = _look(database, bucket, file, files, options)
    told = {Path(each).name for each in places}
    if len(places) > 1 and (more := [each.name for each in files if each.name not in told]):
        checked.doubts.append(
            f"files matches {len(more)} file(s) that were not given, too, first {more[0]}: correct "
            "the pattern if they are not of this feed."
        )
    return checked


def misread(feed: Feed, file: str, lines: pa.Table, is_read: bool = True) -> Iterator[str]:
    """Yield which columns are written in another dialect than the feed says, a sentence each.

    Args:
        feed: the feed.
        file: the name of one of its files.
        lines: lines of this file, as they landed.
        is_read: whether something reads these columns; of others the name must say what they are.
    """
    names = [name for name in lines.column_names if name not in OWN_COLUMNS]
    for title in names:
        numbered = zip(lines["_line_number"].to_pylist(), lines[title].to_pylist(), strict=True)
        for line, text in numbered:
            if text and (wrong := _misspelt(text, feed.encoding)):
                yield (
                    f"The column {title} of the file {file}, in line {line}, has {wrong}: correct "
                    f"encoding in {feed.section}."
                )
                break
    # advice that cannot be given fails no load
    with suppress(duckdb.Error), duckdb.connect(config=ONE_THREAD) as database:
        try_declared(database, feed, lines, dict(zip(names, names, strict=True)))
        # where all is read as declared, nothing is misread
        if not run(database, "suspects"):
            return
        try_others(database)
        options = ("decimal_separator", "thousands_separator")
        separators = {option: literal(getattr(feed, option)) for option in options}
        parts = {**separators, "is_read": str(is_read)}
        for title, kind, text, line, option, right in run(database, "misread", **parts):
            # quantities are written as money is, unless it is said
            wrong = feed.model_dump(exclude_none=True).get(option, feed.decimal_separator)
            advice = f"but is one with {right!r}: correct {option}"
            if right is None:
                advice = f"nor with others: write it so in the model, or correct {option}"
            yield (
                f"The column {title} of the file {file} has {' '.join(text.split())!r} in line "
                f"{line}, which is not a {kind} with {option} = {wrong!r}, {advice} in "
                f"{feed.section}."
            )


def _misspelt(text: str, encoding: str) -> str | None:
    """Return what of a text was read in the wrong encoding, but not the text: it may be a name."""
    if escaped := re.search(r"\\x[89a-f][0-9a-f]", text):
        return f"{escaped[0]}, which is not {encoding}"
    if text.isascii() or codecs.lookup(encoding).name == "utf-8":
        return None
    try:
        proper = text.encode(encoding).decode()
    except UnicodeError:
        return None
    # by chance the bytes of another encoding are UTF-8, too, but then of as many letters
    if len(proper) >= len(text) or "\0" in proper:
        return None
    letter = next(each for each in proper if not each.isascii())
    return f"{letter.encode().decode(encoding, 'replace')!r}, which is {letter!r} in UTF-8"


def _name(text: str) -> str:
    (plain,) = column_names((re.sub(r"\d+|[.].*", " ", text).strip() or "export",))
    return plain.lower().lstrip("_0123456789")[:40].strip("_") or "export"


def _look(
    database: duckdb.DuckDBPyConnection, bucket: Bucket, file: File, files: list[File],
    options: dict[str, Any],
) -> Checked:  # fmt: skip
    """Look at one file, and at others beside it; `options` are filled with how it is written."""
    found: dict[str, Any] = {"titles": [], "guessed": None, "header_text": None, "groups": None}
    try:
        with bucket.open(file) as raw:
            found |= _sniff(database, raw, file, options)
        feed = declared(bucket.feed.name, options)
        names = _find(database, feed, _read(feed, file), found["titles"])
        header = found["header_text"] if feed.format == "csv" else None
        beside = [*differences(bucket, file, files, feed.encoding, header)]
    except SourceError:
        raise
    except Exception as error:  # of the store, or of what a file is packed in
        raise bucket.problem(error, file) from None
    found |= {table: rows(database, f"from {table} order by 1") for table in TABLES}
    if not found["records"][0]["records"]:
        raise SourceError(f"The file {file.name} has no line that fits its header.")
    columns = {row["title"]: row for row in found["columns"]}
    roles = {row["role"]: columns[row["title"]] for row in rows(database, "from roles")}
    found |= {
        "file": file.name, "feed": feed, "roles": roles, "beside": beside,
        "landed": [
            name for name in names if name not in columns or columns[name]["kind"] != "empty"
        ],
    }  # fmt: skip
    options |= {row["option"]: row["value"] for row in rows(database, "from options")}
    # an Excel file's numbers land as its texts are written
    if feed.format == "xlsx" and options.pop("quantity_decimal_separator", None):
        options["decimal_separator"] = ","
    found["options"] = {
        option: options[option]
        for option, known in Feed.model_fields.items()
        if options.get(option) not in (None, known.default, "", [])
    }
    environment = Environment(  # noqa: S701 - it is SQL and TOML, not HTML
        loader=FileSystemLoader(FOLDER / "guess"), trim_blocks=True,
        block_start_string="<%", block_end_string="%>",
        variable_start_string="<<", variable_end_string=">>",
    )  # fmt: skip
    # Jinja's own writes & and ' for HTML
    environment.filters["tojson"] = partial(json.dumps, ensure_ascii=False)
    facts, doubts, *blocks = (
        environment.get_template(f"{text}.jinja").render(found).strip("\n")
        for text in ("facts", "doubts", "config", "source", "model")
    )
    shown: list[tuple[str, ...]] = [
        (
            *(row["shown"], title),
            ", ".join(role for role, one in roles.items() if one is row) or f"({row['kind']})",
            *(row["example"][:40], f"{row['different']:,}"),
        )
        for title, row in columns.items()
    ]
    return Checked(shown, facts.splitlines(), doubts.splitlines(), blocks)


def _sniff(
    database: duckdb.DuckDBPyConnection, raw: Any, file: File, options: dict[str, Any]
) -> dict[str, Any]:
    """Find format, encoding, delimiter and header.

    Returns:
        The columns' titles, the header's line, and a word as it is read if the encoding is a guess.
    """
    found: dict[str, Any] = {}
    if file.name.lower().endswith((".xlsx", ".xls")):
        options["format"] = "xlsx"
        text = _sheet_text(raw, options.get("sheet", ""))
    else:
        data = read_head(raw)
        if data.startswith(b"PAR1"):
            options["format"] = "parquet"
            return found
        if "encoding" not in options:
            options["encoding"], found["guessed"] = encoding_of(data)
        text = data.decode(options["encoding"], "replace").lstrip("\ufeff")
        if json_text := re.match(r"\s*(\[\s*{|{.*)", text):
            if json_text[1][0] == "[" or json_text[1].rstrip()[-1] != "}":
                raise SourceError(
                    f"The file {file.name} is JSON, but not one object a line: have it written so."
                )
            options["format"] = "jsonl"
            return found
    as_written = text.splitlines()
    if re.fullmatch(r'(?:"(?:[^"\n]|"")*+"\r?(?:\n|\Z))+', text):
        text = re.sub(r'(?m)^"|"\r?$', "", text)
    lines = text.splitlines()
    sniffed, start, found["groups"] = _sniff_header(database, lines, file, options)
    if sniffed is None:
        why = "no delimiter is the same on most of its lines."
        if given := options.get("delimiter"):
            why = f"{given!r} does not divide most of its lines alike; correct --delimiter."
        if options.get("format") == "xlsx":
            sheets = ", ".join(sheet_names(raw))
            why = f"it has the sheets {sheets}; name another one with --sheet."
        raise SourceError(f"The file {file.name} has no columns that can be told apart: {why}")
    found["titles"] = titles = [column["name"] for column in sniffed["Columns"]]
    if options.get("format") != "xlsx":
        options["delimiter"] = sniffed["Delimiter"]
        options |= {
            option: sniffed[option.title()]
            for option, sign in (("quote", "'"), ("escape", "\\"))
            if sniffed[option.title()] == sign
        }
    if not sniffed["HasHeader"]:
        options["columns"] = [f"column_{number}" for number in range(1, len(titles) + 1)]
        return found
    found["header_line"] = start + sniffed["SkipRows"] + 1
    found["header_text"] = as_written[start + sniffed["SkipRows"]]
    *before, header = (line.lstrip('" \t') for line in lines[: found["header_line"]])
    if [line for line in before if line and not SEPARATOR_LINE.fullmatch(line.encode())]:
        first = re.split(rf'["{re.escape(sniffed["Delimiter"])}]', header)[0]
        is_told = first and not any(line.startswith(first) for line in before)
        options["header"] = first if is_told else header
    return found


def _sheet_text(raw: Any, name: str) -> str:
    """Return a sheet as text; lines before the header, which are shorter, end with their values."""
    rows = ["\t".join(" ".join(cell.split()) for cell in row) for row in sheet_rows(raw, name)]
    filled = [row.rstrip("\t") for row in rows]
    widest = max(range(len(rows)), key=lambda row: filled[row].count("\t"), default=0)
    return "\n".join([*filled[:widest], *rows[widest:]])


def _sniff_header(
    database: Any, lines: list[str], file: File, options: dict[str, Any]
) -> tuple[dict[str, Any] | None, int, str | None]:
    """Return what DuckDB finds, from which line on, and titles of groups of columns, if any."""
    delimiter, is_told = options.get("delimiter", ""), "header" in options
    start = line_of(lines, options.pop("header", ""), file.name)
    sniffed = _sniff_lines(database, lines[start:], delimiter)
    if sniffed is None or is_told:
        return sniffed, start, None
    groups, delimiter = sniffed["SkipRows"], sniffed["Delimiter"]
    below = header_below(lines, groups, delimiter)
    again = _sniff_lines(database, lines[below:], delimiter) if below else None
    if below is None or again is None:
        return sniffed, start, None
    *_, above = (line for line in lines[groups:below] if line.strip(f"{delimiter} "))
    return again, below, above


def _sniff_lines(database: Any, lines: list[str], delimiter: str) -> dict[str, Any] | None:
    """Return what DuckDB finds in lines; None where it finds less than two columns."""
    # a few lines at the end of a small file, like totals, mislead the sniffer
    tries = (_sniff_csv(database, lines[: len(lines) - out], delimiter) for out in LEFT_OUT)
    return next((one for one in tries if len(one["Columns"]) > 1), None)


def _sniff_csv(database: Any, lines: list[str], delimiter: str) -> dict[str, Any]:
    """Return what DuckDB finds in lines; no columns where it finds nothing."""
    delim = f", delim = {literal(delimiter)}" if delimiter else ""
    with TemporaryDirectory() as folder:
        written = Path(folder) / "text"
        written.write_text("\n".join(lines), "utf-8")
        try:
            return rows(database, f"from sniff_csv({literal(written)}{delim})")[0]
        except duckdb.Error:
            return {"Columns": []}


def _read(feed: Feed, file: File) -> pa.Table:
    """Return the lines of a file as its feed reads them."""
    reading = Reading(file)
    tables = [*islice(Bucket(feed).read(reading), MOST_TABLES)]
    if reading.error or not tables:
        raise SourceError(reading.error or f"The file {file.name} has no records.")
    return pa.concat_tables(tables, promote_options="default")


def _find(
    database: duckdb.DuckDBPyConnection, feed: Feed, landed: pa.Table, titles: list[str]
) -> list[str]:
    """Fill DuckDB with what the values of a file tell, and return the names of its columns."""
    names = [name for name in landed.column_names if name not in OWN_COLUMNS]
    shown = [*titles, *names[len(titles) :]]
    try_declared(database, feed, landed, dict(zip(names, shown, strict=True)))
    try_others(database)
    run(database, "words")
    run(database, "proof")
    roles: dict[str, str] = {}
    for role, title in run(database, "roles"):
        if role == "branch" and (feed.branch or feed.takes_branch_from_path):
            continue
        # one column may hold the day and the time of day
        others = {other for other, found in roles.items() if found == title}
        if role not in roles and (not others or {role, *others} == {"sold_on", "sold_at"}):
            roles[role] = title
    for pair in roles.items():
        database.execute("insert into roles values (?, ?)", pair)
    run(database, "results")
    run(database, "findings")
    return names
