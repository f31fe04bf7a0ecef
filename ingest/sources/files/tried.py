"""DuckDB's side of looking at files: the dialects that are tried on a file's values, and words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from ingest.sources.files import dialect
from ingest.sources.files.feed import Feed
from ingest.warehouse import PROJECT_DIR

FOLDER = Path(__file__).parent
ONE_THREAD: dict[str, str | bool | int | float | list[str]] = {"threads": 1}
"""How DuckDB is opened: a few thousand values are looked at, and threads wait for one another."""
OPTIONS = (
    *("decimal_separator", "thousands_separator", "currency_sign", "date_format", "time_format"),
)


def are_totals(lines: Iterable[Iterable[str]]) -> list[bool]:
    """Say which of some lines has a value that is what a line of totals says.

    Args:
        lines: the values of each, or its branch alone.
    """
    with duckdb.connect(config=ONE_THREAD) as database:
        _know_words(database)
        listed = [", ".join(literal(text) for text in texts) for texts in lines]
        return [bool(texts and run(database, "total", texts=f"[{texts}]")) for texts in listed]


def try_declared(
    database: duckdb.DuckDBPyConnection, feed: Feed, landed: pa.Table, shown: dict[str, str]
) -> None:
    """Try the declared dialect on the columns of a file, which are shown by their titles."""
    _know_words(database)
    database.register("landed", landed)
    for number, (name, title) in enumerate(shown.items(), 1):
        database.execute(
            "insert into titles values (?, ?, ?, ?)", [number, name, title, f"landed.{name}"]
        )
    database.execute(
        "insert into cells select _line_number, 0, name, stripped(value) from (from landed where"
        " _reject is null) unpivot (value for name in (columns(* exclude (_line_number, _reject))))"
    )
    _load(database, "dialects", FOLDER / "guess" / "dialects.csv")
    _load(database, "seed", PROJECT_DIR / "seeds" / "branches.csv")
    run(database, "nested" if feed.format == "jsonl" else "flat")
    run(database, "values")
    told = feed.model_dump() | {"candidate": "declared", "is_rare": False}
    as_declared = [told | {"kind": kind} for kind in ("number", "date", "time")]
    if decimal := feed.quantity_decimal_separator:
        as_declared.append(told | {"kind": "number", "decimal_separator": decimal})
    _read_in(database, as_declared)


def try_others(database: duckdb.DuckDBPyConnection) -> None:
    """Try all dialects that there are on the columns, after the declared one."""
    (sign,) = rows(database, "from signs")
    _read_in(database, [row | sign for row in rows(database, "from dialects")])
    run(database, "columns")


def _read_in(database: duckdb.DuckDBPyConnection, dialects: Iterable[Mapping[str, Any]]) -> None:
    """Read all values in some dialects."""
    for tried in dialects:
        # the pattern as text: working it out within the statement takes longer than to try it
        (row,) = database.execute(
            _told(f"select {dialect.pattern(tried['kind'])}", tried)
        ).fetchall()
        written = _told(dialect.written(tried["kind"], "filled.plain", literal(row[0])), tried)
        has_letters = re.search("MON|AM|TZ", str(tried.get(f"{tried['kind']}_format")))
        run(
            database, "reading", written=written, is_rare=str(tried["is_rare"]),
            has_letters=str(bool(has_letters)), kind=literal(tried["kind"]),
            candidate=literal(tried["candidate"]),
        )  # fmt: skip


def _told(statement: str, options: Mapping[str, Any]) -> str:
    """Return SQL in which the options of a dialect have their values."""
    for option in OPTIONS:
        statement = statement.replace(f"dialect.{option}", literal(options[option]))
    return statement


def _know_words(database: duckdb.DuckDBPyConnection) -> None:
    """Make the macros by which texts are compared, and the table of words."""
    run(database, "setup", **dialect.signs("text"))
    _load(database, "words", FOLDER / "guess" / "words.csv")
    database.execute("update words set words = strip_accents(words)")  # as plain() does


def run(database: duckdb.DuckDBPyConnection, name: str, **parts: str) -> Iterable[Any]:
    """Run one of the statements `sql/check_*.sql`, with SQL in its places."""
    statement = (FOLDER / "sql" / f"check_{name}.sql").read_text("utf-8")
    for part, text in parts.items():
        statement = statement.replace(f"{{{part}}}", text)
    return database.execute(statement).fetchall()


def _load(database: duckdb.DuckDBPyConnection, table: str, file: Path) -> None:
    database.execute(f"create table {table} as from read_csv({literal(str(file))}, header = true)")


def rows(database: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    """Return what a query finds, a dictionary each."""
    found = database.execute(query)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def literal(value: Any) -> str:
    """Return a value as SQL writes a text."""
    return "'" + str(value or "").replace("'", "''") + "'"
