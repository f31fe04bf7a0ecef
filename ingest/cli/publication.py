"""The commands that build and publish: dbt, rollback, docs, report."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ingest import warehouse as warehouse_module
from ingest.cli import audit
from ingest.cli.console import PASSED_ON, Wait, say
from ingest.cli.loading import sources_of
from ingest.cli.warehouse import readable
from ingest.loads import driver
from ingest.publish import recent, site
from ingest.publish.dbt import run_dbt, site_folder
from ingest.warehouse import Warehouse

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult

app = typer.Typer()

WRITING_DBT_COMMANDS = {"build", "run", "test", "seed", "snapshot", "retry", "run-operation"}
"""dbt's commands that write into the warehouse: one of them at a time."""


@app.command(context_settings=PASSED_ON)
def dbt(context: typer.Context, wait: Wait = 0) -> None:
    """Run a dbt command on the warehouse: mypizza dbt build --select dim_products+."""
    warehouse = warehouse_module.resolve()
    if WRITING_DBT_COMMANDS.intersection(context.args):
        with warehouse_module.lock(warehouse, f"dbt {' '.join(context.args)}", wait):
            protect_people(warehouse)
            result = run_dbt(*context.args)
    else:
        result = run_dbt(*context.args)
    raise typer.Exit(0 if result.success else 1)


@app.command()
def rollback(wait: Wait = 0) -> None:
    """Publish the previous version again; possible until the next build begins."""
    warehouse = warehouse_module.resolve()
    with warehouse_module.lock(warehouse, "rollback", wait):
        result = run_dbt("--quiet", "--no-write-json", "run-operation", "rollback")
    if not result.success:
        raise typer.Exit(1)
    say("The previous version is published again. It stays until the next build.")


@app.command()
def docs(
    open_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write report, docs and lineage of the published version, and their index page."""
    index = write_site(warehouse_module.resolve(), anew=True)
    say(f"Open {index.as_uri()}")
    if open_it:
        typer.launch(index.as_uri())


@app.command()
def report() -> None:
    """Write the report of the published version, one page that opens offline.

    It contains what your login may read: a branch manager's report covers their branch.
    """
    # For the start-up time of the other commands: the report takes a third of a second.
    from report.page import build_report

    page = site_folder() / "report.html"
    site.renew(readable(), page, site.REPORT, build_report, anew=True)
    say(f"The report: {page.as_uri()}")


def write_site(warehouse: Warehouse, anew: bool = False) -> Path:
    """Write those of report, docs and index whose inputs have changed.

    Args:
        warehouse: where the marts are.
        anew: whether all of them are written.

    Returns:
        The index page, which opens the others.
    """
    # for the start-up time, as above
    from ingest.publish.docs import build_docs
    from report.index import build_index
    from report.page import build_report

    folder = site_folder()
    index = folder / "index.html"
    site.renew(warehouse, folder / "report.html", site.REPORT, build_report, anew)
    site.renew(warehouse, folder / "docs.html", site.DOCS, build_docs, anew)
    site.renew(warehouse, index, site.INDEX, build_index, anew)
    return index


def protect_people(warehouse: Warehouse) -> None:
    """Before a build: apply the configured salt, and repeat all erasures."""
    warehouse_module.keep_salt(warehouse)
    with warehouse.connect() as connection:
        erased = audit.rows(connection, "erasures", "audit.erasures")
    if erased and erased[0]["people"]:
        # each load does so; a killed one may not have come to it
        with driver.session(warehouse, "mypizza erasure") as opened:
            if driver.erase(opened, sources_of(None, None)):
                recent.forget(warehouse)


def why_not_published(
    built: dbtRunnerResult, publications: Sequence[Mapping[str, Any]]
) -> str | None:
    """Say why a build was not published, or return None where it was.

    Args:
        built: dbt's result, of the newest dbt command of this process.
        publications: the entries of audit.publications, the newest first.
    """
    # for the start-up time, as above
    from dbt_common.invocation import get_invocation_id

    # an older publication says nothing about this build
    ours = [each for each in publications if each["publication_id"] == get_invocation_id()]
    newest = ours[0] if ours else {}
    if built.success and newest.get("outcome") == "published":
        return None
    if built.success and os.environ.get("DBT_TARGET", "prod") != "prod":
        return None  # it has an audit.publications of its own
    if built.success and not ours:
        return "dbt built only a part of the project: its output above says how much was missing."
    messages = [result.message for result in getattr(built.result, "results", None) or []]
    for message in [*messages, built.exception]:
        if "No space left on device" in str(message):
            return (
                "The disk of the warehouse is full: free some space and run again. The published "
                "version stays."
            )
    return newest.get("reason") or "dbt could not build: see its log."
