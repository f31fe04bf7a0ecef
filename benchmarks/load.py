"""Parts a and b: what a full load costs against a bare copy, and a day's change against history."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.server import Grid, Part, Ratio, Server, psql_command, spread
from ingest.warehouse import PROJECT_DIR

TILL = "till_new_york"
SECTION = "SOURCES__POS__TILLS__NEW_YORK"
HERE = Path(__file__).parent
WHOLE_PROCESS = 4.3 / 1.7
"""What ingestr took without indexes, against COPY | COPY in the same run, on a quiet machine."""

FORGET = """
drop schema if exists raw_pos cascade;
drop schema if exists raw_pos_staging cascade;
drop schema if exists audit cascade;
"""
BARE_TABLE = """
drop schema if exists bare cascade;
create schema bare;
create table bare.order_lines (
    order_line_id bigint,
    order_id bigint,
    line_number integer,
    product_id integer,
    quantity integer,
    unit_price numeric(10, 2),
    discount_amount numeric(10, 2),
    updated_at timestamptz
);
"""
# Changed rows lie all over the table: nothing is harder for a merge.
CHANGE = """
update order_lines
set quantity = quantity + 1, updated_at = clock_timestamp()
where order_line_id in (
    select distinct
        -- of ten lines, nine are of the last five days and one is a late correction of any day
        case
            when draw % 10 > 0 then :lines - cast(floor(random() * 5 * :changed) as bigint)
            else cast(1 + floor(random() * :lines) as bigint)
        end
    from generate_series(1, cast(:changed * 1.3 as integer)) as draws (draw)
    limit :changed
);
vacuum analyze order_lines;
"""


def full_load(folder: Path, lines: int, repeats: int) -> Part:
    """Part a: load a till of one long table, and copy the same table by psql.

    Args:
        folder: where the server may live.
        lines: rows of the long table.
        repeats: measurements of each, taking turns.

    Returns:
        The ratio of the two, the peak of memory, and where the time goes.
    """
    server = Server(folder)
    _make_long_till(server, lines)
    loads: list[dict[str, Any]] = []
    copies: list[float] = []
    unlogged: list[float] = []
    for _ in range(repeats):
        server.psql(script=FORGET)
        copies.append(_copy(server))
        unlogged.append(_copy(server, "truncate bare.order_lines"))
        loads.append(_load(server, lines))
    size = server.psql("-c", "select pg_size_pretty(pg_table_size('raw_pos.order_lines'))").strip()
    bare = server.psql("-c", "select pg_size_pretty(pg_table_size('bare.order_lines'))").strip()
    server.stop()
    seconds = [load["seconds"] for load in loads]
    rows = [
        ("COPY | COPY by psql", spread(copies), bare),
        ("the same, in a transaction that truncates first", spread(unlogged), bare),
    ]
    rows.append(("load_till", spread(seconds), size))
    for step in ("extract", "normalize", "load"):
        rows.append((f"of it {step}", spread([load[step] for load in loads]), ""))
    for step in ("index", "analyze"):
        rows.append((f"afterwards: {step}", spread([load[step] for load in loads]), ""))
    processes = [load["process"] for load in loads]
    rows.append(("the whole process, from its start", spread(processes), ""))
    grid = Grid(
        f"a. Full load of {lines:,} order lines",
        ("step", "seconds, best / median", "table"),
        rows,
        "Both read the till's database and write the warehouse's, on one server, taking turns. The "
        "load is `pipeline.load_till` in a fresh process, all five tables, the others next to "
        "empty; the clock starts when everything is imported, before the till is first asked. The "
        "copy is `psql copy to stdout | psql copy from stdin` into a table without keys. A copy in "
        "the transaction that made or truncated its table need not be logged where `wal_level` is "
        "minimal, as on the embedded server; the very first load makes use of that, so the copy is "
        f"also shown with it: then the ratio is {median(seconds) / median(unlogged):.2f} x.",
    )
    peak = max(load["peak_mb"] for load in loads)
    return Part(
        [
            Ratio("a", "full load / COPY | COPY", median(seconds) / median(copies), 1.2, "x",
                  f"{median(seconds):.2f} s / {median(copies):.2f} s, medians of {repeats}"),
            Ratio("a", "the whole process, with imports and indexes / COPY | COPY",
                  median(processes) / median(copies), WHOLE_PROCESS, "x",
                  f"{median(processes):.2f} s / {median(copies):.2f} s, medians of {repeats}"),
            Ratio("a", "peak memory of the loading process", peak, 300, "MB",
                  f"ru_maxrss, the highest of {repeats}"),
        ],
        [grid],
    )  # fmt: skip


def day_load(folder: Path, lines: tuple[int, int], changed: int, repeats: int) -> Part:
    """Part b: load one day's change onto a short and onto a long history.

    Args:
        folder: where the servers may live.
        lines: rows of the short and of the long history.
        changed: rows that a day changes.
        repeats: days, loaded in turns.

    Returns:
        The ratio of the two, and where the time goes.
    """
    servers = [Server(folder / f"lines-{count}") for count in lines]
    first: list[dict[str, Any]] = []
    for server, count in zip(servers, lines, strict=True):
        _make_long_till(server, count)
        first.append(_load(server, count))
        server.psql("-c", "vacuum analyze raw_pos.order_lines")
    days: list[list[dict[str, Any]]] = [[], []]
    for turn in range(repeats + 1):
        for server, count, loads in zip(servers, lines, days, strict=True):
            variables = ("-v", f"lines={count}", "-v", f"changed={changed}")
            server.psql(*variables, database=TILL, script=CHANGE)
            load = _load(server, changed)
            if turn:  # the first day also makes the tables of a merge
                loads.append(load)
    for server in servers:
        server.stop()
    rows = []
    for name, key in (("load_till", "seconds"), ("of it extract", "extract"),
                      ("of it load and merge", "load")):  # fmt: skip
        rows.append((name, *(spread([load[key] for load in loads]) for loads in days)))
    rows.append(("the first load, for comparison", *(f"{load['seconds']:.1f}" for load in first)))
    rows.append(("its indexes", *(f"{load['index']:.1f}" for load in first)))
    grid = Grid(
        f"b. One day's change of {changed:,} order lines",
        ("step, seconds, best / median", *(f"onto {count:,} lines" for count in lines)),
        rows,
        "Of ten changed lines, nine are of the last five days and one is of any day of the whole "
        "history, as late corrections are. Measured as in part a, in turns; the first day, which "
        "makes the tables of a merge, is not counted.",
    )
    short, long = (median([load["seconds"] for load in loads]) for loads in days)
    return Part(
        [Ratio("b", f"a day's change onto {lines[1]:,} / {lines[0]:,} lines", long / short, 1.1,
               "x", f"{long:.2f} s / {short:.2f} s, medians of {repeats}")],
        [grid],
    )  # fmt: skip


def make_till(server: Server, script: str, *variables: str) -> None:
    """Make the database of a till, and tell the server's configuration where it is.

    Args:
        server: where it is made.
        script: what follows after the till's own tables.
        variables: psql's, as "name=value".
    """
    server.psql("-c", f"create database {TILL}")
    tables = (PROJECT_DIR / "sample" / "till.sql").read_text()
    options = [word for variable in variables for word in ("-v", variable)]
    server.psql(*options, database=TILL, script=tables + script + "vacuum analyze;")
    server.environment[f"{SECTION}__URL"] = (
        "postgresql://{PGUSER}@/{till}?host={PGHOST}&port={PGPORT}&sslmode={PGSSLMODE}".format(
            till=TILL, **server.environment
        )
    )
    server.environment[f"{SECTION}__PASSWORD"] = server.environment["PGPASSWORD"]


def load_till(server: Server, *options: str) -> dict[str, Any]:
    """Load the till in a process of its own, and return what that took.

    Args:
        server: where the till and the warehouse are.
        options: those of `benchmarks.loader`.
    """
    started = time.monotonic()
    printed = server.python("-m", "benchmarks.loader", *options)
    load: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return load | {"process": time.monotonic() - started}


def _make_long_till(server: Server, lines: int) -> None:
    make_till(server, (HERE / "till.sql").read_text(), f"lines={lines}")


def _load(server: Server, expected: int) -> dict[str, Any]:
    load = load_till(server)
    if load["rows"] != expected:
        raise RuntimeError(f"{expected} lines should have come, and {load['rows']} came")
    return load


def _copy(server: Server, *before: str) -> float:
    """Copy the table from database to database, and return the seconds that it took.

    Args:
        server: where both databases are.
        before: statements that precede the copy in its transaction.
    """
    server.psql(script=BARE_TABLE)
    started = time.monotonic()
    reader = subprocess.Popen(
        [*psql_command(), "-d", TILL, "-c", "copy order_lines to stdout"],
        env=server.environment, stdout=subprocess.PIPE,
    )  # fmt: skip
    writer = subprocess.Popen(
        [
            *psql_command(), "-d", "mypizza", "-1",
            *(f"-c{statement}" for statement in (*before, "copy bare.order_lines from stdin")),
        ],
        env=server.environment, stdin=reader.stdout,
    )  # fmt: skip
    if writer.wait() or reader.wait():
        raise RuntimeError("COPY | COPY failed")
    return time.monotonic() - started
