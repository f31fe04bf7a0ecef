"""Load one till once, in a process of its own, and print what that took as JSON.

Everything is imported before the clock starts; what starts it is the first query to the till.
`--compare` compares the till afterwards, as a day's visit does; `--without-change-column` reads it
as if no column told what has changed.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Mapping
from typing import Any

import dlt

from benchmarks.server import hide_pandas
from ingest import warehouse
from ingest.loads import driver
from ingest.loads.raw_tables import analyze
from ingest.loads.source import Window
from ingest.sources.tills import declaration
from ingest.sources.tills.source import MYPIZZA

BRANCH = "new_york"


def main(*options: str) -> None:
    """Load the till of `BRANCH` by the same calls that `mypizza ingest` makes."""
    hide_pandas()
    if "--without-change-column" in options:
        _forget_change_columns()
    home = warehouse.resolve()
    with driver.session(home) as opened:
        (visit,) = MYPIZZA.visits(opened, [BRANCH])
        _ = visit.till.engine  # imports the till's driver
        started = time.monotonic()
        result = visit.read()
        loaded = time.monotonic()
        # Of the whole load, before index and analyze; KiB on Linux. Nothing else runs meanwhile: a
        # child's maximum would be this process' own before its start.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if result.outcome != "succeeded":
            sys.exit(result.error)
        MYPIZZA.prepare(opened)
        indexed = time.monotonic()
        analyze(opened.connection, MYPIZZA.raw, [result])
        analyzed = time.monotonic()
        compared = visit.compare(Window()) if "--compare" in options else None
        ended = time.monotonic()
        if compared and compared.problem:
            sys.exit(compared.problem)
    measured: dict[str, Any] = {
        "kind": result.kind,
        "rows": result.tables["order_lines"],
        "seconds": loaded - started,
        "index": indexed - loaded,
        "analyze": analyzed - indexed,
        "compare": ended - analyzed,
        "healed": len(compared.healed) if compared else 0,
        "peak_mb": peak / 1024,
    }
    trace = dlt.pipeline().last_trace
    for step in trace.steps if trace else []:
        if step.finished_at:
            measured[step.step] = (step.finished_at - step.started_at).total_seconds()
    print(json.dumps(measured))


def _forget_change_columns() -> None:
    """Let every declaration be read as if it named no change column."""
    parsed = declaration.parsed

    def without(name: str, values: Mapping[str, Any]) -> declaration.System:
        tables = {
            table: {key: value for key, value in facts.items() if key != "changed_at"}
            for table, facts in values["tables"].items()
        }
        return parsed(name, {**values, "tables": tables})

    declaration.parsed = without


if __name__ == "__main__":
    main(*sys.argv[1:])
