"""Do a day's work once, in a process of its own, and print where its time went as JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from ingest import warehouse
from ingest.loads import driver
from ingest.publish.dbt import run_dbt
from ingest.sources.files.exports import ExportVisit
from ingest.sources.registry import SOURCES
from ingest.sources.tills.visit import TillVisit

seconds = {"reconcile": 0.0}


def timed(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function; its seconds are added up."""

    def with_clock(*arguments: Any, **keywords: Any) -> Any:
        started = time.monotonic()
        try:
            return function(*arguments, **keywords)
        finally:
            seconds["reconcile"] += time.monotonic() - started

    return with_clock


def main() -> None:
    """Load, reconcile, heal, build and publish, as `mypizza run` does."""
    home = warehouse.resolve()
    for visit in (TillVisit, ExportVisit):
        visit.compare = timed(visit.compare)  # type: ignore[method-assign]  # to be timed
    with warehouse.lock(home, "benchmark"):
        started = time.monotonic()
        loads = driver.run(home, SOURCES)
        loaded = time.monotonic()
        built = run_dbt("--quiet", "build", "--exclude-resource-type", "unit_test")
        ended = time.monotonic()
    if not built.success or any(load.outcome != "succeeded" for load in loads):
        sys.exit("the day did not succeed")
    heals = sum(load.kind == "heal" for load in loads)
    print(
        json.dumps(seconds | {"ingest": loaded - started, "build": ended - loaded, "heals": heals})
    )


if __name__ == "__main__":
    main()
