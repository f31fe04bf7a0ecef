"""Part i: what incremental facts cost, against what is touched and against a full refresh."""

from __future__ import annotations

import json
import time
from pathlib import Path

from benchmarks.server import Grid, Part, Ratio, Server

HERE = Path(__file__).parent
FACTS = ("fct_orders", "fct_order_lines", "fct_payments")
WITH_INPUTS = tuple(f"+{fact}" for fact in FACTS)
SOURCES = ("pos", "files")
NAMES = {"pos": "a database till", "files": "an export"}


def touched_orders(folder: Path, orders: int) -> Part:
    """Part i: build the facts after corrections of a few and of many orders, and from scratch.

    Args:
        folder: where the server may live.
        orders: how many orders the till and the export have each; all of one source are many, and
            one in a hundred is few.

    Returns:
        Per source, the cost per order of many against that of few, and of many against all.
    """
    few, many = orders // 100, orders
    server = Server(folder / "facts")
    # next to nothing: what is measured comes from a script
    server.sample("start", "--weeks", "1")
    server.mypizza("ingest")
    _script(server, "facts.sql", orders=orders)
    without_tests = ("--exclude-resource-type", "test", "unit_test")
    server.dbt("--quiet", "build", *without_tests, "--select", *WITH_INPUTS)
    nothing = _built(server)
    seconds: dict[str, tuple[float, float]] = {}
    for source in SOURCES:
        times = []
        for touched in (few, many):
            _script(server, f"facts_touch_{source}.sql", step=orders // touched)
            times.append(_built(server))
        seconds[source] = (times[0], times[1])
    scratch = _built(server, "--full-refresh")
    server.stop()
    ratios = []
    for source, (by_few, by_many) in seconds.items():
        linear = nothing + (by_few - nothing) * many / few
        ratios.append(Ratio(
            "i", f"facts after {many:,} / {few:,} touched orders of {NAMES[source]}, to linear",
            by_many / linear, 1.3, "x", f"{by_many:.1f} s, linear {linear:.1f} s",
        ))  # fmt: skip
        ratios.append(Ratio(
            "i", f"facts after {many:,} touched orders of {NAMES[source]} / from scratch",
            by_many / scratch, 1.5, "x", f"{by_many:.1f} s / {scratch:.1f} s",
        ))  # fmt: skip
    grid = Grid(
        f"i. The facts of {2 * orders:,} orders, half of them from an export",
        ("what", "nothing touched", f"{few:,} touched", f"{many:,} touched", "from scratch"),
        [
            (NAMES[source], *(f"{value:.2f}" for value in (nothing, *times, scratch)))
            for source, times in seconds.items()
        ],
        "Seconds of the three facts, one after the other. The touched orders are spread evenly "
        "over the history, and every one of their records has changed.",
    )
    return Part(ratios, [grid])


def _script(server: Server, name: str, **variables: int) -> None:
    """Run a script of this folder as one load."""
    values = {"load": f"{time.time()}", **variables}
    arguments = [word for key, value in values.items() for word in ("-v", f"{key}={value}")]
    server.psql(*arguments, script=(HERE / name).read_text(encoding="utf-8"))


def _built(server: Server, *arguments: str) -> float:
    """Build the facts' inputs, then the facts; return the seconds of the facts."""
    server.dbt("--quiet", "run", "--threads", "1", "--select", *WITH_INPUTS, *arguments)
    results = json.loads((server.folder / "target" / "run_results.json").read_text())["results"]
    return sum(
        float(result["execution_time"])
        for result in results
        if result["unique_id"].rpartition(".")[2] in FACTS
    )
