"""Parts e and f: one long file against a bare copy of it, and very many short files.

Run as a module of its own it loads one folder once, and prints what that took as JSON.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.server import Grid, Part, Ratio, Server, hide_pandas, psql_command, spread

COLUMNS = ("date", "time", "receipt", "article", "quantity", "unit_price", "payment")
FORGET = "drop schema if exists raw_files cascade; drop schema if exists bare cascade;"
INDEX = """
drop index raw_files.sales_key, raw_files.sales_load;
create unique index sales_key on raw_files.sales (_file_name, _line_number);
create index sales_load on raw_files.sales (_dlt_load_id);
"""
CHUNK = 100_000
APPENDED_TO = 1_000_000


def long_file(folder: Path, lines: int, repeats: int) -> Part:
    """Part e: land one long CSV file, and copy the same file by psql.

    Args:
        folder: where the server and the file may live.
        lines: lines of the file.
        repeats: measurements of each, taking turns.

    Returns:
        The ratio of the two, the peak of memory, and what a line costs that is appended to a file.
    """
    server = Server(folder)
    file = folder / "bucket" / "sales.csv"
    file.parent.mkdir()
    _write(file, lines)
    size = file.stat().st_size / 1e6
    loads: list[dict[str, Any]] = []
    copies: list[float] = []
    indexes: list[float] = []
    for _ in range(repeats):
        server.psql(script=FORGET)
        copies.append(_copy(server, file))
        server.psql(script=FORGET)
        loads.append(_load(server, file.parent, "sales.csv", lines))
        indexes.append(_index(server))
    appended = _append(server, file, min(lines, APPENDED_TO), repeats)
    server.stop()
    whole = [load["seconds"] for load in loads]
    seconds = [load - index for load, index in zip(whole, indexes, strict=True)]
    rows = [
        ("psql: copy from, into a table of the same columns", spread(copies)),
        ("the feed's load, without its two indexes", spread(seconds)),
        ("its two indexes, made once more by psql", spread(indexes)),
        ("lines per second", f"{lines / min(seconds):,.0f} / {lines / median(seconds):,.0f}"),
    ]
    grid = Grid(
        f"e. One CSV file of {lines:,} lines ({size:,.0f} MB)",
        ("step", "seconds, best / median"),
        rows,
        "The same file, on one server, taking turns. Landing adds the file's name, the line's "
        "number and the load to each row. The copy's table has no index; with the landed table's "
        f"two the ratio is {median(whole) / median(copies):.2f} x.",
    )
    return Part(
        [
            Ratio("e", "landing a long file / COPY of it", median(seconds) / median(copies), 1.3,
                  "x", f"{median(seconds):.2f} s / {median(copies):.2f} s, medians of {repeats}"),
            Ratio("e", "peak memory of the loading process",
                  max(load["peak_mb"] for load in loads), 300, "MB",
                  f"ru_maxrss, the highest of {repeats}"),
            appended,
        ],
        [grid],
    )  # fmt: skip


def small_files(folder: Path, count: int, lines: int = 10) -> Part:
    """Part f: land very many short files.

    Args:
        folder: where the server and the files may live.
        count: how many files.
        lines: lines of each.

    Returns:
        The peak of memory, and the lines per second.
    """
    server = Server(folder)
    bucket = folder / "bucket"
    for number in range(count):
        file = bucket / f"{number // 1000:03d}" / f"{number:06d}.csv"
        if number % 1000 == 0:
            file.parent.mkdir(parents=True)
        body = "".join(map(_line, range(number * lines, (number + 1) * lines)))
        file.write_text(";".join(COLUMNS) + "\r\n" + body, encoding="utf-8", newline="")
    first = _load(server, bucket, "*/*.csv", count * lines)
    again = _load(server, bucket, "*/*.csv", 0)
    server.stop()
    rows = [
        ("all files are new", f"{first['seconds']:.1f}", f"{first['peak_mb']:.0f}",
         f"{count / first['seconds']:,.0f}", f"{count * lines / first['seconds']:,.0f}"),
        ("none has changed", f"{again['seconds']:.1f}", f"{again['peak_mb']:.0f}",
         f"{count / again['seconds']:,.0f}", ""),
    ]  # fmt: skip
    grid = Grid(
        f"f. {count:,} CSV files of {lines} lines",
        ("load", "seconds", "MB at the peak", "files per second", "lines per second"),
        rows,
        "On the local disk; a store elsewhere adds its answer's time per file.",
    )
    peak = max(first["peak_mb"], again["peak_mb"])
    return Part(
        [
            Ratio("f", "peak memory of the loading process", peak, 800, "MB",
                  f"ru_maxrss, {count:,} files"),
            Ratio("f", "a load when no file has changed", again["seconds"], 20, "s",
                  f"{count:,} files"),
        ],
        [grid],
    )  # fmt: skip


def _append(server: Server, file: Path, lines: int, repeats: int) -> Ratio:
    """Load a file, append a line to it and load it again, and return the share that this takes."""
    first: list[float] = []
    again: list[float] = []
    for _ in range(repeats):
        server.psql(script=FORGET)
        _write(file, lines)
        first.append(_load(server, file.parent, file.name, lines)["seconds"])
        with file.open("a", encoding="utf-8", newline="") as text:
            text.write(_line(lines))
        again.append(_load(server, file.parent, file.name, 1)["seconds"])
    return Ratio(
        "e", f"a line appended to a file of {lines:,} lines / loading it",
        100 * median(again) / median(first), 10, "%",
        f"{median(again):.2f} s / {median(first):.2f} s, medians of {repeats}",
    )  # fmt: skip


def _write(file: Path, lines: int) -> None:
    """Write a CSV file of so many lines."""
    with file.open("w", encoding="utf-8", newline="") as text:
        text.write(";".join(COLUMNS) + "\r\n")
        for start in range(0, lines, CHUNK):
            text.writelines(map(_line, range(start, min(lines, start + CHUNK))))


def _line(number: int) -> str:
    day, hour, minute = number % 28 + 1, number % 24, number % 60
    return (
        f"{day:02d}/{number // 28 % 12 + 1:02d}/2015;{hour:02d}:{minute:02d};{number // 3};"
        f"Pizza Margherita {number % 97};{number % 3 + 1};{number % 9 + 9},90 €;carte\r\n"
    )


def _copy(server: Server, file: Path) -> float:
    """Copy the file into a table of the same columns, and return the seconds that it took."""
    columns = ", ".join(f"{name} text" for name in COLUMNS)
    server.psql(script=f"create schema bare; create table bare.sales ({columns});")
    statement = f"\\copy bare.sales from '{file}' (format csv, delimiter ';', header)"
    started = time.monotonic()
    subprocess.run(
        [*psql_command(), "-d", "mypizza", "-c", statement], env=server.environment, check=True
    )
    return time.monotonic() - started


def _index(server: Server) -> float:
    """Make the landed table's indexes once more, and return the seconds that it took."""
    started = time.monotonic()
    server.psql(script=INDEX)
    return time.monotonic() - started


def _load(server: Server, bucket: Path, pattern: str, expected: int) -> dict[str, Any]:
    printed = server.python("-m", "benchmarks.bucket", str(bucket), pattern)
    load: dict[str, Any] = json.loads(printed.splitlines()[-1])
    if load["rows"] != expected:
        raise RuntimeError(f"{expected} lines should have come, and {load['rows']} came")
    return load


def main() -> None:
    """Load one folder by the same call that `mypizza ingest` makes."""
    from ingest import warehouse
    from ingest.loads import driver
    from ingest.sources.files import feed, source

    hide_pandas()
    sales = feed.declared(
        "sales", {"url": sys.argv[1], "files": sys.argv[2], "delimiter": ";", "quote": '"'}
    )
    with driver.session(warehouse.resolve()) as opened:
        source.prepare(opened.connection, [sales])
        (visit,) = source.visits(opened, [sales])
        started = time.monotonic()
        result = visit.read()
        seconds = time.monotonic() - started
    if result.error:
        sys.exit(result.error)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # KiB on Linux
    print(json.dumps({"rows": result.row_count, "seconds": seconds, "peak_mb": peak}))


if __name__ == "__main__":
    main()
