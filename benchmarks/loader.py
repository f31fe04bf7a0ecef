"""Load one till once, in a process of its own, and print what that took as JSON.

Everything is imported before the clock starts; what starts it is the first query to the till.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

from ingest import pipeline, warehouse

BRANCH = "new_york"


def main() -> None:
    """Load the till of `BRANCH` by the same call that `mypizza ingest` makes."""
    pipeline.prepare()
    import adbc_driver_postgresql.dbapi
    import dlt
    from dlt.common.libs import pyarrow
    from dlt.destinations import postgres

    from ingest import destination
    from ingest.sources import pos

    # named, so that they count as used: they are imported for the time that it takes
    _ = (adbc_driver_postgresql, pyarrow, postgres, destination)
    home = warehouse.resolve()
    (till,) = pos.configured_tills([BRANCH])
    till.engine(home)  # imports the till's driver
    with home.connect(role=warehouse.LOADER) as connection:
        pipeline.prepare_audit(connection)
        started = time.monotonic()
        result = pipeline.load_till(home, connection, till)
        loaded = time.monotonic()
        # of the whole load, before index and analyze; KiB on Linux
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak += resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        if result.outcome != "succeeded":
            sys.exit(result.error)
        pipeline.index(connection)
        indexed = time.monotonic()
        pipeline.analyze(connection, [result])
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
