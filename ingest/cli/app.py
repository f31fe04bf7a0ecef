"""The command line `mypizza`: its groups of commands."""

from __future__ import annotations

import typer

from ingest.cli import (
    errors,
    files,
    loading,
    metrics,
    people,
    products,
    publication,
    run_all,
    status,
    tills,
)
from ingest.cli import warehouse as warehouse_commands

app = typer.Typer(
    help="The analytics warehouse of a food business: land, reconcile, build, audit, publish.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (run_all, warehouse_commands, publication, loading, status, products, people):
    app.add_typer(group.app)
app.add_typer(metrics.app, name="metrics")
app.add_typer(tills.app, name="till")
app.add_typer(files.app, name="file")


def run() -> None:
    """Run the command line."""
    errors.run(app)
