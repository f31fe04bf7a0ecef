"""Part h: how long report and metrics wait for the warehouse, as the company grows.

Run as a module of its own it asks each query several times, and prints the seconds as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.server import Grid, Part, Ratio, Server

LIMIT = 300
"""Milliseconds that a query behind the report may take."""

LINES = "select to_char(count(*), 'FM999,999,999') from marts.fct_order_lines"

Times = dict[str, dict[str, list[float]]]
"""Milliseconds by kind of query and its name."""


def query_times(folder: Path, scales: tuple[int, ...], repeats: int) -> Part:
    """Part h: ask all that report and saved queries ask, of small and large companies.

    Args:
        folder: where the servers may live.
        scales: of the sample companies, the largest last.
        repeats: of each query; the first one of all is not counted.

    Returns:
        The slowest query of the report at the largest scale, and all of them.
    """
    times: list[Times] = []
    lines: list[str] = []
    for scale in scales:
        server = _company(folder, scale)
        lines.append(server.psql("-c", LINES))
        printed = server.python("-m", "benchmarks.queries", str(repeats))
        times.append(json.loads(printed.splitlines()[-1]))
        server.stop()
    largest = {name: median(each) for name, each in times[-1]["report"].items()}
    slowest = max(largest, key=lambda name: largest[name])
    rows = [
        (f"{kind}: {name}", *(_spread(measured[kind][name]) for measured in times))
        for kind, queries in times[-1].items()
        for name in sorted(queries, key=lambda name: -median(queries[name]))
    ]
    grid = Grid(
        "h. What report and saved queries wait for",
        ("query, milliseconds, best / median", *(
            f"scale {scale} ({count.strip()} lines)"
            for scale, count in zip(scales, lines, strict=True)
        )),
        rows,
        "From sending a query to having all of its rows in Python, as the role `reader`, after one "
        "round that is not counted. The report asks all of `report/queries`, once per "
        "publication. The saved queries are MetricFlow's SQL, without the "
        "seconds in which it is written; they read the facts, so that they can be cut by anything, "
        "and have no limit.",
    )  # fmt: skip
    return Part(
        [Ratio("h", f"the slowest query of the report, scale {scales[-1]}",
               largest[slowest], LIMIT, "ms", f"`{slowest}`, median of {repeats}; all together "
               f"{sum(largest.values()):.0f} ms")],
        [grid],
    )  # fmt: skip


def _company(folder: Path, scale: int) -> Server:
    """Return a server with a published company; one that an earlier part has made is good, too."""
    home = folder / f"scale-{scale}"
    is_new = not home.exists()
    server = Server(home)
    if is_new:
        server.sample("start", "--scale", str(scale))
        server.mypizza("run", "--no-docs")
    return server


def _spread(values: list[float]) -> str:
    return f"{min(values):.0f} / {median(values):.0f}"


def main() -> None:
    """Ask each query as often as the first argument says."""
    from ingest import warehouse
    from ingest.publish.metrics import Metrics, Question
    from report.read import statements

    home = warehouse.start()
    layer = Metrics(home)
    queries: dict[str, dict[str, Any]] = {
        "report": statements(),
        "saved query": {
            each.name: layer.sql(Question(saved_query=each.name))
            for each in layer.semantic_manifest.saved_queries
        },
    }
    times: Times = {kind: {name: [] for name in texts} for kind, texts in queries.items()}
    with home.connect(name="mypizza benchmark", role="reader") as connection:
        for turn in range(int(sys.argv[1]) + 1):
            for kind, texts in queries.items():
                for name, text in texts.items():
                    started = time.perf_counter()
                    connection.execute(text.encode()).fetchall()
                    if turn:
                        times[kind][name].append(1000 * (time.perf_counter() - started))
    print(json.dumps(times))


if __name__ == "__main__":
    main()
