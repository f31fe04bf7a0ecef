"""The commands that load: ingest and reconcile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from ingest import warehouse as warehouse_module
from ingest.cli import ending_at_once
from ingest.cli.console import Json, Wait, day, say, show, show_json
from ingest.loads import driver
from ingest.loads.source import Compared, LoadResult, Source, Window
from ingest.publish.dbt import check_systems
from ingest.warehouse import WarehouseError

app = typer.Typer()

NOTHING_CONFIGURED = (
    "No source is configured: write the addresses of your sources into .dlt/config.toml and "
    ".dlt/secrets.toml."
)

Branches = Annotated[
    list[str] | None, typer.Option("--branch", help="Only this branch; can be repeated.")
]


@app.command()
def ingest(
    sources: Annotated[
        list[str] | None, typer.Argument(help="Sources, such as pos. Default: all.")
    ] = None,
    branch: Branches = None,
    wait: Wait = 0,
    as_json: Json = False,
) -> None:
    """Load new data from the sources and reconcile it."""
    chosen = sources_of(sources, branch)
    warehouse = warehouse_module.resolve()
    with warehouse_module.lock(warehouse, "ingest", wait):
        loads = driver.run(warehouse, chosen, branch)
    if as_json:
        show_json({"loads": loads})
    elif loads:
        show_loads(loads)
    if not loads:
        raise WarehouseError(NOTHING_CONFIGURED)
    if not succeeded(loads):
        raise typer.Exit(1)


@app.command()
def reconcile(
    branch: Branches = None,
    source: Annotated[
        list[str] | None, typer.Option("--source", help="A source; default all with branches.")
    ] = None,
    date_from: Annotated[str | None, typer.Option("--from", help="First business date.")] = None,
    date_to: Annotated[str | None, typer.Option("--to", help="Last business date.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All days, not the last 35.")] = False,
    accept_loss: Annotated[
        bool,
        typer.Option("--accept-loss", help="Accept who lost over a fifth of their rows."),
    ] = False,
    wait: Wait = 0,
    as_json: Json = False,
) -> None:
    """Compare sources and warehouse per branch and business date, and reload days that differ."""
    chosen = [each for each in sources_of(source, branch) if source or each.has_branches]
    window = Window(day(date_from), day(date_to), everything or accept_loss, accept_loss)
    warehouse = warehouse_module.resolve()
    with warehouse_module.lock(warehouse, "reconcile", wait):
        results = driver.compare(warehouse, chosen, branch, window)
    if as_json:
        show_json({"compared": results})
    else:
        _show_compared(results)
    if any(result.problem for result in results):
        raise typer.Exit(1)


def sources_of(names: Sequence[str] | None, branches: Sequence[str] | None) -> Sequence[Source]:
    """Return the sources that a command is about.

    Args:
        names: the sources that were asked for; default all.
        branches: the branches that were asked for; default all.

    Raises:
        WarehouseError: there is no such source, it is not loaded by branch, or dbt is not told of
            what is configured.
    """
    # For the start-up time: the sources bring dlt, pyarrow and SQLAlchemy, which take a second.
    with ending_at_once():
        from ingest.sources.registry import chosen

    sources = chosen(names)
    check_systems()
    if branches and names:
        for source in sources:
            if not source.has_branches:
                raise WarehouseError(
                    f"The source {source.name} has no branches: leave out --branch."
                )
    return sources


def succeeded(loads: Sequence[LoadResult]) -> bool:
    """Say whether all came in."""
    return all(load.outcome == "succeeded" for load in loads)


def place(branch_id: str | None, feed: str | None) -> str:
    """Say which part of a source a load was of."""
    return " ".join(filter(None, (branch_id, feed)))


def show_loads(loads: Sequence[LoadResult]) -> None:
    """Print the loads, and below them in sentences what went wrong or is worth knowing."""
    show(
        "Loads",
        ("source", "part", "kind", "rows", "seconds", "outcome"),
        [
            (
                load.source,
                # a load of one table is a feed's
                place(load.branch_id, next(iter(load.tables)) if len(load.tables) == 1 else None),
                load.kind,
                f"{load.row_count:,}",
                f"{load.seconds:.1f}",
                load.outcome,
            )
            for load in loads
        ],
    )
    for load in loads:
        for note in load.notes:
            say(note, "yellow")
        if load.error:
            say(load.error, "red")


def _show_compared(results: Sequence[Compared]) -> None:
    show(
        "Reconciliation",
        ("branch", "days compared", "healed", "seconds"),
        [
            (
                result.name,
                f"{result.days:,}",
                ", ".join(map(str, result.healed)) or "none",
                f"{result.seconds:.1f}",
            )
            for result in results
        ],
    )
    for result in results:
        if result.problem:
            say(result.problem, "red")
