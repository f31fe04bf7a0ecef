"""Load one till once, in a process of its own, and print what that took as JSON.

Everything is imported before the clock starts; what starts it is the first query to the till.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

import adbc_driver_postgresql.dbapi  # noqa: F401 - imported for the time that it takes
import dlt

from ingest import warehouse
from ingest.loads import driver
from ingest.loads.raw_tables import analyze
from ingest.sources.tills.source import MYPIZZA

BRANCH = "new_york"


def main() -> None:
    """Load the till of `BRANCH` by the same call that `mypizza ingest` makes."""
    home = warehouse.resolve()
    with driver.session(home) as opened:
        (visit,) = MYPIZZA.visits(opened, [BRANCH])
        _ = visit.till.engine  # imports the till's driver
        started = time.monotonic()
        result = visit.read()
        loaded = time.monotonic()
        # of the whole load, before index and analyze; KiB on Linux
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak += resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        if result.outcome != "succeeded":
            sys.exit(result.error)
        MYPIZZA.prepare(opened)
        indexed = time.monotonic()
        analyze(opened.connection, MYPIZZA.raw, [result])
        analyzed = time.monotonic()
    measured: dict[str, Any] = {
        "kind": result.kind,
        "rows": result.tables["order_lines"],
        "seconds": loaded - started,
        "index": indexed - loaded,
        "analyze": analyzed - indexed,
        "peak_mb": peak / 1024,
    }
    trace = dlt.pipeline().last_trace
    for step in trace.steps if trace else []:
        if step.finished_at:
            measured[step.step] = (step.finished_at - step.started_at).total_seconds()
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
