"""The command `mypizza run`: load, reconcile, build, test, publish, report, document."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ingest import warehouse as warehouse_module
from ingest.cli import audit, end_if_interrupted
from ingest.cli.console import Json, Wait, minute, say, show, show_json
from ingest.cli.loading import NOTHING_CONFIGURED, show_loads, sources_of, succeeded
from ingest.cli.publication import protect_people, why_not_published, write_site
from ingest.loads import driver
from ingest.loads.source import LoadResult, Source
from ingest.publish import alert, inputs
from ingest.publish.dbt import run_dbt
from ingest.warehouse import Warehouse, WarehouseError

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult

app = typer.Typer()


@dataclass
class _Run:
    """What a run did.

    Attributes:
        seconds: how long each step took.
        loads: the loads.
        built: dbt's result; None where there was nothing to build.
        index: the page that opens report and docs.
        publications: the newest entries of audit.publications.
        held: how many records are in quarantine.
        findings: what is wrong with published days, by branch.
        problem: why nothing was published, though it should have been.
        above: where more records wait in quarantine than the project allows.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    loads: Sequence[LoadResult] = ()
    built: dbtRunnerResult | None = None
    index: Path | None = None
    publications: Sequence[dict[str, Any]] = ()
    held: int = 0
    findings: Sequence[dict[str, Any]] = ()
    problem: str | None = None
    above: Sequence[str] = ()

    @property
    def problems(self) -> list[str]:
        """One sentence on each thing that needs attention."""
        failed = [load.error for load in self.loads if load.error]
        return [*failed, *self.above, *([self.problem] if self.problem else [])]

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Say what is done, and measure it."""
        say(name, "bold")
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = time.monotonic() - started
        end_if_interrupted()


@app.command()
def run(
    docs: Annotated[
        bool, typer.Option(help="Write the report and the docs site at the end.")
    ] = True,
    load: Annotated[
        bool, typer.Option(help="Load first; without it, what has landed is built.")
    ] = True,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Build the large facts from scratch.")
    ] = False,
    unit_tests: Annotated[
        bool, typer.Option("--unit-tests", help="Run the unit tests of the models, too.")
    ] = False,
    wait: Wait = 0,
    as_json: Json = False,
) -> None:
    """Do everything: start, load, reconcile, build, test, publish, report, document."""
    options = [
        *(["--full-refresh"] if full_refresh else []),
        *([] if unit_tests else ["--exclude-resource-type", "unit_test"]),
    ]
    with alert.on_failure("mypizza run") as problems:
        # a program reads the answer from stdout: all else is for people
        with redirect_stdout(sys.stderr) if as_json else nullcontext():
            done = _run(options, load, docs, full_refresh or unit_tests, wait)
        problems += done.problems
        if as_json:
            show_json(_as_dict(done))
        else:
            _summarise(done)
        if done.problem or done.above or not succeeded(done.loads):
            raise typer.Exit(1)


def _run(options: Sequence[str], load: bool, docs: bool, must_build: bool, wait: float) -> _Run:
    done = _Run()
    with done.step("Warehouse"):
        warehouse = warehouse_module.resolve()
    with warehouse_module.lock(warehouse, "run", wait):
        sources = sources_of(None, None)
        if load:
            with done.step("Load and reconcile"):
                done.loads = driver.run(warehouse, sources)
            if not done.loads:
                raise WarehouseError(NOTHING_CONFIGURED)
        with done.step("Build, test and publish"):
            _build(warehouse, sources, done, options, must_build)
        with warehouse.connect() as connection:
            held = audit.rows(connection, "quarantined", "audit.quarantine")
            done.findings = audit.rows(connection, "findings", "marts.rpt_findings")
            done.above = audit.above_limit(connection)
        done.held = sum(row["records"] for row in held)
        if docs and not done.problem:
            with done.step("Report and docs"):
                done.index = write_site(warehouse)
    return done


def _build(
    warehouse: Warehouse,
    sources: Sequence[Source],
    done: _Run,
    options: Sequence[str],
    must_build: bool,
) -> None:
    """Build and publish, unless what is published was built from the very same inputs."""
    protect_people(warehouse)
    with warehouse.connect() as connection:
        now = inputs.fingerprint(connection, [source.raw for source in sources])
        published_at = inputs.published_from(connection, now)
        done.publications = audit.rows(connection, "publications", "audit.publications")
    if published_at and succeeded(done.loads) and not must_build:
        say(f"Nothing has changed since the publication of {minute(published_at)} UTC.")
        return
    done.built = run_dbt("build", *options)
    with warehouse.connect() as connection:
        done.publications = audit.rows(connection, "publications", "audit.publications")
    done.problem = why_not_published(done.built, done.publications)
    if not done.problem:
        inputs.remember(warehouse, now)


def _as_dict(done: _Run) -> dict[str, Any]:
    return {
        "loads": done.loads,
        "is_built": done.built is not None,
        "build": [
            {"what": kind, "outcome": outcome, "count": count}
            for (kind, outcome), count in _counts(done.built)
        ],
        "publications": done.publications[:1],
        "records_in_quarantine": done.held,
        "findings": done.findings,
        "seconds": done.seconds,
        "index": done.index,
        "problems": done.problems,
    }


def _counts(built: dbtRunnerResult | None) -> list[tuple[tuple[str, str], int]]:
    """Count dbt's results by kind of node and outcome."""
    counts = Counter(
        (str(result.node.resource_type).replace("_", " "), str(result.status))
        for result in getattr(built and built.result, "results", None) or []
    )
    hidden = ("operation", "exposure", "saved query")
    return sorted((key, count) for key, count in counts.items() if key[0] not in hidden)


def _summarise(done: _Run) -> None:
    """Print what a run did, and how to connect to what it made."""
    show_loads(done.loads)
    if done.built:
        show(
            "Build",
            ("what", "outcome", "count"),
            [(kind, outcome, f"{count:,}") for (kind, outcome), count in _counts(done.built)],
        )
    seconds = {**done.seconds, "in all": sum(done.seconds.values())}
    show("Time", ("step", "seconds"), [(step, f"{took:.1f}") for step, took in seconds.items()])
    if done.held:
        say(
            f"Held back: {done.held:,} record(s) in quarantine; mypizza quarantine lists them with "
            "their reasons.",
            "yellow",
        )
    if done.findings:
        kinds = list(dict.fromkeys(row["finding"] for row in done.findings))
        more = f" and {len(kinds) - 3} more" if len(kinds) > 3 else ""
        branches = ", ".join(sorted({row["branch_id"] for row in done.findings}))
        say(
            f"Found in {branches}: {'; '.join(kinds[:3])}{more}. mypizza status says on which "
            "days, and how much money it concerns.",
            "yellow",
        )
    for sentence in done.above:
        say(sentence, "red")
    if done.problem:
        say(f"Not published: {done.problem}", "red")
    elif done.publications:
        newest = done.publications[0]
        said = f"{newest['marts']} marts with {newest['row_count']:,} rows."
        if done.built:
            say(f"Published {said}", "green")
        else:
            say(f"Published since {minute(newest['finished_at'])} UTC: {said}", "green")
    if done.index:
        say(f"Start here: {done.index.as_uri()} (report, docs, lineage)")
    warehouse = warehouse_module.resolve()
    say(
        f"Connect: mypizza psql, or any BI tool at {warehouse.host}, port {warehouse.port}, "
        f"database {warehouse.database}, user {warehouse.user}, schema marts "
        "(mypizza env prints the password)."
    )
